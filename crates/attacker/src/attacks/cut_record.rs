//! Cuts a message short inside, so that `amount=100` becomes `amount=1`.
//!
//! **Needs** the layout of a record, and a guess at where the amount stands. The length in front is
//! not secret and is made to fit; at the plain stage it is the empty line that has to come early.
//! **Uses** the lack of integrity.

use std::io;

use stages::{PART1_PLAIN, PART2_AEAD, PART2_HMAC, Role};

use super::AMOUNT;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cut-record",
    tries: "cut a message short inside, so that 100 becomes 1",
    property: "integrity",
    closed_by: "part2-hmac",
    outcomes: &[
        (&PART1_PLAIN, Succeeds),
        (&PART2_HMAC, Refused("too_short")),
        (&PART2_AEAD, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    let kept = AMOUNT + 1;
    if request.has(Role::Length) {
        request.cut_text(kept);
    } else {
        let text = [&request.bytes()[..kept], b"\r\n\r\n"].concat();
        request.replace(&text);
    }

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
