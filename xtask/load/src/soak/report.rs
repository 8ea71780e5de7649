//! The result of a soak, as `--json` writes it and as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use attacker::faults::{Ending, Fault};
use serde::{Serialize, Serializer};

use crate::gauge::Reading;

/// The result of a soak.
#[derive(Debug, Serialize)]
pub struct Soaked {
    /// The stage's name.
    pub stage: &'static str,
    /// Its duration in seconds.
    pub seconds: u64,
    /// Good clients at the same time.
    pub connections: u16,
    /// Requests of good clients that were answered.
    pub exchanges: usize,
    /// The complaints of good clients.
    pub harmed: Vec<String>,
    /// The time to connect, send a request and get its answer, in microseconds.
    pub latency: Latency,
    /// The faults, how often each was committed, and how the connections ended.
    pub faults: Vec<Faulted>,
    /// What the server used before the first connection.
    pub before: Reading,
    /// The most it used.
    pub peak: Reading,
    /// What it used when everyone had left.
    pub after: Reading,
    /// Whether anything was left behind.
    pub leaked: bool,
}

/// Percentiles, in microseconds.
#[derive(Debug, Default, Serialize)]
pub struct Latency {
    /// Half of the answers took no longer.
    pub p50: u128,
    /// Nine in ten took no longer.
    pub p90: u128,
    /// Ninety-nine in a hundred took no longer.
    pub p99: u128,
    /// The slowest answer.
    pub max: u128,
}

/// How the connections with one kind of fault ended.
#[derive(Debug, Serialize)]
pub struct Faulted {
    /// The kind of fault.
    #[serde(serialize_with = "fault_by_name")]
    pub fault: Fault,
    /// How many connections ended in each way.
    #[serde(serialize_with = "endings_by_name")]
    pub endings: BTreeMap<Ending, usize>,
    /// The longest duration of one, in milliseconds.
    pub longest_millis: u128,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn fault_by_name<S: Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fault.name())
}

fn endings_by_name<S: Serializer>(
    endings: &BTreeMap<Ending, usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(endings.iter().map(|(ending, count)| (ending.name(), count)))
}

impl Faulted {
    /// Counts the endings of one kind of fault among those of all.
    pub fn of(fault: Fault, endings: &[(Fault, (Ending, Duration))]) -> Self {
        let mut faulted = Self { fault, endings: BTreeMap::new(), longest_millis: 0 };
        for (_, (ending, lasted)) in endings.iter().filter(|(ended, _)| *ended == fault) {
            *faulted.endings.entry(*ending).or_default() += 1;
            faulted.longest_millis = faulted.longest_millis.max(lasted.as_millis());
        }
        faulted
    }
}

impl Latency {
    /// Takes the percentiles of a sorted list.
    pub fn of(sorted: &[Duration]) -> Self {
        let at = |hundredths: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get(last * hundredths / 100).copied().unwrap_or_default().as_micros()
        };
        Self { p50: at(50), p90: at(90), p99: at(99), max: at(100) }
    }
}

impl Soaked {
    /// Returns whether nobody was harmed, nothing was left behind, and no connection outlived its
    /// deadline.
    pub fn is_well(&self) -> bool {
        let held = self.faults.iter().any(|faulted| faulted.endings.contains_key(&Ending::Held));
        self.harmed.is_empty() && !self.leaked && !held && self.exchanges > 0
    }

    /// Returns all of it for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let Self { stage, seconds, connections, exchanges, latency, before, peak, after, .. } =
            self;
        _ = writeln!(text, "{stage}: {seconds} s, {connections} good clients at a time");
        _ = writeln!(text, "{exchanges} exchanges, {} good clients harmed", self.harmed.len());
        for harmed in self.harmed.iter().take(5) {
            _ = writeln!(text, "  {harmed}");
        }
        _ = writeln!(text, "\nanswered within   half       9 in 10    99 in 100  all");
        let millis = |micros: u128| format!("{}.{:03} ms", micros / 1000, micros % 1000);
        let [p50, p90, p99, max] = [latency.p50, latency.p90, latency.p99, latency.max].map(millis);
        _ = writeln!(text, "                  {p50:<10} {p90:<10} {p99:<10} {max}");
        if !self.faults.is_empty() {
            _ = writeln!(
                text,
                "\nfault        committed closed   answered broken off held   longest"
            );
        }
        for Faulted { fault, endings, longest_millis } in &self.faults {
            let count = |ending| endings.get(&ending).copied().unwrap_or(0);
            let name = fault.name().replace('_', " ");
            let [closed, answered, broken_off, held] =
                [Ending::Closed, Ending::Answered, Ending::BrokenOff, Ending::Held].map(count);
            let all: usize = endings.values().sum();
            let (whole, part) = (longest_millis / 1000, longest_millis % 1000);
            _ = writeln!(
                text,
                "{name:<12} {all:<9} {closed:<8} {answered:<8} {broken_off:<10} {held:<6} {whole}.{part:03} s"
            );
        }
        _ = writeln!(text, "\nthe server   memory      threads  descriptors");
        for (when, reading) in [("before", before), ("peak", peak), ("after", after)] {
            let memory = format!("{} KiB", reading.memory_kib);
            let (threads, descriptors) = (reading.threads, reading.descriptors);
            _ = writeln!(text, "{when:<12} {memory:<11} {threads:<8} {descriptors}");
        }
        let verdict = if self.is_well() {
            "nobody was harmed, and nothing is left behind"
        } else {
            "NOT WELL"
        };
        _ = writeln!(text, "\n{verdict}");
        text
    }
}
