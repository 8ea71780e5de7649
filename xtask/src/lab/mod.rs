//! The attack lab: every attack, tried on real programs over real sockets.
//!
//! - [`scenario`]: who takes part in each attack, and when it counts as a success.
//! - [`victims`]: what its victims report; [`play`]: runs one.
//! - [`verdict`]: what came of it, told from the victims' words alone.
//! - [`nonce_reuse`]: the attack that needs no socket.
//! - [`story`], [`mod@matrix`]: one attack told at length, and all of them in a table.

pub mod matrix;
pub mod nonce_reuse;
pub mod play;
pub mod scenario;
pub mod story;
pub mod verdict;
pub mod victims;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use stages::{STAGES, Stage};

use crate::launch::Programs;
use crate::{complain, print, stage_names};
use scenario::{SCENARIOS, Scenario};

/// Options of `cargo xtask attack`.
#[derive(Args, Debug)]
pub struct AttackOptions {
    /// The attack's name
    #[arg(requires = "stage", value_parser = PossibleValuesParser::new(attack_names()))]
    name: Option<String>,

    /// The stage's name
    #[arg(value_parser = stage_names::any())]
    stage: Option<&'static Stage>,
}

/// Options of `cargo xtask matrix`.
#[derive(Args, Debug)]
pub struct MatrixOptions {
    /// Only at these stages [default: at all of them]
    #[arg(value_name = "STAGE", value_parser = stage_names::any())]
    stages: Vec<&'static Stage>,

    /// As JSON: an array of cells
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// As Markdown, as README and docs carry it
    #[arg(long)]
    markdown: bool,
}

/// The attack that needs no socket: a nonce used twice.
const NONCE_REUSE: &str = "nonce-reuse";

fn attack_names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|scenario| scenario.attack.name).chain([NONCE_REUSE])
}

/// `cargo xtask attack`. The exit code is 0 when what came of it is what is known to, else 1.
///
/// # Errors
/// When the programs cannot be built, or their words allow no verdict.
pub fn attack(options: &AttackOptions) -> Result<ExitCode> {
    let (Some(name), Some(stage)) = (&options.name, options.stage) else {
        return print(&story::list());
    };
    if name == NONCE_REUSE {
        return nonce_reuse::run(stage);
    }
    let scenario = Scenario::find(name).context("no such attack")?;
    let programs = Programs::all()?;
    let (cell, played) = scenario.try_at(&programs, stage)?;
    print(&story::told(scenario, stage, &cell, played.as_ref()))?;
    Ok(ExitCode::from(u8::from(!cell.is_as_known(scenario.attack.outcome_at(stage)))))
}

/// `cargo xtask matrix`. The exit code is 0 when every cell is as it is known to be, else 1.
///
/// # Errors
/// When the programs cannot be built, or their words allow no verdict.
pub fn matrix(options: &MatrixOptions) -> Result<ExitCode> {
    let is_meant =
        |stage: &&'static Stage| options.stages.is_empty() || options.stages.contains(stage);
    let stages = STAGES.iter().copied().filter(is_meant).collect();
    let matrix = matrix::Matrix::run(&Programs::all()?, stages);
    if options.json {
        let cells: Vec<_> = matrix.cells().collect();
        print(&(serde_json::to_string_pretty(&cells)? + "\n"))?;
    } else if options.markdown {
        print(&matrix.markdown())?;
    } else {
        print(&matrix.text())?;
    }
    let surprises = matrix.surprises();
    for surprise in &surprises {
        complain(surprise);
    }
    Ok(ExitCode::from(u8::from(!surprises.is_empty())))
}
