//! What a connection has carried, and the line that shows it.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// How often the line is refreshed when nothing happens.
const REFRESH: Duration = Duration::from_millis(500);

/// The records of one connection. Their bytes are counted on a line that all connections share.
#[derive(Debug)]
pub struct Counters {
    sent: AtomicU64,
    received: AtomicU64,
    line: ProgressBar,
}

impl Counters {
    /// Counts from zero, for a new connection.
    pub fn new(line: &ProgressBar) -> Self {
        Self { sent: AtomicU64::new(0), received: AtomicU64::new(0), line: line.clone() }
    }

    /// Counts records that were sealed, and the plaintext bytes in them.
    pub fn sent(&self, records: usize, bytes: usize) {
        self.sent.fetch_add(records as u64, Ordering::Relaxed);
        self.line.inc(bytes as u64);
    }

    /// Counts records that were opened, and the plaintext bytes in them.
    pub fn received(&self, records: usize, bytes: usize) {
        self.received.fetch_add(records as u64, Ordering::Relaxed);
        self.line.inc(bytes as u64);
    }

    /// Returns how many records were sent, and how many received.
    pub fn records(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.received.load(Ordering::Relaxed))
    }
}

/// Makes a line on standard error, if that is a terminal: how many connections there are, and how
/// many bytes went through them in either direction.
///
/// Only the thread that refreshes the line draws it. A terminal may be stopped (Ctrl-S), and then
/// blocks the thread that draws.
pub fn status_line(connections: &Arc<AtomicUsize>) -> ProgressBar {
    let line = ProgressBar::new_spinner();
    let connections = connections.clone();
    let count = move |_: &ProgressState, out: &mut dyn fmt::Write| {
        _ = write!(out, "{}", connections.load(Ordering::Relaxed));
    };
    let template = "{spinner} {count} connections, {binary_bytes} carried, {binary_bytes_per_sec}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style.with_key("count", count));
    }
    line.enable_steady_tick(REFRESH);
    line
}

/// An output above a line, if there is one, which is removed from the terminal while something is
/// written.
pub struct Above<W> {
    /// The line.
    pub line: Option<ProgressBar>,
    /// The output.
    pub out: W,
}

impl<W: Write> Write for Above<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.line {
            Some(line) => line.suspend(|| self.out.write(bytes)),
            None => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
