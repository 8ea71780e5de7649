//! Gives each of two clients the answer that was meant for the other.
//!
//! **Needs** two connections. **Uses** that they have the same key and count from the same number:
//! nothing ties an answer to its request. The server of the lab takes one connection after the other, so the attacker ends
//! the first one; at TLS it minds, which is no help to anyone.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART3_HKDF};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, Message, Path, Session};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "swap-answers",
    tries: "give two clients each other's answers",
    property: "binding to a connection",
    closed_by: "part3-hkdf: fresh keys for each connection",
    outcomes: &[
        (
            &PART1_PLAIN,
            NotApplicable("the plain stage has nothing that could tie an answer to a connection"),
        ),
        (&PART1_CTR, Succeeds),
        (&PART3_HKDF, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let [(mut one, first), (mut other, second)] = [ask(path)?, ask(path)?];

    one.answers.send(&second)?;
    other.answers.send(&first)?;
    one.relay();
    other.relay();
    Ok(())
}

/// Lets a client's request reach the server, and takes the answer.
fn ask(path: &Path) -> io::Result<(Session, Message)> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    session.requests.end()?;
    let answer = session.answers.take()?;
    Ok((session, answer))
}
