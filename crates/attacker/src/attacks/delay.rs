//! Holds a message back for a while, and notes how long it is.
//!
//! **Needs** a place on the path. **Uses** that neither lengths nor times are hidden or checked: no
//! record layer does that, TLS included, though TLS 1.3 can pad records (RFC 8446, section 5.4).

use std::io;
use std::time::Duration;

use stages::PART1_PLAIN;

use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// Long for a network, short for a deadline.
const DELAY: Duration = Duration::from_millis(50);

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "delay",
    tries: "hold a message back, and note its length",
    property: "hidden lengths and times",
    closed_by: "none, nor does TLS: padding hides lengths, nothing hides times",
    outcomes: &[(&PART1_PLAIN, Succeeds)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;

    path.learn(format!("{} bytes", request.bytes().len()).as_bytes());
    path.hold(DELAY);

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
