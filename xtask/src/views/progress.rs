//! A line on standard error that says how far a task has come.
//!
//! A library for progress bars would cost everyone's first transcript four more crates.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Time after which progress is worth a line.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two refreshes of the line.
const REFRESH: Duration = Duration::from_millis(200);

/// A line that counts to `len`, where a person waits and no transcript is scrolling by. It is
/// erased at the end.
#[derive(Debug)]
pub struct Progress {
    len: u64,
    done: u64,
    unit: &'static str,
    /// When the line is due next, if anyone is to see it.
    due: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Counts this many of `unit`.
    pub fn new(len: u64, unit: &'static str) -> Self {
        Self::watched(len, unit, io::stderr().is_terminal() && !io::stdout().is_terminal())
    }

    /// Counts for a command that prints nothing until it is done.
    pub fn before_output(len: u64, unit: &'static str) -> Self {
        Self::watched(len, unit, io::stderr().is_terminal())
    }

    fn watched(len: u64, unit: &'static str, is_watched: bool) -> Self {
        let due = is_watched.then(|| Instant::now() + PATIENCE);
        Self { len, done: 0, unit, due, is_shown: false }
    }

    /// Counts this many more as done.
    pub fn advance(&mut self, by: u64) {
        self.done += by;
        if let Some(due) = &mut self.due
            && *due <= Instant::now()
        {
            let percent = 100 * self.done.min(self.len) / self.len.max(1);
            _ = write!(io::stderr(), "\r{percent:>3} % of {} {}", self.len, self.unit);
            self.is_shown = true;
            *due = Instant::now() + REFRESH;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
