//! The page that leads into the site: the attack table, with the stages and the attacks behind it.

use anyhow::Result;
use askama::Template;
use stages::{STAGES, Stage};
use xtask::lab::matrix::{Group, Matrix, Row};
use xtask::lab::scenario::Scenario;
use xtask::lab::verdict::{Cell, Mark, Verdict};

/// The page.
#[derive(Template)]
#[template(path = "index.html")]
pub struct Index<'m> {
    groups: Vec<Group<'m>>,
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
    sign: &'static str,
    word: &'static str,
    why: &'c str,
    page: Option<String>,
}

impl<'m> Index<'m> {
    /// The page of this table.
    pub fn new(matrix: &'m Matrix) -> Self {
        Self { groups: matrix.groups() }
    }
}

/// The cells of a row that came to a verdict.
fn cells<'c>(row: &Row<'c>) -> Vec<CellView<'c>> {
    let view = |(cell, mark): (&'c Result<Cell>, &Mark<'c>)| {
        let cell = cell.as_ref().ok()?;
        let class = match mark {
            Mark::Open | Mark::Unknown => "open",
            Mark::Closed(_) => "closed",
            Mark::Passes => "passes",
            Mark::Nothing => "nothing",
        };
        let stage = Stage::find(cell.stage)?;
        let page = attack_page(cell);
        Some(CellView { stage, class, sign: mark.sign(), word: mark.word(), why: &cell.why, page })
    };
    row.cells.iter().zip(&row.marks).filter_map(view).collect()
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
