//! Stands in the middle: agrees on a secret with the client, and on another with the server.
//!
//! **Needs** keys of its own making, which anyone has. **Uses** that neither side knows with whom it agrees: the
//! mathematics is right, the person is wrong. Where data follows, all of it is opened under one side's keys and
//! sealed under the other's, and says on the way what the attacker likes. Where the server says who it is, that is
//! passed on as it comes: it is signed for another key than the one that the client got.

use std::io;

use crypto::aead::{Opener, Sealer};
use crypto::hkdf::WriteKeys;
use crypto::{Open, Seal};
use framing::Direction::{ToClient, ToServer};
use messages::Message as _;
use messages::cert::ServerAuth;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::Outcome::{Refused, Succeeds};
use super::{AMOUNT, NO_HANDSHAKE};
use crate::own_key::{decode, labels, signed};
use crate::{Attack, Message, OwnKey, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "mitm",
    tries: "agree on keys with either side, in place of the other",
    property: "knowing whose key it is",
    closed_by: "part4-cert: the server's signature covers both keys",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Succeeds),
        (&PART4_CERT, Refused("bad_signature")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    stand_between(path, |auth, _| Ok(auth))
}

/// Stands in the middle. Where the server says who it is, the client gets what `prove` makes of that: it has to fit
/// the two X25519 keys that the client knows.
pub(super) fn stand_between(
    path: &Path,
    prove: impl FnOnce(ServerAuth, &[u8]) -> io::Result<ServerAuth>,
) -> io::Result<()> {
    let mut session = path.intercept()?;
    let stage = session.server_stage();
    let [for_client, for_server] = [OwnKey::random(stage)?, OwnKey::random(stage)?];

    let answer = for_client.hello(ToClient);
    let client_hello = session.requests.take()?;
    let with_client = for_client.agree(&client_hello)?;
    let from = "from a private key of its own and the client's public value";
    path.compute("a secret to share with the client", from, &with_client);
    session.requests.make(&for_server.hello(ToServer), Some(&client_hello), None)?;

    let server_hello = session.answers.take()?;
    let with_server = for_server.agree(&server_hello)?;
    let from = "from another private key of its own and the server's public value";
    path.compute("a secret to share with the server", from, &with_server);
    session.answers.make(&answer, Some(&server_hello), None)?;

    if stage.has_certificates() {
        let taken = session.answers.take()?;
        let theirs: ServerAuth = decode(&taken)?;
        let proof = prove(theirs.clone(), &signed(client_hello.payload(), &answer)?)?;
        if proof == theirs {
            session.answers.send(&taken)?;
        } else {
            session.answers.make(&proof.encode(), Some(&taken), None)?;
        }
    }

    // Whoever does not believe it sends nothing.
    if stage.has_data()
        && let Ok(request) = session.requests.take()
    {
        let client = WriteKeys::derive(&with_client, labels(stage));
        let server = WriteKeys::derive(&with_server, labels(stage));

        let mut text = opened(&mut Opener::new(&client.client), &request)?;
        path.learn(text.split(|byte| *byte == b'\r').next().unwrap_or_default());
        text.splice(AMOUNT..=AMOUNT, *b"9");
        let sealed = sealed(&mut Sealer::new(&server.client), &text)?;
        session.requests.make(&sealed, Some(&request), Some(&text))?;

        let answer = session.answers.take()?;
        let mut text = opened(&mut Opener::new(&server.server), &answer)?;
        let end = text.len().saturating_sub("client".len());
        text.splice(end.., *b"victim");
        let sealed = self::sealed(&mut Sealer::new(&client.server), &text)?;
        session.answers.make(&sealed, Some(&answer), Some(&text))?;
    }
    session.relay();
    Ok(())
}

fn opened(opener: &mut Opener, record: &Message) -> io::Result<Vec<u8>> {
    let mut payload = record.payload().to_vec();
    let opened = opener.open(&[], &mut payload);
    opened.map(|text| text.to_vec()).map_err(io::Error::other)
}

fn sealed(sealer: &mut Sealer, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    sealer.seal(&[], text, &mut payload).map_err(io::Error::other)?;
    Ok(payload)
}
