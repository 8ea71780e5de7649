//! `cargo xtask matrix`: every attack against every stage.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use attacker::Outcome;
use stages::STAGES;

use super::scenario::{SCENARIOS, Scenario};
use super::verdict::{Cell, Verdict};
use crate::launch::Programs;
use crate::views::{Progress, Table};

/// Attacks that run at the same time.
const WORKERS: usize = 4;

const OPEN: Style = AnsiColor::Red.on_default().bold();
const CLOSED: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Every cell, row by row, each tried just now. One that came to no verdict says why.
#[derive(Debug)]
pub struct Matrix(Vec<(&'static Scenario, Vec<Result<Cell>>)>);

impl Matrix {
    /// Tries every attack at every stage, several at a time, with a progress bar. The control is in the
    /// first row: where it does not succeed, nothing below is to be believed.
    pub fn run(programs: &Programs) -> Self {
        let cells: Vec<_> = SCENARIOS
            .iter()
            .flat_map(|scenario| STAGES.iter().map(move |stage| (scenario, *stage)))
            .collect();
        let progress = Mutex::new(Progress::new(cells.len() as u64, "attacks"));
        let queue = Mutex::new(cells.into_iter().enumerate().collect::<VecDeque<_>>());
        let work = || {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((number, (scenario, stage))) = next else { return done };
                done.push((number, scenario.try_at(programs, stage).map(|(cell, _)| cell)));
                progress.lock().unwrap_or_else(PoisonError::into_inner).advance(1);
            }
        };
        let mut done: Vec<(usize, Result<Cell>)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        drop(progress);
        done.sort_by_key(|(number, _)| *number);
        let mut cells = done.into_iter().map(|(_, cell)| cell);
        let rows = SCENARIOS
            .iter()
            .map(|scenario| (scenario, cells.by_ref().take(STAGES.len()).collect()));
        Self(rows.collect())
    }

    /// All cells that came to a verdict.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter().flat_map(|(_, cells)| cells).flatten()
    }

    /// The cells that are not as they are known to be, each in a line.
    pub fn surprises(&self) -> Vec<String> {
        let cells = self.0.iter().flat_map(|(scenario, cells)| {
            cells.iter().zip(STAGES).map(|(cell, stage)| (cell, scenario.attack.outcome_at(stage)))
        });
        let surprise = |(cell, known): (&Result<Cell>, Outcome)| match cell {
            Ok(cell) if cell.is_as_known(known) => None,
            Ok(Cell { attack, stage, verdict, why, .. }) => {
                Some(format!("{attack} at {stage}: expected {known:?}, found {verdict:?}: {why}"))
            }
            Err(error) => Some(format!("{error:#}, expected {known:?}")),
        };
        cells.filter_map(surprise).collect()
    }

    /// The table for people, in 100 columns, styled with escape codes.
    pub fn text(&self) -> String {
        let mut text = format!("{:<16}", "");
        for stage in STAGES {
            _ = write!(text, " {:<14}", stage.short_name());
        }
        text.push('\n');
        for (scenario, cells) in &self.0 {
            _ = write!(text, "{:<16}", scenario.attack.name);
            for cell in cells {
                let (style, word) = match shown(cell) {
                    Shown::Succeeds => (OPEN, "succeeds"),
                    Shown::RefusedBy(check) => (CLOSED, check),
                    Shown::Nothing => (DIM, "-"),
                    Shown::NoVerdict => (OPEN, "?"),
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
        let stages = STAGES.iter().map(|stage| stage.short_name());
        let head = ["attack", "tries to"].into_iter().chain(stages).chain(["closed by"]);
        let mut table = Table::new(head);
        for (scenario, cells) in &self.0 {
            let attack = scenario.attack;
            let name = format!("`{}`", attack.name);
            let words = cells.iter().map(|cell| match shown(cell) {
                Shown::Succeeds => "**succeeds**",
                Shown::RefusedBy(check) => check,
                Shown::Nothing => "-",
                Shown::NoVerdict => "?",
            });
            let before = [&*name, attack.tries].into_iter();
            table.row(before.chain(words).chain([attack.closed_by]));
        }
        table.shown(true)
    }
}

/// A cell in a word.
enum Shown<'c> {
    Succeeds,
    RefusedBy(&'c str),
    Nothing,
    NoVerdict,
}

fn shown(cell: &Result<Cell>) -> Shown<'_> {
    match cell {
        Ok(Cell { verdict: Verdict::Succeeded, .. }) => Shown::Succeeds,
        Ok(Cell { verdict: Verdict::Refused, by, .. }) => {
            Shown::RefusedBy(by.as_deref().unwrap_or_default())
        }
        Ok(Cell { verdict: Verdict::NotApplicable, .. }) => Shown::Nothing,
        Err(_) => Shown::NoVerdict,
    }
}
