//! Tries on a reader's program, and their results.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use stages::Stage;
use transcript::{EventKind, Role};

use crate::lab::play::{Between, play};
use crate::lab::scenario::Scenario;
use crate::lab::victims::{Played, Victim};
use crate::launch::driver::Bounds;
use crate::launch::{Driver, Programs, Report};

/// Exit code of a program of the package `harness` that saw the reader's code do what it must not.
/// Its last line on standard error says what.
const FAULT: i32 = 4;

/// Time limit for silence. The harness ends a program that takes 10 s.
pub(super) const SILENCE: Duration = Duration::from_secs(12);

/// A reader's program beside the real ones, and the results so far.
#[derive(Debug)]
pub struct Check {
    /// The tries, in order. Only the last may have failed.
    pub tried: Vec<Tried>,
    /// The lines that the program wrote to standard error besides its complaints: a reader looks
    /// for a mistake.
    pub wrote: Vec<String>,
    pub(super) programs: Programs,
    pub(super) program: PathBuf,
}

/// Something that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The requirement.
    pub what: String,
    /// The reason it is not met, if it is not.
    pub why_not: Option<String>,
}

/// A reason that nothing more is tried.
#[derive(Debug)]
pub(super) enum Stop {
    /// The reader's program does not do what it must.
    NotYet,
    /// The real ones cannot be run.
    Failed(anyhow::Error),
}

pub(super) type Checked<T = ()> = Result<T, Stop>;

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl Check {
    pub(super) fn new(programs: &Programs, program: &Path) -> Self {
        let (programs, program) = (programs.clone(), program.to_owned());
        Self { tried: Vec::new(), wrote: Vec::new(), programs, program }
    }

    /// Returns whether everything that was tried is as it should be.
    pub fn works(&self) -> bool {
        self.tried.iter().all(|tried| tried.why_not.is_none())
    }

    /// Notes that something was tried, and why it is not as it should be, if it is not.
    pub(super) fn note(&mut self, what: &str, why_not: Option<String>) -> Checked {
        let failed = why_not.is_some();
        self.tried.push(Tried { what: what.to_owned(), why_not });
        if failed { Err(Stop::NotYet) } else { Ok(()) }
    }

    /// Plays a scenario with the reader's program in one of its roles: as the server, as the
    /// client, or on the wire between the two, where it gets these arguments. The others are real.
    pub(super) fn play(
        &mut self,
        what: &str,
        scenario: &Scenario,
        stage: &'static Stage,
        part: Role,
        given: &[&str],
    ) -> Checked<Played> {
        let played = if part == Role::Wire {
            play(&self.programs, scenario, stage, Between::Program(&self.program, given))
        } else {
            let programs = self.programs.with(stage, part, &self.program);
            play(&programs, scenario, stage, Between::Attack(scenario.attack))
        };
        let played = self.ended(what, played)?;
        let victim = match part {
            Role::Server => &played.server,
            Role::Client => &played.clients[0],
            Role::Wire | Role::KeyLog => &played.attacker,
        };
        self.listen(what, victim)?;
        Ok(played)
    }

    /// Plays a scenario with the reader's program as both the server and the client; and on the wire between the two,
    /// if it is given arguments for that.
    pub(super) fn play_both(
        &mut self,
        what: &str,
        scenario: &Scenario,
        stage: &'static Stage,
        on_the_wire: Option<&[&str]>,
    ) -> Checked<Played> {
        let programs =
            [Role::Server, Role::Client].iter().fold(self.programs.clone(), |programs, role| {
                programs.with(stage, *role, &self.program)
            });
        let between = on_the_wire.map_or(Between::Attack(scenario.attack), |given| {
            Between::Program(&self.program, given)
        });
        let played = play(&programs, scenario, stage, between);
        let played = self.ended(what, played)?;
        let mut wrote = Vec::new();
        for victim in [&played.server, &played.clients[0], &played.attacker] {
            let listened = self.listen(what, victim);
            wrote.append(&mut self.wrote);
            self.wrote.clone_from(&wrote);
            listened?;
        }
        Ok(played)
    }

    /// Runs the reader's program alone. See [`run`].
    pub(super) fn run(
        &mut self,
        what: &str,
        args: &[&str],
        listening: impl FnMut(SocketAddr),
    ) -> Checked<Victim> {
        let ran = run(&self.program, args, listening);
        let ran = self.ended(what, ran)?;
        self.listen(what, &ran)?;
        Ok(ran)
    }

    /// A program that hangs, or writes what cannot be understood, is the reader's: the others are
    /// known to work.
    pub(super) fn ended<T>(&mut self, what: &str, ended: Result<T>) -> Checked<T> {
        ended.or_else(|error| {
            self.note(what, Some(format!("{error:#}")))?;
            Err(Stop::NotYet)
        })
    }

    /// Keeps what the reader's program wrote, and sees whether the harness found a fault.
    pub(super) fn listen(&mut self, what: &str, victim: &Victim) -> Checked {
        let mut lines = victim.wrote.clone();
        let fault = if victim.code == Some(FAULT) { lines.pop() } else { None };
        if fault.is_some() {
            // The line that the harness ended, in case the program was in the middle of one.
            _ = lines.pop_if(|line| line.is_empty());
        }
        self.wrote = lines;
        fault.map_or(Ok(()), |fault| self.note(what, Some(fault)))
    }
}

/// Runs a program to its end. Calls `listening` with its address once it has one.
///
/// # Errors
/// When it cannot be started, hangs, or writes what cannot be understood.
pub(super) fn run(
    program: &Path,
    args: &[&str],
    mut listening: impl FnMut(SocketAddr),
) -> Result<Victim> {
    let mut driver = Driver::new(SILENCE).within(Bounds::SHORT);
    driver.start((), program, args)?;
    let mut victim = Victim::default();
    while let Some(((), report)) = driver.next_report()? {
        match report {
            Report::Event(event) => {
                if let EventKind::Listening { addr } = event.kind {
                    listening(addr);
                }
                victim.events.push(event);
            }
            Report::Complaint(line) => victim.complain(line),
            Report::Ended(status) => victim.code = status.and_then(|status| status.code()),
        }
    }
    Ok(victim)
}

/// Bytes as quoted text, what is not printable ASCII escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Returns a program's own words for a refusal, or its last words.
pub(super) fn last_words(otherwise: &str, victim: &Victim) -> String {
    let refused = victim.refusal().map(|(_, words)| words);
    let last = victim.complaints.last().or(victim.wrote.last());
    refused.or(last.map(String::as_str)).unwrap_or(otherwise).to_owned()
}
