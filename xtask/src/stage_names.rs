//! Stages on the command line, by their names: `part2-aead`, or in short `aead`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use stages::{STAGES, Stage};

/// Takes the name of one of `stages`.
pub fn one_of(
    stages: impl Iterator<Item = &'static Stage> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = &'static Stage> {
    PossibleValuesParser::new(stages.clone().map(possible_value)).try_map(move |name| {
        stages.clone().find(|stage| is_name_of(&name, stage)).ok_or("no such stage")
    })
}

/// Takes the name of any stage.
pub fn any() -> impl TypedValueParser<Value = &'static Stage> {
    one_of(STAGES.iter().copied())
}

/// Takes the name of any stage, or `all` for every one.
pub fn any_or_all() -> impl TypedValueParser<Value = &'static [&'static Stage]> {
    let names = STAGES.iter().copied().map(possible_value).chain([PossibleValue::new(ALL)]);
    PossibleValuesParser::new(names).map(|name| {
        match STAGES.iter().position(|stage| is_name_of(&name, stage)) {
            Some(at) => &STAGES[at..=at],
            None => STAGES,
        }
    })
}

const ALL: &str = "all";

fn possible_value(stage: &'static Stage) -> PossibleValue {
    PossibleValue::new(stage.name).alias(stage.short_name())
}

fn is_name_of(name: &str, stage: &Stage) -> bool {
    [stage.name, stage.short_name()].contains(&name)
}
