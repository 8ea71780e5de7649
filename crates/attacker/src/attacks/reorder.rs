//! Sends two records in the wrong order.
//!
//! **Needs** two records. **Uses** the lack of order: no record says which place is its own.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC_SEQ, PART5_TLS13};

use super::ONE_MESSAGE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "reorder",
    tries: "send two records in the wrong order",
    property: "order",
    closed_by: "part2-hmac-seq",
    outcomes: &[
        (&PART1_PLAIN, ONE_MESSAGE),
        (&PART1_CTR, Succeeds),
        (&PART2_HMAC_SEQ, Refused("out_of_order")),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let first = session.requests.take()?;
    let second = session.requests.take()?;

    session.requests.send(&second)?;
    session.requests.send(&first)?;
    session.relay();
    Ok(())
}
