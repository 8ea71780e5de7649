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

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::{self, Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
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

impl Error for WrongArgument {}

/// Reads the command line, does what was asked for, and returns the exit code. An error is printed,
/// and the exit code is 2 for one in an argument, 3 for any other.
pub fn main<T: Parser>(run: impl FnOnce(T) -> Result<ExitCode>) -> ExitCode {
    fit_to_terminal();
    let options = T::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            complain(&wrong(&error));
            process::exit(error.exit_code());
        }
        output::help(&error.render().ansi().to_string())
    });
    run(options).unwrap_or_else(|error| {
        complain(&format!("xtask: {error:#}"));
        ExitCode::from(if error.is::<WrongArgument>() { 2 } else { 3 })
    })
}

/// Says what is wrong with the command line, in one line if the words are ours or only stages are missing.
fn wrong(error: &clap::Error) -> String {
    if let Some(wrong) = error.source().and_then(|source| source.downcast_ref::<WrongArgument>()) {
        return format!("xtask: {wrong}");
    }
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing))
            if error.kind() == ErrorKind::MissingRequiredArgument
                && missing.iter().all(|argument| argument == "<STAGE>") =>
        {
            let typed = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
            let examples = ["hmac", "aead"].map(str::to_owned);
            let examples = examples.into_iter().skip(2_usize.saturating_sub(missing.len()));
            let line: Vec<_> = typed.chain(examples).collect();
            let line = line.join(" ");
            format!(
                "xtask: at which stage? For example: cargo xtask {line}. To see all: cargo xtask list"
            )
        }
        _ => error.render().to_string(),
    }
}

/// A whole number above 0.
///
/// # Errors
/// The range, for the person who typed something else.
pub fn count<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let most = u64::MAX >> (64 - 8 * size_of::<N>());
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("expected a whole number, from 1 to {most}"))
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
    run_built(package, args, &[])
}

/// Does the same for a program with an option `--release`, which asks for an optimised build of it.
///
/// # Errors
/// As [`passed_on`].
pub fn passed_on_with_release(package: &str, args: &[OsString]) -> Result<ExitCode> {
    run_built(package, args, if wants_release(args) { &["--release"] } else { &[] })
}

/// Returns whether an optimised build is asked for. Behind `--` stands a command of its own.
fn wants_release(args: &[OsString]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--release")
}

fn run_built(package: &str, args: &[OsString], how: &[&str]) -> Result<ExitCode> {
    let what = ["--package", package, "--bin", package];
    let programs = Programs::built(what.into_iter().chain(how.iter().copied()))?;
    let mut command = Command::new(programs.named(package)?);
    command.args(args).envs(target_dir().map(|folder| (TARGET_DIR, folder)));
    status(&mut command).with_context(|| format!("cannot start {package}"))
}

/// Becomes the program, so that a signal to this process is one to it.
#[cfg(unix)]
fn status(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn status(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code();
    Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_wanted_in_front_of_a_command_and_not_behind() {
        for (line, wanted) in [
            ("a.pcapng --release", true),
            ("--release --record -- cargo run", true),
            ("--record -- cargo run --release", false),
            ("a.pcapng", false),
        ] {
            let args: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(wants_release(&args), wanted, "{line}");
        }
    }
}
