//! What a client refuses.

use certificates::CertificateError;
use crypto::tls13::group::Group;
use crypto::tls13::suite::Suite;
use messages::DecodeError;
use messages::tls13::certificate::{CertificateEntry, CertificateRequest};
use messages::tls13::extension::Extension;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{HandshakeMessage, ServerHello};
use tls::{ClientConfig, Role, TlsError};

use crate::peer::{
    HANDSHAKE, Hook, Peer, at, certificate, changed, honest, message, other, server_hello, verify,
};
use crate::{
    Violation, assert_refused, bytes, client_against, client_config, credentials, illegal,
    malformed, other_finished, unexpected, unsupported,
};

fn assert_client_refuses(violations: Vec<Violation>) {
    let suites = vec![Suite::Aes128GcmSha256, Suite::Chacha20Poly1305Sha256];
    let protocols = vec![b"http/1.1".to_vec()];
    let config = ClientConfig { suites, protocols, ..client_config() };
    assert_refused(violations, |hook| client_against(&config, hook));
}

/// The server's Hello, with something changed in it.
fn hello(
    name: &'static str,
    change: impl Fn(&mut ServerHello) + Sync + 'static,
    error: TlsError,
    alert: u8,
) -> Violation {
    let hook = at("ServerHello", move |peer, it| peer.say(&server_hello(it, &change)));
    (name, hook, error, Some(alert))
}

fn without_version(hello: &mut ServerHello) {
    hello.extensions.retain(|it| !matches!(it, Extension::SelectedVersion(_)));
}

fn set_key(hello: &mut ServerHello, key: &[u8]) {
    for extension in &mut hello.extensions {
        if let Extension::KeyShare(share) = extension {
            share.key_exchange = key.to_vec();
        }
    }
}

#[test]
fn a_server_hello_that_is_not_an_answer_to_what_was_offered() {
    let m = "ServerHello";
    let no_key = "its key is none of its group, or one that makes the secret zero";
    let older = "it is of an older version, and says that its server knows TLS 1.3";
    let session = "its legacy_session_id_echo is not what was sent";
    let suite = "its suite is not one that was offered";
    assert_client_refuses(vec![
        hello(
            "an older version",
            |hello| hello.extensions[0] = Extension::SelectedVersion(0x0303),
            illegal(m, "its version is not one that was offered"),
            47,
        ),
        hello("TLS 1.2", without_version, TlsError::Version, 70),
        hello("TLS 1.2 without extensions", |it| it.extensions.clear(), TlsError::Version, 70),
        hello(
            "TLS 1.2 with extensions that are elsewhere in TLS 1.3",
            |hello| hello.extensions = vec![Extension::ServerName(None), other(0xff01)],
            TlsError::Version,
            70,
        ),
        hello(
            "downgraded to TLS 1.2",
            |hello| {
                without_version(hello);
                hello.random[24..].copy_from_slice(b"DOWNGRD\x01");
            },
            illegal(m, older),
            47,
        ),
        hello(
            "downgraded further",
            |hello| {
                without_version(hello);
                hello.random[24..].copy_from_slice(b"DOWNGRD\x00");
            },
            illegal(m, older),
            47,
        ),
        hello(
            "legacy_version",
            |hello| hello.legacy_version = 0x0304,
            illegal(m, "its legacy_version is not that of TLS 1.2"),
            47,
        ),
        hello("another id", |it| it.legacy_session_id_echo[0] ^= 1, illegal(m, session), 47),
        hello("no id", |it| it.legacy_session_id_echo.clear(), illegal(m, session), 47),
        hello(
            "an id that is too long",
            |hello| hello.legacy_session_id_echo = vec![0; 33],
            malformed(m, DecodeError::TooMany { field: "byte of a session id", most: 32 }),
            50,
        ),
        hello("an unknown suite", |it| it.cipher_suite = 0x1304, illegal(m, suite), 47),
        hello("a suite not offered", |it| it.cipher_suite = 0x1302, illegal(m, suite), 47),
        hello(
            "compression",
            |hello| hello.legacy_compression_method = 1,
            illegal(m, "it compresses"),
            47,
        ),
        hello(
            "a key from before that was not offered",
            |hello| hello.extensions.push(Extension::Other { kind: 41, body: vec![0, 0] }),
            unsupported(m, "pre_shared_key"),
            110,
        ),
        hello(
            "an unknown extension",
            |hello| hello.extensions.push(other(0x1234)),
            unsupported(m, "unknown (0x1234)"),
            110,
        ),
        hello(
            "an extension of EncryptedExtensions",
            |hello| hello.extensions.push(Extension::Alpn(vec![b"http/1.1".to_vec()])),
            malformed(
                m,
                DecodeError::Misplaced { field: "application_layer_protocol_negotiation" },
            ),
            47,
        ),
        hello(
            "an extension twice",
            |hello| hello.extensions.push(Extension::SelectedVersion(0x0304)),
            malformed(m, DecodeError::Repeated { field: "extension" }),
            47,
        ),
        hello(
            "no key",
            |hello| hello.extensions.truncate(1),
            TlsError::MissingExtension { message: m, extension: "key_share" },
            109,
        ),
        hello(
            "a key of a group for which none was sent",
            |hello| {
                if let Extension::KeyShare(share) = &mut hello.extensions[1] {
                    share.group = Group::Secp256r1.id();
                }
            },
            illegal(m, "its key is for a group for which none was sent"),
            47,
        ),
        hello("a zero secret", |it| set_key(it, &[0; 32]), illegal(m, no_key), 47),
        hello("a short key", |it| set_key(it, &[9; 31]), illegal(m, no_key), 47),
        hello("a long key", |it| set_key(it, &[9; 33]), illegal(m, no_key), 47),
        hello(
            "an empty key",
            |hello| set_key(hello, &[]),
            malformed(m, DecodeError::Missing { field: "key_exchange" }),
            50,
        ),
        (
            "a byte too many",
            at(m, |peer, it| {
                peer.say(&changed(&it, |bytes| {
                    bytes.push(0);
                    bytes[3] += 1;
                }));
            }),
            malformed(m, DecodeError::Surplus { what: m }),
            Some(50),
        ),
        (
            "more than 64 KiB",
            at(m, |peer, _| peer.say(&[2, 1, 0, 0])),
            illegal(m, "its length is more than 64 KiB"),
            Some(47),
        ),
        (
            "the next message in front of the change of keys",
            at(m, |peer, it| {
                let next = HandshakeMessage::EncryptedExtensions(Vec::new());
                let both = [it.encode(), next.encode()].concat();
                peer.say(&both);
            }),
            unexpected("a change of keys", "more of the handshake"),
            Some(10),
        ),
        (
            "a byte in front of the change of keys",
            at(m, |peer, it| peer.say(&changed(&it, |bytes| bytes.push(8)))),
            unexpected("a change of keys", "more of the handshake"),
            Some(10),
        ),
    ]);
}

/// Keys of a group that a client has not only X25519 for.
#[test]
fn keys_that_are_none_of_their_group() {
    let why = "its key is none of its group, or one that makes the secret zero";
    let not_on_the_curve = [&[4][..], &[1; 64]].concat();
    let compressed = [&[2][..], &[1; 32]].concat();
    for (group, keys) in [
        (Group::Secp256r1, vec![vec![0], not_on_the_curve, compressed]),
        (
            Group::X25519MlKem768,
            vec![vec![1; 1_119], vec![1; 1_121], vec![1; 1_088], {
                // The half of ML-KEM is any bytes, that of X25519 makes a zero secret.
                [vec![1; 1_088], vec![0; 32]].concat()
            }],
        ),
    ] {
        let config = ClientConfig { groups: vec![group], ..client_config() };
        let violation = |key: Vec<u8>| -> Violation {
            let change = move |hello: &mut ServerHello| set_key(hello, &key);
            hello("a key", change, illegal("ServerHello", why), 47)
        };
        let violations = keys.into_iter().map(violation).collect();
        assert_refused(violations, |hook| client_against(&config, hook));
    }
}

/// A server that asks for a key of P-256 first.
fn retrying(hook: Box<Hook>) -> Box<Hook> {
    Box::new(move |peer, due, message| {
        if due == "hello" && peer.hellos.len() == 1 {
            peer.retry = Some(Group::Secp256r1);
        }
        hook(peer, due, message);
    })
}

fn retry_hello(
    name: &'static str,
    due: &'static str,
    change: impl Fn(&mut ServerHello) + Sync + 'static,
    error: TlsError,
    alert: u8,
) -> Violation {
    let hook = move |peer: &mut Peer, now: &'static str, message: HandshakeMessage| {
        if now == due {
            peer.say(&server_hello(message, &change));
        } else {
            honest(peer, now, message);
        }
    };
    (name, retrying(Box::new(hook)), error, Some(alert))
}

#[test]
fn a_hello_retry_request_that_asks_for_nothing_new_and_a_server_hello_that_changes_what_it_said() {
    let m = "HelloRetryRequest";
    let group = |id: u16| {
        move |hello: &mut ServerHello| {
            hello.extensions[1] = Extension::SelectedGroup(id);
        }
    };
    assert_client_refuses(vec![
        retry_hello(
            "a group not offered",
            m,
            group(0x001e),
            illegal(m, "its group is not one that was offered"),
            47,
        ),
        retry_hello(
            "ML-KEM, not offered",
            m,
            group(0x11ec),
            illegal(m, "its group is not one that was offered"),
            47,
        ),
        retry_hello(
            "a group sent already",
            m,
            group(0x001d),
            illegal(m, "a key for its group was sent already"),
            47,
        ),
        retry_hello(
            "nothing",
            m,
            |hello| hello.extensions.truncate(1),
            illegal(m, "it asks for nothing else than what was sent"),
            47,
        ),
        retry_hello("no version", m, without_version, TlsError::Version, 70),
        retry_hello(
            "an older version",
            m,
            |hello| hello.extensions[0] = Extension::SelectedVersion(0x0303),
            illegal(m, "its version is not one that was offered"),
            47,
        ),
        retry_hello(
            "an unknown extension",
            m,
            |hello| hello.extensions.push(other(0x1234)),
            unsupported(m, "unknown (0x1234)"),
            110,
        ),
        retry_hello(
            "a key from before",
            m,
            |hello| hello.extensions.push(other(41)),
            malformed("ServerHello", DecodeError::Misplaced { field: "pre_shared_key" }),
            47,
        ),
        retry_hello(
            "an empty cookie",
            m,
            |hello| hello.extensions.push(Extension::Cookie(Vec::new())),
            malformed("ServerHello", DecodeError::Missing { field: "cookie" }),
            50,
        ),
        retry_hello(
            "a suite not offered",
            m,
            |hello| hello.cipher_suite = 0x1302,
            illegal(m, "its suite is not one that was offered"),
            47,
        ),
        retry_hello(
            "another id",
            m,
            |hello| hello.legacy_session_id_echo[31] ^= 1,
            illegal(m, "its legacy_session_id_echo is not what was sent"),
            47,
        ),
        retry_hello(
            "a second HelloRetryRequest",
            "ServerHello",
            |hello| {
                hello.random = RETRY_RANDOM;
                hello.extensions[1] = Extension::Cookie(vec![1]);
            },
            unexpected("ServerHello", "a second HelloRetryRequest"),
            10,
        ),
        retry_hello(
            "another suite behind it",
            "ServerHello",
            |hello| hello.cipher_suite = 0x1303,
            illegal("ServerHello", "its suite is not that of the HelloRetryRequest"),
            47,
        ),
        retry_hello(
            "another group behind it",
            "ServerHello",
            |hello| {
                if let Extension::KeyShare(share) = &mut hello.extensions[1] {
                    share.group = Group::X25519.id();
                }
            },
            illegal("ServerHello", "its key is for a group for which none was sent"),
            47,
        ),
        retry_hello(
            "another version behind it",
            "ServerHello",
            |hello| hello.extensions[0] = Extension::SelectedVersion(0x0303),
            illegal("ServerHello", "its version is not one that was offered"),
            47,
        ),
    ]);
}

#[test]
fn a_cookie_comes_back_and_nothing_else_changes() {
    let hook = retrying(Box::new(|peer, due, message| match due {
        "HelloRetryRequest" => peer.say(&server_hello(message, |hello| {
            hello.extensions.push(Extension::Cookie(b"crumbs".to_vec()));
        })),
        "ServerHello" => {
            let [first, second] = &mut peer.hellos[..] else { panic!("two Hellos") };
            assert_eq!(second.extensions.pop(), Some(Extension::Cookie(b"crumbs".to_vec())));
            for hello in [&mut *first, &mut *second] {
                for extension in &mut hello.extensions {
                    if let Extension::KeyShares(shares) = extension {
                        shares.clear();
                    }
                }
            }
            assert_eq!(first, second);
            peer.say(&message.encode());
        }
        // close_notify
        "data" => peer.record(21, &[1, 0]),
        _ => honest(peer, due, message),
    }));
    let (read, alert) = client_against(&client_config(), &*hook);
    assert_eq!((read.unwrap(), alert), (Vec::new(), None));
}

fn parameters(
    name: &'static str,
    extensions: Vec<Extension>,
    error: TlsError,
    alert: u8,
) -> Violation {
    let message = HandshakeMessage::EncryptedExtensions(extensions).encode();
    (name, at("EncryptedExtensions", move |peer, _| peer.say(&message)), error, Some(alert))
}

#[test]
fn encrypted_extensions_that_answer_what_nobody_asked() {
    let m = "EncryptedExtensions";
    let alpn = |protocols: &[&[u8]]| {
        vec![Extension::Alpn(protocols.iter().map(|it| it.to_vec()).collect())]
    };
    let not_offered = || illegal(m, "its protocol is not one that was offered");
    let misplaced = |field| malformed(m, DecodeError::Misplaced { field });
    assert_client_refuses(vec![
        parameters("early_data", vec![other(42)], unsupported(m, "early_data"), 110),
        parameters("unknown", vec![other(0x1234)], unsupported(m, "unknown (0x1234)"), 110),
        parameters("supported_versions", vec![other(43)], misplaced("supported_versions"), 47),
        parameters("key_share", vec![other(51)], misplaced("key_share"), 47),
        parameters("cookie", vec![other(44)], misplaced("cookie"), 47),
        parameters("signatures", vec![other(13)], misplaced("signature_algorithms"), 47),
        parameters(
            "twice",
            vec![Extension::ServerName(None), Extension::ServerName(None)],
            malformed(m, DecodeError::Repeated { field: "extension" }),
            47,
        ),
        parameters(
            "a name",
            vec![Extension::ServerName(Some("localhost".to_owned()))],
            malformed(m, DecodeError::Surplus { what: "body" }),
            50,
        ),
        parameters("another protocol", alpn(&[b"h2"]), not_offered(), 47),
        parameters("two protocols", alpn(&[b"http/1.1", b"h2"]), not_offered(), 47),
        parameters(
            "no protocol",
            alpn(&[]),
            malformed(m, DecodeError::Missing { field: "protocols" }),
            50,
        ),
        parameters(
            "an empty protocol",
            alpn(&[b""]),
            malformed(m, DecodeError::Missing { field: "protocol" }),
            50,
        ),
        parameters(
            "records that are too small",
            vec![Extension::RecordSizeLimit(63)],
            illegal(m, "its record_size_limit is less than 64"),
            47,
        ),
    ]);
    let violation = parameters(
        "ALPN, not asked for",
        alpn(&[b"h2"]),
        unsupported(m, "application_layer_protocol_negotiation"),
        110,
    );
    assert_refused(vec![violation], |hook| client_against(&client_config(), hook));
}

#[test]
fn a_certificate_request_that_cannot_be_answered() {
    let m = "CertificateRequest";
    let schemes = || Extension::SignatureAlgorithms(vec![0x0807]);
    let request = |name, context: &[u8], extensions, error, alert| -> Violation {
        let request = CertificateRequest { context: context.to_vec(), extensions };
        let request = HandshakeMessage::CertificateRequest(request).encode();
        (name, at("Certificate", move |peer, _| peer.say(&request)), error, Some(alert))
    };
    assert_client_refuses(vec![
        request(
            "a context",
            b"1",
            vec![schemes()],
            illegal(m, "its certificate_request_context is not empty, as it is in a handshake"),
            47,
        ),
        request(
            "no schemes",
            b"",
            vec![other(47)],
            TlsError::MissingExtension { message: m, extension: "signature_algorithms" },
            109,
        ),
        request(
            "an extension of ClientHello",
            b"",
            vec![schemes(), other(43)],
            malformed(m, DecodeError::Misplaced { field: "supported_versions" }),
            47,
        ),
        request(
            "schemes twice",
            b"",
            vec![schemes(), schemes()],
            malformed(m, DecodeError::Repeated { field: "extension" }),
            47,
        ),
        (
            "two requests",
            at("Certificate", move |peer, _| {
                let extensions = vec![Extension::SignatureAlgorithms(vec![0x0807])];
                let request = CertificateRequest { context: Vec::new(), extensions };
                let request = HandshakeMessage::CertificateRequest(request).encode();
                peer.say(&request);
                peer.say(&request);
            }),
            unexpected("Certificate", m),
            Some(10),
        ),
    ]);
}

#[test]
fn a_server_that_does_not_prove_who_it_is() {
    let m = "Certificate";
    let with = |name, change: fn(&mut messages::tls13::Certificate), error, alert| -> Violation {
        let hook = at(m, move |peer, it| peer.say(&certificate(it, change)));
        (name, hook, error, Some(alert))
    };
    let extended = |kind: u16| -> Box<Hook> {
        at(m, move |peer, it| {
            peer.say(&certificate(it, |it| it.certificates[0].extensions.push(other(kind))));
        })
    };
    let broken = CertificateError::BadCertificateSignature;
    assert_client_refuses(vec![
        with(
            "none",
            |it| it.certificates.clear(),
            malformed(m, DecodeError::Missing { field: "certificate" }),
            50,
        ),
        with(
            "an empty one",
            |it| it.certificates[0].der.clear(),
            malformed(m, DecodeError::Missing { field: "cert_data" }),
            50,
        ),
        with(
            "eleven",
            |it| it.certificates = vec![it.certificates[0].clone(); 11],
            TlsError::Certificate(CertificateError::TooMany { count: 11, most: 10 }),
            42,
        ),
        with(
            "a context",
            |it| it.context.push(0),
            illegal(m, "its certificate_request_context is not empty, as it is in a handshake"),
            47,
        ),
        with(
            "bytes that are no certificate",
            |it| it.certificates[0].der = b"certificate".to_vec(),
            TlsError::Certificate(CertificateError::Malformed {
                number: 1,
                error: DecodeError::NoSuch { what: "Certificate" },
            }),
            42,
        ),
        with(
            "a signature of nobody",
            |it| *it.certificates[0].der.last_mut().unwrap() ^= 1,
            TlsError::Certificate(broken),
            42,
        ),
        with(
            "a certificate for clients",
            |it| it.certificates[0].der = bytes("client"),
            TlsError::Certificate(CertificateError::WrongUse {
                subject: "client".to_owned(),
                why: "its extKeyUsage does not have serverAuth",
            }),
            43,
        ),
        ("unknown", extended(0x1234), unsupported(m, "unknown (0x1234)"), Some(110)),
        ("status_request", extended(5), unsupported(m, "status_request"), Some(110)),
        (
            "key_share",
            extended(51),
            malformed(m, DecodeError::Misplaced { field: "key_share" }),
            Some(47),
        ),
    ]);
    let m = "CertificateVerify";
    let with = |name, change: fn(&mut messages::tls13::CertificateVerify), error, alert| {
        let hook = at(m, move |peer, it| peer.say(&verify(it, change)));
        (name, hook, error, Some(alert))
    };
    let not_offered = || illegal(m, "its scheme is not one that was offered");
    let of_other_key = || illegal(m, "the certificate's key cannot sign by its scheme");
    assert_client_refuses(vec![
        with("PKCS #1", |it| it.scheme = 0x0401, not_offered(), 47),
        with("SHA-1", |it| it.scheme = 0x0203, not_offered(), 47),
        with("the scheme of P-256", |it| it.scheme = 0x0403, of_other_key(), 47),
        with("the scheme of RSA", |it| it.scheme = 0x0804, of_other_key(), 47),
        with("a bit", |it| it.signature[9] ^= 1, TlsError::BadSignature, 51),
        with("no signature", |it| it.signature.clear(), TlsError::BadSignature, 51),
        (
            "a signature as a client makes it",
            at(m, |peer, it| {
                let said = peer.signed_as(Role::Client);
                let signature = credentials("server", "ed25519").key.sign(&said).unwrap();
                peer.say(&verify(it, |it| it.signature.clone_from(&signature)));
            }),
            TlsError::BadSignature,
            Some(51),
        ),
    ]);
}

#[test]
fn a_finished_over_something_else() {
    let m = "Finished";
    let mut violations = other_finished();
    violations.extend::<[Violation; 1]>([(
        "a ticket in front of the change of keys",
        at(m, |peer, it| peer.say(&[it.encode(), ticket()].concat())),
        unexpected("a change of keys", "more of the handshake"),
        Some(10),
    )]);
    assert_client_refuses(violations);
}

fn ticket() -> Vec<u8> {
    let ticket = messages::tls13::handshake::NewSessionTicket {
        lifetime: 7_200,
        age_add: 1,
        nonce: vec![0],
        ticket: vec![1; 100],
        extensions: vec![other(0x1234)],
    };
    HandshakeMessage::NewSessionTicket(ticket).encode()
}

/// One of every kind.
pub fn every_message() -> Vec<(&'static str, Vec<u8>)> {
    let entry = CertificateEntry { der: bytes("server"), extensions: Vec::new() };
    let chain = messages::tls13::Certificate { context: Vec::new(), certificates: vec![entry] };
    let extensions = vec![Extension::SignatureAlgorithms(vec![0x0807])];
    let request = CertificateRequest { context: Vec::new(), extensions };
    let hello = [&[3, 3][..], &[1; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, 0]].concat();
    vec![
        ("unknown message", message(0, &[])),
        ("ClientHello", message(1, &hello)),
        ("ServerHello", message(2, &[&[3, 3][..], &[1; 32], &[0, 0x13, 1, 0]].concat())),
        ("NewSessionTicket", ticket()),
        ("EndOfEarlyData", message(5, &[])),
        ("EncryptedExtensions", message(8, &[0, 0])),
        ("Certificate", HandshakeMessage::Certificate(chain).encode()),
        ("CertificateRequest", HandshakeMessage::CertificateRequest(request).encode()),
        ("CertificateVerify", message(15, &[8, 7, 0, 0])),
        ("Finished", message(20, &[0; 32])),
        ("KeyUpdate", message(24, &[0])),
        ("message_hash", message(254, &[0; 32])),
        ("unknown message", message(99, &[1])),
    ]
}

#[test]
fn a_message_that_is_not_due() {
    let mut violations = Vec::new();
    for (at_message, due) in [
        ("ServerHello", "ServerHello"),
        ("EncryptedExtensions", "EncryptedExtensions"),
        ("Certificate", "Certificate"),
        ("CertificateVerify", "CertificateVerify"),
        ("Finished", "Finished"),
        ("data", "application data"),
    ] {
        for (got, bytes) in every_message() {
            let is_due = got == due
                || (due == "Certificate" && got == "CertificateRequest")
                || (due == "application data" && matches!(got, "KeyUpdate" | "NewSessionTicket"));
            if !is_due {
                let hook = at(at_message, move |peer, _| peer.say(&bytes));
                violations.push((got, hook, unexpected(due, got), Some(10)));
            }
        }
    }
    assert_eq!(violations.len(), 6 * 13 - 5 - 1 - 2);
    assert_client_refuses(violations);
}

#[test]
fn messages_behind_the_handshake() {
    let update = |name, body: &'static [u8], error, alert| -> Violation {
        (name, at("data", move |peer, _| peer.say(&message(24, body))), error, Some(alert))
    };
    let m = "KeyUpdate";
    let flood = || TlsError::Flood("messages after the handshake");
    assert_client_refuses(vec![
        update("2", &[2], malformed(m, DecodeError::BadValue { field: "request_update" }), 47),
        update("two bytes", &[0, 0], malformed(m, DecodeError::Surplus { what: m }), 50),
        (
            "no byte",
            at("data", |peer, _| peer.say(&message(24, &[]))),
            malformed(m, DecodeError::Cut { what: "request_update", wanted: 1, got: 0 }),
            Some(50),
        ),
        (
            "something behind it under the old keys",
            at("data", |peer, _| peer.record(HANDSHAKE, &[message(24, &[0]), ticket()].concat())),
            unexpected("a change of keys", "more of the handshake"),
            Some(10),
        ),
        (
            "tickets without end",
            at("data", |peer, _| (0..33).for_each(|_| peer.say(&ticket()))),
            flood(),
            Some(10),
        ),
        (
            "new keys without end",
            at("data", |peer, _| (0..33).for_each(|_| peer.update_keys(true))),
            flood(),
            Some(10),
        ),
        (
            "a ticket that is empty",
            at("data", |peer, _| {
                peer.say(&message(4, &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]));
            }),
            malformed("NewSessionTicket", DecodeError::Missing { field: "ticket" }),
            Some(50),
        ),
    ]);
}

/// What anyone may do, and no client minds.
#[test]
fn what_is_odd_and_allowed() {
    let hook: Box<Hook> = Box::new(|peer, due, message| match due {
        "ServerHello" => {
            peer.plain(20, &[1]);
            peer.fragment = 1;
            peer.say(&message.encode());
            peer.fragment = 1 << 14;
            peer.plain(20, &[1]);
        }
        "EncryptedExtensions" => {
            peer.plain(20, &[1]);
            let groups = Extension::SupportedGroups(vec![0x1a1a, 0x001d]);
            let extensions =
                vec![Extension::ServerName(None), groups, Extension::RecordSizeLimit(u16::MAX)];
            peer.say(&HandshakeMessage::EncryptedExtensions(extensions).encode());
        }
        "data" => {
            (0..32).for_each(|_| peer.say(&ticket()));
            peer.record(23, b"one");
            peer.update_keys(false);
            (0..16).for_each(|_| peer.record(23, b""));
            peer.inner(&[&b", two"[..], &[23], &[0; 5_000]].concat());
            peer.record(23, &[b'!'; 1 << 14]);
            // user_canceled, close_notify, and something that nobody reads
            peer.record(21, &[1, 90]);
            peer.record(21, &[2, 0]);
            peer.raw(b"garbage");
        }
        _ => honest(peer, due, message),
    });
    let (read, alert) = client_against(&client_config(), &*hook);
    let read = read.unwrap();
    assert_eq!((&read[..8], read.len(), alert), (&b"one, two"[..], 8 + (1 << 14), None));
}
