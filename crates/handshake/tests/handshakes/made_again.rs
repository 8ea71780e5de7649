//! Every handshake that the articles' programs made goes the same way here, byte for byte, and the records under its
//! keys open.

use std::thread;

use crypto::aead::{Opener, Sealer};
use crypto::hkdf;
use handshake::{HandshakeError, Wire};

use crate::side::{Side, fingerprint, record};
use crate::stream::{End, Script};
use crate::vectors::{Handshake, VECTORS};

/// Says whether an honest side sends a message with the public value 1: none does, for 0 is no exponent.
fn is_of_exponent_zero(handshake: &Handshake) -> bool {
    [&handshake.client_private, &handshake.server_private]
        .iter()
        .any(|key| key.0.iter().all(|byte| *byte == 0))
        && handshake.stage == "part3-dh"
}

/// What the server sends, as the records that it is.
pub fn from_server(handshake: &Handshake) -> Vec<u8> {
    let auth = handshake.server_auth.as_ref();
    [record(&handshake.server_hello.0), auth.map(|it| record(&it.0)).unwrap_or_default()].concat()
}

/// Either side against the other's messages, and what it answers. A signature is another each time: that it is a good
/// one is shown below.
#[test]
fn each_side_of_every_handshake_says_what_theirs_said_and_has_their_secret() {
    for handshake in VECTORS.handshakes.iter().filter(|it| !is_of_exponent_zero(it)) {
        let from_client = record(&handshake.client_hello.0);
        let from_server = from_server(handshake);
        let signature_len = if handshake.server_auth.is_some() { 256 } else { 0 };
        for (role, private, fed, sent, free) in [
            ("client", &handshake.client_private, &from_server, &from_client, 0),
            ("server", &handshake.server_private, &from_client, &from_server, signature_len),
        ] {
            let stream = Script::of([fed]);
            let mut wire = Wire::new(stream.clone());
            let side = Side::of(&handshake.stage, role);
            let secret = side.run(&mut wire, private.key()).unwrap();
            let written = stream.written();
            assert_eq!(written.len(), sent.len());
            assert_eq!(
                hex::encode(&written[..written.len() - free]),
                hex::encode(&sent[..sent.len() - free]),
                "{}",
                handshake.name
            );
            assert_eq!(
                secret.fingerprint(),
                fingerprint(&handshake.shared_secret.0),
                "{}",
                handshake.name
            );
        }
    }
}

#[test]
fn both_sides_of_every_handshake_have_the_same_secret_over_one_connection() {
    for handshake in VECTORS.handshakes.iter().filter(|it| !is_of_exponent_zero(it)) {
        let (here, there) = End::pair();
        let run = |end, role, private| {
            let side = Side::of(&handshake.stage, role);
            side.run(&mut Wire::new(end), private).unwrap().fingerprint()
        };
        thread::scope(|scope| {
            let client = scope.spawn(|| run(here, "client", handshake.client_private.key()));
            let server = run(there, "server", handshake.server_private.key());
            let client = client.join().unwrap();
            let expected = fingerprint(&handshake.shared_secret.0);
            assert_eq!((client, server), (expected, expected), "{}", handshake.name);
        });
    }
}

/// Theirs go through with it. The primitives compute the secret, as the tests of `crypto` show.
#[test]
fn stricter_than_theirs_exponent_zero_makes_the_public_value_1_which_is_refused() {
    for handshake in VECTORS.handshakes.iter().filter(|it| is_of_exponent_zero(it)) {
        let sides = [
            (
                "client",
                &handshake.client_private,
                &handshake.server_private,
                &handshake.server_hello,
            ),
            (
                "server",
                &handshake.server_private,
                &handshake.client_private,
                &handshake.client_hello,
            ),
        ];
        for (role, private, of_peer, fed) in sides {
            let side = Side::of(&handshake.stage, role);
            let fed = side.fed(&Script::of([record(&fed.0)]), private.key());
            if of_peer.0.iter().all(|byte| *byte == 0) {
                assert_matches!(
                    fed.refusal(),
                    HandshakeError::BadPublicValue { message } if message == side.due()
                );
            } else {
                assert_eq!(
                    fed.outcome.unwrap().fingerprint(),
                    fingerprint(&handshake.shared_secret.0)
                );
            }
        }
    }
}

/// Each side receives what its peer sealed under the peer's key, and seals with its own: the first records of each
/// direction, as many as come without a gap.
#[test]
fn the_records_of_either_direction_open_under_the_keys_of_their_handshake() {
    for handshake in &VECTORS.handshakes {
        let labels = match &*handshake.stage {
            "part3-hkdf" => hkdf::PART3,
            "part4-cert" => hkdf::PART4,
            _ => continue,
        };
        let from_client = record(&handshake.client_hello.0);
        for (role, private, fed, direction) in [
            ("client", &handshake.client_private, from_server(handshake), "server to client"),
            ("server", &handshake.server_private, from_client, "client to server"),
        ] {
            let records = || {
                let mut records: Vec<_> = VECTORS
                    .records
                    .iter()
                    .filter(|it| (&it.stage, &it.handshake) == (&handshake.stage, &handshake.name))
                    .filter(|it| it.direction == direction)
                    .collect();
                records.sort_by_key(|record| record.seq);
                (0..).zip(records).take_while(|(due, record)| *due == record.seq)
            };
            let bytes: Vec<u8> = records().flat_map(|(_, it)| record(&it.payload.0)).collect();
            let mut wire = Wire::new(Script::of([[fed, bytes].concat()]));
            let side = Side::of(&handshake.stage, role);
            let secret = side.run(&mut wire, private.key()).unwrap();
            let keys = wire.derive(&secret, &labels);
            let (ours, theirs) = if side.is_client() {
                (keys.client, keys.server)
            } else {
                (keys.server, keys.client)
            };
            let mut channel = wire.secure(Sealer::new(&ours), Opener::new(&theirs));
            for (_, record) in records() {
                assert_eq!(channel.recv().unwrap().unwrap(), record.plaintext.0);
            }
            assert!(channel.recv().unwrap().is_none());
        }
    }
}
