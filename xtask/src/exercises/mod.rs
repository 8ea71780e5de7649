//! `cargo xtask exercise`: says whether what a reader wrote works against the real programs.
//!
//! The reader edits a file in `exercises/`. A program is made of it, started beside the real ones and
//! judged by what all of them say, as in the [`lab`](crate::lab).
//!
//! - `table`: the exercises, with hints and explanations.
//! - [`check`]: what was tried on a program, and the results; `random`: the inputs it is tried
//!   with.
//! - `attacks`: checks those where the reader attacks; `defences`, `cut` and `whole`: those where the lab does;
//!   [`certificates`]: those on certificates; [`tls`]: those on TLS 1.3.
//! - [`progress`]: all of them at once, for a reader and for an autograder.

mod attacks;
pub mod certificates;
pub mod check;
mod cut;
mod defences;
pub mod progress;
mod random;
mod table;
pub mod tls;
mod whole;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::Style;
use anyhow::Result;
use clap::Args;
use stages::Stage;
use transcript::lines::{self, HEADING, width, wrapped_to};
use transcript::{visible, visible_lines};

use crate::launch::Programs;
use crate::{WrongArgument, print, stage_names};
use check::{Check, Checked, Stop, Tried};
pub use table::EXERCISES;

/// Options of `cargo xtask exercise`.
#[derive(Args, Debug)]
pub struct ExerciseOptions {
    /// Its number or its name; without one, try all and show which are solved
    #[arg(value_parser = Exercise::named)]
    exercise: Option<&'static Exercise>,

    /// Show the first N hints, and check nothing
    #[arg(long, value_name = "N", requires = "exercise", conflicts_with = "solution")]
    #[arg(num_args = 0..=1, default_missing_value = "1")]
    #[arg(value_parser = crate::count::<u8>)]
    hint: Option<u8>,

    /// Check the kept solution in place of your file
    #[arg(long, requires = "exercise")]
    solution: bool,

    /// Try all, and end with 1 unless all are solved
    #[arg(long, conflicts_with = "exercise")]
    all: bool,

    /// As JSON, for an autograder
    #[arg(long, requires = "all", conflicts_with = "exercise")]
    json: bool,
}

/// A task to solve, and the check of whether it works.
#[derive(Clone, Copy, Debug)]
pub struct Exercise {
    /// Its number on the command line, from 1.
    pub number: u8,
    /// Its name on the command line.
    pub name: &'static str,
    /// The task.
    pub title: &'static str,
    /// The page of the book that leads to it, in `docs/src/`.
    pub chapter: &'static str,
    /// The stage beside whose programs it is tried.
    pub stage: &'static Stage,
    /// Hints, one after the other.
    pub hints: &'static [&'static str],
    /// The explanation, for someone who has solved it.
    pub why: &'static str,
    /// What a good solution does.
    pub good: &'static str,
    /// Tries its program.
    check: fn(&mut Check) -> Checked,
}

const GOOD: Style = lines::GOOD.bold();
const NOT_YET: Style = lines::BAD;

/// Columns left of what was tried, for its result.
const MARGIN: usize = 9;

/// The folder of the solutions, where nobody who looks for an exercise will come across them.
const SOLUTIONS: &str = "xtask/tests/exercises/solutions";

/// `cargo xtask exercise`. The exit code is 0 when the solution works, and 1 when it does not yet,
/// or does not compile.
///
/// # Errors
/// When the real programs cannot be built or run.
pub fn exercise(options: &ExerciseOptions) -> Result<ExitCode> {
    let Some(exercise) = options.exercise else { return progress::show(options.all, options.json) };
    if let Some(count) = options.hint {
        return print(&exercise.hints(count.into(), 0));
    }
    let (number, file) = (exercise.number, exercise.file());
    let programs = Programs::up_to(exercise.stage)?;
    let folder = if options.solution { SOLUTIONS } else { "exercises" };
    print(&format!(
        "{HEADING}Exercise {number}: {}{HEADING:#}\n{folder}/{file}\n\n",
        exercise.title
    ))?;
    let built = if options.solution {
        exercise.build_answer(&format!("solution_{number}"))
    } else {
        exercise.build()
    };
    let Ok(program) = built else {
        print(&format!("{NOT_YET}not yet{NOT_YET:#}  it does not compile\n"))?;
        return Ok(ExitCode::FAILURE);
    };
    let check = exercise.check(&programs, &program)?;
    let kept = program.with_extension("tries");
    let mut versions = 1;
    if check.works() && !options.solution {
        _ = fs::remove_file(kept);
    } else if !options.solution {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises");
        versions = tries(&kept, &folder.join(file));
    }
    print(&exercise.told(&check, versions))?;
    Ok(ExitCode::from(u8::from(!check.works())))
}

/// Returns how many versions of a reader's file did not work, this one among them. `kept` remembers.
fn tries(kept: &Path, file: &Path) -> usize {
    let changed = |path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let before = fs::read_to_string(kept).ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    if before > 0 && changed(file) <= changed(kept) {
        return before;
    }
    // Where it cannot be kept, the next version gets the same hint.
    _ = fs::write(kept, (before + 1).to_string());
    before + 1
}

/// The features with which all exercises and answers are built.
const FEATURES: &str = "--features=unfinished,tls13";

impl Exercise {
    /// Builds its program, which no other build contains.
    ///
    /// # Errors
    /// When it does not build.
    pub fn build(&self) -> Result<PathBuf> {
        self.build_in("exercises", &self.program())
    }

    /// Builds a solution of it, or a mistake that its checker must catch, which no other build contains.
    ///
    /// # Errors
    /// When it does not build.
    pub fn build_answer(&self, name: &str) -> Result<PathBuf> {
        self.build_in("answers", name)
    }

    /// Builds one program. Before part 5, nobody waits for what TLS needs.
    fn build_in(&self, package: &str, name: &str) -> Result<PathBuf> {
        let features = if self.stage.has_types() { FEATURES } else { "--features=unfinished" };
        let package = format!("--package={package}");
        Programs::built([&*package, features, "--bin", name])?.named(name).map(Path::to_owned)
    }

    /// The file to edit, in `exercises/`. The one that solves it has the same name.
    pub fn file(&self) -> String {
        format!("{}_{}.rs", self.number, self.name.replace('-', "_"))
    }

    /// The program that is made from it.
    pub fn program(&self) -> String {
        format!("exercise_{}", self.number)
    }

    /// The hints up to this one, styled with escape codes, or without those that were shown before.
    fn hints(&self, count: usize, shown: usize) -> String {
        let (number, all) = (self.number, self.hints.len());
        let mut text = String::new();
        for (hint, at) in self.hints.iter().zip(1..).take(count).skip(shown) {
            text += &filled("Hint", &format!("{at} of {all}: {hint}"));
        }
        if count < all {
            let more = format!("cargo xtask exercise {number} --hint {}", count + 1);
            _ = writeln!(text, "Next:    {more}");
        }
        text
    }

    /// Writes the tries and their results, styled with escape codes, and a hint: for each version of the
    /// reader's file that did not work the next one.
    pub fn told(&self, check: &Check, versions: usize) -> String {
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
            return text + &self.explained();
        }
        let hint = versions.clamp(1, self.hints.len());
        text + "\n" + &self.hints(hint, hint - 1)
    }

    /// Explains to someone who has solved it why that works.
    fn explained(&self) -> String {
        let Self { number, why, good, .. } = self;
        let mut text = format!("\n{HEADING}It works.{HEADING:#}\n\n");
        text += &filled("Why", why);
        text += &filled("Good", &format!("A good solution {good}"));
        text += &filled("Compare", &format!("{SOLUTIONS}/{}", self.file()));
        if let Some(next) = EXERCISES.iter().find(|exercise| exercise.number > *number) {
            text += &filled("Next", &next.pointer());
        }
        text
    }

    /// Tells how to continue with this one.
    fn pointer(&self) -> String {
        let Self { number, title, chapter, .. } = self;
        format!("exercise {number}, {title}: exercises/{}, from docs/src/{chapter}", self.file())
    }

    /// The exercise of this number or name.
    pub fn find(word: &str) -> Option<&'static Self> {
        EXERCISES
            .iter()
            .find(|exercise| exercise.number.to_string() == word || exercise.name == word)
    }

    /// Takes the number or the name of an exercise.
    fn named(word: &str) -> Result<&'static Self, WrongArgument> {
        let names = EXERCISES.iter().map(|exercise| exercise.name);
        Self::find(word).ok_or_else(|| stage_names::unknown("exercise", word, names, "exercise"))
    }

    /// Tries `program`, made from this exercise's file or from another in its place.
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
    let options = wrapped_to(width()).initial_indent(&first).subsequent_indent(&behind);
    textwrap::fill(text, options) + "\n"
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn each_version_that_does_not_work_counts_once() {
        // The system's folder for such things need not be there.
        let folder = tempfile::tempdir_in(env::current_exe().unwrap().parent().unwrap()).unwrap();
        let (kept, file) = (folder.path().join("kept"), folder.path().join("file"));
        let edit = |minutes: u64| {
            let later = SystemTime::now() + Duration::from_secs(60 * minutes);
            File::create(&file).unwrap().set_modified(later).unwrap();
        };
        File::create(&file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!([tries(&kept, &file), tries(&kept, &file)], [1, 1]);
        edit(1);
        assert_eq!(tries(&kept, &file), 2);
        File::options()
            .write(true)
            .open(&kept)
            .unwrap()
            .set_modified(SystemTime::now() + Duration::from_secs(90))
            .unwrap();
        assert_eq!(tries(&kept, &file), 2);
        edit(2);
        assert_eq!(tries(&kept, &file), 3);
        fs::remove_file(&kept).unwrap();
        assert_eq!(tries(&kept, &file), 1);
    }
}
