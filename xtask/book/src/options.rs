//! The options of `cargo xtask book`, and what carries them out.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::PoisonError;

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};
use xtask::{WrongArgument, complain};

use crate::{Book, drawings, palette};

/// Make the book: run its commands, print its tables, draw its pictures, build its pages
#[derive(Debug, Parser)]
#[command(name = "book", bin_name = "cargo xtask book")]
pub struct Options {
    /// Change nothing: report what would be made differently, and what is named but does not exist
    #[arg(long)]
    check: bool,

    /// Leave out commands that need a program from outside, such as tshark: another release of it may
    /// print something else
    #[arg(long)]
    own: bool,

    /// Only these pages, such as docs/src/opening.md [default: all of them, and the pictures]
    pages: Vec<PathBuf>,
}

impl Options {
    /// Makes or checks the book. The exit code is 0 when all is as it should be, 1 when something
    /// is not, 2 when a page does not exist, and 3 when something could not be checked.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a program cannot be run.
    pub fn run(&self) -> Result<ExitCode> {
        let root = fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
        let mut book = Book::read(&root, &self.pages)?;
        if let Some(path) = self.pages.iter().find(|path| !book.has(path)) {
            bail!(WrongArgument(format!("{} is not a page of the book", path.display())));
        }
        book.own = self.own;
        let mut findings = book.remake(self.check)?;
        findings.extend(palette::remake(&root, self.check)?);
        if self.pages.is_empty() {
            findings.extend(drawings::remake(&root, self.check)?);
        }
        let missing = book.missing.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Pages that were made anew are read again.
        findings.extend(Book::read(&root, &self.pages)?.names(&cli())?);
        findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        for finding in &findings {
            complain(&finding.to_string());
        }
        for program in &missing {
            complain(&format!("some commands were not run: they need {program}"));
        }
        if !findings.is_empty() {
            return Ok(ExitCode::from(1));
        }
        let built = if self.check || !self.pages.is_empty() { 0 } else { build(&root)? };
        Ok(ExitCode::from(if missing.is_empty() { built } else { 3 }))
    }
}

/// Returns what `cargo xtask` understands, with the options of the programs that it passes its words on to.
pub fn cli() -> clap::Command {
    let load = load::command();
    let certificates = authority::options::Options::command().name("certificates");
    let explain = explain::Options::command().name("explain");
    let own = [Options::command(), certificates, explain, site::build::Options::command()];
    let programs = own.into_iter().chain(load.get_subcommands().cloned());
    programs.fold(xtask::commands::Options::command(), |cli, program| {
        let name = program.get_name().to_owned();
        cli.mut_subcommand(name, |_| program)
    })
}

/// Runs mdBook. Returns 0, or 1 when it warns, and 3 when it is not installed.
fn build(root: &Path) -> Result<u8> {
    let output = match Command::new("mdbook").args(["build", "docs"]).current_dir(root).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let how = "install it with `cargo install --locked mdbook`";
            complain(&format!("the pages are made, but there is no mdbook to build them: {how}"));
            return Ok(3);
        }
        Err(error) => return Err(error).context("cannot run mdbook"),
    };
    let words = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    complain(words.trim_end());
    let clean = output.status.success() && !words.contains("WARN") && !words.contains("ERROR");
    Ok(u8::from(!clean))
}
