//! What came of an attack, told from the victims' words alone.

use anyhow::{Context, Result, bail};
use framing::Stage;
use framing::stage::STAGES;
use serde::Serialize;

use crate::lab::play::{Between, Played, play};
use crate::lab::scenario::{Known, Scenario};
use crate::programs::Programs;

/// One cell of the table: what came of an attack at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The attack's name.
    pub attack: &'static str,
    /// The stage's name.
    pub stage: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// The check that stopped it, if one did.
    pub by: Option<String>,
    /// What the victims did, in their own words where they refused.
    pub why: String,
}

/// What came of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
    /// Whether this is what is known to come of it.
    pub fn is_as_known(&self, known: Known) -> bool {
        match known {
            Known::Succeeds => self.verdict == Verdict::Succeeded,
            Known::Refused(by) => {
                self.verdict == Verdict::Refused && self.by.as_deref() == Some(by)
            }
            Known::NotApplicable(_) => self.verdict == Verdict::NotApplicable,
        }
    }
}

impl Scenario {
    /// What is known to come of this attack at `stage`.
    pub fn known_at(&self, stage: &Stage) -> Known {
        let column = STAGES.iter().position(|known| *known == stage);
        column.and_then(|column| self.known.get(column).copied()).unwrap_or(Known::Succeeds)
    }

    /// Tries the attack at a stage and judges what the victims said. Returns what they said too, where
    /// there was something to try.
    ///
    /// # Errors
    /// As [`play`], and when the victims' words allow no verdict.
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
            by: by.map(str::to_owned),
            why: why.to_owned(),
        };
        if let Known::NotApplicable(why) = self.known_at(stage) {
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
