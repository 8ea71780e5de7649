//! Stands in the middle: agrees on a secret with the client, and on another with the server.
//!
//! **Needs** keys of its own making, which anyone has. **Uses** that neither side knows with whom it agrees: the
//! mathematics is right, the person is wrong. Where data follows, all of it is opened under one side's keys and
//! sealed under the other's, and says on the way what the attacker likes. Where the server says who it is, that is
//! passed on as it comes: it is signed for another key than the one that the client got. At TLS it is encrypted too, under
//! keys that depend on what both sides saw, and they saw different things. To seal something else in its place is
//! `stolen-chain`, `own-chain`, and `stolen-key`.

use std::io;

use crypto::aead::{Opener, Sealer};
use crypto::hkdf::WriteKeys;
use crypto::x25519::PrivateKey;
use crypto::{Open, Seal};
use framing::Direction::{ToClient, ToServer};
use messages::Message as _;
use messages::cert::ServerAuth;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT, PART5_TLS13};

use super::Outcome::{Refused, Succeeds};
use super::{AMOUNT, NO_HANDSHAKE};
use crate::own_key::{decode, labels, signed};
use crate::tls13::{agree, change_client_hello, change_server_hello, put_own_key};
use crate::{Attack, Message, OwnKey, Path, Report};

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
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    if path.server_stage().has_types() {
        swap_keys(path)
    } else {
        stand_between(path, |auth, _| Ok(auth))
    }
}

const WITH_CLIENT: &str = "a secret to share with the client";
const WITH_SERVER: &str = "a secret to share with the server";

/// Puts keys of its own into both Hellos of TLS, and passes on all else.
fn swap_keys(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let [for_client, for_server] = [
        PrivateKey::random().map_err(io::Error::other)?,
        PrivateKey::random().map_err(io::Error::other)?,
    ];

    let mut hello = session.requests.take()?;
    let mut theirs = None;
    change_client_hello(&mut hello, |hello| {
        theirs = put_own_key(&mut hello.extensions, &for_server);
    })?;
    let mut client = theirs;
    session.requests.send(&hello)?;

    let mut hello = session.answers.take()?;
    change_server_hello(&mut hello, |hello| {
        theirs = put_own_key(&mut hello.extensions, &for_client);
    })?;
    let from = "from a private key of its own and the client's public value";
    path.compute(WITH_CLIENT, from, &agree(for_client, client.take())?);
    let from = "from another private key of its own and the server's public value";
    path.compute(WITH_SERVER, from, &agree(for_server, theirs)?);
    session.answers.send(&hello)?;
    session.relay();
    Ok(())
}

/// Stands in the middle with a program that speaks TLS to both sides: it opens what comes from one, and seals what it
/// makes of it for the other.
pub(super) fn speak_between(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut as_server = path.own_server()?;
    let mut as_client = path.own_client()?;
    let stage = session.server_stage();

    let hello = session.requests.take()?;
    as_server.give(&hello)?;
    for _ in 0..stage.messages(ToClient) {
        session.answers.make_record(&as_server.take()?, None, None)?;
    }
    // Whoever does not believe it says so, and nothing else.
    let mut rest = Vec::new();
    for _ in 1..stage.messages(ToServer) {
        let Ok(message) = session.requests.take() else { break };
        as_server.give(&message)?;
        rest.push(message);
    }
    if let Ok(own_hello) = as_client.take() {
        secret(path, WITH_CLIENT, "in a handshake as the server")?;
        session.requests.make_record(&own_hello, Some(&hello), None)?;
        for _ in 0..stage.messages(ToClient) {
            as_client.give(&session.answers.take()?)?;
        }
        for message in &rest {
            session.requests.make_record(&as_client.take()?, Some(message), None)?;
        }
        secret(path, WITH_SERVER, "in a handshake as a client")?;

        let request = session.requests.take()?;
        as_server.give(&request)?;
        path.learn(text(path)?.split(|byte| *byte == b'\r').next().unwrap_or_default());
        session.requests.make_record(&as_client.take()?, Some(&request), Some(&text(path)?))?;
        let answer = session.answers.take()?;
        as_client.give(&answer)?;
        _ = text(path)?;
        session.answers.make_record(&as_server.take()?, Some(&answer), Some(&text(path)?))?;

        // Each side says that it ends.
        let end = session.requests.take()?;
        as_server.give(&end)?;
        session.requests.make_record(&as_client.take()?, Some(&end), None)?;
    }
    session.relay();
    Ok(())
}

/// Keeps the secret that its program has made.
fn secret(path: &Path, whose: &'static str, from: &'static str) -> io::Result<()> {
    match path.report()? {
        Report::Secret(fingerprint) => {
            path.share(whose, from, fingerprint);
            Ok(())
        }
        Report::Text(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The text that its program has opened or sealed.
fn text(path: &Path) -> io::Result<Vec<u8>> {
    match path.report()? {
        Report::Text(text) => Ok(text),
        Report::Secret(_) => Err(io::ErrorKind::InvalidData.into()),
    }
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
    path.compute(WITH_CLIENT, from, &with_client);
    session.requests.make(&for_server.hello(ToServer), Some(&client_hello), None)?;

    let server_hello = session.answers.take()?;
    let with_server = for_server.agree(&server_hello)?;
    let from = "from another private key of its own and the server's public value";
    path.compute(WITH_SERVER, from, &with_server);
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
