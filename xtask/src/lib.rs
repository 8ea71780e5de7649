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
//! Code that takes long to build is in programs of its own, which [`passed_on`] builds when they
//! are needed: `render` (captures and pages), `book`, `site`, `load` (benchmarks and the soak).

pub mod commands;
pub mod exercises;
pub mod lab;
pub mod launch;
pub mod stage_names;
pub mod views;

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use transcript::lines::fit_to_terminal;
use transcript::{output, visible_lines};

use launch::Programs;
use launch::programs::{TARGET_DIR, target_dir};

/// An error in what the user typed, or in a file named there.
#[derive(Debug)]
pub struct WrongArgument(pub String);

impl fmt::Display for WrongArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongArgument {}

/// Reads the command line, does what was asked for, and returns the exit code. An error is printed,
/// and the exit code is 2 for one in an argument, 3 for any other.
pub fn main<T: Parser>(run: impl FnOnce(T) -> Result<ExitCode>) -> ExitCode {
    fit_to_terminal();
    let options = T::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            error.exit();
        }
        output::help(&error.render().ansi().to_string())
    });
    run(options).unwrap_or_else(|error| {
        complain(&format!("xtask: {error:#}"));
        ExitCode::from(if error.is::<WrongArgument>() { 2 } else { 3 })
    })
}

/// Writes to standard error. Which parts of it are a stranger's is no longer known, so all of it is
/// shown as such.
pub fn complain(what: &str) {
    _ = writeln!(anstream::stderr(), "{}", visible_lines(what));
}

/// Prints text to standard output, styled where a terminal wants it.
///
/// # Errors
/// As [`output::print`].
pub fn print(text: &str) -> Result<ExitCode> {
    output::print(text)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the program of another package of `xtask/`, and runs it with these arguments.
///
/// # Errors
/// When it cannot be built or started.
pub fn passed_on(package: &str, args: &[OsString]) -> Result<ExitCode> {
    let programs = Programs::built(["--package", package, "--bin", package])?;
    let status = Command::new(programs.named(package)?)
        .args(args)
        .envs(target_dir().map(|folder| (TARGET_DIR, folder)))
        .status();
    let status = status.with_context(|| format!("cannot start {package}"))?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)))
}
