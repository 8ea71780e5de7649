//! One client or server running.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Take};
use std::mem;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use transcript::Event;
use transcript::read::MAX_LINE_LEN;

/// The longest line that is kept to be shown, in bytes.
const SHOWN: usize = 1024;

/// Time within which a program that has closed its output must end.
const CLOSING: Duration = Duration::from_secs(5);

/// Time between two checks of whether it has ended.
const TICK: Duration = Duration::from_millis(1);

/// A program that is killed when this is dropped. It also ends by itself when this process dies: it
/// watches its standard input, whose other end is held here and never written to.
#[derive(Debug)]
pub struct Process {
    child: Child,
    patience: Duration,
    had_ended: bool,
}

/// Output of a running program.
#[derive(Debug)]
pub enum Output {
    /// An event, on standard output.
    Event(Event),
    /// A line on standard output that is not an event, and why.
    Invalid(String),
    /// A line on standard error.
    Complaint(String),
    /// More than there is room for: which stream, and how many MiB. Nothing more is read from it.
    TooMuch(&'static str, u64),
    /// Nothing more.
    End,
}

/// Room for what a program writes, in MiB. `None`: as much as it likes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// On standard output.
    pub events: Option<u64>,
    /// On standard error.
    pub complaints: Option<u64>,
}

impl Process {
    /// Starts a program of a stage and sends its output to `listener`, marked with `who` wrote it.
    pub fn start<Who: Copy + Send + 'static>(
        program: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
        room: Room,
        who: Who,
        listener: &SyncSender<(Who, Output)>,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(args).args(["--json", "--exit-with-stdin"]);
        Self::spawn(&mut command, Duration::ZERO, room, who, listener)
    }

    /// Starts what `command` says, which ends when its standard input does, in the same way. When this is dropped, it
    /// has so much time to do that before it is killed.
    pub fn spawn<Who: Copy + Send + 'static>(
        command: &mut Command,
        patience: Duration,
        room: Room,
        who: Who,
        listener: &SyncSender<(Who, Output)>,
    ) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let say = || {
            let listener = listener.clone();
            move |output| listener.send((who, output)).is_ok()
        };
        let events = child.stdout.take().map(|stdout| {
            let say = say();
            thread::spawn(move || {
                let lines = Lines::new(stdout, "standard output", MAX_LINE_LEN, room.events);
                lines.forward(event, say);
            })
        });
        let complaints = child.stderr.take().map(|stderr| {
            let say = say();
            thread::spawn(move || {
                let lines = Lines::new(stderr, "standard error", SHOWN, room.complaints);
                lines.forward(|line| Output::Complaint(shown(line)), say);
            })
        });
        let say = say();
        thread::spawn(move || {
            for reader in [events, complaints].into_iter().flatten() {
                _ = reader.join();
            }
            say(Output::End)
        });
        Ok(Self { child, patience, had_ended: false })
    }

    /// Returns whether the program had ended when this was asked the last time.
    pub fn had_ended(&mut self) -> bool {
        mem::replace(&mut self.had_ended, matches!(self.child.try_wait(), Ok(Some(_))))
    }

    /// Waits for the end of a program that has closed its output.
    ///
    /// # Errors
    /// When it does not end.
    pub fn wait(mut self) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            match self.child.try_wait().context("cannot wait for a program")? {
                Some(status) => return Ok(status),
                None if began.elapsed() > CLOSING => {
                    bail!("a program closed its output and ran on: it was ended")
                }
                None => thread::sleep(TICK),
            }
        }
    }

    /// Its number in this system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let began = Instant::now();
        while began.elapsed() < self.patience && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(TICK);
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The lines of a stream, whatever their length, their bytes and their number.
struct Lines<R> {
    stream: BufReader<Take<R>>,
    name: &'static str,
    /// The longest line in bytes. Of a longer one, one byte more than this is kept.
    longest: usize,
    room: Option<u64>,
}

impl<R: Read> Lines<R> {
    fn new(stream: R, name: &'static str, longest: usize, room: Option<u64>) -> Self {
        let limit = room.map_or(u64::MAX, |mebibytes| (mebibytes << 20) + 1);
        Self { stream: BufReader::new(stream.take(limit)), name, longest, room }
    }

    /// Passes each line to `say`, as `said` understands it, until the stream ends, there is no more
    /// room, or `say` returns false.
    fn forward(mut self, said: impl Fn(&[u8]) -> Output, say: impl Fn(Output) -> bool) {
        let kept = self.longest as u64 + 1;
        let mut line = Vec::new();
        while self.stream.by_ref().take(kept).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let is_whole = line.pop_if(|last| *last == b'\n').is_some();
            let is_long = line.len() > self.longest;
            if !is_whole && !is_long && self.is_full() {
                break;
            }
            if !say(said(&line)) {
                return;
            }
            if !is_whole && is_long {
                // The rest is read too, or the program would wait for ever for a reader.
                _ = self.stream.skip_until(b'\n');
            }
            line.clear();
        }
        if let (true, Some(room)) = (self.is_full(), self.room) {
            say(Output::TooMuch(self.name, room));
        }
    }

    fn is_full(&self) -> bool {
        self.stream.get_ref().limit() == 0
    }
}

fn event(line: &[u8]) -> Output {
    let event = if line.len() > MAX_LINE_LEN {
        Err(format!("it is longer than {MAX_LINE_LEN} bytes"))
    } else {
        serde_json::from_slice(line).map_err(|error| error.to_string())
    };
    event.map_or_else(
        |why| {
            let shown = shown(line);
            Output::Invalid(format!("{why}: {shown} (to print something, use eprintln! or dbg!)"))
        },
        Output::Event,
    )
}

/// The text of a line, cut if it is long.
fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.get(..SHOWN) {
        Some(first) if line.len() > SHOWN => {
            format!("{} [cut after {SHOWN} bytes]", String::from_utf8_lossy(first))
        }
        _ => String::from_utf8_lossy(line).into_owned(),
    }
}
