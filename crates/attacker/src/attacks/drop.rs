//! Keeps back the second of three records.
//!
//! **Needs** three records. **Uses** the lack of order: the third does not say that it is the third.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC_SEQ, PART5_TLS13};

use super::ONE_MESSAGE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "drop",
    tries: "keep back the second of three records",
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
    let _kept_back = session.requests.take()?;
    let third = session.requests.take()?;

    session.requests.send(&first)?;
    session.requests.send(&third)?;
    session.requests.end()?;
    session.relay();
    Ok(())
}
