//! Peers that break a rule, one at a time, and wires that change what they carry. Each violation is met with one error,
//! and the peer is told one alert (RFC 8446, section 6.2).

#![allow(clippy::too_many_lines, reason = "tables of violations are long, and read line by line")]

mod client;
mod memory;
mod peer;
mod pipe;
mod records;
mod server;
mod transport;

use std::sync::{Arc, LazyLock};
use std::thread;

use certificates::{Roots, ServerName};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::SigningKey;
use messages::DecodeError;
use messages::tls13::HandshakeMessage;
use serde_json::Value;
use tls::{ClientConfig, Credentials, ServerConfig, TlsError, TlsStream};

use peer::{Hook, Peer, at, message};
use pipe::{End, pair};

static CHAIN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors/small_chain.json")).unwrap());

fn bytes(name: &str) -> Vec<u8> {
    hex::decode(CHAIN[name].as_str().unwrap()).unwrap()
}

fn credentials(leaf: &str, key: &str) -> Arc<Credentials> {
    let key = SigningKey::from_pkcs8(&bytes(key)).unwrap();
    Credentials { certificates: vec![bytes(leaf)], key }.into()
}

fn roots() -> Roots {
    Roots::from_der(vec![bytes("root")]).unwrap()
}

fn client_config() -> ClientConfig {
    let groups = vec![Group::X25519, Group::Secp256r1];
    ClientConfig { groups, ..ClientConfig::new(roots()) }
}

fn server_config() -> ServerConfig {
    let groups = vec![Group::X25519, Group::Secp256r1];
    ServerConfig { groups, ..ServerConfig::new(credentials("server", "ed25519")) }
}

fn connect(stream: End, config: &ClientConfig) -> Result<TlsStream<End>, TlsError> {
    tls::connect(stream, &ServerName::try_from("localhost").unwrap(), config)
}

/// Reads to the end, or to an error.
fn read_all(stream: &mut TlsStream<End>) -> Result<Vec<u8>, TlsError> {
    let (mut all, mut buffer) = (Vec::new(), [0; 5_000]);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(all),
            len => all.extend_from_slice(&buffer[..len]),
        }
    }
}

/// Runs our client against a hostile server: what the client reads, and the alert that the server hears.
fn client_against(config: &ClientConfig, hook: &Hook) -> (Result<Vec<u8>, TlsError>, Option<u8>) {
    let (ours, theirs) = pair();
    thread::scope(|scope| {
        let server = scope.spawn(|| Peer::new(theirs).serve(hook));
        let read = connect(ours.clone(), config).and_then(|mut stream| read_all(&mut stream));
        ours.close();
        (read, server.join().unwrap())
    })
}

/// Runs our server against a hostile client.
fn server_against(config: &ServerConfig, hook: &Hook) -> (Result<Vec<u8>, TlsError>, Option<u8>) {
    let (ours, theirs) = pair();
    thread::scope(|scope| {
        let client = scope.spawn(|| Peer::new(theirs).call(hook));
        let accepted = tls::accept(ours.clone(), config);
        let read = accepted.and_then(|mut stream| read_all(&mut stream));
        ours.close();
        (read, client.join().unwrap())
    })
}

/// A violation: its name, how it is done, the error and the alert.
type Violation = (&'static str, Box<Hook>, TlsError, Option<u8>);

/// Lists what either side may find in place of the peer's Finished.
fn other_finished() -> Vec<Violation> {
    let m = "Finished";
    let with = |name, change: fn(&mut Vec<u8>), error, alert| -> Violation {
        let hook = at(m, move |peer, it| {
            let HandshakeMessage::Finished(mut tag) = it else { panic!("{it:?}") };
            change(&mut tag);
            peer.say(&message(20, &tag));
        });
        (name, hook, error, Some(alert))
    };
    let of_len =
        |len| malformed(m, DecodeError::WrongLength { field: "verify_data", len, expected: 32 });
    vec![
        with("the first bit", |tag| tag[0] ^= 0x80, TlsError::BadFinished, 51),
        with("the last bit", |tag| tag[31] ^= 1, TlsError::BadFinished, 51),
        with("none", Vec::clear, of_len(0), 50),
        with("a byte less", |tag| tag.truncate(31), of_len(31), 50),
        with("a byte more", |tag| tag.push(0), of_len(33), 50),
    ]
}

fn assert_refused(
    violations: Vec<Violation>,
    run: impl Fn(&Hook) -> (Result<Vec<u8>, TlsError>, Option<u8>),
) {
    let mut wrong = Vec::new();
    for (name, hook, error, alert) in violations {
        let (read, heard) = run(&*hook);
        let found = (format!("{read:?}"), heard);
        let expected = (format!("{:?}", Err::<Vec<u8>, _>(error)), alert);
        if found != expected {
            wrong.push(format!("{name}:\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn illegal(message: &'static str, why: &'static str) -> TlsError {
    TlsError::Illegal { message, why }
}

fn unexpected(due: &'static str, got: &'static str) -> TlsError {
    TlsError::Unexpected { due, got }
}

fn malformed(message: &'static str, error: messages::DecodeError) -> TlsError {
    TlsError::Malformed { message, error }
}

fn unsupported(message: &'static str, extension: &str) -> TlsError {
    TlsError::UnsupportedExtension { message, extension: extension.to_owned() }
}
