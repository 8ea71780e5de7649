//! Records a request, and sends it again in a connection of its own.
//!
//! **Needs** nothing but the record. **Uses** that every connection has the same key and counts from the
//! same number: nothing in a record says which connection it belongs to.

use std::io;

use stages::PART1_PLAIN;

use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "replay-session",
    tries: "send a recorded request in a new connection",
    property: "freshness across connections",
    closed_by: "none: fresh keys for each connection, by a handshake",
    outcomes: &[(&PART1_PLAIN, Succeeds)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    session.relay();

    let mut own = path.connect()?;
    own.requests.send(&request)?;
    own.relay();
    Ok(())
}
