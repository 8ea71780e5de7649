//! `cargo xtask matrix`: every attack against every stage.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use framing::Stage;
use framing::stage::STAGES;

use crate::lab::scenario::{SCENARIOS, Scenario};
use crate::lab::verdict::{Cell, Verdict};
use crate::programs::Programs;
use crate::view::progress;

/// Attacks that run at the same time.
const WORKERS: usize = 4;

const OPEN: Style = AnsiColor::Red.on_default().bold();
const CLOSED: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Every cell, row by row, each tried just now.
#[derive(Debug)]
pub struct Matrix(Vec<(&'static Scenario, Vec<Cell>)>);

impl Matrix {
    /// Tries every attack at every stage, several at a time, with a progress bar.
    ///
    /// # Errors
    /// When a cell allows no verdict, and before that when the control does not succeed: then nothing
    /// else is to be believed.
    pub fn run(programs: &Programs) -> Result<Self> {
        let cells: Vec<_> =
            SCENARIOS.iter().flat_map(|scenario| STAGES.map(|stage| (scenario, stage))).collect();
        let bar = progress(cells.len() as u64, "attacks");
        let queue = Mutex::new(cells.into_iter().enumerate().collect::<VecDeque<_>>());
        let work = || {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((number, (scenario, stage))) = next else { return done };
                done.push((number, scenario.try_at(programs, stage).map(|(cell, _)| cell)));
                bar.inc(1);
            }
        };
        let mut done: Vec<(usize, Result<Cell>)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        bar.finish_and_clear();
        done.sort_by_key(|(number, _)| *number);
        let cells = done.into_iter().map(|(_, cell)| cell).collect::<Result<Vec<_>>>()?;
        let rows = cells.chunks(STAGES.len()).map(<[Cell]>::to_vec);
        Ok(Self(SCENARIOS.iter().zip(rows).collect()))
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter().flat_map(|(_, cells)| cells)
    }

    /// The cells that are not as they are known to be, each in a line.
    pub fn surprises(&self) -> Vec<String> {
        let cells = self.0.iter().flat_map(|(scenario, cells)| {
            cells.iter().zip(STAGES).map(|(cell, stage)| (cell, scenario.known_at(stage)))
        });
        let surprises = cells.filter(|(cell, known)| !cell.is_as_known(*known));
        surprises
            .map(|(cell, known)| {
                format!("{} at {}: expected {known:?}, found {cell:?}", cell.attack, cell.stage)
            })
            .collect()
    }

    /// The table for people, in 100 columns, styled with escape codes.
    pub fn text(&self) -> String {
        let mut text = format!("{:<16}", "");
        for stage in STAGES {
            _ = write!(text, " {:<14}", column(stage));
        }
        text.push('\n');
        for (scenario, cells) in &self.0 {
            _ = write!(text, "{:<16}", scenario.attack.name);
            for cell in cells {
                let (style, word) = match cell.verdict {
                    Verdict::Succeeded => (OPEN, "succeeds"),
                    Verdict::Refused => (CLOSED, cell.by.as_deref().unwrap_or_default()),
                    Verdict::NotApplicable => (DIM, "-"),
                };
                _ = write!(text, " {style}{word:<14}{style:#}");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// The table as README and docs carry it: what each attack tries, what came of it, what closes it.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| attack | tries to |");
        for stage in STAGES {
            _ = write!(text, " {} |", column(stage));
        }
        text += " closed by |\n|---|---|";
        text += &"---|".repeat(STAGES.len() + 1);
        text.push('\n');
        for (scenario, cells) in &self.0 {
            let attack = scenario.attack;
            _ = write!(text, "| `{}` | {} |", attack.name, attack.tries);
            for cell in cells {
                _ = match cell.verdict {
                    Verdict::Succeeded => write!(text, " **succeeds** |"),
                    Verdict::Refused => {
                        write!(text, " {} |", cell.by.as_deref().unwrap_or_default())
                    }
                    Verdict::NotApplicable => write!(text, " - |"),
                };
            }
            _ = writeln!(text, " {} |", attack.closed_by);
        }
        text
    }
}

/// A stage's name without its part.
fn column(stage: &Stage) -> &'static str {
    stage.name.split_once('-').map_or(stage.name, |(_part, name)| name)
}
