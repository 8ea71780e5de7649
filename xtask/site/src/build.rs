//! `cargo xtask site`: one folder with all there is to see, for any web server, or to be opened from disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use askama::Template;
use clap::Parser;
use stages::STAGES;
use xtask::lab::matrix::Matrix;
use xtask::lab::verdict::Cell;
use xtask::launch::Programs;

use crate::index::{Index, attack_page, run_page};

/// The site's folder, from the root.
const SITE: &str = "target/site";

/// Build the site: the book, a page for each stage's run, and the attack table that leads to them
#[derive(Debug, Parser)]
#[command(name = "site", bin_name = "cargo xtask site")]
pub struct Options {}

impl Options {
    /// Builds the site in `target/site`. An existing one stays until the new one is complete. The
    /// exit code is 0 when it is, 1 when an attack did not go as expected, and 3 when something
    /// could not be done.
    ///
    /// # Errors
    /// When a program is missing or cannot be run, or a file cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        let root = fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
        let (site, new) = (root.join(SITE), root.join(SITE).with_extension("new"));
        empty(&new)?;
        let done = build(&root, &new);
        if !matches!(done, Ok(true)) {
            fs::remove_dir_all(&new).context("cannot remove what was begun")?;
            return done.map(|_| ExitCode::from(1));
        }
        if site.exists() {
            fs::remove_dir_all(&site).with_context(|| cannot("replace", &site))?;
        }
        fs::rename(&new, &site).with_context(|| cannot("put the site to", &site))?;
        anstream::eprintln!("the site is in {SITE}: open {SITE}/index.html");
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds the site in a folder. Returns whether every attack went as expected.
fn build(root: &Path, site: &Path) -> Result<bool> {
    let step = |number: u8, what: &str| anstream::eprintln!("{number} of 4: {what}");
    step(1, "the book");
    book(root, &site.join("book"))?;

    let programs = Programs::built(["--package", "xtask", "--bin", "xtask"])?;
    let xtask = programs.named("xtask")?;
    let runs: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
    step(2, &format!("a page for each stage's run: {}", runs.join(", ")));
    fs::create_dir(site.join("runs"))?;
    for name in runs {
        page(xtask, &["run", name], &site.join(run_page(name)))?;
    }

    step(3, "every attack at every stage");
    let matrix = Matrix::run(&Programs::all()?, STAGES.to_vec());
    let surprises = matrix.surprises();
    for surprise in &surprises {
        anstream::eprintln!("{surprise}");
    }
    if !surprises.is_empty() {
        return Ok(false);
    }
    let cells: Vec<Cell> = matrix.cells().cloned().collect();

    fs::create_dir(site.join("attacks"))?;
    for cell in &cells {
        if let Some(to) = attack_page(cell) {
            page(xtask, &["attack", cell.attack, cell.stage], &site.join(to))?;
        }
    }

    step(4, "the way in");
    let index = Index::new(cells).render()?;
    let path = site.join("index.html");
    fs::write(&path, index).with_context(|| cannot("write", &path))?;
    Ok(true)
}

/// Runs mdBook.
fn book(root: &Path, to: &Path) -> Result<()> {
    let mut mdbook = Command::new("mdbook");
    mdbook.args(["build", "docs", "--dest-dir"]).arg(to).current_dir(root);
    let output = match mdbook.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no mdbook to build the book: `cargo install --locked mdbook`")
        }
        output => output.context("cannot run mdbook")?,
    };
    let words = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    let clean = output.status.success() && !words.contains("WARN") && !words.contains("ERROR");
    ensure!(clean, "mdbook says:\n{}", words.trim_end());
    Ok(())
}

/// Has `xtask` write a page.
fn page(xtask: &Path, args: &[&str], to: &Path) -> Result<()> {
    let mut command = Command::new(xtask);
    command.args(args).arg("--page").arg(to).stdin(Stdio::null());
    let output = command.output().context("cannot start xtask")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let command = args.join(" ");
    ensure!(output.status.success(), "`cargo xtask {command} --page` failed:\n{}", said.trim_end());
    ensure!(to.is_file(), "`cargo xtask {command} --page` wrote nothing to {}", to.display());
    Ok(())
}

/// Makes an empty folder of this name.
fn empty(folder: &PathBuf) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| cannot("empty", folder))?;
    }
    fs::create_dir_all(folder).with_context(|| cannot("make", folder))
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} {}", path.display())
}
