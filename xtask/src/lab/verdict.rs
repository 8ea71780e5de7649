//! The verdict on an attack, from the victims' words alone.

use anyhow::{Context, Result, bail};
use attacker::Outcome;
use serde::{Deserialize, Serialize};
use stages::Stage;
use transcript::visible;

use super::play::{Between, play};
use super::scenario::Scenario;
use super::victims::Played;
use crate::launch::Programs;

/// One cell of the table: what came of an attack at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The attack's name.
    pub attack: &'static str,
    /// The stage's name.
    pub stage: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// The check that stopped it, if one did.
    pub by: Option<String>,
    /// The reason, in the victims' own words where they refused.
    pub why: String,
}

/// A verdict on an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The victims acted as the attacker wished.
    Succeeded,
    /// A check stopped it.
    Refused,
    /// There is nothing to try at this stage.
    NotApplicable,
}

impl Cell {
    /// Returns whether this is what is known to come of it.
    pub fn is_as_known(&self, known: Outcome) -> bool {
        match known {
            Outcome::Succeeds => self.verdict == Verdict::Succeeded,
            Outcome::Refused(by) => {
                self.verdict == Verdict::Refused && self.by.as_deref() == Some(by)
            }
            Outcome::NotApplicable(_) => self.verdict == Verdict::NotApplicable,
        }
    }
}

impl Scenario {
    /// Tries the attack at a stage and judges what the victims said. Returns what they said too, where
    /// there was something to try.
    pub fn try_at(
        &self,
        programs: &Programs,
        stage: &'static Stage,
    ) -> Result<(Cell, Option<Played>)> {
        let name = self.attack.name;
        let cell = |verdict, by: Option<&str>, why: &str| Cell {
            attack: name,
            stage: stage.name,
            verdict,
            by: by.map(visible),
            why: visible(why),
        };
        if let Outcome::NotApplicable(why) = self.attack.outcome_at(stage) {
            return Ok((cell(Verdict::NotApplicable, None, why), None));
        }
        let played = play(programs, self, stage, Between::Attack(self.attack))
            .with_context(|| format!("{name} at {} came to no end", stage.name))?;
        if let Err(error) = &played.attacked {
            bail!("{name} at {}: the attack failed: {error}", stage.name);
        }
        let victims = || [&played.server].into_iter().chain(&played.clients);
        let cell = if (self.succeeded)(&played) {
            cell(Verdict::Succeeded, None, self.means)
        } else if let Some((check, words)) = victims().find_map(|victim| victim.refusal()) {
            cell(Verdict::Refused, Some(check), words)
        } else if played.went_through_unchanged() {
            let why = "the exchange went through, and no such text passed by on the wire";
            cell(Verdict::Refused, Some("encryption"), why)
        } else {
            bail!("{name} at {}: what the victims say allows no verdict", stage.name);
        };
        Ok((cell, Some(played)))
    }
}
