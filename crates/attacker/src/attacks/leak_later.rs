//! Keeps a recording until keys leak, and opens it then.
//!
//! **Needs** patience, and the keys that were to be kept for long: of every stage that has one. **Uses** that one such
//! key opens everything that was ever sealed under it. Keys that are made for a connection and forgotten with it cannot
//! leak later: that is forward secrecy.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART3_HKDF};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "leak-later",
    tries: "open a recording with keys that leak later",
    property: "forward secrecy",
    closed_by: "part3-hkdf: keys that are forgotten with the connection",
    outcomes: &[
        (&PART1_PLAIN, NotApplicable("nothing is sealed, and there is nothing to open")),
        (&PART1_CTR, Succeeds),
        (&PART3_HKDF, Refused("fresh_keys")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    session.relay();

    // The later the stage, the more its tag says about whether the key is the right one. Encryption alone makes
    // something of any bytes under any key.
    for mut opener in path.leaked_keys()?.into_iter().rev() {
        let mut payload = request.payload().to_vec();
        if let Ok(text) = opener.open(&[], &mut payload)
            && text.starts_with(b"GET ")
        {
            path.learn(text);
            break;
        }
    }
    Ok(())
}
