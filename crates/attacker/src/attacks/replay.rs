//! Sends a record twice within its connection: the transfer is made twice.
//!
//! **Needs** nothing but the record, and need not even know what it says. **Uses** the lack of
//! freshness: a record that was genuine once is genuine for ever.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC_SEQ, PART5_TLS13};

use super::ONE_MESSAGE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "replay",
    tries: "send a record twice in its connection",
    property: "freshness within a connection",
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
    let request = session.requests.take()?;

    session.requests.send(&request)?;
    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
