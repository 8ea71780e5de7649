//! Sends two records in the wrong order.
//!
//! **Needs** two records. **Uses** the lack of order: no record says which place is its own.

use std::io;

use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "reorder",
    tries: "send two records in the wrong order",
    property: "order",
    closed_by: "part2-hmac-seq",
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
