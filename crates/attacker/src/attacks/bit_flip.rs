//! Turns `amount=100` into `amount=900` by flipping one bit.
//!
//! **Needs** the layout of a record, and a guess at which byte holds the `1`. **Uses** the lack of
//! integrity: ciphertext is plaintext xor keystream, so a bit flipped in one is flipped in the other.

use std::io;

use stages::{PART1_PLAIN, PART2_HMAC};

use super::AMOUNT;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "bit-flip",
    tries: "turn 100 into 900 by flipping one bit",
    property: "integrity",
    closed_by: "part2-hmac",
    outcomes: &[(&PART1_PLAIN, Succeeds), (&PART2_HMAC, Refused("bad_tag"))],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    request.text()?[AMOUNT] ^= b'1' ^ b'9';

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
