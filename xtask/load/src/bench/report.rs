//! The results.

use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::plan::{self, Plan, Unit};
use super::rounds::{Latency, Measured};
use super::statistics::Spread;

/// All results, as `--json` writes them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// The machine.
    pub machine: Machine,
    /// How many times everything was measured.
    pub rounds: usize,
    /// The answers.
    pub tables: Vec<Table>,
}

/// The answers to one question.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    /// The question.
    pub title: String,
    /// The unit that is counted.
    pub unit: Unit,
    /// What each row is compared with, in columns.
    pub columns: Vec<String>,
    /// The answers.
    pub rows: Vec<Row>,
    /// Whether the picture shows it.
    pub pictured: bool,
}

/// One answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Its ratio to what each column names.
    pub ratios: Vec<Option<Spread>>,
    /// The number per second.
    pub rate: Spread,
    /// The same, round by round.
    pub rounds: Vec<f64>,
    /// Medians over the rounds of how long an answer took, in microseconds.
    pub latency: Option<Latency>,
    /// Bytes of plaintext in each record, where records are counted too.
    pub record_len: Option<u32>,
}

impl Report {
    /// Makes the report from the measurements, a list of rounds for each case of the plan.
    pub fn new(machine: Machine, plan: &Plan, measured: &[Vec<Measured>]) -> Self {
        let rates = |case: usize| measured[case].iter().map(Measured::rate).collect::<Vec<_>>();
        let row = |row: &plan::Row| {
            let rounds = rates(row.case);
            let ratio = |base: &Option<usize>| Spread::of_ratios(&rounds, &rates((*base)?));
            Some(Row {
                name: row.name.clone(),
                ours: row.ours,
                ratios: row.bases.iter().map(ratio).collect(),
                rate: Spread::of(&rounds)?,
                latency: latency(&measured[row.case]),
                record_len: row.record_len,
                rounds,
            })
        };
        let tables = plan.tables.iter().map(|table| Table {
            title: table.title.clone(),
            unit: table.unit,
            columns: table.columns.iter().map(|&column| column.to_owned()).collect(),
            rows: table.rows.iter().filter_map(row).collect(),
            pictured: table.pictured,
        });
        let rounds = measured.first().map_or(0, Vec::len);
        Self { machine, rounds, tables: tables.collect() }
    }
}

fn latency(measured: &[Measured]) -> Option<Latency> {
    let all: Vec<Latency> = measured.iter().filter_map(|measured| measured.latency).collect();
    let median = |of: fn(&Latency) -> f64| {
        Spread::of(&all.iter().map(of).collect::<Vec<_>>()).map(|spread| spread.median)
    };
    Some(Latency { p50: median(|all| all.p50)?, p99: median(|all| all.p99)? })
}
