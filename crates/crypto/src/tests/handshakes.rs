//! Every secret, key and record of part 3 and part 4 that the articles' own Python programs made is made here again, of
//! the same private keys; and every record that they took or refused is taken or refused here.
//!
//! Whatever stands in the file is tried: another of the same form may be put in its place.

use serde::Deserialize;
use std::collections::HashMap;

use super::{hex, parse};
use crate::hkdf::{PART3, PART4, WriteKeys};
use crate::keys::AesKey;
use crate::nonce::Nonces;
use crate::secret::SharedSecret;
use crate::sequence::Sequence;
use crate::{Open, OpenError, Seal, aead, dh, x25519};

#[derive(Deserialize)]
struct Vectors {
    handshakes: Vec<Handshake>,
    records: Vec<Record>,
    opened: Vec<Opened>,
}

#[derive(Deserialize)]
struct Handshake {
    stage: String,
    name: String,
    client_private: String,
    server_private: String,
    #[serde(with = "hex")]
    client_hello: Vec<u8>,
    #[serde(with = "hex")]
    server_hello: Vec<u8>,
    shared_secret: String,
    client_write_key: Option<String>,
    server_write_key: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    stage: String,
    handshake: String,
    direction: String,
    seq: u64,
    #[serde(with = "hex")]
    nonce: Vec<u8>,
    #[serde(with = "hex")]
    plaintext: Vec<u8>,
    #[serde(rename = "record")]
    payload: String,
}

#[derive(Deserialize)]
struct Opened {
    name: String,
    #[serde(with = "hex")]
    key: Vec<u8>,
    expected_seq: u64,
    #[serde(with = "hex", rename = "record")]
    payload: Vec<u8>,
    error: Option<String>,
    plaintext: Option<String>,
}

fn vectors() -> Vectors {
    parse(include_str!("../../../handshake/tests/vectors/handshakes.json"))
}

/// The keys that a stage derives, if it derives any.
fn keys(stage: &str, secret: &SharedSecret) -> Option<WriteKeys> {
    match stage {
        "part3-dh" | "part3-x25519" => None,
        "part3-hkdf" => Some(WriteKeys::derive(secret, &PART3)),
        "part4-cert" => Some(WriteKeys::derive(secret, &PART4)),
        other => panic!("no stage is called {other}"),
    }
}

/// Both sides' secrets by classic Diffie-Hellman, each from its own private key and the other's public value.
fn by_dh(client: [u8; 32], server: [u8; 32], handshake: &Handshake) -> [SharedSecret; 2] {
    let [client, server] = [client, server].map(dh::PrivateKey::from);
    let [of_client, of_server] = [&client, &server].map(dh::PrivateKey::public_value);
    assert!(handshake.client_hello.ends_with(of_client.to_wire()), "{}", handshake.name);
    assert!(handshake.server_hello.ends_with(of_server.to_wire()), "{}", handshake.name);
    [client.agree(&of_server), server.agree(&of_client)]
}

fn by_x25519(client: [u8; 32], server: [u8; 32], handshake: &Handshake) -> [SharedSecret; 2] {
    let [client, server] = [client, server].map(x25519::PrivateKey::from);
    let [of_client, of_server] = [&client, &server].map(x25519::PrivateKey::public_key);
    assert!(handshake.client_hello.ends_with(&of_client), "{}", handshake.name);
    assert!(handshake.server_hello.ends_with(&of_server), "{}", handshake.name);
    [client.agree(&of_server).unwrap(), server.agree(&of_client).unwrap()]
}

/// The secrets of both sides of a handshake, compared with theirs.
fn secrets(handshake: &Handshake) -> [SharedSecret; 2] {
    let private = |hex_digits: &str| hex(hex_digits).try_into().unwrap();
    let (client, server) = (private(&handshake.client_private), private(&handshake.server_private));
    let agree = if handshake.stage == "part3-dh" { by_dh } else { by_x25519 };
    let secrets = agree(client, server, handshake);
    for secret in &secrets {
        assert_eq!(hex::encode(secret.bytes()), handshake.shared_secret, "{}", handshake.name);
    }
    secrets
}

/// "Exponent zero" is among them: the primitives compute it, and nobody takes the public value 1 that it makes.
#[test]
fn every_secret_and_key_is_made_again() {
    let Vectors { handshakes, .. } = vectors();
    assert!(!handshakes.is_empty());
    for handshake in handshakes {
        for secret in secrets(&handshake) {
            let keys = keys(&handshake.stage, &secret);
            let of = |key: &aead::Keys| hex::encode(key.aead.bytes());
            let made = keys.map(|keys| (of(&keys.client), of(&keys.server)));
            let expected =
                handshake.client_write_key.clone().zip(handshake.server_write_key.clone());
            assert_eq!(made, expected, "{} {}", handshake.stage, handshake.name);
        }
    }
}

#[test]
fn every_record_opens_and_is_made_again() {
    let Vectors { handshakes, records, .. } = vectors();
    let secrets: HashMap<_, _> = handshakes
        .iter()
        .map(|handshake| ((&handshake.stage, &handshake.name), secrets(handshake)))
        .collect();
    assert!(!records.is_empty());
    for record in records {
        let [secret, _] = &secrets[&(&record.stage, &record.handshake)];
        let keys = keys(&record.stage, secret).unwrap();
        let key = match &*record.direction {
            "client to server" => keys.client,
            "server to client" => keys.server,
            other => panic!("no direction is called {other}"),
        };
        let mut sealer = aead::Sealer::new(&key);
        sealer.nonces = Nonces::fixed(record.nonce[..].try_into().unwrap());
        sealer.sequence = Sequence::starting_at(record.seq);
        let mut payload = Vec::new();
        sealer.seal(&[], &record.plaintext, &mut payload).unwrap();
        assert_eq!(hex::encode(payload), record.payload);
        let mut payload = hex(&record.payload);
        let mut opener = aead::Opener::new(&key);
        opener.sequence = Sequence::starting_at(record.seq);
        assert_eq!(
            hex::encode(opener.open(&[], &mut payload).unwrap()),
            hex::encode(record.plaintext)
        );
    }
}

#[test]
fn every_record_they_took_is_taken_and_every_one_they_refused_is_refused_for_the_same_reason() {
    let Vectors { opened, .. } = vectors();
    assert!(!opened.is_empty());
    for Opened { name, key, expected_seq, payload, error, plaintext } in opened {
        let key = aead::Keys::new(AesKey::from(<[u8; 32]>::try_from(key).unwrap()));
        let mut opener = aead::Opener::new(&key);
        opener.sequence = Sequence::starting_at(expected_seq);
        let mut bytes = payload.clone();
        let outcome = opener.open(&[], &mut bytes).map(hex::encode);
        let reason = match error.as_deref() {
            None => {
                assert_eq!(outcome.ok(), plaintext, "{name}");
                continue;
            }
            Some("ValueError: Record too short") => {
                OpenError::TooShort { len: payload.len(), min: aead::OVERHEAD }
            }
            Some("InvalidTag") => OpenError::BadTag,
            Some(error) if error.starts_with("ValueError: Sequence mismatch") => {
                let got = payload.first_chunk().map(|seq| u64::from_be_bytes(*seq)).unwrap();
                OpenError::OutOfOrder { expected: expected_seq, got }
            }
            Some(other) => panic!("{name}: {other} is new"),
        };
        assert_eq!(outcome, Err(reason), "{name}");
    }
}
