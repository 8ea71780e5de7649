//! Leads a client of `part2-hmac` to a server of `part1-ctr`, and takes off the tag on the way.
//!
//! **Needs** the layout of a record. **Uses** that both stages encrypt under the same key, so that the
//! protection can be removed like a wrapper.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC};

use super::Outcome::{NotApplicable, Succeeds};
use crate::{Attack, Path};

/// A column of the table is the server's stage.
const OTHER_SERVER: super::Outcome =
    NotApplicable("it leads a hmac client to a ctr server: part1-ctr");

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "downgrade",
    tries: "take off hmac's tag, for a server of ctr",
    property: "separation of protocols",
    closed_by: "part3-hkdf: fresh keys for each connection",
    outcomes: &[(&PART1_PLAIN, OTHER_SERVER), (&PART1_CTR, Succeeds), (&PART2_HMAC, OTHER_SERVER)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    let whole = request.text()?.len();
    request.cut_text(whole);

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
