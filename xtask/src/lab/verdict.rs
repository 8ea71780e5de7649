//! The verdict on an attack, from the victims' words alone, and the words that tables have for it.

use std::fmt;

use anstyle::Style;
use anyhow::{Context, Result, bail};
use attacker::{ATTACKS, Attack, Outcome};
use serde::{Deserialize, Serialize};
use stages::Stage;
use transcript::lines::{BAD, DIM, GOOD};
use transcript::visible;

use super::play::{Between, play};
use super::scenario::Scenario;
use super::victims::{Played, Victim};
use crate::launch::Programs;

/// One cell of the table: the result of an attack at a stage.
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

/// A verdict as every table has it: a sign and a word.
///
/// "Open" and "closed" take the stage's side: to most readers, "succeeds" sounds like good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'c> {
    /// The way is open: the attack did what it set out to do.
    Open,
    /// The way is closed, by this check.
    Closed(&'c str),
    /// The control passes through, as it must. It is not an attack.
    Passes,
    /// There is nothing to try.
    Nothing,
    /// The attempt came to no verdict.
    Unknown,
}

impl<'c> Mark<'c> {
    /// Returns the mark of an attempt, if it came to a verdict.
    pub fn found(attack: &Attack, cell: &'c Result<Cell>) -> Self {
        cell.as_ref().map_or(Self::Unknown, |cell| Self::of(attack, cell))
    }

    /// Returns the mark of a verdict.
    pub fn of(attack: &Attack, cell: &'c Cell) -> Self {
        match cell.verdict {
            Verdict::Succeeded => Self::of_success(attack),
            Verdict::Refused => Self::Closed(cell.by.as_deref().unwrap_or_default()),
            Verdict::NotApplicable => Self::Nothing,
        }
    }

    /// Returns the known mark of an attack at a stage.
    pub fn known(attack: &Attack, stage: &Stage) -> Mark<'static> {
        match attack.outcome_at(stage) {
            Outcome::Succeeds => Mark::of_success(attack),
            Outcome::Refused(by) => Mark::Closed(by),
            Outcome::NotApplicable(_) => Mark::Nothing,
        }
    }

    fn of_success(attack: &Attack) -> Self {
        let is_control = !ATTACKS.iter().any(|it| it.name == attack.name);
        if is_control { Self::Passes } else { Self::Open }
    }

    /// Returns its colour in a terminal.
    pub fn style(&self) -> Style {
        match self {
            Self::Open | Self::Unknown => BAD,
            Self::Closed(_) => GOOD,
            Self::Passes | Self::Nothing => DIM,
        }
    }

    /// Returns its sign.
    pub const fn sign(&self) -> &'static str {
        match self {
            Self::Open => "✗",
            Self::Closed(_) => "✓",
            Self::Passes => "·",
            Self::Nothing => "-",
            Self::Unknown => "?",
        }
    }

    /// Returns the word for its sign.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(_) => "closed",
            Self::Passes => "passes",
            Self::Nothing => "nothing to try",
            Self::Unknown => "no verdict",
        }
    }

    /// Writes it as Markdown: what is open stands out there too.
    pub fn markdown(&self) -> String {
        match self {
            Self::Open => "✗ **open**".to_owned(),
            _ => self.to_string(),
        }
    }

    /// Writes it as Markdown for a table that names the check elsewhere.
    pub fn in_a_table(&self) -> String {
        match self {
            Self::Closed(_) => format!("{} {}", self.sign(), self.word()),
            _ => self.markdown(),
        }
    }
}

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(check) => write!(f, "{} {check}", self.sign()),
            Self::Open | Self::Passes => write!(f, "{} {}", self.sign(), self.word()),
            Self::Nothing | Self::Unknown => f.write_str(self.sign()),
        }
    }
}

impl Cell {
    /// Returns whether this is the known result.
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

/// Returns the refusal that stopped it. That a connection was cut may have come of that: whoever refuses breaks off.
fn refusal(played: &Played) -> Option<(&str, &str)> {
    let all = || [&played.server].into_iter().chain(&played.clients).filter_map(Victim::refusal);
    all().find(|(check, _)| *check != "truncated").or_else(|| all().next())
}

impl Scenario {
    /// Tries the attack at a stage and judges what the victims said. Also returns what they said,
    /// if there was something to try.
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
            .with_context(|| format!("{name} at {} did not end", stage.name))?;
        if let Err(error) = &played.attacked {
            bail!("{name} at {}: the attack failed: {error}", stage.name);
        }
        let cell = if (self.succeeded)(&played) {
            cell(Verdict::Succeeded, None, self.means)
        } else if let Some((check, words)) = refusal(&played) {
            cell(Verdict::Refused, Some(check), words)
        } else if (self.is_unharmed)(&played) {
            let (check, why) = self.unharmed;
            cell(Verdict::Refused, Some(check), why)
        } else {
            bail!("{name} at {}: what the victims say allows no verdict", stage.name);
        };
        Ok((cell, Some(played)))
    }
}
