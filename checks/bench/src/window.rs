//! For how long something is watched, and how much of it there was.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

/// Before anything counts: connections, caches and clock rates settle.
const WARM_UP: Duration = Duration::from_millis(50);

/// What came of a measurement.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Bytes, exchanges or records.
    pub count: u64,
    /// In which time.
    pub seconds: f64,
    /// How long an exchange took, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

/// Of all exchanges, in microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: f64,
    /// Ninety-nine in a hundred took no longer.
    pub p99: f64,
}

/// A count that one thread makes and another looks at, and when to stop making it.
#[derive(Debug, Default)]
pub struct Window {
    count: AtomicU64,
    over: AtomicBool,
}

impl Window {
    /// Of the thread that counts: how much there was so far.
    pub fn set(&self, count: u64) {
        self.count.store(count, Ordering::Relaxed);
    }

    /// Adds one, from any thread.
    pub fn add_one(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether nobody is watching any more.
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
