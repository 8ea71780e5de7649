//! The resources a process uses: memory, threads, descriptors. They come from Linux's `/proc`; no
//! other system is supported.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

/// A process that is measured.
#[derive(Clone, Debug)]
pub struct Gauge(PathBuf);

/// Its usage at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Resident memory in KiB.
    pub memory_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Gauge {
    /// Makes a gauge for the process that the system knows by `id`.
    pub fn of(id: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{id}")))
    }

    /// Returns what it uses now.
    ///
    /// # Errors
    /// When the process is gone, or the system does not report it.
    pub fn read(&self) -> Result<Reading> {
        let status = fs::read_to_string(self.0.join("status")).context("the process is gone")?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.with_context(|| format!("the system does not tell {name}"))
        };
        Ok(Reading {
            memory_kib: number("VmRSS:")?,
            threads: number("Threads:")?,
            descriptors: fs::read_dir(self.0.join("fd"))?.count() as u64,
        })
    }
}

impl Reading {
    /// Returns the larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            threads: self.threads.max(other.threads),
            descriptors: self.descriptors.max(other.descriptors),
        }
    }
}
