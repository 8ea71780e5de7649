//! Starts programs, waits for what they report, and ends them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use anyhow::{Result, bail};
use transcript::Event;

use super::process::{Output, Process};

/// Outputs that wait to be taken, at most: a program with more to say waits.
const BACKLOG: usize = 64;

/// Standard error that is kept of a run for its last error, in lines.
const KEPT: usize = 16;

/// Programs that run at the same time. All of them are ended when this is dropped.
pub struct Driver<Who> {
    running: Vec<(Who, Process)>,
    sender: SyncSender<(Who, Output)>,
    outputs: Receiver<(Who, Output)>,
    /// Number of senders that have not ended yet.
    open: usize,
    silence: Duration,
    complaints: Vec<String>,
}

/// An act of a program.
#[derive(Debug)]
pub enum Report {
    /// It reported an event.
    Event(Event),
    /// It wrote a line to standard error.
    Complaint(String),
    /// It ended. `None` if it was no process.
    Ended(Option<ExitStatus>),
}

impl<Who: Copy + PartialEq + Send + 'static> Driver<Who> {
    /// A driver that gives up when nothing happens for as long as `silence`.
    pub fn new(silence: Duration) -> Self {
        Self::with_backlog(silence, BACKLOG)
    }

    /// One in which so many outputs may wait to be taken.
    pub fn with_backlog(silence: Duration, backlog: usize) -> Self {
        let (sender, outputs) = mpsc::sync_channel(backlog);
        let (running, complaints) = (Vec::new(), Vec::new());
        Self { running, sender, outputs, open: 0, silence, complaints }
    }

    /// Changes how long nothing may happen.
    pub fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    /// Starts a program, which is told to report its events as JSON. Returns the number the system knows it
    /// by.
    pub fn start(
        &mut self,
        who: Who,
        program: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<u32> {
        let process = Process::start(program, args, who, &self.sender)?;
        let id = process.id();
        self.running.push((who, process));
        self.open += 1;
        Ok(id)
    }

    /// Lets something that is no process report too. It must send [`Output::End`].
    pub fn sender(&mut self) -> SyncSender<(Who, Output)> {
        self.open += 1;
        self.sender.clone()
    }

    /// Waits for what any of them does next. `None` when all have ended.
    ///
    /// # Errors
    /// When nothing happens for too long, or a program writes a line to standard output that is no event.
    /// Both say what was written to standard error before.
    pub fn next_report(&mut self) -> Result<Option<(Who, Report)>> {
        if self.open == 0 {
            return Ok(None);
        }
        let (who, output) = match self.outputs.recv_timeout(self.silence) {
            Ok(output) => output,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let heard = self.heard();
                bail!("nothing happened for {} s: all were ended{heard}", self.silence.as_secs());
            }
        };
        let report = match output {
            Output::Event(event) => Report::Event(event),
            Output::Invalid(why) => {
                bail!("a line on standard output that is no event: {why}{}", self.heard())
            }
            Output::Complaint(line) => {
                self.complaints.truncate(KEPT - 1);
                self.complaints.push(line.clone());
                Report::Complaint(line)
            }
            Output::End => {
                self.open -= 1;
                let at = self.running.iter().position(|(running, _)| *running == who);
                let process = at.map(|at| self.running.swap_remove(at).1);
                Report::Ended(process.map(Process::wait).transpose()?)
            }
        };
        Ok(Some((who, report)))
    }

    fn heard(&self) -> String {
        self.complaints.iter().fold(String::new(), |heard, line| heard + "\n" + line)
    }
}
