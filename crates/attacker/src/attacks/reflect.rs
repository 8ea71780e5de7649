//! Sends the client its own request back, in place of the server's answer.
//!
//! **Needs** nothing but the record. **Uses** that both directions have the same key and count from the
//! same number: nothing in a record says who made it.

use std::io;

use stages::PART1_PLAIN;

use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "reflect",
    tries: "send a client its own record as the answer",
    property: "a record that names its sender",
    closed_by: "none: a key of its own for each direction",
    outcomes: &[(&PART1_PLAIN, Succeeds)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    let _kept_back = session.answers.take()?;

    session.answers.send(&request)?;
    session.relay();
    Ok(())
}
