//! Sessions of our own two sides, tapped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use certificates::{Roots, ServerName};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::SigningKey;
use crypto::tls13::suite::Suite;
use framing::Direction;
use serde_json::Value;
use tls::{ClientConfig, Credentials, ServerConfig, TlsError, TlsStream};

use super::told::{
    Has, Piece, ToClient, ToServer, checks, derived, explain, message, opened, said, sealed,
};

/// A stream that keeps a copy of what is written to it.
#[derive(Clone)]
pub struct Tapped<'t> {
    stream: &'t TcpStream,
    way: Direction,
    tap: &'t Mutex<Vec<Piece>>,
}

impl Read for Tapped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Tapped<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Before it is on its way, and so before any answer.
        self.tap.lock().unwrap().push(Piece::Bytes(self.way, bytes.to_vec()));
        self.stream.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

type Stream<'t> = TlsStream<Tapped<'t>>;
type Does = fn(&mut Stream<'_>) -> Result<(), TlsError>;

fn vectors() -> Value {
    let vectors = include_str!("../../../handshake/tests/vectors/handshakes.json");
    serde_json::from_str(vectors).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    hex::decode(vectors()["certificates"][name]["der"].as_str().unwrap()).unwrap()
}

pub fn credentials(leaf: &str, key: &str) -> Credentials {
    let key = hex::decode(vectors()["keys"][key].as_str().unwrap()).unwrap();
    Credentials {
        certificates: vec![der(leaf), der("intermediate")],
        key: SigningKey::from_pkcs8(&key).unwrap(),
    }
}

pub fn roots() -> Roots {
    Roots::from_der(vec![der("root")]).unwrap()
}

pub fn client() -> ClientConfig {
    ClientConfig::new(roots())
}

pub fn server() -> ServerConfig {
    ServerConfig::new(credentials("server", "server"))
}

/// Runs both sides. Returns what passed by, and what someone has who looks at it with a key log and the root.
pub fn run(
    client: ClientConfig,
    server: &ServerConfig,
    [with_client, with_server]: [Does; 2],
) -> (Vec<Piece>, Has) {
    let (tap, log) = (Mutex::new(Vec::new()), Arc::new(Mutex::new(Vec::new())));
    let client = ClientConfig { key_log: Some(log.clone()), ..client };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (stream, _) = listener.accept().unwrap();
            let tapped = Tapped { stream: &stream, way: ToClient, tap: &tap };
            _ = tls::accept(tapped, server).and_then(|mut stream| with_server(&mut stream));
        });
        let stream = TcpStream::connect(addr).unwrap();
        let tapped = Tapped { stream: &stream, way: ToServer, tap: &tap };
        _ = tls::connect(tapped, &name, &client).and_then(|mut stream| with_client(&mut stream));
    });
    let mut pieces = tap.into_inner().unwrap();
    pieces.extend([Piece::End(ToServer), Piece::End(ToClient)]);
    let keylog = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (pieces, Has { keylog, roots: Some(roots()), at, ..Has::default() })
}

/// A request, an answer, and both say that they are done.
pub const EXCHANGE: [Does; 2] = [
    |stream| {
        stream.write(b"ping")?;
        expect(stream, b"pong")?;
        stream.close()?;
        expect(stream, b"")
    },
    |stream| {
        expect(stream, b"ping")?;
        stream.write(b"pong")?;
        expect(stream, b"")?;
        stream.close()
    },
];

fn expect(stream: &mut Stream<'_>, expected: &[u8]) -> Result<(), TlsError> {
    let mut buffer = vec![0; 20_000];
    let len = stream.read(&mut buffer)?;
    assert_eq!(&buffer[..len], expected);
    Ok(())
}

const HELLO: [&str; 3] =
    ["+ server legacy_session_id_echo", "+ server ServerHello", "+ server downgrade"];
const SERVER: [&str; 3] =
    ["+ server Certificate", "+ server CertificateVerify", "+ server Finished"];
const CLIENT: [&str; 2] = ["+ client Certificate", "+ client CertificateVerify"];
const DONE: [&str; 3] = ["+ client Finished", "+ client end", "+ server end"];

#[test]
fn every_suite_and_every_group_is_opened_and_checked() {
    for suite in Suite::ALL {
        for group in Group::ALL {
            let client = ClientConfig { suites: vec![suite], groups: vec![group], ..client() };
            let (pieces, has) = run(client, &server(), EXCHANGE);
            let events = explain(&pieces, &has);
            assert_eq!(checks(&events), [&HELLO[..], &SERVER, &DONE].concat());
            assert_eq!(opened(&events).len(), sealed(&events));
            let said = said(&events);
            assert!(said.contains(&"client ping".to_owned()), "{said:?}");
            assert!(said.contains(&"server pong".to_owned()), "{said:?}");
            let of = |side| {
                [
                    format!("{side}_handshake_traffic_secret"),
                    format!("{side}_application_traffic_secret_0"),
                ]
            };
            let ([c1, c2], [s1, s2]) = (of("client"), of("server"));
            assert_eq!(derived(&events), [c1, s1, c2, s2]);
        }
    }
}

#[test]
fn every_kind_of_signature_is_checked() {
    for (leaf, key, scheme) in [
        ("server", "server", "rsa_pss_rsae_sha256"),
        ("ec leaf", "ec", "ecdsa_secp256r1_sha256"),
        ("ed leaf", "ed25519", "ed25519"),
    ] {
        let server = ServerConfig::new(credentials(leaf, key));
        let (pieces, has) = run(client(), &server, EXCHANGE);
        let events = explain(&pieces, &has);
        assert_eq!(checks(&events), [&HELLO[..], &SERVER, &DONE].concat(), "{leaf}");
        let text = message(&events, "+ server CertificateVerify");
        assert!(text.starts_with(scheme), "{text}");
        let text = message(&events, "+ server Certificate");
        assert!(
            text.contains("valid when the capture was made, and it is for localhost"),
            "{text}"
        );
    }
}

#[test]
fn a_second_client_hello_is_checked_against_the_first() {
    let server = ServerConfig { groups: vec![Group::Secp256r1], ..server() };
    let (pieces, has) = run(client(), &server, EXCHANGE);
    let events = explain(&pieces, &has);
    let retry = [HELLO[0], "+ server HelloRetryRequest", HELLO[2], "+ client second ClientHello"];
    let after = ["+ server hash after HelloRetryRequest"];
    assert_eq!(checks(&events), [&retry[..], &HELLO, &after, &SERVER, &DONE].concat());
}

#[test]
fn a_clients_certificate_is_checked_and_one_that_has_none_says_so() {
    let server = ServerConfig { client_roots: Some(roots()), ..server() };
    let client =
        || ClientConfig { credentials: Some(credentials("no eku", "server").into()), ..client() };
    let (pieces, has) = run(client(), &server, EXCHANGE);
    let events = explain(&pieces, &has);
    assert_eq!(checks(&events), [&HELLO[..], &SERVER, &CLIENT, &DONE].concat());

    let (pieces, has) = run(ClientConfig { credentials: None, ..client() }, &server, EXCHANGE);
    let events = explain(&pieces, &has);
    let text = message(&events, "? client Certificate");
    assert!(text.contains("no certificate to show"), "{text}");
    assert!(said(&events).contains(&"server Alert certificate_required".to_owned()));
    assert!(checks(&events).iter().all(|check| !check.starts_with('-')));
}

#[test]
fn keys_change_any_number_of_times_and_padding_is_counted() {
    let client = ClientConfig { pad_to: 64, ..client() };
    let (pieces, has) = run(
        client,
        &server(),
        [
            |stream| {
                for _ in 0..12 {
                    stream.update_keys(true)?;
                    stream.write(b"ping")?;
                    expect(stream, b"pong")?;
                }
                stream.close()
            },
            |stream| {
                for _ in 0..12 {
                    expect(stream, b"ping")?;
                    stream.update_keys(false)?;
                    stream.write(b"pong")?;
                }
                expect(stream, b"")?;
                stream.close()
            },
        ],
    );
    let events = explain(&pieces, &has);
    assert_eq!(checks(&events), [&HELLO[..], &SERVER, &DONE].concat());
    let opened = opened(&events);
    assert_eq!(opened.len(), sealed(&events));
    let derived = derived(&events);
    assert!(derived.contains(&"client_application_traffic_secret_12".to_owned()), "{derived:?}");
    let ping = opened.iter().find(|it| it.key == "client_application_traffic_secret_9").unwrap();
    assert_eq!((ping.seq, ping.padding), (0, 59));
}

#[test]
fn with_no_key_log_or_that_of_another_it_is_said_once_what_is_missing() {
    let (pieces, has) = run(client(), &server(), EXCHANGE);
    let eavesdropper = explain(&pieces, &Has { keylog: String::new(), ..has.clone() });
    assert_eq!(checks(&eavesdropper), [&HELLO[..], &["? both key log"]].concat());
    let text = message(&eavesdropper, "? both key log");
    assert!(text.contains("no key log") && text.contains("that is all"), "{text}");
    assert_eq!(said(&eavesdropper)[..2], ["client ClientHello", "server ServerHello"]);

    let (_, other) = run(client(), &server(), EXCHANGE);
    let events = explain(&pieces, &other);
    assert_eq!(checks(&events), [&HELLO[..], &["? both key log"]].concat());
    let text = message(&events, "? both key log");
    assert!(text.contains("has no line for this connection"), "{text}");
    assert!(text.contains("SSLKEYLOGFILE"), "{text}");
}

/// Each label left out in turn.
#[test]
fn a_label_that_the_key_log_lacks_is_named_and_nothing_else_is_lost() {
    let (pieces, has) = run(client(), &server(), EXCHANGE);
    for (label, side) in [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server"),
        ("CLIENT_TRAFFIC_SECRET_0", "client"),
        ("SERVER_TRAFFIC_SECRET_0", "server"),
    ] {
        let lines = has.keylog.lines().filter(|line| !line.starts_with(label));
        let keylog = lines.collect::<Vec<_>>().join("\n");
        let events = explain(&pieces, &Has { keylog, ..has.clone() });
        let text = message(&events, &format!("? {side} key log"));
        assert!(text.contains(label), "{text}");
        assert!(checks(&events).iter().all(|check| !check.starts_with('-')), "{label}");
        let said = said(&events);
        for (word, needs) in [
            ("client ping", "CLIENT_TRAFFIC_SECRET_0"),
            ("server pong", "SERVER_TRAFFIC_SECRET_0"),
            ("client Finished", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
            ("server Finished", "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
        ] {
            assert_eq!(said.contains(&word.to_owned()), needs != label, "{label}: {word}");
        }
    }
}

/// A bit of each secret of the key log is changed in turn: what it opens stays closed, and that is said.
#[test]
fn a_secret_that_is_another_is_found_out() {
    let (pieces, has) = run(client(), &server(), EXCHANGE);
    for (label, side) in [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server"),
        ("CLIENT_TRAFFIC_SECRET_0", "client"),
        ("SERVER_TRAFFIC_SECRET_0", "server"),
    ] {
        let changed = |line: &str| {
            let (rest, last) = line.split_at(line.len() - 1);
            let last = u8::from_str_radix(last, 16).unwrap() ^ 1;
            if line.starts_with(label) { format!("{rest}{last:x}\n") } else { format!("{line}\n") }
        };
        let keylog = has.keylog.lines().map(changed).collect();
        let events = explain(&pieces, &Has { keylog, ..has.clone() });
        let fails: Vec<_> = checks(&events).into_iter().filter(|it| it.starts_with('-')).collect();
        assert_eq!(fails, [format!("- {side} key log")], "{label}");
        let text = message(&events, &fails[0]);
        assert!(text.contains("the key log's secret is not that of this session"), "{text}");
    }
}
