//! Adds a field to every message of the handshake.
//!
//! **Needs** the layout of a message: fields until its end. **Uses** that a receiver skips what it does not know, and
//! that nothing later says what was sent. TLS hashes all messages, and the hash goes into the keys and into Finished
//! (RFC 8446, section 4.4).

use std::io;

use messages::fields::Tag;
use stages::{PART1_PLAIN, PART3_DH};

use super::NO_HANDSHAKE;
use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "altered-handshake",
    tries: "add a field to every message of the handshake",
    property: "integrity of the handshake",
    closed_by: "none: a hash of all its messages, as in TLS's Finished",
    outcomes: &[(&PART1_PLAIN, NO_HANDSHAKE), (&PART3_DH, Succeeds)],
    run,
};

/// A kind of field that nobody knows.
const OWN: Tag = Tag { number: 0x0666, name: "a field of the attacker's", what: "" };

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    session.change_handshake(|message| {
        let mut payload = message.payload().to_vec();
        OWN.append(b"eve was here", &mut payload);
        message.replace_payload(&payload);
        Ok(())
    })?;
    session.relay();
    Ok(())
}
