//! What a server refuses.

use certificates::CertificateError;
use crypto::tls13::group::Group;
use messages::DecodeError;
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::{ClientHello, HandshakeMessage};
use tls::{ServerConfig, TlsError};

use crate::client::every_message;
use crate::peer::{
    HANDSHAKE, Hook, Peer, at, certificate, changed, client_hello, honest, message, other, verify,
};
use crate::{
    Violation, assert_refused, bytes, illegal, malformed, other_finished, roots, server_against,
    server_config, unexpected, unsupported,
};

const M: &str = "ClientHello";

fn assert_server_refuses(violations: Vec<Violation>) {
    let config = ServerConfig { protocols: vec![b"http/1.1".to_vec()], ..server_config() };
    assert_refused(violations, |hook| server_against(&config, hook));
}

/// The client's Hello, with something changed in it.
fn hello(
    name: &'static str,
    change: impl Fn(&mut ClientHello) + Sync + 'static,
    error: TlsError,
    alert: u8,
) -> Violation {
    let hook = at(M, move |peer, it| peer.say(&client_hello(it, &change)));
    (name, hook, error, Some(alert))
}

fn without(hello: &mut ClientHello, kind: u16) {
    hello.extensions.retain(|it| it.kind() != kind);
}

/// Puts an extension in the place of the one of its kind.
fn set(hello: &mut ClientHello, extension: Extension) {
    let place = hello.extensions.iter_mut().find(|it| it.kind() == extension.kind());
    *place.unwrap() = extension;
}

fn share(group: Group, key: &[u8]) -> KeyShareEntry {
    KeyShareEntry { group: group.id(), key_exchange: key.to_vec() }
}

#[test]
fn a_client_hello_that_offers_nothing_of_use() {
    let versions = |versions: &'static [u16]| {
        move |hello: &mut ClientHello| set(hello, Extension::SupportedVersions(versions.to_vec()))
    };
    let nothing = |what| TlsError::NothingInCommon { what };
    assert_server_refuses(vec![
        hello("TLS 1.2", |it| without(it, 43), TlsError::Version, 70),
        hello("TLS 1.2 without extensions", |it| it.extensions.clear(), TlsError::Version, 70),
        hello("TLS 1.2 in so many words", versions(&[0x0303, 0x0302]), TlsError::Version, 70),
        hello("a draft", versions(&[0x7f1c]), TlsError::Version, 70),
        hello("no suite", |it| it.cipher_suites = vec![0x1304], nothing("cipher suite"), 40),
        hello(
            "no scheme",
            |hello| set(hello, Extension::SignatureAlgorithms(vec![0x0804])),
            nothing("signature scheme"),
            40,
        ),
        hello(
            "no group",
            |hello| {
                set(hello, Extension::SupportedGroups(vec![0x0018]));
                set(hello, Extension::KeyShares(Vec::new()));
            },
            nothing("group"),
            40,
        ),
        hello(
            "no protocol",
            |hello| hello.extensions.push(Extension::Alpn(vec![b"h2".to_vec()])),
            TlsError::NoProtocol,
            120,
        ),
    ]);
}

#[test]
fn a_client_hello_that_breaks_a_rule() {
    let missing = |extension| TlsError::MissingExtension { message: M, extension };
    let absent = |field| malformed(M, DecodeError::Missing { field });
    let no_key = "its key is none of its group, or one that makes the secret zero";
    let shares = |shares: Vec<KeyShareEntry>| {
        move |hello: &mut ClientHello| set(hello, Extension::KeyShares(shares.clone()))
    };
    let two = || vec![share(Group::X25519, &[9; 32]), share(Group::X25519, &[8; 32])];
    let turned = || vec![share(Group::Secp256r1, &[4; 65]), share(Group::X25519, &[9; 32])];
    let psk = || Extension::Other { kind: 41, body: vec![0; 10] };
    assert_server_refuses(vec![
        hello(
            "compression",
            |hello| hello.legacy_compression_methods = vec![1, 0],
            illegal(M, "it offers to compress"),
            47,
        ),
        hello("no suites", |it| it.cipher_suites.clear(), absent("cipher_suites"), 50),
        hello(
            "no compression at all",
            |hello| hello.legacy_compression_methods.clear(),
            absent("legacy_compression_methods"),
            50,
        ),
        hello(
            "a session id that is too long",
            |hello| hello.legacy_session_id = vec![0; 33],
            malformed(M, DecodeError::TooMany { field: "byte of a session id", most: 32 }),
            50,
        ),
        hello("no groups", |it| without(it, 10), missing("supported_groups"), 109),
        hello("no schemes", |it| without(it, 13), missing("signature_algorithms"), 109),
        hello("no keys", |it| without(it, 51), missing("key_share"), 109),
        hello(
            "an empty list of groups",
            |hello| set(hello, Extension::SupportedGroups(Vec::new())),
            absent("groups"),
            50,
        ),
        hello(
            "an empty list of schemes",
            |hello| set(hello, Extension::SignatureAlgorithms(Vec::new())),
            absent("schemes"),
            50,
        ),
        hello(
            "an empty list of versions",
            |hello| set(hello, Extension::SupportedVersions(Vec::new())),
            absent("versions"),
            50,
        ),
        hello(
            "an empty protocol",
            |hello| hello.extensions.push(Extension::Alpn(vec![Vec::new()])),
            absent("protocol"),
            50,
        ),
        hello(
            "half a group",
            |hello| {
                without(hello, 10);
                hello.extensions.push(Extension::Other { kind: 10, body: vec![0, 3, 0, 29, 0] });
            },
            malformed(M, DecodeError::Cut { what: "group", wanted: 2, got: 1 }),
            50,
        ),
        hello(
            "an extension twice",
            |hello| hello.extensions.push(Extension::SupportedVersions(vec![0x0304])),
            malformed(M, DecodeError::Repeated { field: "extension" }),
            47,
        ),
        hello(
            "an unknown extension twice",
            |hello| hello.extensions.extend([other(0x1234), other(0x1234)]),
            malformed(M, DecodeError::Repeated { field: "extension" }),
            47,
        ),
        hello(
            "an extension of CertificateRequest",
            |hello| hello.extensions.push(other(48)),
            malformed(M, DecodeError::Misplaced { field: "oid_filters" }),
            47,
        ),
        hello(
            "two names",
            |hello| {
                let name = [&[0, 0, 1][..], b"a"].concat();
                let body = [&[0, 8][..], &name, &name].concat();
                hello.extensions.push(Extension::Other { kind: 0, body });
            },
            malformed(M, DecodeError::Repeated { field: "host_name" }),
            47,
        ),
        hello(
            "a name of another kind",
            |hello| {
                let body = vec![0, 4, 1, 0, 1, 97];
                hello.extensions.push(Extension::Other { kind: 0, body });
            },
            malformed(M, DecodeError::NoSuch { what: "host_name" }),
            50,
        ),
        hello(
            "a cookie out of nowhere",
            |hello| hello.extensions.push(Extension::Cookie(vec![1])),
            illegal(M, "it has a cookie, which this side never sends"),
            47,
        ),
        hello(
            "a key from before that is not the last extension",
            move |hello| hello.extensions.insert(0, psk()),
            illegal(M, "pre_shared_key is not its last extension"),
            47,
        ),
        hello(
            "a key from before, and not how to use it",
            move |hello| hello.extensions.push(psk()),
            missing("psk_key_exchange_modes"),
            109,
        ),
        hello(
            "a key of a group that is not offered",
            |hello| set(hello, Extension::SupportedGroups(vec![Group::Secp256r1.id()])),
            illegal(M, "it has a key for a group that it does not offer"),
            47,
        ),
        hello("two keys", shares(two()), illegal(M, "it has two keys for one group"), 47),
        hello(
            "keys in another order than groups",
            shares(turned()),
            illegal(M, "its keys are not in the order of its groups"),
            47,
        ),
        hello("zero", shares(vec![share(Group::X25519, &[0; 32])]), illegal(M, no_key), 47),
        hello("short", shares(vec![share(Group::X25519, &[9; 31])]), illegal(M, no_key), 47),
        hello(
            "not on the curve",
            shares(vec![share(Group::Secp256r1, &[4; 65])]),
            illegal(M, no_key),
            47,
        ),
        hello("an empty key", shares(vec![share(Group::X25519, &[])]), absent("key_exchange"), 50),
        hello(
            "records that are too small",
            |hello| hello.extensions.push(Extension::RecordSizeLimit(63)),
            illegal(M, "its record_size_limit is less than 64"),
            47,
        ),
        (
            "more than 64 KiB",
            at(M, |peer, _| peer.say(&[1, 1, 0, 0])),
            illegal(M, "its length is more than 64 KiB"),
            Some(47),
        ),
        (
            "a byte too many",
            at(M, |peer, it| {
                peer.say(&changed(&it, |bytes| {
                    bytes.push(0);
                    bytes[3] += 1;
                }));
            }),
            malformed(M, DecodeError::Surplus { what: M }),
            Some(50),
        ),
        (
            "another message in front of the change of keys",
            at(M, |peer, it| {
                let hello = it.encode();
                peer.transcript_add(&hello);
                peer.record(HANDSHAKE, &[hello, message(20, &[0; 32])].concat());
            }),
            unexpected("a change of keys", "more of the handshake"),
            Some(10),
        ),
    ]);
}

/// ML-KEM's key is 1,184 bytes in front of 32 of X25519, each number in it less than 3,329 (FIPS 203, section 7.2).
#[test]
fn a_key_of_the_hybrid_group_that_is_none() {
    let why = "its key is none of its group, or one that makes the secret zero";
    let config = ServerConfig { groups: vec![Group::X25519MlKem768], ..server_config() };
    let kem = vec![0; 1_184];
    let violations = [
        [&kem[..], &[9; 31]].concat(),
        [&kem[..], &[9; 33]].concat(),
        [&kem[..], &[0; 32]].concat(),
        vec![9; 32],
        [vec![0xff; 1_184], vec![9; 32]].concat(),
    ];
    let violations = violations.into_iter().map(|key| {
        let change = move |hello: &mut ClientHello| {
            set(hello, Extension::SupportedGroups(vec![Group::X25519MlKem768.id()]));
            set(hello, Extension::KeyShares(vec![share(Group::X25519MlKem768, &key)]));
        };
        hello("a key", change, illegal(M, why), 47)
    });
    assert_refused(violations.collect(), |hook| server_against(&config, hook));
}

#[test]
fn a_second_client_hello_that_is_not_the_first_with_another_key() {
    let one_key = "it does not have one key, for the group that was asked for";
    let changed = "it is not the first one with another key: something else changed too";
    let second = |name, change: fn(&mut ClientHello), error, alert: u8| -> Violation {
        let hook = at("second ClientHello", move |peer, it| peer.say(&client_hello(it, change)));
        (name, hook, error, Some(alert))
    };
    let psk = "psk_key_exchange_modes";
    let config = ServerConfig { groups: vec![Group::Secp256r1], ..server_config() };
    let run = |hook: &Hook| server_against(&config, hook);
    assert_refused(
        vec![
            second("another random", |it| it.random[0] ^= 1, illegal(M, changed), 47),
            second("another id", |it| it.legacy_session_id[0] ^= 1, illegal(M, changed), 47),
            second("another version", |it| it.legacy_version = 0x0302, illegal(M, changed), 47),
            second("more suites", |it| it.cipher_suites.push(0x1303), illegal(M, changed), 47),
            second(
                "a name that was not there",
                |hello| hello.extensions.insert(0, Extension::ServerName(Some("a".to_owned()))),
                illegal(M, changed),
                47,
            ),
            second("another order", |it| it.extensions.swap(0, 1), illegal(M, changed), 47),
            second(
                "the first key again",
                |hello| set(hello, Extension::KeyShares(vec![share(Group::X25519, &[9; 32])])),
                illegal(M, one_key),
                47,
            ),
            second(
                "no key",
                |hello| set(hello, Extension::KeyShares(Vec::new())),
                illegal(M, one_key),
                47,
            ),
            second(
                "two keys",
                |hello| {
                    let Extension::KeyShares(shares) = &mut hello.extensions[3] else { panic!() };
                    shares.insert(0, share(Group::X25519, &[9; 32]));
                },
                illegal(M, one_key),
                47,
            ),
            second(
                "early data",
                |hello| hello.extensions.push(other(42)),
                illegal(M, "it has early_data, which is for a first ClientHello"),
                47,
            ),
            second(
                "a key from before",
                |hello| hello.extensions.push(other(41)),
                TlsError::MissingExtension { message: M, extension: psk },
                109,
            ),
            second(
                "a point that is not on the curve",
                |hello| set(hello, Extension::KeyShares(vec![share(Group::Secp256r1, &[4; 65])])),
                illegal(M, "its key is none of its group, or one that makes the secret zero"),
                47,
            ),
        ],
        run,
    );
    let padded = at("second ClientHello", |peer, it| {
        peer.say(&client_hello(it, |hello| hello.extensions.push(other(21))));
    });
    let close = move |peer: &mut Peer, due: &'static str, message: HandshakeMessage| {
        if due == "data" {
            peer.record(21, &[1, 0]);
        } else {
            padded(peer, due, message);
        }
    };
    let (read, alert) = run(&close);
    assert_eq!((read.unwrap(), alert), (Vec::new(), None));
}

#[test]
fn a_client_that_does_not_prove_who_it_is() {
    let config = ServerConfig { client_roots: Some(roots()), ..server_config() };
    let m = "Certificate";
    let with = |name, change: fn(&mut messages::tls13::Certificate), error, alert| -> Violation {
        let hook = at(m, move |peer, it| peer.say(&certificate(it, change)));
        (name, hook, error, Some(alert))
    };
    let v = "CertificateVerify";
    let signed = |name, change: fn(&mut messages::tls13::CertificateVerify), error, alert| {
        let hook = at(v, move |peer, it| peer.say(&verify(it, change)));
        (name, hook, error, Some(alert))
    };
    let unused =
        |it: &mut messages::tls13::Certificate| it.certificates[0].extensions.push(other(5));
    let violations = vec![
        with("none", |it| it.certificates.clear(), TlsError::CertificateRequired, 116),
        with(
            "a certificate of servers",
            |it| it.certificates[0].der = bytes("server"),
            TlsError::Certificate(CertificateError::WrongUse {
                subject: "server".to_owned(),
                why: "its extKeyUsage does not have clientAuth",
            }),
            43,
        ),
        with(
            "a signature of nobody",
            |it| *it.certificates[0].der.last_mut().unwrap() ^= 1,
            TlsError::Certificate(CertificateError::BadCertificateSignature),
            42,
        ),
        with(
            "a context",
            |it| it.context.push(1),
            illegal(m, "its certificate_request_context is not empty, as it is in a handshake"),
            47,
        ),
        with(
            "eleven",
            |it| it.certificates = vec![it.certificates[0].clone(); 11],
            TlsError::Certificate(CertificateError::TooMany { count: 11, most: 10 }),
            42,
        ),
        with("an extension", unused, unsupported(m, "status_request"), 110),
        signed(
            "PKCS #1",
            |it| it.scheme = 0x0401,
            illegal(v, "its scheme is not one that was offered"),
            47,
        ),
        signed(
            "the scheme of P-256",
            |it| it.scheme = 0x0403,
            illegal(v, "the certificate's key cannot sign by its scheme"),
            47,
        ),
        signed("a bit", |it| it.signature[0] ^= 1, TlsError::BadSignature, 51),
        ("no Certificate", at(m, |_, _| {}), unexpected(m, v), Some(10)),
        ("no CertificateVerify", at(v, |_, _| {}), unexpected(v, "Finished"), Some(10)),
    ];
    assert_refused(violations, |hook| server_against(&config, hook));
    // A root that signed nothing of this.
    let others = certificates::Roots::from_der(vec![bytes("server")]).unwrap();
    let config = ServerConfig { client_roots: Some(others), ..server_config() };
    let unknown =
        CertificateError::UnknownIssuer { subject: "client".to_owned(), issuer: "Root".to_owned() };
    let violation: Violation =
        ("unknown", Box::new(honest), TlsError::Certificate(unknown), Some(48));
    assert_refused(vec![violation], |hook| server_against(&config, hook));
}

#[test]
fn a_finished_over_something_else() {
    let m = "Finished";
    let mut violations = other_finished();
    violations.extend::<[Violation; 2]>([
        (
            "new keys in front of the change of keys",
            at(m, |peer, it| peer.say(&[it.encode(), message(24, &[0])].concat())),
            unexpected("a change of keys", "more of the handshake"),
            Some(10),
        ),
        (
            "a Certificate that nobody asked for",
            at(m, |peer, _| peer.say(&message(11, &[0, 0, 0, 0]))),
            unexpected(m, "Certificate"),
            Some(10),
        ),
    ]);
    assert_server_refuses(violations);
}

#[test]
fn a_message_that_is_not_due() {
    let mut violations = Vec::new();
    for (at_message, due) in
        [("ClientHello", "ClientHello"), ("Finished", "Finished"), ("data", "application data")]
    {
        for (got, bytes) in every_message() {
            if got != due && !(due == "application data" && got == "KeyUpdate") {
                let hook = at(at_message, move |peer, _| peer.say(&bytes));
                violations.push((got, hook, unexpected(due, got), Some(10)));
            }
        }
    }
    assert_eq!(violations.len(), 3 * 13 - 2 - 1);
    assert_server_refuses(violations);
}

/// What browsers and others do, and no server minds.
#[test]
fn what_is_odd_and_allowed() {
    let hook: Box<Hook> = Box::new(|peer, due, message| match due {
        "ClientHello" => {
            let odd = client_hello(message, |hello| {
                hello.legacy_version = 0x0301;
                hello.legacy_session_id.clear();
                hello.cipher_suites.insert(0, 0x2a2a);
                hello.cipher_suites.push(0x00ff);
                set(hello, Extension::SupportedVersions(vec![0x6a6a, 0x0304, 0x0303]));
                set(hello, Extension::SupportedGroups(vec![0x3a3a, 0x001d, 0x0017]));
                hello.extensions.insert(0, other(0x4a4a));
                hello.extensions.extend([5, 18, 21, 23, 27, 35, 0x1234, 0xff01].map(other));
                hello.extensions.push(Extension::PskKeyExchangeModes(vec![1]));
                for extension in &mut hello.extensions {
                    if let Extension::KeyShares(shares) = extension {
                        let grease = KeyShareEntry { group: 0x3a3a, key_exchange: vec![0] };
                        shares.insert(0, grease);
                    }
                }
            });
            // In three records of two old versions.
            peer.transcript_add(&odd);
            for part in odd.chunks(odd.len().div_ceil(3)) {
                let len = u16::try_from(part.len()).unwrap().to_be_bytes();
                peer.raw(&[&[HANDSHAKE, 3, 1], &len[..], part].concat());
            }
            peer.plain(20, &[1]);
        }
        "data" => {
            peer.update_keys(true);
            peer.record(23, b"odd");
            peer.record(21, &[1, 0]);
        }
        _ => honest(peer, due, message),
    });
    let (read, alert) = server_against(&server_config(), &*hook);
    assert_eq!((read.unwrap(), alert), (b"odd".to_vec(), None));
}
