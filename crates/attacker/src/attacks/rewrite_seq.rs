//! Sends two records in the wrong order, with their sequence numbers swapped so that they fit.
//!
//! **Needs** the layout of a record. The number stands there in clear. **Would use** a number that is
//! counted but not authenticated.

use std::io;

use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "rewrite-seq",
    tries: "rewrite the sequence numbers in clear",
    property: "integrity of the sequence number",
    closed_by: "part2-hmac-seq, with the number itself",
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut first = session.requests.take()?;
    let mut second = session.requests.take()?;

    first.field("seq")?.swap_with_slice(second.field("seq")?);

    session.requests.send(&second)?;
    session.requests.send(&first)?;
    session.relay();
    Ok(())
}
