//! Swaps the nonces of two records.
//!
//! **Needs** the layout of a record, and two of them. **Uses** the lack of integrity: nothing ties the
//! fields of a record to each other, so that the receiver decrypts to garbage and does not know it.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC, PART5_TLS13, Role};

use super::NO_RECORDS;
use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "mix-fields",
    tries: "swap the nonces of two records",
    property: "integrity",
    closed_by: "part2-hmac",
    outcomes: &[
        (&PART1_PLAIN, NO_RECORDS),
        (&PART1_CTR, Succeeds),
        (&PART2_HMAC, Refused("bad_tag")),
        (
            &PART5_TLS13,
            NotApplicable("no nonce is sent: both sides make it, of a secret and of a count"),
        ),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut first = session.requests.take()?;
    let mut second = session.requests.take()?;

    first.field(Role::Nonce)?.swap_with_slice(second.field(Role::Nonce)?);

    session.requests.send(&first)?;
    session.requests.send(&second)?;
    session.relay();
    Ok(())
}
