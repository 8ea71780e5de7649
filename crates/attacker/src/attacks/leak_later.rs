//! Keeps a recording until keys leak, and opens it then.
//!
//! **Needs** patience, and the keys that were to be kept for long: of every stage that has one. **Uses** that one such
//! key opens everything that was ever sealed under it. Keys that are made for a connection and forgotten with it cannot
//! leak later: that is forward secrecy. A server's identity key can, but it has only signed.

use std::io;

use messages::cert::ServerAuth;
use stages::{PART1_CTR, PART1_PLAIN, PART3_HKDF};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::own_key::decode;
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
    let mut session = path.intercept()?;
    let mut recorded: Option<ServerAuth> = None;
    session.change_handshake(|message| {
        if message.has_certificates() && message.is_open() {
            recorded = Some(decode(message)?);
        }
        Ok(())
    })?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    session.relay();

    let leaked = path.leaked_keys()?;
    let is_other =
        |auth: ServerAuth| Some(auth.certificates) != leaked.identity.map(|it| it.certificates);
    if recorded.is_some_and(is_other) {
        return Err(io::Error::other("the identity that leaked is not that of the recording"));
    }

    // The later the stage, the more its tag says about whether the key is the right one. Encryption alone makes
    // something of any bytes under any key.
    for mut opener in leaked.openers.into_iter().rev() {
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
