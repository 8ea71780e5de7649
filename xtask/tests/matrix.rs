//! Every cell of the table, tried on real programs, under a name of its own.

mod common;

use attacker::Outcome;
use common::programs;
use libtest_mimic::{Arguments, Trial};
use stages::{STAGES, Stage};
use xtask::lab::scenario::{SCENARIOS, Scenario};

fn main() {
    let of_scenario = |scenario| STAGES.iter().filter_map(move |stage| cell(scenario, stage));
    let cells = SCENARIOS.iter().flat_map(of_scenario).collect();
    libtest_mimic::run(&Arguments::from_args(), cells).exit();
}

/// The test of a cell, if there is something to try.
fn cell(scenario: &'static Scenario, stage: &'static Stage) -> Option<Trial> {
    let expected = scenario.attack.outcome_at(stage);
    let outcome = match expected {
        Outcome::Succeeds => "succeeds_against",
        Outcome::Refused(_) => "is_refused_by",
        Outcome::NotApplicable(_) => return None,
    };
    let name = format!("{}_{outcome}_{}", scenario.attack.name, stage.name).replace('-', "_");
    Some(Trial::test(name, move || {
        let (cell, _) = scenario.try_at(programs(), stage).map_err(|error| format!("{error:#}"))?;
        let as_known = cell.is_as_known(expected);
        as_known.then_some(()).ok_or_else(|| format!("expected {expected:?}: {cell:#?}").into())
    }))
}
