//! The commands of `cargo xtask`, and the tools that the tests of the programs use.
//!
//! No stage is linked in: the programs are built by cargo, started as the processes they are, and
//! understood by their events. Four rooms:
//!
//! - [`launch`]: starts programs and waits for what they report.
//! - [`views`]: what there is to see of a run, and of the stages.
//! - [`lab`]: every attack, tried on real programs.
//! - [`exercises`]: what a reader wrote, tried on real programs.
//!
//! Code that takes long to build stands in programs of its own, which [`passed_on`] builds when they are asked
//! for: `render` (captures and pages), `book`, `site`, `load` (benchmarks and the soak).

pub mod commands;
pub mod exercises;
pub mod lab;
pub mod launch;
pub mod views;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use launch::Programs;

/// Prints text to standard output, styled where a terminal wants it.
///
/// # Errors
/// When standard output fails; that nobody reads it to the end is no failure.
pub fn print(text: &str) -> Result<ExitCode> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Builds the program of another package of `xtask/`, and runs it with these arguments.
///
/// # Errors
/// When it cannot be built or started.
pub fn passed_on(package: &str, args: &[OsString]) -> Result<ExitCode> {
    let programs = Programs::built(["--package", package, "--bin", package])?;
    let status = Command::new(programs.named(package)?).args(args).status();
    let status = status.with_context(|| format!("cannot start {package}"))?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)))
}
