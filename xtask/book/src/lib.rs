//! `cargo xtask book`: the book. What it prints, lists and names is compared with the code.
//!
//! - [`options`]: the options, and what carries them out.
//! - [`page`]: a page taken apart, and the meaning of the words after a fence.
//! - [`shell`]: runs the commands of a page.
//! - [`mask`]: the parts in which two runs of one command differ.
//! - [`names`]: whether what a page names exists.
//! - [`drawings`]: the pictures, made from the program's own data; [`palette`]: the colours.

pub mod drawings;
pub mod mask;
pub mod names;
pub mod options;
pub mod page;
pub mod palette;
pub mod shell;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use xtask::complain;
use xtask::views::NewFile;

use mask::masked;
use names::Names;
use page::{Block, Kind, Named, Page};
use shell::Ran;

/// Where the pages of the book are, from the root.
const SOURCE: &str = "docs/src";

/// Lines that are shown of a failed command's output.
const TAIL: usize = 5;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The page, from the root.
    pub path: PathBuf,
    /// Its line, counted from 1.
    pub line: usize,
    /// What was found there, and what was expected.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// README, the files beside it, and the book.
pub struct Book<'a> {
    root: &'a Path,
    pages: Vec<Page>,
    /// The only ones to run and check, or none for all of them.
    only: &'a [PathBuf],
    /// Whether commands that need a program from outside are left out.
    own: bool,
    /// Programs that some command needs and this machine lacks.
    missing: Mutex<BTreeSet<&'static str>>,
}

impl<'a> Book<'a> {
    /// Reads README, SECURITY and the pages of the book at `root`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(root: &'a Path, only: &'a [PathBuf]) -> Result<Self> {
        let mut paths = Vec::new();
        list(root, Path::new(SOURCE), &mut paths)?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        let beside = ["CONTRIBUTING.md", "README.md", "SECURITY.md"].map(PathBuf::from);
        paths.extend(beside.into_iter().filter(|path| root.join(path).exists()));
        paths.sort();
        let page = |path: PathBuf| {
            let text = fs::read_to_string(root.join(&path));
            Ok(Page::new(&path, text.with_context(|| format!("cannot read {}", path.display()))?))
        };
        let pages = paths.into_iter().map(page).collect::<Result<_>>()?;
        Ok(Self { root, pages, only, own: false, missing: Mutex::default() })
    }

    fn has(&self, path: &Path) -> bool {
        self.pages.iter().any(|page| page.path == path)
    }

    fn is_meant(&self, page: &Page) -> bool {
        self.only.is_empty() || self.only.contains(&page.path)
    }

    /// Lists the pages that run a program from outside.
    pub fn pages_with_programs_from_outside(&self) -> Vec<PathBuf> {
        let is_run =
            |block: &Block| matches!(block.kind, Kind::Console { .. } | Kind::Script { .. });
        let runs_one = |page: &&Page| {
            let mut run = page.blocks.iter().filter(|block| is_run(block));
            run.any(|block| shell::from_outside(&block.text).next().is_some())
        };
        self.pages.iter().filter(runs_one).map(|page| page.path.clone()).collect()
    }

    /// Finds what the pages name but does not exist. `cli` is what `cargo xtask` understands.
    ///
    /// # Errors
    /// As [`Names::read`].
    pub fn names(&self, cli: &clap::Command) -> Result<Vec<Finding>> {
        let names = Names::read(self.root, cli)?;
        let meant = self.pages.iter().filter(|page| self.is_meant(page));
        let mut findings: Vec<_> =
            meant.flat_map(|page| names.findings(page, &self.pages)).collect();
        let contents = Path::new(SOURCE).join("SUMMARY.md");
        let listed = self.pages.iter().find(|page| page.path == contents);
        for page in self.pages.iter().filter(|page| page.path.starts_with(SOURCE)) {
            let name = page.path.strip_prefix(SOURCE).unwrap_or(&page.path).to_string_lossy();
            let mut links = listed.iter().flat_map(|page| &page.links);
            if page.path != contents && !links.any(|link| link.text == name) && self.is_meant(page)
            {
                let what = format!("{name} is not in the table of contents");
                findings.push(Finding { path: contents.clone(), line: 1, what });
            }
        }
        Ok(findings)
    }

    /// Runs every command of the pages and puts what it prints where it belongs; or, to `check`,
    /// says where the page has something else. Scripts, whose output is not shown, may make files
    /// that a later one on the same page reads. Pages are made side by side: the programs of one do not keep all
    /// cores busy.
    ///
    /// # Errors
    /// When a page cannot be written, or a command cannot be run.
    pub fn remake(&self, check: bool) -> Result<Vec<Finding>> {
        let meant: Vec<_> = self.pages.iter().filter(|page| self.is_meant(page)).collect();
        let parts = meant.iter().map(|page| page.blocks.len() + page.generated.len());
        let bar = ProgressBar::new(parts.sum::<usize>() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}") {
            bar.set_style(style);
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut findings = Vec::new();
            while let Some(page) = meant.get(next.fetch_add(1, Ordering::Relaxed)) {
                bar.set_message(page.path.display().to_string());
                findings.extend(self.remake_page(page, check, &bar)?);
            }
            Ok(findings)
        };
        let workers = thread::available_parallelism().map_or(1, Into::into);
        let found: Vec<Result<_>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
            joined.map(|found| found.unwrap_or_else(|_| bail!("a page broke off"))).collect()
        });
        bar.finish_and_clear();
        let mut findings = found.into_iter().collect::<Result<Vec<_>>>()?.concat();
        findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        Ok(findings)
    }

    fn remake_page(&self, page: &Page, check: bool, bar: &ProgressBar) -> Result<Vec<Finding>> {
        let (mut findings, mut edits) = (Vec::new(), Vec::new());
        let mut find = |line, what| {
            findings.push(Finding { path: page.path.clone(), line, what });
        };
        for block in &page.blocks {
            match block.kind {
                Kind::Console { fails } => {
                    self.console(page, block, fails, &mut edits, &mut find)?;
                }
                Kind::Script { fails } => self.script(page, block, fails, &mut find)?,
                _ => {}
            }
            bar.inc(1);
        }
        for part in page.generated.iter().filter(|part| !part.is_measured()) {
            let Named { line, text: command } = &part.command;
            let Some(body) = &part.body else {
                find(*line, format!("no `<!-- end -->` follows `{command}`"));
                continue;
            };
            let ran = self.ran(page, command)?;
            if ran.succeeded {
                edits.push((body.clone(), line + 1, command.clone(), ran.output));
            } else {
                find(*line, failed(command, &ran, false));
            }
            bar.inc(1);
        }
        edits.sort_by_key(|(range, ..)| range.start);
        if check {
            for (range, line, command, output) in &edits {
                if let Some((line, what)) =
                    differs(&page.text[range.clone()], *line, command, output)
                {
                    find(line, what);
                }
            }
        } else {
            self.write(page, &edits)?;
        }
        Ok(findings)
    }

    /// Runs a command of a page, where the files that others of the page have made are.
    fn ran(&self, page: &Page, command: &str) -> Result<Ran> {
        shell::run(self.root, &page.path.with_extension(""), command)
    }

    /// Runs the commands of a console, and notes what they print for the place after each.
    fn console(
        &self,
        page: &Page,
        block: &Block,
        fails: bool,
        edits: &mut Vec<Edit>,
        find: &mut impl FnMut(usize, String),
    ) -> Result<()> {
        let commands: Vec<_> = block.commands().collect();
        if commands.first().is_none_or(|first| first.line != block.line + 1) {
            find(block.line, "a console begins with a command behind `$ `".to_owned());
            return Ok(());
        }
        for (number, command) in commands.iter().enumerate() {
            let end =
                commands.get(number + 1).map_or(block.body.end, |next| page.start_of(next.line));
            if self.leaves_out(&command.text) {
                continue;
            }
            let indented = |line: &str| match line {
                "\n" => line.to_owned(),
                line => format!("{}{line}", block.indent),
            };
            let next = command.line + command.text.lines().count();
            let range = page.start_of(next)..end;
            for run in 1..=RUNS {
                let ran = self.ran(page, &command.text)?;
                if ran.succeeded == fails {
                    find(command.line, failed(&command.text, &ran, fails));
                    break;
                }
                let output: String = ran.output.split_inclusive('\n').map(indented).collect();
                let is_as_expected =
                    differs(&page.text[range.clone()], next, &command.text, &output).is_none();
                if is_as_expected || run == RUNS {
                    edits.push((range, next, command.text.clone(), output));
                    break;
                }
            }
        }
        Ok(())
    }

    fn script(
        &self,
        page: &Page,
        block: &Block,
        fails: bool,
        find: &mut impl FnMut(usize, String),
    ) -> Result<()> {
        if !self.leaves_out(&block.text) {
            let ran = self.ran(page, &block.text)?;
            if ran.succeeded == fails {
                find(block.line, failed(block.text.trim_end(), &ran, fails));
            }
        }
        Ok(())
    }

    /// Returns whether a command is not to be run. If it cannot be run here, that is noted.
    fn leaves_out(&self, command: &str) -> bool {
        let mut outside = shell::from_outside(command);
        if self.own {
            return outside.next().is_some();
        }
        let missing = outside.find(|program| !shell::is_here(program));
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
        missing.is_some()
    }

    /// Writes a page with the output that is different now. What differs only in random bytes
    /// stays.
    fn write(&self, page: &Page, edits: &[Edit]) -> Result<()> {
        let mut text = page.text.clone();
        for (range, line, command, output) in edits.iter().rev() {
            if differs(&page.text[range.clone()], *line, command, output).is_some() {
                text.replace_range(range.clone(), output);
            }
        }
        if text != page.text {
            let path = self.root.join(&page.path);
            NewFile::write(&path, text.as_bytes())?;
            complain(&format!("{}: made anew", page.path.display()));
        }
        Ok(())
    }
}

/// A piece of text that belongs in a page: its place, its first line, the command that prints it,
/// and the text.
type Edit = (Range<usize>, usize, String, String);

/// Finds the first line that the page has and the command now prints differently, and shows both.
fn differs(found: &str, line: usize, command: &str, expected: &str) -> Option<(usize, String)> {
    let (found_masked, expected_masked) = (masked(found), masked(expected));
    if found_masked == expected_masked {
        return None;
    }
    let mut pages = found_masked.lines();
    let mut prints = expected_masked.lines();
    for line in line.. {
        let (page, prints) = (pages.next(), prints.next());
        if page != prints || page.is_none() {
            let shown = |line: Option<&str>| line.unwrap_or("nothing more").to_owned();
            let (page, prints) = (shown(page), shown(prints));
            let what = format!(
                "`{command}` prints something else\n  the page has   {page}\n  it prints      {prints}"
            );
            return Some((line, what));
        }
    }
    None
}

/// Says that a command did not end as it should.
fn failed(command: &str, ran: &Ran, fails: bool) -> String {
    let how = if fails { "ended with 0, but should have failed" } else { "failed" };
    let lines: Vec<_> = ran.output.lines().collect();
    let tail: Vec<_> = lines.iter().skip(lines.len().saturating_sub(TAIL)).collect();
    let tail = tail.iter().fold(String::new(), |tail, line| tail + "\n  " + line);
    format!("`{command}` {how}; it printed, at its end:{tail}")
}

/// Runs of a command until its output counts as different: a public value of Diffie-Hellman is a byte shorter once
/// in 256, and then so are the lengths around it.
const RUNS: usize = 3;

/// Folders with nothing that a page would name.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "images"];

/// Lists the files below a folder, from the root.
fn list(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let name = || format!("cannot list {}", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder)).with_context(name)? {
        let entry = entry.with_context(name)?;
        let path = folder.join(entry.file_name());
        if !entry.file_type().with_context(name)?.is_dir() {
            files.push(path);
        } else if !SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
            list(root, &path, files)?;
        }
    }
    Ok(())
}
