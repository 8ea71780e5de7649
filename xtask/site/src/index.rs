//! The page that leads into the site: the attack table, with the stages and the attacks behind it.

use askama::Template;
use stages::{STAGES, Stage};
use xtask::lab::scenario::{SCENARIOS, Scenario};
use xtask::lab::verdict::{Cell, Mark, Verdict};

/// The page.
#[derive(Template)]
#[template(path = "index.html")]
pub struct Index {
    cells: Vec<Cell>,
}

/// Stages of one part of the series.
struct PartView {
    name: String,
    stages: Vec<&'static Stage>,
}

/// A cell, as its words stand in it.
struct CellView<'c> {
    stage: &'static Stage,
    class: &'static str,
    word: String,
    why: &'c str,
    page: Option<String>,
}

impl Index {
    /// The page of these cells.
    pub fn new(cells: Vec<Cell>) -> Self {
        Self { cells }
    }

    fn row(&self, scenario: &Scenario) -> Vec<CellView<'_>> {
        let of_row = |cell: &&Cell| cell.attack == scenario.attack.name;
        let view = |cell| Self::cell(scenario, cell);
        self.cells.iter().filter(of_row).filter_map(view).collect()
    }

    fn cell<'c>(scenario: &Scenario, cell: &'c Cell) -> Option<CellView<'c>> {
        let stage = Stage::find(cell.stage)?;
        let mark = Mark::of(scenario.attack, cell);
        let class = match mark {
            Mark::Open | Mark::Unknown => "open",
            Mark::Closed(_) => "closed",
            Mark::Passes => "passes",
            Mark::Nothing => "nothing",
        };
        Some(CellView {
            stage,
            class,
            // A line may break after a word, but not after the sign before it.
            word: mark.to_string().replace(' ', "\u{a0}").replace('_', "_\u{200b}"),
            why: &cell.why,
            page: attack_page(cell),
        })
    }
}

/// The address of the page of an attack at a stage, from the top of the site. There is none if
/// there was nothing to try.
pub fn attack_page(cell: &Cell) -> Option<String> {
    let Cell { attack, stage, verdict, .. } = cell;
    (*verdict != Verdict::NotApplicable).then(|| format!("attacks/{attack}-{stage}.html"))
}

/// The address of the page of a stage's run, from the top of the site.
pub fn run_page(stage: &str) -> String {
    format!("runs/{stage}.html")
}

/// What an attack tries, without Markdown's marks.
fn tries(scenario: &Scenario) -> String {
    scenario.attack.tries.replace('`', "")
}

/// The parts of the series, in its order.
fn parts() -> Vec<PartView> {
    let parts = STAGES.chunk_by(|a, b| a.package() == b.package());
    let part = |stages: &[&'static Stage]| PartView {
        name: stages.first().map_or("", |stage| stage.package()).replace("part", "Part "),
        stages: stages.to_vec(),
    };
    parts.map(part).collect()
}
