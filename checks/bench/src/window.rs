//! The time in which something is measured, and how much of it there was.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

/// Time before anything counts, in which connections, caches and clock rates settle.
const WARM_UP: Duration = Duration::from_millis(50);

/// The result of a measurement.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Bytes, exchanges or records.
    pub count: u64,
    /// The time they took.
    pub seconds: f64,
    /// The latency of an exchange, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

/// Latencies of all exchanges, in microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Half of them took no longer than this.
    pub p50: f64,
    /// Ninety-nine in a hundred took no longer than this.
    pub p99: f64,
}

/// A count that one thread increases and another reads, and a signal to stop increasing it.
#[derive(Debug, Default)]
pub struct Window {
    count: AtomicU64,
    over: AtomicBool,
}

impl Window {
    /// Sets the count so far, from the thread that counts.
    pub fn set(&self, count: u64) {
        self.count.store(count, Ordering::Relaxed);
    }

    /// Adds one, from any thread.
    pub fn add_one(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether nobody is watching any more.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Lets everything warm up, then watches the count for `length`.
    pub fn watch(&self, length: Duration) -> Measured {
        thread::sleep(WARM_UP);
        let (began, before) = (Instant::now(), self.count.load(Ordering::Relaxed));
        thread::sleep(length);
        let (seconds, after) = (began.elapsed().as_secs_f64(), self.count.load(Ordering::Relaxed));
        self.over.store(true, Ordering::Relaxed);
        Measured { count: after - before, seconds, latency: None }
    }
}
