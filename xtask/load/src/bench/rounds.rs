//! Everything once, then everything again: whatever slows the machine down for a while then affects
//! all measurements, and not just the one that was running.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::builds::Builds;
use super::plan::{Case, Plan, TUNNEL};

/// The output of a measurement.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Measured {
    /// Bytes, requests or records.
    count: f64,
    /// The time they took.
    seconds: f64,
    /// The latency of an answer, where that was measured.
    pub latency: Option<Latency>,
}

/// Latencies of all answers, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer than this.
    pub p50: f64,
    /// Ninety-nine in a hundred took no longer than this.
    pub p99: f64,
}

impl Measured {
    /// The number per second.
    pub fn rate(&self) -> f64 {
        self.count / self.seconds
    }
}

/// Measures every case of `plan`, `rounds` times, with a progress bar. Returns the rounds of each
/// case, in the plan's order.
///
/// # Errors
/// When a measurement fails.
pub fn run(plan: &Plan, builds: &Builds, rounds: usize) -> Result<Vec<Vec<Measured>>> {
    let mut measured = vec![Vec::new(); plan.cases.len()];
    let bar = ProgressBar::new((rounds * plan.cases.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} %, {eta} left  {msg}") {
        bar.set_style(style);
    }
    for _ in 0..rounds {
        for (case, measured) in plan.cases.iter().zip(&mut measured) {
            bar.set_message(case.to_string());
            measured.push(measure(case, builds)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(measured)
}

fn measure(case: &Case, builds: &Builds) -> Result<Measured> {
    let tunnel = builds.tunnel(case.engine).map(|path| path.display().to_string());
    let args = case.args.iter().map(|arg| match &tunnel {
        Some(path) if arg == TUNNEL => path,
        _ => arg,
    });
    let output = Command::new(builds.bench(case.engine))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .context("cannot start a measurement")?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{case}: {}", complaint.trim_end());
    }
    serde_json::from_slice(&output.stdout).context("cannot understand a measurement")
}
