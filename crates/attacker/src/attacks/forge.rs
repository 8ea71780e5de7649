//! Puts a message of its own in place of the client's.
//!
//! **Needs** the whole plaintext of one record: here a guess, as requests are often alike.
//! Ciphertext xor plaintext is the keystream, and the keystream encrypts any text of that length.
//! **Uses** the lack of integrity.

use std::io;
use std::iter::zip;

use stages::{PART1_PLAIN, PART2_HMAC};

use super::Outcome::{Refused, Succeeds};
use super::{FORGED, GUESS};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "forge",
    tries: "put another message in place of a known one",
    property: "integrity",
    closed_by: "part2-hmac",
    outcomes: &[(&PART1_PLAIN, Succeeds), (&PART2_HMAC, Refused("bad_tag"))],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    for (byte, (guessed, wanted)) in zip(request.text()?, zip(GUESS, FORGED)) {
        *byte ^= guessed ^ wanted;
    }

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
