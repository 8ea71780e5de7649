//! The cost of the stages, and the load a server bears: `cargo xtask bench` and `cargo xtask soak`.
//!
//! A program of its own, which `cargo xtask` builds when it is needed.
//!
//! - [`mod@bench`]: speed, beside things it can be compared with.
//! - [`soak`]: a server under load, good clients and every fault at once.
//! - [`gauge`]: the resources a process uses.

pub mod bench;
pub mod gauge;
pub mod soak;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use bench::BenchOptions;
use soak::SoakOptions;

/// Measures what the stages cost, and what a server bears
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the stages cost, beside plain TCP and a plain relay
    Bench(BenchOptions),
    /// Load a server with good clients, and also with every fault, and measure what it does
    Soak(SoakOptions),
}

/// Describes the command line, for checks that a command exists.
pub fn command() -> clap::Command {
    Options::command()
}

impl Options {
    /// Does what was asked for. Returns the exit code.
    ///
    /// # Errors
    /// When the programs cannot be built or started, or a measurement fails.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.command {
            Command::Bench(options) => bench::bench(options),
            Command::Soak(options) => soak::soak(options),
        }
    }
}
