//! `cargo xtask bench`: the cost of a stage, beside things it can be compared with.
//!
//! The package `checks/bench` measures, one measurement per process. This module decides what is
//! measured, in which order, and how the results are shown:
//!
//! - [`builds`]: the programs, once for each engine.
//! - [`machine`]: the machine that was measured on, and the releases of the software.
//! - [`plan`]: the measurements and comparisons.
//! - [`rounds`]: everything once, then everything again.
//! - [`statistics`]: medians and spreads.
//! - [`report`]: the results; [`text`] for a terminal, [`docs`] and [`svg`] for the book.

pub mod builds;
pub mod docs;
pub mod machine;
pub mod plan;
pub mod report;
pub mod rounds;
pub mod statistics;
pub mod svg;
pub mod text;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use xtask::print;

use builds::Builds;
use machine::Machine;
use plan::{Plan, Question};
use report::Report;

/// Options of a benchmark.
#[derive(Args, Debug)]
pub struct BenchOptions {
    /// What to measure [default: everything]
    #[arg(value_name = "QUESTION")]
    questions: Vec<Question>,

    /// Compare with rustls, and with stunnel, spiped, OpenSSL and Python's cryptography where they are installed
    #[arg(long)]
    peers: bool,

    /// How many times to measure everything
    #[arg(long, value_name = "N", default_value = "9", value_parser = xtask::count::<u8>)]
    rounds: u8,

    /// Write the result as JSON, with every round
    #[arg(long)]
    json: bool,

    /// Put tables and picture into docs/src/reference/speed.md and speed.svg
    #[arg(long, requires = "peers", conflicts_with = "questions")]
    write_docs: bool,
}

/// Measures, and shows the results.
///
/// # Errors
/// When the programs cannot be built, or a measurement fails.
pub fn bench(options: &BenchOptions) -> Result<ExitCode> {
    let questions = match options.questions.as_slice() {
        [] => &Question::ALL,
        some => some,
    };
    let machine = Machine::this(options.peers)?;
    let builds = Builds::build(options.peers, questions.contains(&Question::Tunnel))?;
    let plan = Plan::new(questions, &machine);
    let measured = rounds::run(&plan, &builds, options.rounds.into())?;
    let report = Report::new(machine, &plan, &measured);
    if options.write_docs {
        docs::write(&report)?;
    }
    print(&if options.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        text::text(&report)
    })
}
