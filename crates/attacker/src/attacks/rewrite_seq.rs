//! Sends two records in the wrong order, with their sequence numbers swapped so that they fit.
//!
//! **Needs** the layout of a record. The number stands there in clear. **Would use** a number that
//! is counted but not authenticated.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC_SEQ, PART5_TLS13, Role};

use super::Outcome::{NotApplicable, Refused};
use super::{NO_RECORDS, NO_SEQ};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "rewrite-seq",
    tries: "rewrite the sequence numbers in clear",
    property: "integrity of the sequence number",
    closed_by: "part2-hmac-seq, with the number itself",
    outcomes: &[
        (&PART1_PLAIN, NO_RECORDS),
        (&PART1_CTR, NO_SEQ),
        (&PART2_HMAC_SEQ, Refused("bad_tag")),
        (&PART5_TLS13, NotApplicable("no number is sent: both sides count")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut first = session.requests.take()?;
    let mut second = session.requests.take()?;

    first.field(Role::Seq)?.swap_with_slice(second.field(Role::Seq)?);

    session.requests.send(&second)?;
    session.requests.send(&first)?;
    session.relay();
    Ok(())
}
