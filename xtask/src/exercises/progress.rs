//! All exercises at once: which are solved, and which is next.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use transcript::lines::{HEADING, width, wrapped_to};

use super::check::Tried;
use super::{EXERCISES, Exercise, FEATURES, GOOD, MARGIN, NOT_YET, filled};
use crate::launch::Programs;
use crate::print;

/// Columns for a file's name.
const FILE: usize = 27;

/// The result of all exercises, as an autograder reads it.
#[derive(Debug, Serialize)]
pub struct Progress {
    /// How many are solved.
    pub solved: usize,
    /// How many there are.
    pub of: usize,
    /// Each of them, in order.
    pub exercises: Vec<Graded>,
}

/// The result of one.
#[derive(Debug, Serialize)]
pub struct Graded {
    /// Its number.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// The task.
    pub title: &'static str,
    /// The file that was tried.
    pub file: String,
    /// Whether it compiles.
    pub compiles: bool,
    /// Whether it works.
    pub solved: bool,
    /// The tries up to the first that failed.
    pub tried: Vec<Tried>,
}

/// Tries all exercises and shows which are solved. The exit code is 0; if all are required, it is 1
/// unless they are solved.
pub(super) fn show(all_have_to_be: bool, json: bool) -> Result<ExitCode> {
    let programs = Programs::all()?;
    let together = build_together();
    let mut graded = Vec::new();
    for exercise in &EXERCISES {
        let one = exercise.grade(&programs, together.as_ref())?;
        if !json {
            print(&one.line())?;
        }
        graded.push(one);
    }
    let solved = graded.iter().filter(|one| one.solved).count();
    let progress = Progress { solved, of: graded.len(), exercises: graded };
    if json {
        print(&(serde_json::to_string_pretty(&progress)? + "\n"))?;
    } else {
        print(&progress.outlook())?;
    }
    Ok(ExitCode::from(u8::from(all_have_to_be && solved < progress.of)))
}

/// Builds all of them in one go, which is quick. It fails if one of them does not compile.
fn build_together() -> Option<Programs> {
    let names = EXERCISES.map(|exercise| format!("--bin={}", exercise.program()));
    let args = ["--package=exercises", FEATURES].into_iter();
    Programs::built(args.chain(names.iter().map(String::as_str))).ok()
}

impl Exercise {
    /// Tries the reader's file.
    fn grade(&self, programs: &Programs, together: Option<&Programs>) -> Result<Graded> {
        let Self { number, name, title, .. } = *self;
        let program = match together {
            Some(built) => Some(built.named(&self.program())?.to_owned()),
            None => self.build().ok(),
        };
        let check = program.as_deref().map(|program| self.check(programs, program)).transpose()?;
        Ok(Graded {
            number,
            name,
            title,
            file: format!("exercises/{}", self.file()),
            compiles: program.is_some(),
            solved: check.as_ref().is_some_and(super::Check::works),
            tried: check.map(|check| check.tried).unwrap_or_default(),
        })
    }
}

impl Graded {
    /// One line, styled with escape codes.
    fn line(&self) -> String {
        let (style, verdict) = if self.solved { (GOOD, "OK") } else { (NOT_YET, "not yet") };
        let file = self.file.trim_start_matches("exercises/");
        let first = format!("{verdict:<MARGIN$}{file:<FILE$}");
        let behind = " ".repeat(first.len());
        let options = wrapped_to(width()).initial_indent(&first).subsequent_indent(&behind);
        let broken = if self.compiles { "" } else { ": does not compile" };
        let line = textwrap::fill(&format!("{}{broken}", self.title), options);
        line.replacen(verdict, &format!("{style}{verdict}{style:#}"), 1) + "\n"
    }
}

impl Progress {
    /// How many are solved and what comes next, styled with escape codes.
    fn outlook(&self) -> String {
        let Self { solved, of, exercises } = self;
        let mut text = format!("\n{HEADING}{solved} of {of} solved{HEADING:#}\n\n");
        let next = exercises.iter().find(|one| !one.solved);
        match next.and_then(|next| Exercise::find(next.name)) {
            Some(next) => {
                text += &filled("Next", &next.pointer());
                text += &filled("Try it", &format!("cargo xtask exercise {}", next.number));
            }
            None => text += "There are no more. docs/src/further/questions.md is a good end.\n",
        }
        text
    }
}
