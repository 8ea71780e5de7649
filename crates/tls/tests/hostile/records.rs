//! Records that break a rule, at either side: RFC 8446, section 5 and 6.

use crypto::OpenError;
use messages::DecodeError;
use messages::tls13::HandshakeMessage;
use tls::TlsError;

use crate::peer::{ALERT, CHANGE, DATA, HANDSHAKE, Hook, Peer, at};
use crate::{
    Violation, assert_refused, client_against, client_config, malformed, server_against,
    server_config, unexpected,
};

type Act = fn(&mut Peer, HandshakeMessage);

/// Says a message in two parts, with something between them.
fn around(peer: &mut Peer, message: &HandshakeMessage, between: impl Fn(&mut Peer)) {
    let message = message.encode();
    let (first, second) = message.split_at(3);
    peer.record(HANDSHAKE, first);
    between(peer);
    peer.record(HANDSHAKE, second);
}

const NO_RECORD: &str =
    "something that is no record of TLS (plain HTTP, it may be, or another stage)";

/// What breaks a rule under keys, in front of the message or the data that is due.
fn sealed(due: &'static str) -> Vec<(&'static str, Act, TlsError, Option<u8>)> {
    let no_type = || unexpected(due, "a record of no known type");
    let no_record = || unexpected(due, NO_RECORD);
    let unprotected = || unexpected(due, "an unprotected record");
    let empty = || unexpected(due, "an empty record of the handshake or of alerts");
    let of_len =
        |len| malformed("alert", DecodeError::WrongLength { field: "alert", len, expected: 2 });
    let too_short = |len| TlsError::BadRecord(OpenError::TooShort { len, min: 17 });
    vec![
        ("zeros and nothing else", |peer, _| peer.inner(&[0; 100]), no_type(), Some(10)),
        ("nothing at all", |peer, _| peer.inner(&[]), no_type(), Some(10)),
        ("an unknown type inside", |peer, _| peer.record(24, b"hello"), no_type(), Some(10)),
        (
            "ChangeCipherSpec inside",
            |peer, _| peer.record(CHANGE, &[1]),
            unexpected(due, "a protected ChangeCipherSpec"),
            Some(10),
        ),
        (
            "a message under no key",
            |peer, it| peer.plain(HANDSHAKE, &it.encode()),
            unprotected(),
            Some(10),
        ),
        ("an unknown type outside", |peer, _| peer.plain(24, b"hello"), no_record(), Some(10)),
        ("nothing of the handshake", |peer, _| peer.record(HANDSHAKE, b""), empty(), Some(10)),
        ("nothing but padding", |peer, _| peer.inner(&[HANDSHAKE, 0, 0]), empty(), Some(10)),
        ("an empty alert", |peer, _| peer.record(ALERT, b""), empty(), Some(10)),
        ("half an alert", |peer, _| peer.record(ALERT, &[2]), of_len(1), Some(50)),
        ("two alerts", |peer, _| peer.record(ALERT, &[1, 90, 1, 0]), of_len(4), Some(50)),
        (
            "a changed bit",
            |peer, _| {
                let mut record = peer.sealed(b"data\x17");
                record[7] ^= 1;
                peer.raw(&record);
            },
            TlsError::BadRecord(OpenError::BadTag),
            Some(20),
        ),
        (
            "a changed header",
            |peer, _| {
                let mut record = peer.sealed(b"data\x17");
                record[2] = 4;
                peer.raw(&record);
            },
            TlsError::BadRecord(OpenError::BadTag),
            Some(20),
        ),
        (
            "a record again",
            |peer, _| {
                let record = peer.sealed(&[DATA]);
                peer.raw(&[&record[..], &record].concat());
            },
            TlsError::BadRecord(OpenError::BadTag),
            Some(20),
        ),
        ("no tag", |peer, _| peer.plain(DATA, b""), too_short(0), Some(20)),
        ("a short tag", |peer, _| peer.plain(DATA, &[0; 15]), too_short(15), Some(20)),
        (
            "2^14 bytes, their type and a zero",
            |peer, _| peer.inner(&[&[1; 1 << 14][..], &[DATA, 0]].concat()),
            TlsError::RecordOverflow,
            Some(22),
        ),
        (
            "2^14 + 257 bytes",
            |peer, _| peer.raw(&[DATA, 3, 3, 0x41, 1]),
            TlsError::RecordOverflow,
            Some(22),
        ),
        (
            "records that carry nothing",
            |peer, _| (0..17).for_each(|_| peer.record(DATA, b"")),
            TlsError::Flood("records that carry nothing"),
            Some(10),
        ),
        (
            "records that carry padding",
            |peer, _| (0..17).for_each(|_| peer.inner(&[DATA, 0, 0, 0])),
            TlsError::Flood("records that carry nothing"),
            Some(10),
        ),
        (
            "user_canceled without end",
            |peer, _| (0..17).for_each(|_| peer.record(ALERT, &[1, 90])),
            TlsError::Flood("user_canceled"),
            Some(10),
        ),
        (
            "a warning",
            |peer, _| peer.record(ALERT, &[1, 112]),
            TlsError::Alert { alert: 112 },
            None,
        ),
        (
            "an alert of no known level and number",
            |peer, _| peer.record(ALERT, &[7, 255]),
            TlsError::Alert { alert: 255 },
            None,
        ),
        (
            "data between the parts of a message",
            |peer, it| around(peer, &it, |peer| peer.record(DATA, b"data")),
            unexpected("the rest of a message", "another record"),
            Some(10),
        ),
        (
            "no data between the parts of a message",
            |peer, it| around(peer, &it, |peer| peer.record(DATA, b"")),
            unexpected("the rest of a message", "another record"),
            Some(10),
        ),
        (
            "an alert between the parts of a message",
            |peer, it| around(peer, &it, |peer| peer.record(ALERT, &[1, 0])),
            unexpected("the rest of a message", "another record"),
            Some(10),
        ),
        (
            "ChangeCipherSpec between the parts of a message",
            |peer, it| around(peer, &it, |peer| peer.plain(CHANGE, &[1])),
            unexpected(due, "ChangeCipherSpec"),
            Some(10),
        ),
        (
            "ChangeCipherSpec that says something",
            |peer, _| peer.plain(CHANGE, &[2]),
            unexpected(due, "ChangeCipherSpec"),
            Some(10),
        ),
        (
            "an end in front of a record",
            |peer, _| peer.close(),
            match due {
                "application data" => TlsError::Truncated { due: "more data, or close_notify" },
                due => TlsError::Ended { due },
            },
            None,
        ),
    ]
}

/// What breaks a rule in the handshake only.
fn in_handshake(due: &'static str) -> Vec<(&'static str, Act, TlsError, Option<u8>)> {
    vec![
        (
            "data before it may be",
            |peer, _| peer.record(DATA, b"data"),
            unexpected(due, "application data"),
            Some(10),
        ),
        (
            "ChangeCipherSpec without end",
            |peer, _| (0..17).for_each(|_| peer.plain(CHANGE, &[1])),
            TlsError::Flood("ChangeCipherSpec"),
            Some(10),
        ),
        ("close_notify", |peer, _| peer.record(ALERT, &[1, 0]), TlsError::Alert { alert: 0 }, None),
    ]
}

/// What breaks a rule behind the handshake only.
fn behind_it(due: &'static str) -> Vec<(&'static str, Act, TlsError, Option<u8>)> {
    vec![
        (
            "ChangeCipherSpec",
            |peer, _| peer.plain(CHANGE, &[1]),
            unexpected(due, "ChangeCipherSpec"),
            Some(10),
        ),
        (
            "an alert under no key",
            |peer, _| peer.plain(ALERT, &[2, 40]),
            unexpected(due, "an unprotected record"),
            Some(10),
        ),
    ]
}

/// What breaks a rule in front of any key.
fn plain(due: &'static str) -> Vec<(&'static str, Act, TlsError, Option<u8>)> {
    let no_type = || {
        unexpected(
            due,
            "something that is no record of TLS (plain HTTP, it may be, or another stage)",
        )
    };
    let of_len =
        |len| malformed("alert", DecodeError::WrongLength { field: "alert", len, expected: 2 });
    vec![
        ("an unknown type", |peer, _| peer.plain(24, b"hello"), no_type(), Some(10)),
        (
            "data under no key",
            |peer, _| peer.plain(DATA, b"data"),
            unexpected(due, "application data under no key"),
            Some(10),
        ),
        (
            "nothing of the handshake",
            |peer, _| peer.plain(HANDSHAKE, b""),
            unexpected(due, "an empty record of the handshake or of alerts"),
            Some(10),
        ),
        ("half an alert", |peer, _| peer.plain(ALERT, &[2]), of_len(1), Some(50)),
        (
            "2^14 + 1 bytes",
            |peer, _| peer.raw(&[HANDSHAKE, 3, 3, 0x40, 1]),
            TlsError::RecordOverflow,
            Some(22),
        ),
        ("an alert", |peer, _| peer.plain(ALERT, &[2, 40]), TlsError::Alert { alert: 40 }, None),
        (
            "an alert between the parts of a message",
            |peer, it| around(peer, &it, |peer| peer.record(ALERT, &[1, 0])),
            unexpected("the rest of a message", "another record"),
            Some(10),
        ),
        ("an end", |peer, _| peer.close(), TlsError::Ended { due }, None),
    ]
}

fn violations(
    at_message: &'static str,
    acts: Vec<(&'static str, Act, TlsError, Option<u8>)>,
) -> Vec<Violation> {
    let violation = |(name, act, error, alert): (&'static str, Act, TlsError, Option<u8>)| {
        let hook: Box<Hook> = at(at_message, act);
        (name, hook, error, alert)
    };
    acts.into_iter().map(violation).collect()
}

#[test]
fn records_that_a_client_refuses() {
    let run = |hook: &Hook| client_against(&client_config(), hook);
    let due = "EncryptedExtensions";
    assert_refused(violations("ServerHello", plain("ServerHello")), run);
    assert_refused(violations(due, sealed(due)), run);
    assert_refused(violations(due, in_handshake(due)), run);
    assert_refused(violations("data", sealed("application data")), run);
    assert_refused(violations("data", behind_it("application data")), run);
    // With something sealed before.
    let alert = behind_it("Finished").pop().into_iter().collect();
    assert_refused(violations("Finished", alert), run);
}

#[test]
fn records_that_a_server_refuses() {
    let run = |hook: &Hook| server_against(&server_config(), hook);
    assert_refused(violations("ClientHello", plain("ClientHello")), run);
    assert_refused(violations("Finished", sealed("Finished")), run);
    assert_refused(violations("Finished", in_handshake("Finished")), run);
    assert_refused(violations("data", sealed("application data")), run);
    assert_refused(violations("data", behind_it("application data")), run);
    let early: Act = |peer, _| peer.plain(CHANGE, &[1]);
    let early = ("too early", early, unexpected("ClientHello", "ChangeCipherSpec"), Some(10));
    assert_refused(violations("ClientHello", vec![early]), run);
}

/// A client that refuses the ServerHello, or has no keys yet, says so in the clear.
#[test]
fn an_alert_in_the_clear_in_front_of_the_first_sealed_record() {
    let act: Act = |peer, _| peer.plain(ALERT, &[2, 47]);
    let row = || vec![("an alert", act, TlsError::Alert { alert: 47 }, None)];
    assert_refused(violations("Finished", row()), |hook| server_against(&server_config(), hook));
}
