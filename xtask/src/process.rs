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

/// What a running program says.
#[derive(Debug)]
pub enum Said {
    /// An event, on standard output.
    Event(Event),
    /// A line on standard output that is no event, and why.
    Garbled(String),
    /// A line on standard error.
    Complaint(String),
    /// Nothing more.
    End,
}

impl Process {
    /// Starts a program and sends what it says to `listener`, with `who` said it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start<Who: Copy + Send + 'static>(
        program: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
        who: Who,
        listener: &SyncSender<(Who, Said)>,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["--json", "--exit-with-stdin"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let events = child.stdout.take().map(|stdout| {
            forward(stdout, who, listener, |line| match serde_json::from_str(&line) {
                Ok(event) => Said::Event(event),
                Err(error) => Said::Garbled(format!(
                    "{error}: {line} (to print something, use eprintln! or dbg!)"
                )),
            })
        });
        let complaints =
            child.stderr.take().map(|stderr| forward(stderr, who, listener, Said::Complaint));
        let listener = listener.clone();
        thread::spawn(move || {
            for reader in [events, complaints].into_iter().flatten() {
                _ = reader.join();
            }
            _ = listener.send((who, Said::End));
        });
        Ok(Self { child })
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    /// When the system does not tell.
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
    listener: &SyncSender<(Who, Said)>,
    said: impl Fn(String) -> Said + Send + 'static,
) -> thread::JoinHandle<()> {
    let listener = listener.clone();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            _ = listener.send((who, said(line)));
        }
    })
}
