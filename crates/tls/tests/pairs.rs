//! A client and a server on a real socket: whatever they can agree on works, and what they cannot is said by name.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use certificates::{Roots, ServerName};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::{Scheme, SigningKey};
use crypto::tls13::suite::Suite;
use serde_json::Value;
use tls::{Agreed, ClientConfig, Credentials, ServerConfig, TlsError, TlsStream, Told};

fn vectors() -> Value {
    let vectors = include_str!("../../handshake/tests/vectors/handshakes.json");
    serde_json::from_str(vectors).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    hex::decode(vectors()["certificates"][name]["der"].as_str().unwrap()).unwrap()
}

/// A leaf of the vectors, its intermediate, and its key.
fn credentials(leaf: &str, key: &str) -> Credentials {
    let key = hex::decode(vectors()["keys"][key].as_str().unwrap()).unwrap();
    Credentials {
        certificates: vec![der(leaf), der("intermediate")],
        key: SigningKey::from_pkcs8(&key).unwrap(),
    }
}

fn rsa() -> ServerConfig {
    ServerConfig::new(credentials("server", "server"))
}

fn roots() -> Roots {
    Roots::from_der(vec![der("root")]).unwrap()
}

fn client() -> ClientConfig {
    ClientConfig::new(roots())
}

type Ends = (Result<Agreed, TlsError>, Result<Agreed, TlsError>);

/// Runs both sides, then what each does with its stream.
fn run(
    client: &ClientConfig,
    server: &ServerConfig,
    with_client: impl FnOnce(&mut TlsStream<&TcpStream>) -> Result<(), TlsError>,
    with_server: impl FnOnce(&mut TlsStream<&TcpStream>) -> Result<(), TlsError> + Send,
) -> Ends {
    run_for("localhost", client, server, with_client, with_server)
}

fn run_for(
    name: &str,
    client: &ClientConfig,
    server: &ServerConfig,
    with_client: impl FnOnce(&mut TlsStream<&TcpStream>) -> Result<(), TlsError>,
    with_server: impl FnOnce(&mut TlsStream<&TcpStream>) -> Result<(), TlsError> + Send,
) -> Ends {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    thread::scope(|scope| {
        let server = scope.spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = tls::accept(&stream, server)?;
            with_server(&mut stream)?;
            Ok(stream.agreed)
        });
        let stream = TcpStream::connect(addr).unwrap();
        let ended = tls::connect(&stream, &name, client).and_then(|mut stream| {
            with_client(&mut stream)?;
            Ok(stream.agreed)
        });
        drop(stream);
        (ended, server.join().unwrap())
    })
}

/// A request, an answer, and both say that they are done.
fn exchange(client: &ClientConfig, server: &ServerConfig) -> Ends {
    run(client, server, ask, answer)
}

fn ask(stream: &mut TlsStream<&TcpStream>) -> Result<(), TlsError> {
    stream.write(b"ping")?;
    assert_eq!(read_some(stream)?, b"pong");
    stream.close()?;
    assert_eq!(read_some(stream)?, b"");
    Ok(())
}

fn answer(stream: &mut TlsStream<&TcpStream>) -> Result<(), TlsError> {
    assert_eq!(read_some(stream)?, b"ping");
    stream.write(b"pong")?;
    assert_eq!(read_some(stream)?, b"");
    stream.close()
}

fn read_some(stream: &mut TlsStream<&TcpStream>) -> Result<Vec<u8>, TlsError> {
    let mut buffer = vec![0; 20_000];
    let len = stream.read(&mut buffer)?;
    Ok(buffer[..len].to_vec())
}

#[test]
fn every_suite_goes_with_every_group() {
    for suite in Suite::ALL {
        for group in Group::ALL {
            let client = ClientConfig { suites: vec![suite], groups: vec![group], ..client() };
            let (ours, theirs) = exchange(&client, &rsa());
            for agreed in [ours.unwrap(), theirs.unwrap()] {
                assert_eq!((agreed.suite, agreed.group, agreed.retried), (suite, group, false));
                assert_eq!(agreed.scheme, Scheme::RsaPssSha256);
            }
        }
    }
}

#[test]
fn every_kind_of_key_signs() {
    for (leaf, key, scheme) in [
        ("server", "server", Scheme::RsaPssSha256),
        ("ec leaf", "ec", Scheme::EcdsaP256Sha256),
        ("ed leaf", "ed25519", Scheme::Ed25519),
    ] {
        let server = ServerConfig::new(credentials(leaf, key));
        let (ours, theirs) = exchange(&client(), &server);
        assert_eq!((ours.unwrap().scheme, theirs.unwrap().scheme), (scheme, scheme));
    }
}

#[test]
fn a_server_that_wants_another_group_asks_for_a_key_once() {
    let server = ServerConfig { groups: vec![Group::Secp256r1], ..rsa() };
    let (ours, theirs) = exchange(&client(), &server);
    for agreed in [ours.unwrap(), theirs.unwrap()] {
        assert_eq!((agreed.group, agreed.retried), (Group::Secp256r1, true));
    }
}

#[test]
fn a_protocol_is_agreed_on_or_there_is_no_connection() {
    let offer = |protocols: &[&[u8]]| protocols.iter().map(|it| it.to_vec()).collect::<Vec<_>>();
    let client = ClientConfig { protocols: offer(&[b"h2", b"http/1.1"]), ..client() };
    let server = ServerConfig { protocols: offer(&[b"http/1.1", b"h2"]), ..rsa() };
    let (ours, theirs) = exchange(&client, &server);
    assert_eq!(ours.unwrap().protocol.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(theirs.unwrap().protocol.as_deref(), Some(&b"http/1.1"[..]));
    let server = ServerConfig { protocols: offer(&[b"smtp"]), ..rsa() };
    let (ours, theirs) = exchange(&client, &server);
    assert!(matches!(ours.unwrap_err(), TlsError::Alert { alert: 120 }));
    assert!(matches!(theirs.unwrap_err(), TlsError::NoProtocol));
}

#[test]
fn a_client_says_who_it_is_if_the_server_asks() {
    let server = || ServerConfig { client_roots: Some(roots()), ..rsa() };
    let known =
        ClientConfig { credentials: Some(credentials("no eku", "server").into()), ..client() };
    let (ours, theirs) = exchange(&known, &server());
    ours.unwrap();
    assert_eq!(theirs.unwrap().certificates[0], der("no eku"));
    let (ours, theirs) = exchange(&client(), &server());
    assert!(matches!(ours.unwrap_err(), TlsError::Alert { alert: 116 }));
    assert!(matches!(theirs.unwrap_err(), TlsError::CertificateRequired));
    // Another's certificate: the key is not that of the certificate.
    let thief =
        ClientConfig { credentials: Some(credentials("no eku", "other").into()), ..client() };
    let (ours, theirs) = exchange(&thief, &server());
    assert!(matches!(ours.unwrap_err(), TlsError::Alert { alert: 51 }));
    assert!(matches!(theirs.unwrap_err(), TlsError::BadSignature));
}

#[test]
fn a_server_that_is_not_the_one_wanted_is_told_why() {
    for (leaf, key, alert) in [
        ("bank", "server", 42),
        ("expired", "server", 45),
        ("selfsigned", "server", 48),
        ("client eku", "server", 43),
        ("no ds", "server", 43),
    ] {
        let server = ServerConfig::new(credentials(leaf, key));
        let (ours, theirs) = exchange(&client(), &server);
        assert!(matches!(ours.unwrap_err(), TlsError::Certificate(_)), "{leaf}");
        match theirs.unwrap_err() {
            TlsError::Alert { alert: told } => assert_eq!(told, alert, "{leaf}"),
            other => panic!("{leaf}: {other}"),
        }
    }
    // The right certificate without its key.
    let server = ServerConfig::new(credentials("server", "other"));
    let (ours, theirs) = exchange(&client(), &server);
    assert!(matches!(ours.unwrap_err(), TlsError::BadSignature));
    assert!(matches!(theirs.unwrap_err(), TlsError::Alert { alert: 51 }));
}

#[test]
fn nothing_in_common_is_said_by_what_it_is() {
    let client = ClientConfig { suites: vec![Suite::Aes256GcmSha384], ..client() };
    let server = ServerConfig { suites: vec![Suite::Aes128GcmSha256], ..rsa() };
    let (ours, theirs) = exchange(&client, &server);
    assert!(matches!(ours.unwrap_err(), TlsError::Alert { alert: 40 }));
    assert!(matches!(theirs.unwrap_err(), TlsError::NothingInCommon { what: "cipher suite" }));
}

#[test]
fn keys_change_either_way_while_data_flows() {
    let (ours, theirs) = run(
        &client(),
        &rsa(),
        |stream| {
            for _ in 0..3 {
                stream.update_keys(true)?;
                stream.write(b"ping")?;
                assert_eq!(read_some(stream)?, b"pong");
            }
            stream.close()
        },
        |stream| {
            for _ in 0..3 {
                assert_eq!(read_some(stream)?, b"ping");
                stream.update_keys(false)?;
                stream.write(b"pong")?;
            }
            assert_eq!(read_some(stream)?, b"");
            Ok(())
        },
    );
    ours.unwrap();
    theirs.unwrap();
}

#[test]
fn both_sides_export_the_same_key_and_another_for_another_use() {
    let keys = Mutex::new(Vec::new());
    let export = |stream: &mut TlsStream<&TcpStream>| {
        for (label, context) in
            [("EXPORTER-one", "a"), ("EXPORTER-one", "b"), ("EXPORTER-two", "a")]
        {
            let mut key = [0; 32];
            stream.export(label, context.as_bytes(), &mut key);
            keys.lock().unwrap().push(key);
        }
        Ok(())
    };
    let (ours, theirs) = run(&client(), &rsa(), export, export);
    ours.unwrap();
    theirs.unwrap();
    let mut keys = keys.into_inner().unwrap();
    keys.sort_unstable();
    assert!(keys.chunks(2).all(|pair| pair[0] == pair[1]));
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[test]
fn an_end_without_close_notify_is_an_error() {
    let (ours, theirs) = run(
        &client(),
        &rsa(),
        |stream| stream.write(b"ping"),
        |stream| {
            assert_eq!(read_some(stream)?, b"ping");
            assert!(matches!(read_some(stream), Err(TlsError::Truncated { .. })));
            assert!(matches!(read_some(stream), Err(TlsError::Dead)));
            Ok(())
        },
    );
    ours.unwrap();
    theirs.unwrap();
}

#[test]
fn both_sides_log_the_same_secrets_and_tell_nothing_of_them() {
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = || {
        let kept = Arc::new(Mutex::new(Vec::new()));
        (Arc::new(Mutex::new(Log(kept.clone()))), kept)
    };
    let told = Arc::new(Mutex::new(String::new()));
    let observer = {
        let told = told.clone();
        Arc::new(move |it: &Told<'_>| {
            let mut told = told.lock().unwrap();
            writeln!(told, "{it:?}").unwrap();
        })
    };
    let ((ours, our_log), (theirs, their_log)) = (log(), log());
    let client = ClientConfig { key_log: Some(ours), observer: Some(observer.clone()), ..client() };
    let server = ServerConfig { key_log: Some(theirs), observer: Some(observer), ..rsa() };
    let (ours, theirs) = exchange(&client, &server);
    ours.unwrap();
    theirs.unwrap();
    let lines = |log: &Mutex<Vec<u8>>| {
        let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let logged = lines(&our_log);
    assert_eq!(logged, lines(&their_log));
    assert_eq!(logged.len(), 5);
    let told = told.lock().unwrap();
    assert!(told.contains("client_handshake_traffic_secret"));
    for line in logged {
        let secret = hex::decode(line.rsplit(' ').next().unwrap()).unwrap();
        assert!(!told.contains(&format!("{secret:?}")[1..40]), "{line}");
    }
}

/// Whatever is not TLS gets an alert, and is not waited for.
#[test]
fn a_peer_that_speaks_something_else_is_told() {
    for (said, alert) in [
        (&b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"[..], 50),
        (b"\x15\x03\x01\x00\x02\x02\x28", 0),
        (b"\x17\x03\x03\x00\x01\x00", 10),
        (b"\x16\x03\x01\x40\x01", 22),
        (b"\x14\x03\x03\x00\x01\x02", 10),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        peer.write_all(said).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let error = tls::accept(&stream, &rsa()).err().unwrap();
        drop(stream);
        let mut heard = Vec::new();
        _ = peer.read_to_end(&mut heard);
        if alert > 0 {
            assert_eq!(heard, [21, 3, 3, 0, 2, 2, alert], "{error}");
        } else {
            assert_eq!(heard, b"", "{error}");
        }
    }
}
