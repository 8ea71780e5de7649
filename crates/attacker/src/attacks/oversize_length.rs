//! Announces a record of 4 GiB, so that the receiver waits for it, or makes room.
//!
//! **Needs** nothing: the length is read before anything can be authenticated. **Would use** a receiver
//! that believes it.

use std::io;

use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "oversize-length",
    tries: "announce a record of 4 GiB",
    property: "a limit checked before anything is believed",
    closed_by: "part1-ctr, with records",
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    let bytes = [&[0xff; 4], &request.bytes()[4..]].concat();
    request.replace(&bytes);

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
