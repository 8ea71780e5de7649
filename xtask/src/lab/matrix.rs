//! `cargo xtask matrix`: every attack against every stage.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use anyhow::Result;
use attacker::Outcome;
use stages::Stage;

use super::scenario::{SCENARIOS, Scenario};
use super::verdict::{Cell, Mark};
use crate::launch::Programs;
use crate::views::{Progress, Table};

/// Attacks that run at the same time.
const WORKERS: usize = 4;

/// Columns between two stages; between two parts there are twice as many.
const GAP: usize = 2;

/// Every attack at some stages, row by row, each just tried. One that came to no verdict says why.
#[derive(Debug)]
pub struct Matrix {
    stages: Vec<&'static Stage>,
    rows: Vec<(&'static Scenario, Vec<Result<Cell>>)>,
}

impl Matrix {
    /// Tries every attack at these stages, several at a time, with a progress bar. The control is
    /// in the first row: where it does not succeed, nothing below it can be believed.
    pub fn run(programs: &Programs, stages: Vec<&'static Stage>) -> Self {
        let cells: Vec<_> = SCENARIOS
            .iter()
            .flat_map(|scenario| stages.iter().map(move |stage| (scenario, *stage)))
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
            .map(|scenario| (scenario, cells.by_ref().take(stages.len()).collect()))
            .collect();
        Self { stages, rows }
    }

    /// All cells that came to a verdict.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|(_, cells)| cells).flatten()
    }

    /// Lists the cells that are not as they are known to be, one per line.
    pub fn surprises(&self) -> Vec<String> {
        let cells = self.rows.iter().flat_map(|(scenario, cells)| {
            cells
                .iter()
                .zip(&self.stages)
                .map(|(cell, stage)| (cell, scenario.attack.outcome_at(stage)))
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

    /// The table for a terminal, styled with escape codes. The stages stand by part, and the parts side by
    /// side while they fit into a line; what does not fit stands below.
    pub fn text(&self) -> String {
        let names = self.rows.iter().map(|(scenario, _)| scenario.attack.name.len());
        let first = names.max().unwrap_or(0);
        let mut bands: Vec<Vec<Column<'_>>> = Vec::new();
        let room = transcript::lines::width();
        let mut end = first;
        for part in self.columns().chunk_by(|a, b| a.stage.package() == b.stage.package()) {
            let width = GAP + part.iter().map(|column| GAP + column.width).sum::<usize>();
            match bands.last_mut() {
                Some(band) if end + width <= room => {
                    end += width;
                    band.extend_from_slice(part);
                }
                _ => {
                    end = first + width;
                    bands.push(part.to_vec());
                }
            }
        }
        let bands = bands.iter().map(|band| self.band(first, band));
        bands.collect::<Vec<_>>().join("\n")
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let column = |(at, stage): (usize, &&'static Stage)| {
            let marks: Vec<_> = self
                .rows
                .iter()
                .map(|(scenario, cells)| {
                    cells.get(at).map_or(Mark::Unknown, |cell| Mark::found(scenario.attack, cell))
                })
                .collect();
            let widths = marks.iter().map(|mark| mark.to_string().chars().count());
            let width = widths.chain([stage.short_name().len()]).max().unwrap_or(0);
            Column { stage, marks, width }
        };
        self.stages.iter().enumerate().map(column).collect()
    }

    /// Shows some parts side by side, after the names of the attacks.
    fn band(&self, first: usize, columns: &[Column<'_>]) -> String {
        let mut lines = vec![" ".repeat(first); 2 + self.rows.len()];
        for (line, (scenario, _)) in lines.iter_mut().skip(2).zip(&self.rows) {
            *line = format!("{:<first$}", scenario.attack.name);
        }
        let end = columns.len().saturating_sub(1);
        for (at, Column { stage, marks, width }) in columns.iter().enumerate() {
            let part = |at: usize| columns.get(at).map(|column| column.stage.package());
            let is_first = at == 0 || part(at - 1) != part(at);
            let (gap, title) = if is_first {
                (2 * GAP, stage.package().replace("part", "part "))
            } else {
                (GAP, String::new())
            };
            let width = if at == end { 0 } else { *width };
            let heads =
                [title, stage.short_name().to_owned()].map(|head| format!("{head:<width$}"));
            let marks = marks.iter().map(|mark| {
                let style = mark.style();
                format!("{style}{mark:<width$}{style:#}")
            });
            for (line, cell) in lines.iter_mut().zip(heads.into_iter().chain(marks)) {
                _ = write!(line, "{:gap$}{cell}", "");
            }
        }
        lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }

    /// Returns the table as README and docs carry it: what each attack tries, its result, what
    /// closes it.
    pub fn markdown(&self) -> String {
        let stages = self.stages.iter().map(|stage| stage.short_name());
        let mut table = Table::new(["attack"].into_iter().chain(stages).chain(["closed by"]));
        for (scenario, cells) in &self.rows {
            let attack = scenario.attack;
            // In one cell, so that the table stays narrow.
            let name = format!("`{}`<br>{}", attack.name, attack.tries);
            let marks = cells.iter().map(|cell| Mark::found(attack, cell).markdown());
            table.row([name].into_iter().chain(marks).chain([attack.closed_by.to_owned()]));
        }
        table.shown(true)
    }
}

/// A stage's column.
#[derive(Clone)]
struct Column<'m> {
    stage: &'static Stage,
    marks: Vec<Mark<'m>>,
    width: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::SCENARIOS;
    use crate::lab::verdict::Verdict;
    use stages::STAGES;

    /// A table in which everything went as it is known to.
    fn known(stages: &[&'static Stage]) -> Matrix {
        let cell = |scenario: &Scenario, stage: &'static Stage| {
            let (verdict, by) = match scenario.attack.outcome_at(stage) {
                Outcome::Succeeds => (Verdict::Succeeded, None),
                Outcome::Refused(by) => (Verdict::Refused, Some(by.to_owned())),
                Outcome::NotApplicable(_) => (Verdict::NotApplicable, None),
            };
            let (attack, stage) = (scenario.attack.name, stage.name);
            Ok(Cell { attack, stage, verdict, by, why: String::new() })
        };
        let row = |scenario: &'static Scenario| {
            (scenario, stages.iter().map(|stage| cell(scenario, stage)).collect())
        };
        Matrix { stages: stages.to_vec(), rows: SCENARIOS.iter().map(row).collect() }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn open_and_closed_have_a_sign_and_a_word_and_the_control_looks_like_neither() {
        let text = plain(&known(STAGES).text());
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        let head = ["part 1", "part 2"].join(&" ".repeat(20));
        assert_eq!(text.lines().next().unwrap().trim(), head);
        let cells = |name: &str| {
            let words = line(name).split("  ").map(str::trim).filter(|word| !word.is_empty());
            words.skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(cells("control"), ["· passes"; 5]);
        let replay = ["-", "✗ open", "✗ open", "✓ out_of_order", "✓ out_of_order"];
        assert_eq!(cells("replay "), replay);
        let markdown = known(STAGES).markdown();
        let row = "| `replay`<br>send a record twice in its connection | - | ✗ **open** | ✗ **open** \
                   | ✓ out_of_order | ✓ out_of_order | part2-hmac-seq |";
        assert!(markdown.contains(row), "{markdown}");
    }

    /// Nine stages of four parts do not fit side by side. Those of today stand for those to come.
    #[test]
    fn parts_that_do_not_fit_side_by_side_stand_below() {
        let [plain_stage, ctr, hmac, seq, aead] = STAGES else { panic!("other stages") };
        let text = plain(&known(&[hmac, seq, aead, plain_stage, ctr, hmac, seq, aead]).text());
        assert!(
            text.lines().all(|line| line.chars().count() <= transcript::lines::WIDTH),
            "{text}"
        );
        let heads: Vec<_> =
            text.lines().filter(|line| line.contains("part ")).map(str::trim).collect();
        assert_eq!(heads.len(), 2, "{text}");
        assert!(heads[0].starts_with("part 2") && heads[0].contains("part 1"), "{text}");
        assert_eq!(heads[1], "part 2");
        assert_eq!(text.matches("bit-flip").count(), 2);
    }
}
