//! Messages of TLS 1.3 there and back, every one of their bytes named, and what is wrong with those that are none.

use messages::decoder::MAX_SPANS;
use messages::tls13::extension::{Extension, In, KeyShareEntry};
use messages::tls13::handshake::NewSessionTicket;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ClientHello,
    HandshakeMessage, ServerHello, names,
};
use messages::{DecodeError, Span};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The messages of RFC 8448's traces.
fn traces() -> Vec<Vec<u8>> {
    let vectors = json(include_str!("../../tls/tests/vectors/rfc8448.json"));
    let mut messages = Vec::new();
    for trace in vectors["traces"].as_array().unwrap() {
        for name in ["ClientHello_1", "HelloRetryRequest", "ClientHello_2", "ServerHello"] {
            if trace["records"][name].is_string() {
                messages.push(bytes(&trace["records"][name])[5..].to_vec());
            }
        }
        for side in ["server_messages", "client_messages"] {
            for message in trace[side].as_array().unwrap() {
                // That of early data is none that is read.
                if message[0] != "end_of_early_data" {
                    messages.push(bytes(&message[1]));
                }
            }
        }
        if trace["new_session_ticket"].is_string() {
            messages.push(bytes(&trace["new_session_ticket"]));
        }
    }
    messages
}

fn share(group: u16, len: usize) -> KeyShareEntry {
    KeyShareEntry { group, key_exchange: vec![7; len] }
}

fn other(kind: u16, body: &[u8]) -> Extension {
    Extension::Other { kind, body: body.to_vec() }
}

fn client_hello(extensions: Vec<Extension>) -> HandshakeMessage {
    HandshakeMessage::ClientHello(ClientHello {
        legacy_version: names::TLS12,
        random: [1; 32],
        legacy_session_id: vec![2; 32],
        cipher_suites: vec![0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02f, 0x00ff, 0x1234],
        legacy_compression_methods: vec![0],
        extensions,
    })
}

fn server_hello(random: [u8; 32], extensions: Vec<Extension>) -> HandshakeMessage {
    HandshakeMessage::ServerHello(ServerHello {
        legacy_version: names::TLS12,
        random,
        legacy_session_id_echo: vec![2; 32],
        cipher_suite: names::CHACHA20_POLY1305_SHA256,
        legacy_compression_method: 0,
        extensions,
    })
}

/// Every kind of message, with every extension that it may have.
fn every_message() -> Vec<HandshakeMessage> {
    let vectors = json(include_str!("../../handshake/tests/vectors/handshakes.json"));
    let der = |name: &str| bytes(&vectors["certificates"][name]["der"]);
    let entry = |der: Vec<u8>, extensions| CertificateEntry { der, extensions };
    vec![
        client_hello(vec![]),
        client_hello(vec![
            other(0x0a0a, b""),
            Extension::ServerName(Some("localhost".into())),
            Extension::SupportedGroups(vec![0x2a2a, 0x11ec, 0x001d, 0x0017, 0x0018, 0x7777]),
            Extension::SignatureAlgorithms(vec![0x0403, 0x0804, 0x0807, 0x0203, 0x9999]),
            Extension::SignatureAlgorithmsCert(vec![0x0401, 0x0503]),
            Extension::Alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec(), vec![0xff]]),
            Extension::SupportedVersions(vec![0x3a3a, 0x0304, 0x0303]),
            Extension::KeyShares(vec![share(0x2a2a, 1), share(0x11ec, 1_216), share(0x001d, 32)]),
            Extension::Cookie(vec![9; 100]),
            Extension::PskKeyExchangeModes(vec![1, 0, 7]),
            Extension::RecordSizeLimit(16_385),
            other(5, &[1, 0, 0, 0, 0]),
            other(21, &[0; 200]),
            other(0x7777, b"nobody knows"),
            other(41, b"a key from before"),
        ]),
        client_hello(vec![Extension::KeyShares(vec![])]),
        server_hello(
            [3; 32],
            vec![Extension::SelectedVersion(0x0304), Extension::KeyShare(share(0x0017, 65))],
        ),
        server_hello(
            RETRY_RANDOM,
            vec![
                Extension::SelectedVersion(0x0304),
                Extension::SelectedGroup(0x001d),
                Extension::Cookie(vec![1]),
            ],
        ),
        HandshakeMessage::EncryptedExtensions(vec![]),
        HandshakeMessage::EncryptedExtensions(vec![
            Extension::ServerName(None),
            Extension::SupportedGroups(vec![0x001d]),
            Extension::Alpn(vec![b"http/1.1".to_vec()]),
            Extension::RecordSizeLimit(64),
            other(42, b""),
        ]),
        HandshakeMessage::CertificateRequest(CertificateRequest {
            context: vec![1, 2, 3],
            extensions: vec![
                Extension::SignatureAlgorithms(vec![0x0804]),
                Extension::SignatureAlgorithmsCert(vec![0x0401]),
                other(47, &[0, 0]),
            ],
        }),
        HandshakeMessage::Certificate(Certificate { context: vec![], certificates: vec![] }),
        HandshakeMessage::Certificate(Certificate {
            context: vec![4],
            certificates: vec![
                entry(der("server"), vec![other(5, &[1, 0, 0, 1, 0])]),
                entry(der("ec leaf"), vec![]),
                entry(b"no certificate".to_vec(), vec![]),
            ],
        }),
        HandshakeMessage::CertificateVerify(CertificateVerify {
            scheme: 0x0804,
            signature: vec![5; 256],
        }),
        HandshakeMessage::CertificateVerify(CertificateVerify {
            scheme: 0x0403,
            signature: vec![],
        }),
        HandshakeMessage::Finished(vec![6; 48]),
        HandshakeMessage::KeyUpdate { update_requested: false },
        HandshakeMessage::KeyUpdate { update_requested: true },
        HandshakeMessage::NewSessionTicket(NewSessionTicket {
            lifetime: 7_200,
            age_add: 0xdead_beef,
            nonce: vec![0],
            ticket: vec![8; 200],
            extensions: vec![other(42, &[0, 0, 0x40, 0])],
        }),
    ]
}

/// Makes sure that `spans` are the bytes from `start` to `end`, one after the other, and each is what is inside it.
fn assert_tiles(spans: &[Span], start: usize, end: usize) {
    let mut at = start;
    for span in spans {
        assert!(!span.name.is_empty() && !span.what.is_empty());
        assert_eq!(span.offset, at, "{}", span.name);
        at += span.len;
        if !span.inside.is_empty() {
            assert_tiles(&span.inside, span.offset, at);
        }
    }
    assert_eq!(at, end);
}

/// Makes sure that every byte of a message is named, that what can be read is written to the same bytes, and that what
/// cannot is refused. Returns the outcome.
fn checked(message: &[u8]) -> Result<HandshakeMessage, DecodeError> {
    let explained = HandshakeMessage::explain(message);
    assert_tiles(&explained.spans, 0, message.len());
    assert!(explained.leaves().count() <= MAX_SPANS + 3);
    let decoded = HandshakeMessage::decode(message)?;
    let again = decoded.encode();
    let has_none = match &decoded {
        HandshakeMessage::ClientHello(hello) => hello.extensions.is_empty(),
        HandshakeMessage::ServerHello(hello) => hello.extensions.is_empty(),
        _ => false,
    };
    // A Hello of TLS 1.2 may leave the length of its extensions out, if it has none.
    if !(has_none && again.len() == message.len() + 2 && again[4..].starts_with(&message[4..])) {
        assert_eq!(hex::encode(&again), hex::encode(message), "{}", decoded.name());
    }
    assert!(explained.leaves().all(|leaf| leaf.name != "rest"), "{}", decoded.name());
    Ok(decoded)
}

#[test]
fn every_message_of_rfc_8448_is_read_and_written_again_and_every_byte_of_it_has_a_name() {
    let traces = traces();
    assert_eq!(traces.len(), 44);
    for message in traces {
        checked(&message).unwrap();
    }
}

#[test]
fn every_kind_of_message_and_extension_is_written_read_and_named() {
    for message in every_message() {
        assert_eq!(checked(&message.encode()).as_ref(), Ok(&message), "{}", message.name());
    }
}

/// What stands behind the end is no part of the message.
#[test]
fn a_message_that_is_cut_anywhere_or_goes_on_is_an_error_and_is_named_all_the_same() {
    for message in traces().into_iter().chain(every_message().iter().map(HandshakeMessage::encode))
    {
        let step = if message.len() > 1_000 { 23 } else { 1 };
        for end in (0..message.len()).step_by(step) {
            let error = checked(&message[..end]).unwrap_err();
            assert!(matches!(error, DecodeError::Cut { .. }), "{end}: {error}");
        }
        let error = checked(&[&message[..], &[0]].concat()).unwrap_err();
        assert_eq!(error, DecodeError::Surplus { what: "message" });
    }
}

/// A whole message whose contents are cut: the length in front is true.
#[test]
fn contents_that_are_cut_anywhere_are_an_error_except_where_the_rest_may_be_missing() {
    for message in every_message() {
        let whole = message.encode();
        let step = if whole.len() > 1_000 { 23 } else { 1 };
        for end in (4..whole.len()).step_by(step) {
            let len = u32::try_from(end - 4).unwrap().to_be_bytes();
            let cut = [&whole[..1], &len[1..], &whole[4..end]].concat();
            if let Ok(decoded) = checked(&cut) {
                match &decoded {
                    // Any length is one; the handshake compares it with the hash.
                    HandshakeMessage::Finished(_) => {}
                    HandshakeMessage::ClientHello(hello) => assert!(hello.extensions.is_empty()),
                    HandshakeMessage::ServerHello(hello) => assert!(hello.extensions.is_empty()),
                    other => panic!("{} cut at {end} is read", other.name()),
                }
            }
        }
    }
}

#[test]
fn a_byte_changed_anywhere_leaves_a_message_that_is_written_again_as_it_is_or_an_error() {
    let mut outcomes = [0, 0];
    for message in every_message() {
        let good = message.encode();
        let step = if good.len() > 1_000 { 11 } else { 1 };
        for at in (0..good.len()).step_by(step) {
            for change in [1, 2, 0x10, 0x80] {
                let mut changed = good.clone();
                changed[at] ^= change;
                outcomes[usize::from(checked(&changed).is_err())] += 1;
            }
        }
    }
    assert!(outcomes.iter().all(|count| *count > 500), "{outcomes:?}");
}

/// A length of `len_len` bytes, and the contents.
fn vector(len_len: usize, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&len[4 - len_len..], content].concat()
}

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind], &vector(3, content)[..]].concat()
}

/// A ClientHello up to its extensions.
const HELLO: [u8; 43] = {
    let mut hello = [0; 43];
    (hello[0], hello[1]) = (3, 3);
    // No session id; one suite; no compression.
    (hello[36], hello[37], hello[38]) = (2, 0x13, 1);
    (hello[39], hello[40]) = (1, 0);
    hello
};

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), &vector(2, body)[..]].concat()
}

fn client_hello_with(extensions: &[u8]) -> Vec<u8> {
    message(1, &[&HELLO[..41], &vector(2, extensions)].concat())
}

fn server_hello_with(random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
    let fixed = [&[3, 3][..], &random, &[0, 0x13, 1, 0]].concat();
    message(2, &[&fixed, &vector(2, extensions)[..]].concat())
}

#[test]
fn every_wrong_form_is_refused_by_its_name() {
    use DecodeError::{BadValue, Cut, Misplaced, Missing, NoSuch, Repeated, Surplus, TooMany};
    let in_client_hello = |kind, body: &[u8]| client_hello_with(&extension(kind, body));
    let in_server_hello = |kind, body: &[u8]| {
        let version = extension(43, &[3, 4]);
        server_hello_with([0; 32], &[version, extension(kind, body)].concat())
    };
    let in_retry = |kind, body: &[u8]| {
        let version = extension(43, &[3, 4]);
        server_hello_with(RETRY_RANDOM, &[version, extension(kind, body)].concat())
    };
    let in_encrypted = |kind, body: &[u8]| message(8, &vector(2, &extension(kind, body)));
    let in_request =
        |kind, body: &[u8]| message(13, &[&[0], &vector(2, &extension(kind, body))[..]].concat());
    let name = |kind: u8, name: &[u8]| vector(2, &[&[kind], &vector(2, name)[..]].concat());
    let missing = |field| Missing { field };
    let misplaced = |field| Misplaced { field };
    let wrong: [(Vec<u8>, DecodeError); 62] = [
        (vec![], Cut { what: "msg_type", wanted: 1, got: 0 }),
        (vec![1, 0, 0], Cut { what: "length", wanted: 3, got: 2 }),
        (message(0, b""), NoSuch { what: "known message" }),
        (message(3, b""), NoSuch { what: "known message" }),
        (message(5, b""), NoSuch { what: "known message" }),
        (message(254, &[0; 32]), NoSuch { what: "known message" }),
        (message(24, &[2]), BadValue { field: "request_update" }),
        (message(24, &[255]), BadValue { field: "request_update" }),
        (message(24, &[]), Cut { what: "request_update", wanted: 1, got: 0 }),
        (message(24, &[0, 0]), Surplus { what: "KeyUpdate" }),
        // ClientHello, up to its extensions.
        (message(1, &[3]), Cut { what: "legacy_version", wanted: 2, got: 1 }),
        (message(1, &[3; 33]), Cut { what: "random", wanted: 32, got: 31 }),
        (
            message(1, &[&[3; 34][..], &vector(1, &[0; 33])].concat()),
            TooMany { field: "byte of a session id", most: 32 },
        ),
        (message(1, &[&[3; 34][..], &[0, 0, 0]].concat()), missing("cipher_suites")),
        (
            message(1, &[&[3; 34][..], &[0, 0, 3, 1, 2, 3]].concat()),
            Cut { what: "cipher_suite", wanted: 2, got: 1 },
        ),
        (message(1, &[&HELLO[..39], &[0]].concat()), missing("legacy_compression_methods")),
        (message(1, &[&HELLO[..41], &[0]].concat()), Cut { what: "length", wanted: 2, got: 1 }),
        (
            message(1, &[&HELLO[..41], &[0, 1]].concat()),
            Cut { what: "extensions", wanted: 1, got: 0 },
        ),
        (message(1, &[&HELLO[..41], &[0, 0, 0]].concat()), Surplus { what: "ClientHello" }),
        (client_hello_with(&[0]), Cut { what: "type", wanted: 2, got: 1 }),
        (client_hello_with(&[0, 0, 0]), Cut { what: "length", wanted: 2, got: 1 }),
        (
            client_hello_with(&[&extension(0x7777, b"")[..], &extension(0x7777, b"1")].concat()),
            Repeated { field: "extension" },
        ),
        // Its extensions, one after the other.
        (in_client_hello(0, &[]), Cut { what: "length", wanted: 2, got: 0 }),
        (in_client_hello(0, &[0, 0]), missing("server_name_list")),
        (in_client_hello(0, &name(1, b"host")), NoSuch { what: "host_name" }),
        (in_client_hello(0, &name(0, b"")), missing("host_name")),
        (in_client_hello(0, &name(0, &[0xff])), BadValue { field: "host_name" }),
        (
            in_client_hello(0, &vector(2, &[&name(0, b"a")[2..], &name(0, b"b")[2..]].concat())),
            Repeated { field: "host_name" },
        ),
        (in_client_hello(10, &[0, 0]), missing("groups")),
        (in_client_hello(10, &[0, 1, 0]), Cut { what: "group", wanted: 2, got: 1 }),
        (in_client_hello(10, &[0, 2, 0, 29, 0]), Surplus { what: "body" }),
        (in_client_hello(13, &[0, 0]), missing("schemes")),
        (in_client_hello(50, &[0, 0]), missing("schemes")),
        (in_client_hello(16, &[0, 0]), missing("protocols")),
        (in_client_hello(16, &[0, 1, 0]), missing("protocol")),
        (in_client_hello(16, &[0, 2, 5, 0]), Cut { what: "protocol", wanted: 5, got: 1 }),
        (in_client_hello(28, &[1]), Cut { what: "limit", wanted: 2, got: 1 }),
        (in_client_hello(43, &[0]), missing("versions")),
        (in_client_hello(43, &[1, 3]), Cut { what: "version", wanted: 2, got: 1 }),
        (in_client_hello(43, &[3, 4]), Cut { what: "versions", wanted: 3, got: 1 }),
        (in_client_hello(44, &[0, 0]), missing("cookie")),
        (in_client_hello(45, &[0]), missing("ke_modes")),
        (in_client_hello(51, &[0, 4, 0, 29, 0, 0]), missing("key_exchange")),
        (in_client_hello(51, &[0, 2, 0, 29]), Cut { what: "length", wanted: 2, got: 0 }),
        (in_client_hello(48, b""), misplaced("oid_filters")),
        // Those of the server, each in its form of another message.
        (in_server_hello(51, &[0, 29]), Cut { what: "length", wanted: 2, got: 0 }),
        (in_server_hello(0, b""), misplaced("server_name")),
        (in_server_hello(44, &[0, 1, 1]), misplaced("cookie")),
        (in_server_hello(43, &[3, 4]), Repeated { field: "extension" }),
        (in_retry(51, &[0, 29, 0, 1, 1]), Surplus { what: "body" }),
        (in_retry(44, &[0, 0]), missing("cookie")),
        (in_retry(10, &[0, 2, 0, 29]), misplaced("supported_groups")),
        (in_encrypted(0, &[0]), Surplus { what: "body" }),
        (in_encrypted(43, &[3, 4]), misplaced("supported_versions")),
        (in_encrypted(51, b""), misplaced("key_share")),
        (in_request(0, b""), misplaced("server_name")),
        (in_request(13, &[0, 0]), missing("schemes")),
        // Certificate, CertificateVerify, NewSessionTicket.
        (message(11, &[0, 0, 0, 5, 0, 0, 0, 0, 0]), missing("cert_data")),
        (message(11, &[0, 0, 0, 4, 0, 0, 1, 7]), Cut { what: "length", wanted: 2, got: 0 }),
        (message(15, &[8]), Cut { what: "algorithm", wanted: 2, got: 1 }),
        (message(15, &[8, 4, 0, 1]), Cut { what: "signature", wanted: 1, got: 0 }),
        (message(4, &[0; 13]), missing("ticket")),
    ];
    for (message, expected) in wrong {
        let error = checked(&message).unwrap_err();
        assert_eq!(error, expected, "{}", hex::encode(message));
    }
}

/// Where each is known, it is misplaced elsewhere, and never misplaced where it belongs. One that nobody knows may stand
/// anywhere.
#[test]
fn extensions_have_their_places_by_the_table_of_section_4_2() {
    let hello = In::ClientHello;
    let places: [(u16, &[In]); 15] = [
        (0, &[hello, In::EncryptedExtensions]),
        (1, &[hello, In::EncryptedExtensions]),
        (5, &[hello, In::CertificateRequest, In::Certificate]),
        (10, &[hello, In::EncryptedExtensions]),
        (13, &[hello, In::CertificateRequest]),
        (16, &[hello, In::EncryptedExtensions]),
        (18, &[hello, In::CertificateRequest, In::Certificate]),
        (21, &[hello]),
        (41, &[hello, In::ServerHello]),
        (42, &[hello, In::EncryptedExtensions, In::NewSessionTicket]),
        (43, &[hello, In::ServerHello, In::HelloRetryRequest]),
        (44, &[hello, In::HelloRetryRequest]),
        (45, &[hello]),
        (48, &[In::CertificateRequest]),
        (51, &[hello, In::ServerHello, In::HelloRetryRequest]),
    ];
    let version = extension(43, &[3, 4]);
    for kind in [0, 1, 5, 10, 13, 16, 18, 21, 41, 42, 43, 44, 45, 48, 51, 0x7777, 0x0a0a] {
        for place in [
            hello,
            In::ServerHello,
            In::HelloRetryRequest,
            In::EncryptedExtensions,
            In::CertificateRequest,
            In::Certificate,
            In::NewSessionTicket,
        ] {
            let body = [0; 2];
            let one = extension(kind, &body);
            let with_version = |random| {
                let both = if kind == 43 { one.clone() } else { [&version[..], &one].concat() };
                server_hello_with(random, &both)
            };
            let bytes = match place {
                In::ClientHello => client_hello_with(&one),
                In::ServerHello => with_version([0; 32]),
                In::HelloRetryRequest => with_version(RETRY_RANDOM),
                In::EncryptedExtensions => message(8, &vector(2, &one)),
                In::CertificateRequest => message(13, &[&[0], &vector(2, &one)[..]].concat()),
                In::Certificate => {
                    let entry = [vector(3, b"DER"), vector(2, &one)].concat();
                    message(11, &[&[0], &vector(3, &entry)[..]].concat())
                }
                In::NewSessionTicket => {
                    message(4, &[&[0; 9], &vector(2, b"ticket")[..], &vector(2, &one)].concat())
                }
            };
            let is_misplaced =
                matches!(HandshakeMessage::decode(&bytes), Err(DecodeError::Misplaced { .. }));
            let known = places.iter().find(|(known, _)| *known == kind);
            let expected = known.is_some_and(|(_, places)| !places.contains(&place));
            assert_eq!(is_misplaced, expected, "{} in {place:?}", names::extension(kind));
        }
    }
}

/// Name and what it says, of each innermost span that says something.
fn told(message: &HandshakeMessage) -> Vec<(&'static str, String)> {
    let explained = HandshakeMessage::explain(&message.encode());
    let leaves = explained.leaves().filter(|leaf| !leaf.says.is_empty() && leaf.name != "length");
    leaves.map(|leaf| (leaf.name, leaf.says.clone())).collect()
}

fn find<'s>(spans: &'s [Span], name: &str) -> Option<&'s Span> {
    spans.iter().find_map(
        |span| {
            if span.name == name { Some(span) } else { find(&span.inside, name) }
        },
    )
}

#[test]
fn a_client_hello_tells_every_group_scheme_suite_and_version_by_its_name() {
    let hello = &every_message()[1];
    let told = told(hello);
    for (name, says) in [
        ("msg_type", "ClientHello"),
        ("legacy_version", "TLS 1.2"),
        ("cipher_suite", "GREASE"),
        ("cipher_suite", "TLS_AES_128_GCM_SHA256"),
        ("cipher_suite", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("cipher_suite", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
        ("cipher_suite", "unknown (0x1234)"),
        ("type", "GREASE"),
        ("type", "server_name"),
        ("group", "X25519MLKEM768"),
        ("group", "x25519"),
        ("group", "unknown (0x7777)"),
        ("scheme", "ecdsa_secp256r1_sha256"),
        ("scheme", "rsa_pss_rsae_sha256"),
        ("scheme", "unknown (0x9999)"),
        ("version", "GREASE"),
        ("version", "TLS 1.3"),
        ("limit", "16385"),
        ("type", "unknown (0x7777)"),
        ("type", "pre_shared_key"),
    ] {
        assert!(told.contains(&(name, says.to_owned())), "{name}: {says} is not in {told:?}");
    }
    let explained = HandshakeMessage::explain(&hello.encode());
    for (name, says) in [
        ("GREASE", ""),
        ("server_name", "localhost"),
        (
            "supported_groups",
            "GREASE, X25519MLKEM768, x25519, secp256r1, secp384r1, unknown (0x7777)",
        ),
        ("application_layer_protocol_negotiation", "h2, http/1.1, \u{fffd}"),
        ("supported_versions", "GREASE, TLS 1.3, TLS 1.2"),
        ("key_share", "GREASE, X25519MLKEM768, x25519"),
        ("psk_key_exchange_modes", "psk_dhe_ke, psk_ke, unknown (7)"),
        ("unknown extension", ""),
    ] {
        assert_eq!(find(&explained.spans, name).unwrap().says, says, "{name}");
    }
    let [_, _, _, _, retry, ..] = &every_message()[..] else { panic!("there are more") };
    let told = self::told(retry);
    assert!(told.contains(&("random", "HelloRetryRequest".to_owned())), "{told:?}");
    assert!(told.contains(&("selected_group", "x25519".to_owned())), "{told:?}");
    assert_eq!(retry.name(), "HelloRetryRequest");
}

/// The fields of a certificate are told, as at part 4; what is no certificate is one span.
#[test]
fn a_certificate_in_a_message_is_told_field_by_field() {
    let Some(message) = every_message().into_iter().rev().find(|it| it.name() == "Certificate")
    else {
        panic!("there is one")
    };
    let explained = HandshakeMessage::explain(&message.encode());
    assert!(find(&explained.spans, "Certificate").is_some());
    let leaves: Vec<_> = explained.leaves().map(|leaf| leaf.name).collect();
    assert!(leaves.len() > 100, "{}", leaves.len());
    assert!(leaves.contains(&"cert_data"));
}

/// The longest text that a span says, in bytes.
fn longest(spans: &[Span]) -> usize {
    spans.iter().map(|span| span.says.len().max(longest(&span.inside))).max().unwrap_or(0)
}

/// Numbers of 16 bits as a hello has them, one of each kind.
#[test]
fn a_hello_of_very_many_things_is_told_in_part_and_read_whole() {
    let many: Vec<u16> = (0..30_000).collect();
    let shares = (0..7_000).map(|group| share(group, 1)).collect();
    let protocols = vec![b"h2".to_vec(); 10_000];
    let extensions = (1_000..11_000).map(|kind| other(kind, b"")).collect();
    for (extensions, suites) in [
        (vec![], many.clone()),
        (vec![Extension::SupportedGroups(many.clone())], vec![0x1301]),
        (vec![Extension::SignatureAlgorithms(many)], vec![0x1301]),
        (vec![Extension::KeyShares(shares)], vec![0x1301]),
        (vec![Extension::Alpn(protocols)], vec![0x1301]),
        (extensions, vec![0x1301]),
    ] {
        let HandshakeMessage::ClientHello(mut hello) = client_hello(extensions) else {
            panic!("it is one")
        };
        hello.cipher_suites = suites;
        let hello = HandshakeMessage::ClientHello(hello);
        let bytes = hello.encode();
        assert!(bytes.len() > 30_000);
        assert_eq!(HandshakeMessage::decode(&bytes).as_ref(), Ok(&hello));
        let explained = HandshakeMessage::explain(&bytes);
        assert_tiles(&explained.spans, 0, bytes.len());
        let told: usize = explained.leaves().map(|leaf| leaf.says.len()).sum();
        assert!(explained.leaves().count() <= MAX_SPANS + 3 && told < 64 * 1_024, "{told}");
        assert!(longest(&explained.spans) < 2_000);
    }
}

#[test]
fn a_list_of_more_than_forty_says_how_many_more_there_are() {
    let groups = |count: u16| {
        let groups = Extension::SupportedGroups((0x4000..0x4000 + count).collect());
        let explained = HandshakeMessage::explain(&client_hello(vec![groups]).encode());
        find(&explained.spans, "supported_groups").unwrap().says.clone()
    };
    assert!(groups(40).ends_with(", unknown (0x4026), unknown (0x4027)"));
    assert!(groups(41).ends_with(", unknown (0x4026), unknown (0x4027), and 1 more"));
    assert!(groups(400).ends_with(", unknown (0x4027), and 360 more"));
}

#[test]
fn numbers_have_the_names_of_their_registries() {
    for (name, expected) in [
        (names::version(0x0304), "TLS 1.3"),
        (names::version(0x0300), "SSL 3.0"),
        (names::suite(0x1305), "TLS_AES_128_CCM_8_SHA256"),
        (names::suite(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
        (names::suite(0x5600), "TLS_FALLBACK_SCSV"),
        (names::suite(0xccaa), "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        (names::group(0x0019), "secp521r1"),
        (names::group(0x0104), "ffdhe8192"),
        (names::group(0x11ec), "X25519MLKEM768"),
        (names::scheme(0x0806), "rsa_pss_rsae_sha512"),
        (names::scheme(0x0905), "mldsa65"),
        (names::extension(0), "server_name"),
        (names::extension(51), "key_share"),
        (names::extension(0xfe0d), "encrypted_client_hello"),
        (names::extension(0xff01), "renegotiation_info"),
        (names::extension(40), "unknown (0x0028)"),
        (names::alert(0), "close_notify"),
        (names::alert(116), "certificate_required"),
        (names::alert(121), "ech_required"),
        (names::alert(99), "unknown (99)"),
        (names::psk_mode(1), "psk_dhe_ke"),
    ] {
        assert_eq!(name, expected);
    }
    // RFC 8701: 0x0a0a, 0x1a1a and so on, sixteen of them.
    let named: Vec<fn(u16) -> String> =
        vec![names::suite, names::group, names::scheme, names::extension, names::version];
    for name in named {
        let grease: Vec<_> = (0..=u16::MAX).filter(|number| name(*number) == "GREASE").collect();
        let expected: Vec<_> = (0..16).map(|high| 0x0a0a + high * 0x1010).collect();
        assert_eq!(grease, expected);
        let unnamed = name(0xabcd);
        assert_eq!(unnamed, "unknown (0xabcd)");
    }
}
