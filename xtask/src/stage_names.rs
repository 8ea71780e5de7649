//! Names on the command line: stages, `part2-aead` or in short `aead`, and words for those that do not exist.

use clap::builder::TypedValueParser;
use stages::{STAGES, Stage};
use transcript::lines::listed;

use crate::WrongArgument;

/// The word for every stage.
const ALL: &str = "all";

/// Takes the name of any stage.
///
/// # Errors
/// When no stage has it.
pub fn any(word: &str) -> Result<&'static Stage, WrongArgument> {
    find(word).ok_or_else(|| no_stage(word, names()))
}

/// Takes the name of one of `stages`.
pub fn one_of(
    stages: impl Iterator<Item = &'static Stage> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = &'static Stage> {
    move |word: &str| {
        let stage = any(word)?;
        if stages.clone().any(|one| one == stage) {
            return Ok(stage);
        }
        let names: Vec<_> = stages.clone().map(Stage::short_name).collect();
        Err(WrongArgument(format!("not at {}: only at {}", stage.name, listed(&names))))
    }
}

/// Takes the name of any stage, or `all` for every one.
///
/// # Errors
/// When no stage has it.
pub fn any_or_all(word: &str) -> Result<&'static [&'static Stage], WrongArgument> {
    match STAGES.iter().position(|stage| is_name_of(word, stage)) {
        Some(at) => Ok(&STAGES[at..=at]),
        None if word == ALL => Ok(STAGES),
        None => Err(no_stage(word, names().chain([ALL]))),
    }
}

/// Finds the stage of this name, which may be the short one.
pub fn find(word: &str) -> Option<&'static Stage> {
    STAGES.iter().copied().find(|stage| is_name_of(word, stage))
}

/// Returns what to say of a name that nothing has: the nearest one, and the command that lists all.
pub fn unknown<'n>(
    kind: &str,
    word: &str,
    names: impl Iterator<Item = &'n str>,
    list: &str,
) -> WrongArgument {
    let typed = word.to_lowercase();
    let near = names
        .map(|name| (strsim::damerau_levenshtein(&typed, name), name))
        .filter(|(edits, name)| *edits <= name.len() / 3)
        .min_by_key(|(edits, _)| *edits);
    let guess = near.map_or(".".to_owned(), |(_, name)| format!(": did you mean {name}?"));
    WrongArgument(format!("no {kind} is called {word:?}{guess} To see all: cargo xtask {list}"))
}

fn no_stage<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> WrongArgument {
    let of_part = STAGES.iter().filter(|stage| stage.package() == word);
    let of_part: Vec<_> = of_part.map(|stage| stage.short_name()).collect();
    if !of_part.is_empty() {
        return WrongArgument(format!("{word} has several stages: {}", listed(&of_part)));
    }
    unknown("stage", word, names, "list")
}

fn names() -> impl Iterator<Item = &'static str> {
    STAGES.iter().flat_map(|stage| [stage.short_name(), stage.name])
}

fn is_name_of(word: &str, stage: &Stage) -> bool {
    [stage.name, stage.short_name()].contains(&word)
}
