//! What a connection has carried, and the line that shows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

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

/// Makes a line on standard error, if that is a terminal: its message, and how many bytes went through all
/// connections either way.
pub fn status_line() -> ProgressBar {
    let line = ProgressBar::new_spinner();
    line.enable_steady_tick(REFRESH);
    let template = "{spinner} {msg}, {binary_bytes} carried, {binary_bytes_per_sec}";
    ProgressStyle::with_template(template).map_or(line.clone(), |style| line.with_style(style))
}
