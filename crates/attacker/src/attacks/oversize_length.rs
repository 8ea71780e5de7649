//! Announces a record of 4 GiB, so that the receiver waits for it, or makes room. At TLS there is room for two bytes of
//! length, and 64 KiB are four times what a record may have.
//!
//! **Needs** nothing: the length is read before anything can be authenticated. **Would use** a receiver
//! that believes it.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART3_DH, PART5_TLS13, Role};

use super::NO_RECORDS;
use super::Outcome::Refused;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "oversize-length",
    tries: "announce a record of 4 GiB, at TLS of 64 KiB",
    property: "a limit checked before anything is believed",
    closed_by: "part1-ctr, with records",
    outcomes: &[
        (&PART1_PLAIN, NO_RECORDS),
        (&PART1_CTR, Refused("too_long")),
        (&PART3_DH, Refused("too_long")),
        (&PART5_TLS13, Refused("record_overflow")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut request = session.requests.take()?;

    request.field(Role::Length)?.fill(0xff);

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
