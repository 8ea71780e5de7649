//! The attack lab: every attack, tried on real programs over real sockets.
//!
//! - [`scenario`]: who takes part in each attack, and when it counts as a success.
//! - [`victims`]: what its victims report; [`play`]: runs one.
//! - [`verdict`]: the result, judged from the victims' words alone.
//! - [`nonce_reuse`]: the attack that needs no socket.
//! - [`story`], [`page`]: one attack told, in a terminal and in a browser; [`mod@matrix`]: all of them in a table.

pub mod matrix;
pub mod nonce_reuse;
pub mod page;
pub mod play;
pub mod scenario;
pub mod story;
pub mod verdict;
pub mod victims;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use attacker::attacks::{bit_flip, control};
use attacker::{ATTACKS, Attack, Outcome};
use clap::Args;
use stages::{PART1_CTR, STAGES, Stage};
use transcript::lines::HEADING;

use crate::launch::Programs;
use crate::views::Step;
use crate::{WrongArgument, complain, print, stage_names};
use scenario::{SCENARIOS, Scenario};
use story::Story;

/// Options of `cargo xtask attack`.
#[derive(Args, Debug)]
pub struct AttackOptions {
    /// The attack's name; without one, list the attacks
    name: Option<String>,

    /// The stage's name; several, or `all`, to see where it is open and where closed
    #[arg(value_name = "STAGE")]
    stages: Vec<String>,

    /// Show every field and every byte
    #[arg(long, conflicts_with = "json", requires = "stages")]
    detail: bool,

    /// Ask before each verdict whether it will be accepted, and show the result at the end
    #[arg(long, conflicts_with = "json", requires = "stages")]
    step: bool,

    /// As JSON: an array of stories, one per stage
    #[arg(long, requires = "stages")]
    json: bool,

    /// Write the story as one self-contained page for a browser
    #[arg(long, value_name = "FILE.html", requires = "stages")]
    page: Option<PathBuf>,
}

/// Options of `cargo xtask matrix`.
#[derive(Args, Debug)]
pub struct MatrixOptions {
    /// Only at these stages [default: at all of them]
    #[arg(value_name = "STAGE", value_parser = stage_names::any)]
    stages: Vec<&'static Stage>,

    /// As JSON: an array of cells
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// As Markdown, as README and docs carry it
    #[arg(long)]
    markdown: bool,
}

/// The attack that needs no socket: a nonce used twice.
const NONCE_REUSE: &str = "nonce-reuse";

/// Lists the attacks, one per line.
fn list() -> String {
    let mut text = String::new();
    for attack in [&control::ATTACK].iter().chain(ATTACKS) {
        _ = writeln!(text, "{HEADING}{:<17}{HEADING:#} {}", attack.name, attack.tries);
    }
    let nonces = "what a nonce used twice gives away, at part1-ctr and part2-aead";
    _ = writeln!(text, "{HEADING}{NONCE_REUSE:<17}{HEADING:#} {nonces}");
    _ = writeln!(text, "\nTry one at a stage: cargo xtask attack bit-flip ctr");
    text
}

fn attack_names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|scenario| scenario.attack.name).chain([NONCE_REUSE])
}

/// Returns the command that tries an attack which works at this stage.
pub fn next_attack(stage: &Stage) -> Option<String> {
    let works = |attack: &&&Attack| attack.outcome_at(stage) == Outcome::Succeeds;
    ATTACKS.iter().find(works).map(|attack| command(attack, stage))
}

/// Returns the command to go on with after a story: the same attack at the stage that closes it, or if it was
/// closed, one that works.
fn next(story: &Story) -> Option<String> {
    let stage = Stage::find(&story.stage)?;
    if !story.is_open() {
        return next_attack(stage);
    }
    let attack = Attack::find(&story.attack)?;
    let closes = |later: &&&Stage| {
        later.position() > stage.position()
            && matches!(attack.outcome_at(later), Outcome::Refused(_))
    };
    STAGES.iter().find(closes).map(|later| command(attack, later))
}

fn command(attack: &Attack, stage: &Stage) -> String {
    format!("cargo xtask attack {} {}", attack.name, stage.short_name())
}

/// A stage at which there is something to try: the second one, if there is.
fn example(attack: &str) -> &'static Stage {
    let attack = Attack::find(attack);
    let applies = |stage: &&&'static Stage| {
        attack.is_none_or(|it| !matches!(it.outcome_at(stage), Outcome::NotApplicable(_)))
    };
    STAGES.iter().skip(1).find(applies).copied().unwrap_or(&PART1_CTR)
}

/// Finds the attack and the stages that were named.
fn named(name: &str, stages: &[String]) -> Result<(&'static str, Vec<&'static Stage>)> {
    let find = |word: &str| attack_names().find(|name| *name == word);
    let Some(attack) = find(name) else {
        if stage_names::any_or_all(name).is_err() {
            bail!(stage_names::unknown("attack", name, attack_names(), "attack"));
        }
        let attack = stages.iter().find_map(|word| find(word)).unwrap_or(bit_flip::ATTACK.name);
        let others = stages.iter().map(String::as_str).filter(|word| *word != attack);
        let words: Vec<_> = [attack, name].into_iter().chain(others).collect();
        let line = words.join(" ");
        bail!(WrongArgument(format!(
            "the attack comes before the stage: cargo xtask attack {line}"
        )));
    };
    if stages.is_empty() {
        let line = format!("cargo xtask attack {attack} {}", example(attack).short_name());
        let why =
            format!("{attack} at which stage? For example: {line}. To see all: cargo xtask list");
        bail!(WrongArgument(why));
    }
    let mut found: Vec<&'static Stage> = Vec::new();
    for word in stages {
        for stage in stage_names::any_or_all(word)? {
            if !found.contains(stage) {
                found.push(stage);
            }
        }
    }
    Ok((attack, found))
}

/// `cargo xtask attack`. The exit code is 0 if the results are the expected ones, else 1.
///
/// # Errors
/// When the programs cannot be built, their words allow no verdict, or the page cannot be written.
pub fn attack(options: &AttackOptions) -> Result<ExitCode> {
    let Some(name) = &options.name else { return print(&list()) };
    let (name, stages) = named(name, &options.stages)?;
    let mut step = options.step.then(|| Step::at_terminal(story::text::MARGIN)).transpose()?;
    let page = options.page.as_deref().map(page::NewPage::new).transpose()?;
    let stories = if name == NONCE_REUSE {
        nonce_reuse::tell(&stages)?
    } else {
        let scenario = Scenario::find(name).context("no such attack")?;
        let programs = Programs::all()?;
        let tell = |stage: &&'static Stage| {
            let (cell, played) = scenario.try_at(&programs, stage)?;
            Ok(Story::new(scenario, stage, &cell, played.as_ref()))
        };
        stages.iter().map(tell).collect::<Result<Vec<_>>>()?
    };
    if options.json {
        print(&(serde_json::to_string_pretty(&stories)? + "\n"))?;
    } else if let Some(step) = &mut step {
        for (story, at) in stories.iter().zip(0..) {
            step.tell(if at == 0 { "" } else { "\n" })?;
            story::text::step_through(story, options.detail, step)?;
        }
    } else {
        let mut text = story::text::told(&stories, options.detail);
        if let [story] = &stories[..]
            && let Some(next) = next(story).filter(|_| !options.detail)
        {
            _ = writeln!(text, "next: {next}");
        }
        print(&text)?;
    }
    if let Some(page) = page {
        page.write(&stories)?;
    }
    Ok(ExitCode::from(u8::from(!stories.iter().all(|story| story.as_known))))
}

/// `cargo xtask matrix`. The exit code is 0 if every cell is as it is known to be, else 1.
///
/// # Errors
/// When the programs cannot be built, or their words allow no verdict.
pub fn matrix(options: &MatrixOptions) -> Result<ExitCode> {
    let is_meant =
        |stage: &&'static Stage| options.stages.is_empty() || options.stages.contains(stage);
    let stages = STAGES.iter().copied().filter(is_meant).collect();
    let matrix = matrix::Matrix::run(&Programs::all()?, stages);
    if options.json {
        let cells: Vec<_> = matrix.cells().collect();
        print(&(serde_json::to_string_pretty(&cells)? + "\n"))?;
    } else if options.markdown {
        print(&matrix.markdown())?;
    } else {
        print(&matrix.text())?;
    }
    let surprises = matrix.surprises();
    for surprise in &surprises {
        complain(surprise);
    }
    Ok(ExitCode::from(u8::from(!surprises.is_empty())))
}
