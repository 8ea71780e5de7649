//! Ends the stream after the first of two records, as the client would by closing.
//!
//! **Needs** to know where a record ends, and the length in front says so. **Uses** the lack of an
//! authenticated end: anyone on the path can send a FIN. TLS has `close_notify` (RFC 8446, section 6.1).

use std::io;

use stages::{PART1_CTR, PART1_PLAIN};

use super::ONE_MESSAGE;
use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "truncate",
    tries: "end the stream between two records",
    property: "an authenticated end",
    closed_by: "none: a record that marks the end, like TLS's close_notify",
    outcomes: &[(&PART1_PLAIN, ONE_MESSAGE), (&PART1_CTR, Succeeds)],
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
