//! Records all that a server says, and says it again to another client, without the server.
//!
//! **Needs** nothing but the recording. **Uses** a client that takes a key for proof that somebody is there: it agrees
//! with a server that left long ago. The attacker learns no secret by that. What follows under keys does not fit: the
//! client has a new key in every connection, and so the secret is another; but by then the client has sent its request.
//! A signature over the client's new key is a proof before that. At TLS the server sends back
//! the client's session id, which stands in clear and is made to fit; all that it says behind it is under keys.

use std::io;

use framing::Direction::ToClient;
use stages::{PART1_PLAIN, PART3_DH, PART3_HKDF, PART4_CERT, PART5_TLS13};

use super::NO_HANDSHAKE;
use super::Outcome::{Refused, Succeeds};
use crate::tls13::{change_server_hello, client_hello};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "replay-server",
    tries: "say again all that a server has said",
    property: "proof that the peer has the key",
    closed_by: "part3-hkdf: the first answer under the new keys; part4-cert: the signature",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Succeeds),
        (&PART3_HKDF, Refused("bad_tag")),
        (&PART4_CERT, Refused("bad_signature")),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut said = Vec::new();
    session.change_handshake(|message| {
        if message.direction() == ToClient {
            said.push(message.clone());
        }
        Ok(())
    })?;
    let mut answer = None;
    if session.server_stage().has_data() {
        let request = session.requests.take()?;
        session.requests.send(&request)?;
        let taken = session.answers.take()?;
        session.answers.send(&taken)?;
        answer = Some(taken);
    }
    session.relay();

    let mut alone = path.intercept_alone()?;
    let hello = alone.requests.take()?;
    if let (true, Some(said)) = (alone.client_stage().has_types(), said.first_mut()) {
        let session_id = client_hello(&hello)?.legacy_session_id;
        change_server_hello(said, |said| said.legacy_session_id_echo = session_id)?;
    }
    // Whoever has refused it already takes no more.
    for message in &said {
        _ = alone.answers.send(message);
    }
    // Whoever does not believe it sends nothing.
    if let Some(answer) = &answer
        && !alone.client_stage().has_types()
        && alone.requests.take().is_ok()
    {
        alone.answers.send(answer)?;
    }
    alone.relay();
    Ok(())
}
