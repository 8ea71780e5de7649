//! One client or server running.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use anyhow::{Context, Result};
use transcript::Event;

/// A program that is killed when this is dropped. It also ends by itself when this process dies: it
/// watches its standard input, whose other end is held here and never written to.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

/// Output of a running program.
#[derive(Debug)]
pub enum Output {
    /// An event, on standard output.
    Event(Event),
    /// A line on standard output that is no event, and why.
    Invalid(String),
    /// A line on standard error.
    Complaint(String),
    /// Nothing more.
    End,
}

impl Process {
    /// Starts a program and sends what it says to `listener`, with `who` said it.
    pub fn start<Who: Copy + Send + 'static>(
        program: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
        who: Who,
        listener: &SyncSender<(Who, Output)>,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .args(args)
            .args(["--json", "--exit-with-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let events = child.stdout.take().map(|stdout| {
            forward(stdout, who, listener, |line| match serde_json::from_str(&line) {
                Ok(event) => Output::Event(event),
                Err(error) => Output::Invalid(format!(
                    "{error}: {line} (to print something, use eprintln! or dbg!)"
                )),
            })
        });
        let complaints =
            child.stderr.take().map(|stderr| forward(stderr, who, listener, Output::Complaint));
        let listener = listener.clone();
        thread::spawn(move || {
            for reader in [events, complaints].into_iter().flatten() {
                _ = reader.join();
            }
            _ = listener.send((who, Output::End));
        });
        Ok(Self { child })
    }

    /// Waits for the program's end.
    pub fn wait(mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for a program")
    }

    /// The number the system knows it by.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Sends each line of `stream` to `listener`, as `said` understands it.
fn forward<Who: Copy + Send + 'static>(
    stream: impl Read + Send + 'static,
    who: Who,
    listener: &SyncSender<(Who, Output)>,
    said: impl Fn(String) -> Output + Send + 'static,
) -> thread::JoinHandle<()> {
    let listener = listener.clone();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            _ = listener.send((who, said(line)));
        }
    })
}
