//! Adds a field to every message of the handshake; at TLS, to the one that may have any: ClientHello.
//!
//! **Needs** the layout of a message: fields until its end. **Uses** that a receiver skips what it does not know, and
//! that nothing later says what was sent. TLS hashes all messages, and the hash goes into the keys and into Finished
//! (RFC 8446, section 4.4): its server skips the field too, and both sides then have different keys.

use std::io;

use messages::fields::Tag;
use messages::tls13::extension::Extension;
use stages::{PART1_PLAIN, PART3_DH, PART5_TLS13};

use super::NO_HANDSHAKE;
use super::Outcome::{Refused, Succeeds};
use crate::tls13::change_client_hello;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "altered-handshake",
    tries: "add a field to every message of the handshake",
    property: "integrity of the handshake",
    closed_by: "part5-tls13: keys that depend on a hash of all its messages",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Succeeds),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

/// A kind of field that nobody knows.
const OWN: Tag = Tag { number: 0x0666, name: "a field of the attacker's", what: "" };

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    if path.server_stage().has_types() {
        let mut hello = session.requests.take()?;
        let other = Extension::Other { kind: OWN.number, body: b"eve was here".to_vec() };
        change_client_hello(&mut hello, |hello| hello.extensions.insert(0, other))?;
        session.requests.send(&hello)?;
        session.relay();
        return Ok(());
    }
    session.change_handshake(|message| {
        let mut payload = message.payload().to_vec();
        OWN.append(b"eve was here", &mut payload);
        message.replace_payload(&payload);
        Ok(())
    })?;
    session.relay();
    Ok(())
}
