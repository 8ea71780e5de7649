//! The page of a run of the programs themselves.

mod html;

use std::sync::OnceLock;

use stages::{PART2_AEAD, Part, Role, STAGES};
use transcript::outline::{FOLDED, outline};
use transcript::schedule::LEVELS;
use transcript::{Event, EventKind, Way};
use xtask::launch::{Pair, Programs, Wire};

use crate::html::{fields, page, text};

#[test]
fn the_bytes_shown_are_the_runs() {
    let programs = Programs::all().unwrap();
    for stage in STAGES {
        let requests = ["--requests", "3"];
        let has_many = stage.has_records() && stage.has_data();
        let client_args = if has_many { &requests[..] } else { &[] };
        let pair = Pair { stage, server_args: &[], client_args, wire: Wire::Unwatched };
        let mut events = Vec::new();
        let outcome = pair.run(&programs, |event| events.push(event.clone())).unwrap();
        assert_eq!(outcome.code(), 0);
        let html = page(&events);
        let (mut expected, mut inside) = (Vec::new(), Vec::new());
        for event in &events {
            match &event.kind {
                EventKind::Handshake(message) if message.direction == Way::Sent => {
                    let explained = messages::explain(&message.message);
                    let spans = outline(&explained.spans, FOLDED).into_iter().map(|item| {
                        let bytes = &message.message[item.span.offset..][..item.own];
                        (item.span.name.to_owned(), bytes.to_vec())
                    });
                    if let Some(payload) = &message.record {
                        expected.extend(named(stage.split(&stage.record(payload)).unwrap()));
                        inside.extend(spans);
                    } else {
                        let record = stage.record_of_message(&message.message);
                        let mut header = stage.split_message(&record).unwrap();
                        assert_eq!(header.pop().unwrap().field.role, Role::Message);
                        expected.extend(named(header).into_iter().chain(spans));
                    }
                }
                EventKind::Sent(record) => {
                    expected.extend(named(stage.split(&stage.record(&record.record)).unwrap()));
                }
                _ => {}
            }
        }
        assert!(!expected.is_empty());
        assert_eq!(fields(&html, "sent"), expected, "{}", stage.name);
        assert_eq!(fields(&html, "inside"), inside, "{}", stage.name);
        assert_eq!(fields(&html, "arrived"), [], "what arrived is what was sent");
    }
}

/// Names and bytes of parts.
fn named(parts: Vec<Part<'_>>) -> Vec<(String, Vec<u8>)> {
    let named = |part: Part<'_>| (part.field.name.to_owned(), part.bytes.to_vec());
    parts.into_iter().map(named).collect()
}

/// A run of TLS.
fn tls() -> Vec<Event> {
    static RUN: OnceLock<Vec<Event>> = OnceLock::new();
    RUN.get_or_init(run_of_tls).clone()
}

fn run_of_tls() -> Vec<Event> {
    let stage = STAGES.iter().find(|stage| stage.has_types()).unwrap();
    let programs = Programs::of_stages(&[stage], false).unwrap();
    let pair = Pair { stage, server_args: &[], client_args: &[], wire: Wire::Unwatched };
    let mut events = Vec::new();
    let outcome = pair.run(&programs, |event| events.push(event.clone())).unwrap();
    assert_eq!(outcome.code(), 0);
    events
}

/// The texts of what is between each `start` and the next `end`.
fn texts(html: &str, start: &str, end: &str) -> Vec<String> {
    let parts = html.split(start).skip(1);
    parts.map(|part| text(&format!("{start}{}", part.split(end).next().unwrap()))).collect()
}

#[test]
fn a_handshake_of_tls_is_told_at_a_glance_under_the_keys_that_protect_it() {
    let html = page(&tls());
    let (_, glance) = html.split_once("class=\"glance\"").unwrap();
    let (facts, ladder) = glance.split_once("class=\"ladder\"").unwrap();
    let facts: Vec<_> = texts(facts, "<dd>", "</dd>");
    let expected =
        ["TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768", "ecdsa_secp256r1_sha256"];
    assert_eq!(facts, expected);
    let (ladder, _) = ladder.split_once("</ol>").unwrap();
    let bands: Vec<_> = ladder
        .split("<p>")
        .skip(1)
        .map(|band| {
            let key = texts(band, "<b>", "</b>").concat();
            (key, texts(band, "<a ", "</a>"))
        })
        .collect();
    let expected: [(&str, &[&str]); 5] = [
        ("", &["ClientHello", "ServerHello", "ChangeCipherSpec", "ChangeCipherSpec"]),
        (
            "server_handshake_traffic_secret",
            &["EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"],
        ),
        ("client_handshake_traffic_secret", &["Finished"]),
        ("client_application_traffic_secret_0", &[]),
        ("server_application_traffic_secret_0", &[]),
    ];
    let expected = expected.map(|(key, messages)| {
        (key.to_owned(), messages.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(bands, expected);
    // Each leads to its row.
    for id in ladder.split("href=\"#").skip(1).map(|it| it.split('"').next().unwrap()) {
        assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[test]
fn each_message_of_tls_says_its_key_what_it_is_made_over_and_whom_its_receiver_believes() {
    let html = page(&tls());
    let rows: Vec<_> = html.split("<li class=\"exchange").skip(1).map(text).collect();
    let row = |title: &str| -> &String {
        rows.iter().find(|row| row.contains(title)).unwrap_or_else(|| panic!("{title}"))
    };
    let certificate = row("Certificate, server to client");
    let verify = row("CertificateVerify, server to client");
    let finished = [row("Finished, server to client"), row("Finished, client to server")];
    let until_certificate = "ClientHello, ServerHello, EncryptedExtensions, Certificate";
    for (row, over) in [
        (verify, until_certificate.to_owned()),
        (finished[0], format!("{until_certificate}, CertificateVerify")),
        (finished[1], format!("{until_certificate}, CertificateVerify, Finished")),
    ] {
        assert!(row.contains(&format!("Made over the hash of {over}: ")), "{row}");
    }
    assert!(!certificate.contains("Made over"));
    // A name is believed once it is proved.
    let believed: Vec<_> =
        rows.iter().filter(|row| row.contains("believes that it talks")).collect();
    assert_eq!(believed, [verify]);
    assert!(certificate.contains("Anyone can send these certificates"), "{certificate}");
    assert!(!finished[0].contains("Nothing here tells who sent it"));
    assert!(finished[1].contains("Nothing here tells who sent it"));
    let close = row("Alert close_notify, client to server");
    assert!(close.contains(
        "for those who have the key client_application_traffic_secret_0: 2 bytes of type alert"
    ));
    let data = row("record 0, server to client");
    assert!(data.contains("Under the key server_application_traffic_secret_0"), "{data}");
    assert!(!row("ClientHello, client").contains("who have the key"));
}

#[test]
fn the_keys_of_tls_are_a_tree_that_says_what_each_protects_and_the_chain_ends_in_all_that_was_said()
{
    let events = tls();
    let html = page(&events);
    let tree = texts(&html, "class=\"schedule\"", "</figure>").concat();
    let mut rest = &*tree;
    for part in [
        "Early Secret",
        "+ shared secret",
        "Handshake Secret",
        "ClientHello to ServerHello",
        "“c hs traffic” client_handshake_traffic_secret",
        "in the handshake: Finished",
        "“s hs traffic” server_handshake_traffic_secret",
        "in the handshake: EncryptedExtensions, Certificate, CertificateVerify, Finished",
        "Master Secret",
        "ClientHello to the server's Finished",
        "“c ap traffic” client_application_traffic_secret_0",
        "“s ap traffic” server_application_traffic_secret_0",
        "“exp master” exporter_master_secret",
        "Each side derives them by itself.",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part}: {tree}")).1;
    }
    // What the programs say they derive is in the tree, from where it stands there.
    for event in &events {
        let EventKind::Derived { label, from, fingerprint: None, .. } = &event.kind else {
            continue;
        };
        let level = LEVELS.iter().find(|it| it.secrets.iter().any(|it| it.name == label));
        let level = level.unwrap_or_else(|| panic!("{label}"));
        let parts = from.split_once(" (of the ").zip(from.split_once("), and the hash of "));
        let parts = parts.map(|((name, _), (_, hashed))| (name, hashed));
        assert_eq!(parts, Some((level.name, level.hashed)), "{from}");
    }
    let chain = texts(&html, "class=\"chain\"", "</figure>").concat();
    assert!(
        chain.contains("the client’s own root") && chain.contains("of CertificateVerify"),
        "{chain}"
    );
    assert!(chain.contains("all that was said ClientHello to Certificate"), "{chain}");
    // The places are those in the messages.
    let message = |step: &str| {
        events.iter().find_map(|event| match &event.kind {
            EventKind::Handshake(message) if message.step == step => Some(message.message.to_vec()),
            _ => None,
        })
    };
    let (certificate, verify) =
        (message("Certificate").unwrap(), message("CertificateVerify").unwrap());
    let places = chain.split("bytes ").skip(1).map(|it| {
        let mut words = it.split(' ');
        let first: usize = words.next().unwrap().parse().unwrap();
        let last: usize = words.nth(1).unwrap().parse().unwrap();
        first..last + 1
    });
    let places: Vec<_> = places.collect();
    let [intermediate, leaf, signature] = &places[..] else { panic!("{places:?}") };
    for place in [intermediate, leaf] {
        let der = &certificate[place.clone()];
        assert_eq!(
            (der[..2].to_vec(), der.len()),
            (vec![0x30, 0x82], usize::from(u16::from_be_bytes([der[2], der[3]])) + 4)
        );
    }
    assert_eq!(signature.end, verify.len());
    assert_eq!(verify[signature.start], 0x30);
}

#[test]
fn a_program_that_tells_nothing_of_itself_is_no_attacker() {
    for ours in [transcript::Role::Client, transcript::Role::Server] {
        let events: Vec<_> = tls().into_iter().filter(|event| event.role == ours).collect();
        let html = text(&page(&events));
        for not_so in ["someone on the path did", "never received it", "It is not what"] {
            assert!(!html.contains(not_so), "{not_so}");
        }
        assert!(html.contains("It is no program of ours"));
        assert!(html.contains("under server_handshake_traffic_secret"));
        assert_eq!(html.contains("It believes that it talks"), ours == transcript::Role::Client);
    }
}

#[test]
fn a_page_is_as_small_as_the_book_says() {
    let programs = Programs::of_stages(&[&PART2_AEAD], false).unwrap();
    let len = |client_args: &[&str]| {
        let pair =
            Pair { stage: &PART2_AEAD, server_args: &[], client_args, wire: Wire::Unwatched };
        let mut events = Vec::new();
        pair.run(&programs, |event| events.push(event.clone())).unwrap();
        page(&events).len()
    };
    let (two, long) = (["--requests", "2"], "x".repeat(16_384));
    let hundred = ["--requests", "100", "--request", &long];
    let (two, hundred) = (len(&two), len(&hundred));
    assert!(two < 42_000, "{two} bytes");
    assert!(hundred < 4_000_000, "{hundred} bytes");
}
