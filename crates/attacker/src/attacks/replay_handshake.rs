//! Records all that a client says, and says it again in a connection of its own.
//!
//! **Needs** nothing but the recording. **Uses** a server that takes a key for proof that somebody is there: it agrees
//! with a client that left long ago. The attacker learns no secret by that. What follows under keys does not fit: the
//! server has a new key in every connection, and so the secret is another. At TLS the first such message is Finished.

use std::io;

use framing::Direction::{ToClient, ToServer};
use stages::{PART1_PLAIN, PART3_DH, PART3_HKDF};

use super::NO_HANDSHAKE;
use super::Outcome::{Refused, Succeeds};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "replay-handshake",
    tries: "say again all that a client has said",
    property: "proof that the peer has the key",
    closed_by: "part3-hkdf: the first record under the new keys is the proof",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Succeeds),
        (&PART3_HKDF, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut said = Vec::new();
    session.change_handshake(|message| {
        if message.direction() == ToServer {
            said.push(message.clone());
        }
        Ok(())
    })?;
    let request = session.server_stage().has_data().then(|| session.requests.take()).transpose()?;
    if let Some(request) = &request {
        session.requests.send(request)?;
    }
    session.relay();

    let mut own = path.connect()?;
    for message in &said {
        own.requests.send(message)?;
    }
    for _ in 0..own.server_stage().messages(ToClient) {
        let _not_for_anyone = own.answers.take()?;
    }
    // Whoever has refused it already takes no more.
    if let Some(request) = &request {
        _ = own.requests.send(request);
    }
    own.relay();
    Ok(())
}
