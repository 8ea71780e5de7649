//! How messages with certificates are told, on those of the articles' own programs.

use serde_json::Value;
use stages::{PART4_CERT, Stage};
use transcript::outline::{FOLDED, outline};
use transcript::{
    Detail, Direction, Event, EventKind, HandshakeMessage, Role, Summary, Way, WireLane,
};

const STAGE: &Stage = &PART4_CERT;

fn vectors() -> Value {
    let vectors = include_str!("../../handshake/tests/vectors/handshakes.json");
    serde_json::from_str(vectors).unwrap()
}

/// The messages of a handshake, each with the way it goes.
fn handshake() -> [(Direction, Vec<u8>); 3] {
    let vectors = vectors();
    let all = vectors["handshakes"].as_array().unwrap();
    let one = all.iter().find(|it| it["stage"] == STAGE.name).unwrap();
    let message = |name: &str| hex::decode(one[name].as_str().unwrap()).unwrap();
    [
        (Direction::ToServer, message("client_hello")),
        (Direction::ToClient, message("server_hello")),
        (Direction::ToClient, message("server_auth")),
    ]
}

fn event(role: Role, kind: EventKind) -> Event {
    Event { role, stage: STAGE, kind }
}

/// The messages as they pass by.
fn passing() -> impl Iterator<Item = Event> {
    handshake().into_iter().map(|(direction, message)| {
        let bytes = STAGE.record(&message).as_slice().into();
        event(Role::Wire, EventKind::Chunk { direction, micros: 0, bytes })
    })
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_certificate_is_a_tree_each_of_whose_lines_is_at_its_offset() {
    let mut lane = WireLane::new(Detail::Fields);
    let text: String = passing().map(|event| lane.event(&event)).collect();
    let text = plain(&text);
    for line in [
        "       │     8 Certificate                 994 B  localhost, signed by Intermediate CA",
        "       │    12   tbsCertificate            714 B",
        "       │    16     version                   5 B  3",
        "       │    57     issuer                  103 B  Intermediate CA",
        "       │   192     subject                  97 B  localhost",
        "       │   289     subjectPublicKeyInfo    294 B  RSA, 2048 bits",
        "       │  1002 tag                           2 B  00 20 = certificate",
        "       │  1006 Certificate                 953 B  Intermediate CA, signed by Root CA",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
    }
    assert!(!text.contains("tag and length"), "{text}");
}

#[test]
fn what_the_signature_covers_is_shown_to_the_last_byte() {
    let mut lane = WireLane::new(Detail::Fields);
    let text: String = passing().map(|event| lane.event(&event)).collect();
    let text = plain(&text);
    let (_, signed) = text.split_once("signed                       64 B  ").unwrap();
    let (signed, _) = signed.split_once("readers").unwrap();
    let bytes: Vec<u8> = signed
        .split_whitespace()
        .filter(|word| word.len() == 2)
        .filter_map(|word| hex::decode(word).ok()?.first().copied())
        .collect();
    let [(_, client), (_, server), _] = handshake();
    let bytes = bytes.strip_prefix(&[0x32]).unwrap_or(&bytes);
    assert_eq!(bytes.len(), 64 + 1, "the keys, and the length of the second:\n{signed}");
    assert_eq!((&bytes[..32], &bytes[33..]), (&client[4..], &server[4..]));
    // Another connection has other keys.
    let end = |direction| event(Role::Wire, EventKind::End { direction, micros: 0 });
    for direction in [Direction::ToServer, Direction::ToClient] {
        lane.event(&end(direction));
    }
    let again = passing().skip(1).map(|event| plain(&lane.event(&event))).collect::<String>();
    assert!(again.contains("CertificateVerify") && !again.contains("signed      "), "{again}");
}

#[test]
fn a_summary_says_who_is_signed_by_whom_and_whom_the_client_believes() {
    let mut summary = Summary::default();
    let [.., (_, auth)] = handshake();
    let text: String = passing().map(|event| summary.event(&event)).collect();
    let words = |text: &str| {
        let lines = plain(text);
        let words = lines.lines().filter_map(|line| line.split_once("│ "));
        words.map(|(_, words)| words.trim()).collect::<Vec<_>>().join(" ")
    };
    let told = words(&text);
    let expected = r#"in the clear: certificate "localhost", signed by "Intermediate CA"; certificate "Intermediate CA", signed by "Root CA"; CertificateVerify "#;
    assert!(told.contains(expected), "{told}");

    let accepts = |role| {
        let checks = ["one thing", "another"];
        let message = HandshakeMessage::new("ServerAuth", Way::Received, &auth, &checks);
        event(role, EventKind::Handshake(message))
    };
    let told = words(&summary.event(&accepts(Role::Client)));
    let expected =
        r#"accepts  ServerAuth: one thing; another believes that it talks to "localhost""#;
    assert_eq!(told, expected);
    // Only the client believes anything of that kind.
    assert!(!words(&summary.event(&accepts(Role::Server))).contains("believes"));

    for role in [Role::Client, Role::Server] {
        let secret = EventKind::Derived {
            label: "shared secret".to_owned(),
            from: "X25519".to_owned(),
            direction: None,
            fingerprint: Some([1; 4].as_slice().into()),
        };
        summary.event(&event(role, secret));
    }
    let end = plain(&summary.conclusion(STAGE)).replace('\n', " ");
    let name = r#"anyone on the path reads the server's name, "localhost":"#;
    let whom = r#"The client knows with whom: "localhost", a name that a root of its own vouches for. The server does not know"#;
    assert!(end.contains(name) && end.contains(whom), "{end}");
    // The next run knows nothing of that.
    let end = summary.conclusion(STAGE);
    assert!(!end.contains("localhost"), "{end}");
}

/// Every one of the vectors' certificates, good or bad.
#[test]
fn the_lines_of_a_tree_tile_what_they_tell() {
    let vectors = vectors();
    let certificates = vectors["certificates"].as_object().unwrap();
    assert!(certificates.len() > 50);
    for (name, der) in certificates {
        let der = hex::decode(der["der"].as_str().unwrap()).unwrap();
        let explained = messages::x509::Certificate::explain(&der);
        for folded in [0, FOLDED, usize::MAX] {
            let mut at = 0;
            for item in outline(&explained.spans, folded) {
                assert_eq!(item.span.offset, at, "{name}: {item:?}");
                at += item.own;
            }
            assert_eq!(at, der.len(), "{name}");
        }
        // A hundred lines would not be read.
        let lines = outline(&explained.spans, FOLDED).len();
        assert!(lines < 40 && lines * 3 < explained.leaves().count() * 2, "{name}: {lines}");
    }
}
