//! Reads what is transferred, and to whom.
//!
//! **Needs** a place on the path; it need not change anything. **Uses** the lack of
//! confidentiality.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN};

use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "eavesdrop",
    tries: "read `amount=100` off the wire",
    property: "confidentiality",
    closed_by: "part1-ctr",
    outcomes: &[(&PART1_PLAIN, Succeeds), (&PART1_CTR, Refused("encryption"))],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;

    let text = request.bytes();
    if let Some(at) = text.windows(7).position(|window| window == b"amount=") {
        path.learn(text[at..].split(|byte| *byte == b' ').next().unwrap_or_default());
    }

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
