//! Leads a client of `part2-hmac` to a server of `part1-ctr`, and takes off the tag on the way.
//!
//! **Needs** the layout of a record. **Uses** that both stages encrypt under the same key, so that the
//! protection can be removed like a wrapper.

use std::io;

use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "downgrade",
    tries: "take off hmac's tag, for a server of ctr",
    property: "separation of protocols",
    closed_by: "none: a key of its own for each protocol",
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    let without_tag = request.field("nonce")?.len() + request.body()?.len();
    request.cut_payload(without_tag);

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
