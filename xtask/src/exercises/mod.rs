//! `cargo xtask exercise`: says whether what a reader wrote works against the real programs.
//!
//! The reader edits a file in `exercises/`. A program is made of it, started beside the real ones and
//! judged by what all of them say, as in the [`lab`](crate::lab).
//!
//! - `table`: the six, with their hints.
//! - [`check`]: what was tried on a program, and what came of it.
//! - `attacks`: checks those where the reader attacks; `defences` and `cut`: those where the lab does.

mod attacks;
pub mod check;
mod cut;
mod defences;
mod table;

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use clap::Args;
use transcript::lines::{WIDTH, wrapped_to};
use transcript::{visible, visible_lines};

use crate::launch::Programs;
use crate::print;
use check::{Check, Checked, Stop, Tried};
pub use table::EXERCISES;

/// Options of `cargo xtask exercise`.
#[derive(Args, Debug)]
pub struct ExerciseOptions {
    /// Its number; without one, list them
    #[arg(value_parser = clap::value_parser!(u8).range(1..=6))]
    number: Option<u8>,

    /// Show the first N hints, and check nothing
    #[arg(long, value_name = "N", requires = "number", conflicts_with = "solution")]
    #[arg(num_args = 0..=1, default_missing_value = "1")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    hint: Option<u8>,

    /// Check the kept solution in place of your file
    #[arg(long, requires = "number")]
    solution: bool,
}

/// Something to write, and what finds out whether it works.
#[derive(Clone, Copy, Debug)]
pub struct Exercise {
    /// Its number on the command line, from 1.
    pub number: u8,
    /// The task.
    pub title: &'static str,
    /// The file to edit, in `exercises/`. The one that solves it has the same name in
    /// `exercises/solutions/`.
    pub file: &'static str,
    /// Hints, one after the other.
    pub hints: &'static [&'static str],
    /// Tries its program.
    check: fn(&mut Check) -> Checked,
}

const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const NOT_YET: Style = AnsiColor::Red.on_default().bold();

/// Columns left of what was tried: what came of it.
const MARGIN: usize = 9;

/// `cargo xtask exercise`. The exit code is 0 when it works, and 1 when it does not yet: a file that does
/// not compile is one that does not.
///
/// # Errors
/// When the real programs cannot be built or run.
pub fn exercise(options: &ExerciseOptions) -> Result<ExitCode> {
    let Some(number) = options.number else { return print(&list()) };
    let exercise = Exercise::find(number).context("no such exercise")?;
    if let Some(count) = options.hint {
        return print(&exercise.hints(count.into()));
    }
    let (program, file) = if options.solution {
        (format!("solution_{number}"), format!("exercises/solutions/{}", exercise.file))
    } else {
        (format!("exercise_{number}"), format!("exercises/{}", exercise.file))
    };
    let programs = Programs::all()?;
    print(&format!("{HEADING}Exercise {number}: {}{HEADING:#}\n{file}\n\n", exercise.title))?;
    let Ok(program) = Programs::build_exercise(&program) else {
        print(&format!("{NOT_YET}not yet{NOT_YET:#}  it does not compile\n"))?;
        return Ok(ExitCode::FAILURE);
    };
    let check = exercise.check(&programs, &program)?;
    print(&exercise.told(&check))?;
    Ok(ExitCode::from(u8::from(!check.works())))
}

fn list() -> String {
    let mut text = String::new();
    for Exercise { number, title, file, .. } in EXERCISES {
        let first = format!("{number}  {file:<26} ");
        let behind = " ".repeat(first.len());
        let options = wrapped_to(WIDTH).initial_indent(&first).subsequent_indent(&behind);
        let line = textwrap::fill(title, options);
        _ = writeln!(text, "{}", line.replacen(file, &format!("{HEADING}{file}{HEADING:#}"), 1));
    }
    text + "\nEdit a file in exercises/, then try it: cargo xtask exercise 1\n"
}

impl Exercise {
    /// The first hints, styled with escape codes.
    fn hints(&self, count: usize) -> String {
        let (number, all) = (self.number, self.hints.len());
        let mut text = String::new();
        for (hint, at) in self.hints.iter().zip(1..).take(count) {
            text += &filled("Hint", &format!("{at} of {all}: {hint}"));
        }
        if count < all {
            let more = format!("cargo xtask exercise {number} --hint {}", count + 1);
            _ = writeln!(text, "Next:    {more}");
        }
        text
    }

    /// Writes the tries and their results, styled with escape codes.
    pub fn told(&self, check: &Check) -> String {
        let mut text = String::new();
        for Tried { what, why_not } in &check.tried {
            let (style, verdict) =
                if why_not.is_none() { (GOOD, "OK") } else { (NOT_YET, "not yet") };
            let why = why_not.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let line = filled(verdict, &visible_lines(&format!("{what}{why}")));
            text += &line.replacen(verdict, &format!("{style}{verdict}{style:#}"), 1);
        }
        for (line, at) in check.wrote.iter().zip(0..) {
            let gap = if at == 0 { "\n" } else { "" };
            _ = writeln!(text, "{gap}your program writes: {}", visible(line));
        }
        if check.works() {
            text + &format!("\nIt works. The kept solution: exercises/solutions/{}\n", self.file)
        } else {
            text + "\n" + &self.hints(1)
        }
    }

    /// The exercise of this number.
    pub fn find(number: u8) -> Option<&'static Self> {
        EXERCISES.iter().find(|exercise| exercise.number == number)
    }

    /// Tries `program`, made of this exercise's file or of another that takes its place.
    ///
    /// # Errors
    /// When the real programs cannot be run.
    pub fn check(&self, programs: &Programs, program: &Path) -> Result<Check> {
        let mut check = Check::new(programs, program);
        match (self.check)(&mut check) {
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::NotYet) | Ok(()) => Ok(check),
        }
    }
}

/// A word in the margin, and text beside it.
fn filled(word: &str, text: &str) -> String {
    let first = format!("{word:<MARGIN$}");
    let behind = " ".repeat(MARGIN);
    let options = wrapped_to(WIDTH).initial_indent(&first).subsequent_indent(&behind);
    textwrap::fill(text, options) + "\n"
}
