//! `cargo xtask matrix`: every attack against every stage.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::Write;
use std::iter;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use anyhow::Result;
use attacker::Outcome;
use stages::Stage;
use transcript::lines::{GOOD, HEADING, width, wrapped_to};

use super::scenario::{SCENARIOS, Scenario};
use super::verdict::{Cell, Mark, Verdict};
use crate::launch::Programs;
use crate::views::{Progress, Table};

/// Attacks that run at the same time.
const WORKERS: usize = 4;

/// Columns between two stages of a part.
const GAP: usize = 1;
/// Columns between two parts.
const PART_GAP: usize = 2;
/// Columns before an attack's name, under the heading of its group.
const INDENT: usize = 2;
/// Above the checks that close an attack.
const CLOSED_BY: &str = "closed by";
/// The signs, as they are explained below the table.
const LEGEND: [Mark<'_>; 5] =
    [Mark::Open, Mark::Closed(""), Mark::Passes, Mark::Nothing, Mark::Unknown];

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

    /// The table as it is known to come out, without trying anything.
    pub fn known(stages: &[&'static Stage]) -> Self {
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
        Self { stages: stages.to_vec(), rows: SCENARIOS.iter().map(row).collect() }
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

    /// Returns the attacks by the step that closed them, in the order of the steps: first the control, last what
    /// is still open.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut rows: Vec<_> =
            self.rows.iter().map(|(scenario, cells)| self.row(scenario, cells)).collect();
        rows.sort_by_key(|row| row.step.order());
        let mut groups: Vec<Group<'_>> = Vec::new();
        for row in rows {
            match groups.last_mut() {
                Some(group) if group.step == row.step => group.rows.push(row),
                _ => groups.push(Group { step: row.step, rows: vec![row] }),
            }
        }
        groups
    }

    /// Returns a row, whose step is the first stage from which on its attack is open no more.
    fn row<'m>(&self, scenario: &'static Scenario, cells: &'m [Result<Cell>]) -> Row<'m> {
        let marks: Vec<_> = cells.iter().map(|cell| Mark::found(scenario.attack, cell)).collect();
        let is_open = |mark: &Mark<'_>| matches!(mark, Mark::Open | Mark::Unknown);
        let open = marks.iter().rposition(is_open);
        let since = open.map_or(0, |at| at + 1);
        let mut closed =
            (self.stages.iter().zip(&marks).skip(since)).filter_map(|(stage, mark)| {
                if let Mark::Closed(check) = mark { Some((*stage, *check)) } else { None }
            });
        let first = closed.next();
        let step = match first {
            _ if marks.contains(&Mark::Passes) => Step::Control,
            Some((stage, _)) => Step::ClosedAt(stage),
            None if open.is_some() => Step::StillOpen,
            None => Step::NothingToTry,
        };
        let mut checks = Vec::new();
        for (_, check) in first.into_iter().chain(closed) {
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
        Row { scenario, step, cells, marks, checks }
    }

    /// The table for a terminal, styled with escape codes: a sign a stage, and behind them the checks. The
    /// stages stand by part, and the parts side by side while they fit into a line; what does not fit stands below.
    pub fn text(&self) -> String {
        self.as_wide_as(width())
    }

    fn as_wide_as(&self, room: usize) -> String {
        let groups = self.groups();
        let names = self.rows.iter().map(|(scenario, _)| INDENT + scenario.attack.name.len());
        let first = names.max().unwrap_or(0);
        let rows = || groups.iter().flat_map(|group| &group.rows);
        let checks = rows().flat_map(|row| &row.checks).map(|check| check.len());
        let checks = checks.chain([CLOSED_BY.len()]).max().unwrap_or(0);

        let mut bands: Vec<Band> = Vec::new();
        // The name of a part may reach further than its columns.
        let mut place = |stages: Range<usize>, width: usize, name: usize| match bands.last_mut() {
            Some(band) if band.end + width.max(name) <= room => {
                band.stages.end = stages.end;
                band.end += width;
            }
            _ => bands.push(Band { stages, end: first + width, checks: 0 }),
        };
        let mut at = 0;
        for part in self.stages.chunk_by(|a, b| a.package() == b.package()) {
            let widths = part.iter().map(|stage| GAP + stage.short_name().len());
            let name = PART_GAP + 1 + part_name(part).len();
            place(at..at + part.len(), PART_GAP - GAP + widths.sum::<usize>(), name);
            at += part.len();
        }
        place(at..at, PART_GAP + checks, 0);
        if let Some(last) = bands.last_mut() {
            last.end -= checks;
            last.checks = room.saturating_sub(last.end).max(checks);
        }

        let signs = LEGEND.iter().filter(|mark| rows().any(|row| row.has(mark)));
        let legend = signs.map(|mark| {
            let style = mark.style();
            format!("{style}{} {}{style:#}", mark.sign(), mark.word())
        });
        let legend = legend.collect::<Vec<_>>().join("   ") + "\n";
        let bands = bands.iter().map(|band| self.band(&groups, first, band));
        bands.chain([legend]).collect::<Vec<_>>().join("\n")
    }

    /// Some parts side by side, behind the names of the attacks.
    fn band(&self, groups: &[Group<'_>], first: usize, band: &Band) -> String {
        let stages = self.stages.get(band.stages.clone()).unwrap_or_default();
        // What stands in front of a column.
        let gap = |at: usize| match at.checked_sub(1).and_then(|before| stages.get(before)) {
            Some(before) if stages.get(at).is_some_and(|it| it.package() == before.package()) => {
                GAP
            }
            _ => PART_GAP,
        };
        let (mut parts, mut names) = (" ".repeat(first), " ".repeat(first));
        for (at, stage) in stages.iter().enumerate() {
            let (gap, name) = (gap(at), stage.short_name());
            if gap == PART_GAP {
                let part = part_name(&[stage]);
                if !parts.ends_with(' ') {
                    parts.push(' ');
                }
                parts = format!("{parts:<width$}{part}", width = names.chars().count() + gap);
            }
            _ = write!(names, "{:gap$}{name}", "");
        }
        if band.checks > 0 {
            names = format!("{names:<width$}{CLOSED_BY}", width = band.end);
        }
        let heads = [parts, names].into_iter().filter(|line| !line.trim_end().is_empty());
        let mut text: String = heads.map(|line| line + "\n").collect();
        for group in groups {
            if let Some(heading) = group.step.heading() {
                _ = writeln!(text, "{HEADING}{heading}{HEADING:#}");
            }
            for row in &group.rows {
                let name = format!("{:INDENT$}{}", "", row.scenario.attack.name);
                let mut line = format!("{name:<first$}");
                for (at, stage) in stages.iter().enumerate() {
                    let mark = row.marks.get(band.stages.start + at).unwrap_or(&Mark::Unknown);
                    let (gap, rest, style) = (gap(at), stage.short_name().len() - 1, mark.style());
                    _ = write!(line, "{:gap$}{style}{}{style:#}{:rest$}", "", mark.sign(), "");
                }
                let checks = row.checks.join(", then ");
                for (number, checks) in wrapped(&checks, band.checks).enumerate() {
                    if number == 0 {
                        _ = write!(line, "{:PART_GAP$}{GOOD}{checks}{GOOD:#}", "");
                    } else {
                        _ = write!(line, "\n{:end$}{GOOD}{checks}{GOOD:#}", "", end = band.end);
                    }
                }
                text = text + line.trim_end() + "\n";
            }
        }
        text
    }

    /// Returns the table as README and docs carry it: what each attack tries, its result at each part, what
    /// closes it. A page is too narrow for a column per stage.
    pub fn markdown(&self) -> String {
        let parts = self.stages.chunk_by(|a, b| a.package() == b.package());
        let parts: Vec<_> = parts.map(part_name).collect();
        let mut table = Table::new(
            iter::once("attack".to_owned()).chain(parts.clone()).chain([CLOSED_BY.to_owned()]),
        );
        for group in self.groups() {
            if let Some(heading) = group.step.heading() {
                let rest = parts.iter().map(|_| String::new()).chain([String::new()]);
                table.row(iter::once(format!("**{heading}**")).chain(rest));
            }
            for row in group.rows {
                let attack = row.scenario.attack;
                // In one cell, so that the table stays narrow.
                let name = format!("`{}`<br>{}", attack.name, attack.tries);
                let cells: Vec<_> = self.stages.iter().copied().zip(&row.marks).collect();
                let cells = cells.chunk_by(|(a, _), (b, _)| a.package() == b.package());
                table.row(iter::once(name).chain(cells.map(at_a_part)).chain([row.closed_by()]));
            }
        }
        table.shown(true)
    }
}

/// Writes what came of an attack at the stages of a part: once if it is the same at all, or else at which.
fn at_a_part(part: &[(&Stage, &Mark<'_>)]) -> String {
    let told = part.chunk_by(|(_, a), (_, b)| a.sign() == b.sign()).filter_map(|run| {
        let (_, mark) = run.first()?;
        let names: Vec<_> = run.iter().map(|(stage, _)| stage.short_name()).collect();
        match mark {
            _ if run.len() == part.len() => Some(mark.in_a_table()),
            Mark::Nothing => None,
            _ => Some(format!("{} at {}", mark.in_a_table(), names.join(", "))),
        }
    });
    told.collect::<Vec<_>>().join("<br>")
}

/// Names the part of these stages.
fn part_name(stages: &[&Stage]) -> String {
    stages.first().map_or("", |stage| stage.package()).replace("part", "part ")
}

/// Attacks that the same step closed.
#[derive(Debug)]
pub struct Group<'m> {
    /// The step.
    pub step: Step,
    /// The attacks.
    pub rows: Vec<Row<'m>>,
}

/// The step that decided about an attack, among the stages of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// None: the control is no attack.
    Control,
    /// The first stage from which on it is open no more.
    ClosedAt(&'static Stage),
    /// None yet.
    StillOpen,
    /// None: there is nothing to try at any of them.
    NothingToTry,
}

impl Step {
    /// Returns what stands above its attacks. The control needs nothing.
    pub fn heading(self) -> Option<String> {
        match self {
            Self::Control => None,
            Self::ClosedAt(stage) => Some(format!("closed at {}", stage.name)),
            Self::StillOpen => Some("still open".to_owned()),
            Self::NothingToTry => Some("nothing to try".to_owned()),
        }
    }

    fn order(self) -> (u8, Option<usize>) {
        match self {
            Self::Control => (0, None),
            Self::ClosedAt(stage) => (1, stage.position()),
            Self::StillOpen => (2, None),
            Self::NothingToTry => (3, None),
        }
    }
}

/// An attack at the stages of a table.
#[derive(Debug)]
pub struct Row<'m> {
    /// The attack.
    pub scenario: &'static Scenario,
    /// The step that decided about it.
    pub step: Step,
    /// What came of it, stage by stage.
    pub cells: &'m [Result<Cell>],
    /// The same as marks.
    pub marks: Vec<Mark<'m>>,
    /// The checks that close it, since it is closed.
    pub checks: Vec<&'m str>,
}

impl Row<'_> {
    /// Returns what closes it: the checks, and what makes them fail; or, while it is open, what is missing.
    pub fn closed_by(&self) -> String {
        let told = self.scenario.attack.closed_by;
        match self.step {
            Step::ClosedAt(stage) => {
                let reason = told.strip_prefix(stage.name).unwrap_or_default();
                self.checks.join(", then ") + reason
            }
            _ => told.to_owned(),
        }
    }

    fn has(&self, mark: &Mark<'_>) -> bool {
        self.marks.iter().any(|it| it.sign() == mark.sign())
    }
}

/// A part of the table that fits into the width of a terminal.
struct Band {
    stages: Range<usize>,
    /// Where its columns end.
    end: usize,
    /// The width of the checks behind them. They stand in the last band.
    checks: usize,
}

/// Wraps text to a width; none is none.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = Cow<'_, str>> {
    let lines = if width > 0 { textwrap::wrap(text, wrapped_to(width)) } else { Vec::new() };
    lines.into_iter().filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::STAGES;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// The lines of a text, each as its words.
    fn words(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn an_attack_stands_under_the_step_that_closed_it_with_a_sign_a_stage_and_the_check() {
        let early: Vec<_> = STAGES.iter().copied().take(5).collect();
        let text = plain(&Matrix::known(&early).text());
        let lines = words(&text);
        assert_eq!(lines[0], ["part", "1", "part", "2"]);
        assert_eq!(lines[1], ["plain", "ctr", "hmac", "hmac-seq", "aead", "closed", "by"]);
        assert_eq!(lines[2], ["control", "·", "·", "·", "·", "·"]);
        assert_eq!(lines[3], ["closed", "at", "part1-ctr"]);
        let row = |name: &str| lines.iter().position(|line| line[..1] == [name]).unwrap();
        let heading = |row: usize| {
            let heading = text.lines().take(row).filter(|line| !line.starts_with(' '));
            heading.last().unwrap().to_owned()
        };
        for (attack, signs, step) in [
            ("eavesdrop", "✗ ✓ ✓ ✓ ✓ encryption", "closed at part1-ctr"),
            ("cut-record", "✗ ✗ ✓ ✓ ✓ too_short, then bad_tag", "closed at part2-hmac"),
            ("rewrite-seq", "- - - ✓ ✓ bad_tag", "closed at part2-hmac-seq"),
            ("replay", "- ✗ ✗ ✓ ✓ out_of_order", "closed at part2-hmac-seq"),
            ("downgrade", "- ✗ - - -", "still open"),
            ("reflect", "✗ ✗ ✗ ✗ ✗", "still open"),
        ] {
            assert_eq!(lines[row(attack)][1..].join(" "), signs, "{text}");
            assert_eq!(heading(row(attack)), step, "{text}");
        }
        let signs = "✗ open   ✓ closed   · passes   - nothing to try";
        assert_eq!(text.lines().last(), Some(signs));
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        // The signs stand below the names of their stages.
        let [names, signs] = [1, row("bit-flip")].map(|at| text.lines().nth(at).unwrap());
        for name in ["plain", "ctr", "hmac-seq", "aead"] {
            let at = names.find(&format!(" {name} ")).unwrap() + 1;
            assert!("✗✓".contains(signs.chars().nth(at).unwrap()), "{name}: {text}");
        }
    }

    #[test]
    fn what_is_never_open_at_the_stages_named_was_closed_or_is_nothing_to_try() {
        let text = plain(&Matrix::known(&[STAGES[0]]).text());
        let (open, nothing) = text.split_once("\nnothing to try\n").unwrap();
        assert!(open.contains("\nstill open\n"), "{text}");
        assert!(nothing.contains("\n  replay  ") && open.contains("\n  bit-flip  "), "{text}");
        assert!(!text.contains("closed at"), "{text}");
        let text = plain(&Matrix::known(&[STAGES[3], STAGES[4]]).text());
        let closed = "\nclosed at part2-hmac-seq\n  eavesdrop ";
        assert!(text.contains(closed), "{text}");
        // What opens again was not closed.
        let text = plain(&Matrix::known(&[STAGES[2], STAGES[3], STAGES[2]]).text());
        let (_, open) = text.split_once("\nstill open\n").unwrap();
        assert!(open.starts_with("  replay  "), "{text}");
    }

    /// Twelve stages of seven parts: those of today stand for those to come.
    #[test]
    fn it_reads_in_any_width_and_parts_that_do_not_fit_side_by_side_stand_below() {
        let more: Vec<_> = STAGES.iter().copied().chain([STAGES[0], STAGES[2]]).collect();
        for (stages, room, bands) in
            [(STAGES, 100, 1), (STAGES, 60, 3), (STAGES, 48, 4), (&more, 120, 1), (&more, 60, 3)]
        {
            let text = plain(&Matrix::known(stages).as_wide_as(room));
            assert!(text.lines().all(|line| line.chars().count() <= room), "{room}: {text}");
            assert_eq!(text.matches("  bit-flip ").count(), bands, "{room}: {text}");
            let heads = text.lines().skip_while(|line| !line.contains("part "));
            let named: Vec<_> = heads
                .scan(false, |is_next, line| {
                    let names = is_next.then_some(line);
                    *is_next = line.starts_with("      ") && line.contains("part ");
                    Some(names)
                })
                .flatten()
                .flat_map(|line| line.split_whitespace().filter(|it| !CLOSED_BY.contains(it)))
                .collect();
            let names: Vec<_> = stages.iter().map(|stage| stage.short_name()).collect();
            assert_eq!(named, names, "{text}");
            let told = text.lines().filter(|line| line.ends_with(" bad_tag"));
            assert!(told.count() >= 3, "{text}");
            assert_eq!(text.matches(CLOSED_BY).count(), 1, "{text}");
        }
    }

    #[test]
    fn as_markdown_open_and_closed_have_a_sign_and_a_word_a_part_below_the_step_that_closed() {
        let early: Vec<_> = STAGES.iter().copied().take(5).collect();
        let markdown = Matrix::known(&early).markdown();
        for row in [
            "| attack | part 1 | part 2 | closed by |\n|---|---|---|---|\n| `control`<br>",
            "pass everything on unchanged | · passes | · passes | nothing to close |\n",
            "| **closed at part2-hmac-seq** |  |  |  |\n| `rewrite-seq`<br>",
            "| - | ✓ closed at hmac-seq, aead | bad_tag, with the number itself |\n",
            "| `replay`<br>send a record twice in its connection | ✗ **open** at ctr \
             | ✗ **open** at hmac<br>✓ closed at hmac-seq, aead | out_of_order |\n",
            "| ✗ **open** | ✓ closed | too_short, then bad_tag |\n",
        ] {
            assert!(markdown.contains(row), "{row}: {markdown}");
        }
    }

    /// An attack names the stage that closes it, for its story. The table finds that stage by itself.
    #[test]
    fn the_step_is_the_one_that_the_attack_names() {
        let known = Matrix::known(STAGES);
        for group in known.groups() {
            for row in &group.rows {
                let (name, named) = (row.scenario.attack.name, row.scenario.attack.closed_by);
                let named = named.split(',').next().unwrap().split(':').next().unwrap();
                let step = match group.step {
                    Step::Control => "nothing to close",
                    Step::ClosedAt(stage) => stage.name,
                    Step::StillOpen | Step::NothingToTry => "none",
                };
                assert_eq!(named, step, "{name}");
            }
        }
    }
}
