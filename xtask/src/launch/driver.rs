//! Starts programs, waits for what they report, and ends them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use transcript::Event;

use super::process::{Output, Process, Room};

/// The most outputs that may wait to be taken: a program with more to say waits.
const BACKLOG: usize = 64;

/// The most lines of standard error that are kept.
const KEPT: usize = 16;

/// The line that stands for those that are left out.
const LEFT_OUT: &str = "[more lines are left out here]";

/// Time between two checks of whether a silent program has ended. Output that was on its way has
/// arrived by then.
const TICK: Duration = Duration::from_millis(500);

/// Time that a program has to clean up.
const CLEANING: Duration = Duration::from_secs(5);

/// Programs that run at the same time. All of them are ended when this is dropped.
pub struct Driver<Who> {
    /// The programs that have not ended yet. `None` is not a process.
    running: Vec<(Who, Option<Process>)>,
    sender: SyncSender<(Who, Output)>,
    outputs: Receiver<(Who, Output)>,
    silence: Duration,
    /// Time waited since the last event.
    waited: Duration,
    began: Instant,
    bounds: Bounds,
    complaints: Vec<String>,
}

/// Bounds on a run, beyond which its programs are ended.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Time limit of the run.
    pub time: Duration,
    /// The most that each program may write.
    pub room: Room,
}

impl Bounds {
    /// Bounds for a run that takes a second or two, all of whose events are kept.
    pub const SHORT: Self =
        Self { time: Duration::from_secs(30), room: Room { events: Some(4), complaints: Some(1) } };
}

/// An act of a program.
#[derive(Debug)]
pub enum Report {
    /// It reported an event.
    Event(Event),
    /// It wrote a line to standard error.
    Complaint(String),
    /// It ended. `None` if it was not a process.
    Ended(Option<ExitStatus>),
}

impl<Who: Copy + PartialEq + Send + 'static> Driver<Who> {
    /// Makes a driver that gives up when there is no event for as long as `silence`.
    pub fn new(silence: Duration) -> Self {
        Self::with_backlog(silence, BACKLOG)
    }

    /// Makes one in which this many outputs may wait to be taken.
    pub fn with_backlog(silence: Duration, backlog: usize) -> Self {
        let (sender, outputs) = mpsc::sync_channel(backlog);
        let bounds = Bounds { time: Duration::MAX, room: Room::default() };
        Self {
            running: Vec::new(),
            sender,
            outputs,
            silence,
            waited: Duration::ZERO,
            began: Instant::now(),
            bounds,
            complaints: Vec::new(),
        }
    }

    /// Makes the same for programs that have to keep within these bounds.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Changes the time limit for silence.
    pub fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    /// Starts a program, which is told to report its events as JSON. Returns its number in this
    /// system.
    pub fn start(
        &mut self,
        who: Who,
        program: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<u32> {
        let process = Process::start(program, args, self.bounds.room, who, &self.sender)?;
        let id = process.id();
        self.running.push((who, Some(process)));
        Ok(id)
    }

    /// Starts what `command` says, which ends, and cleans up, when its standard input does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self, who: Who, command: &mut Command) -> Result<()> {
        let process = Process::spawn(command, CLEANING, self.bounds.room, who, &self.sender)?;
        self.running.push((who, Some(process)));
        Ok(())
    }

    /// Lets something that is not a process report too. It must send [`Output::End`].
    pub fn sender(&mut self, who: Who) -> SyncSender<(Who, Output)> {
        self.running.push((who, None));
        self.sender.clone()
    }

    /// Waits for what any of them does next. `None` when all have ended.
    ///
    /// # Errors
    /// When there is no event for too long, a program goes beyond the bounds, or it writes a line
    /// to standard output that is not an event. Each error includes what was written to standard
    /// error before.
    pub fn next_report(&mut self) -> Result<Option<(Who, Report)>> {
        while !self.running.is_empty() {
            let (who, output) = self.next_output()?;
            // A process that began before a program's end and went on after it belongs to nobody.
            let Some(at) = self.running.iter().position(|(running, _)| *running == who) else {
                continue;
            };
            let report = match output {
                Output::Event(event) => Report::Event(event),
                Output::Invalid(why) => {
                    bail!("a line on standard output that is no event: {why}{}", self.heard())
                }
                Output::TooMuch(stream, room) => {
                    let heard = self.heard();
                    bail!("a program wrote more than {room} MiB to {stream}: all were ended{heard}")
                }
                Output::Complaint(line) => {
                    keep(&mut self.complaints, line.clone());
                    return Ok(Some((who, Report::Complaint(line))));
                }
                Output::End => {
                    let process = self.running.swap_remove(at).1;
                    Report::Ended(process.map(Process::wait).transpose()?)
                }
            };
            self.waited = Duration::ZERO;
            return Ok(Some((who, report)));
        }
        Ok(None)
    }

    /// Waits for an output, no longer than silence is allowed. Output on standard error does not
    /// end a silence.
    fn next_output(&mut self) -> Result<(Who, Output)> {
        loop {
            let Some(left) = self.bounds.time.checked_sub(self.began.elapsed()) else {
                let (seconds, heard) = (self.bounds.time.as_secs(), self.heard());
                bail!("no end was reached within {seconds} s: all were ended{heard}");
            };
            let Some(silence) = self.silence.checked_sub(self.waited) else {
                let (seconds, heard) = (self.silence.as_secs(), self.heard());
                bail!("nothing happened for {seconds} s: all were ended{heard}");
            };
            let began = Instant::now();
            let output = self.outputs.recv_timeout(TICK.min(left).min(silence));
            self.waited += began.elapsed();
            match output {
                Ok(output) => return Ok(output),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if let Some(who) = self.left_open() {
                        return Ok((who, Output::End));
                    }
                }
            }
        }
    }

    /// Looks for a program that had already ended at the last look, and has said nothing since:
    /// another process, which it started, has its output open, and may keep it open for ever.
    fn left_open(&mut self) -> Option<Who> {
        let left_open = |(who, process): &mut (Who, Option<Process>)| {
            process.as_mut().is_some_and(Process::had_ended).then_some(*who)
        };
        self.running.iter_mut().find_map(left_open)
    }

    fn heard(&self) -> String {
        self.complaints.iter().fold(String::new(), |heard, line| heard + "\n" + line)
    }
}

/// Keeps a line that was written to standard error, if it is one of the first, and always the last
/// one.
pub fn keep(kept: &mut Vec<String>, line: String) {
    if kept.len() == KEPT {
        kept.truncate(KEPT - 2);
        kept.push(LEFT_OUT.to_owned());
    }
    kept.push(line);
}
