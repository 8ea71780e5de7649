//! Ends the stream after the first of two records, as the client would by closing.
//!
//! **Needs** to know where a record ends, and the length in front says so. **Uses** the lack of an
//! authenticated end: anyone on the path can send a FIN. TLS has `close_notify` (RFC 8446, section 6.1), a record
//! under keys like any other, without which no end is believed.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART5_TLS13};

use super::ONE_MESSAGE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "truncate",
    tries: "end the stream between two records",
    property: "an authenticated end",
    closed_by: "part5-tls13: a record that says that it is the end, close_notify",
    outcomes: &[
        (&PART1_PLAIN, ONE_MESSAGE),
        (&PART1_CTR, Succeeds),
        (&PART5_TLS13, Refused("truncated")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let first = session.requests.take()?;
    let _kept_back = session.requests.take()?;

    session.requests.send(&first)?;
    session.requests.end()?;
    session.relay();
    Ok(())
}
