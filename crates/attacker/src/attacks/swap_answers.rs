//! Gives each of two clients the answer that was meant for the other.
//!
//! **Needs** two connections. **Uses** that they have the same key and count from the same number:
//! nothing ties an answer to its request.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN};

use super::Outcome::{NotApplicable, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "swap-answers",
    tries: "give two clients each other's answers",
    property: "binding to a connection",
    closed_by: "none: fresh keys for each connection, by a handshake",
    outcomes: &[
        (
            &PART1_PLAIN,
            NotApplicable("the plain stage has nothing that could tie an answer to a connection"),
        ),
        (&PART1_CTR, Succeeds),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut one = path.accept()?;
    let mut other = path.accept()?;
    let mut answers = Vec::new();
    for session in [&mut one, &mut other] {
        let request = session.requests.take()?;
        session.requests.send(&request)?;
        session.requests.end()?;
        answers.push(session.answers.take()?);
    }

    one.answers.send(&answers[1])?;
    other.answers.send(&answers[0])?;
    one.relay();
    other.relay();
    Ok(())
}
