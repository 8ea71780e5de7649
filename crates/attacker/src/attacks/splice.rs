//! Makes one conversation out of two: the first record of one client, the second of another.
//!
//! **Needs** two connections. **Uses** that they have the same key and count from the same number, so
//! that each record fits into the other's place.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART3_HKDF};

use super::ONE_MESSAGE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "splice",
    tries: "make one conversation out of two",
    property: "binding to a connection",
    closed_by: "part3-hkdf: fresh keys for each connection",
    outcomes: &[
        (&PART1_PLAIN, ONE_MESSAGE),
        (&PART1_CTR, Succeeds),
        (&PART3_HKDF, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut one = path.accept()?;
    let first_of_one = one.requests.take()?;
    one.requests.send(&first_of_one)?;
    one.relay();

    let mut other = path.accept()?;
    let _kept_back = other.requests.take()?;
    other.requests.send(&first_of_one)?;
    other.relay();
    Ok(())
}
