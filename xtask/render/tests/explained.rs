//! The page of a connection out of a capture, read as text. What a browser makes of it: `checks/browser`.
//!
//! `explained.jsonl` is what `cargo xtask explain FILE --keylog FILE --json` told of a session between the programs of
//! part 5, and `eavesdropped.jsonl` the same without the key log.

mod html;

use messages::tls13::handshake::HEADER_LEN;
use stages::PART5_TLS13;
use transcript::{
    Direction, Event, EventKind, HandshakeMessage, Opened, Outcome, Record, Role, Way,
};

use crate::html::{fields, page, text};

fn explained() -> Vec<Event> {
    saved(include_str!("explained.jsonl"))
}

fn eavesdropped() -> Vec<Event> {
    saved(include_str!("eavesdropped.jsonl"))
}

fn saved(lines: &str) -> Vec<Event> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn event(role: Role, kind: EventKind) -> Event {
    Event { role, stage: &PART5_TLS13, kind }
}

fn captured() -> Event {
    let [client, server] = ["192.0.2.1:50000", "[2001:db8::1]:443"].map(|it| it.parse().unwrap());
    event(Role::Wire, EventKind::Captured { client, server, unix_micros: 1_800_000_000_000_000 })
}

fn check(of: Option<Role>, what: &str, outcome: Outcome, message: &str) -> Event {
    let (what, message) = (what.to_owned(), message.to_owned());
    event(Role::KeyLog, EventKind::Check { of, what, outcome, message })
}

fn chunk(micros: u64, bytes: &[u8]) -> Event {
    let direction = Direction::ToClient;
    event(Role::Wire, EventKind::Chunk { direction, micros, bytes: bytes.into() })
}

fn opened(key: &str, seq: u64, padding: usize) -> Opened {
    Opened { key: key.to_owned(), seq, nonce: (&[0xab; 12][..]).into(), padding }
}

/// A record of data of the server, and its bytes on the wire.
fn data(index: u64, plaintext: &[u8]) -> [Event; 2] {
    let payload = vec![7; plaintext.len() + PART5_TLS13.overhead()];
    let opened = opened("server_application_traffic_secret_0", index, 0);
    let record =
        Record { opened: Some(opened), ..Record::new(&PART5_TLS13, index, plaintext, &payload) };
    let bytes = chunk(1_000 * index, &PART5_TLS13.record(&payload));
    [event(Role::Server, EventKind::Sent(record)), bytes]
}

/// The text of the row that shows this, from its heading to its end.
fn row(html: &str, heading: &str) -> String {
    let rows = html.split("<li class=\"exchange").skip(1);
    let mut rows = rows.filter(|row| text(row).contains(heading));
    let row = rows.next().unwrap_or_else(|| panic!("no row {heading}"));
    text(row.rsplit_once("</li>").map_or(row, |(row, _)| row)).trim().to_owned()
}

/// Where a piece of text begins on the page.
fn at(html: &str, piece: &str) -> usize {
    html.find(piece).unwrap_or_else(|| panic!("{piece:?} is missing"))
}

#[test]
fn a_failed_check_is_the_first_thing_on_the_page() {
    let html = page(&explained());
    assert!(!text(&html).contains("FAIL"));
    let mut events = explained();
    for event in &mut events {
        if let EventKind::Check { of: Some(Role::Client), what, outcome, message } = &mut event.kind
            && what == "Finished"
        {
            *outcome = Outcome::Fails;
            "made again, it is <another>".clone_into(message);
        }
    }
    let html = page(&events);
    let body = text(html.split_once("<main>").unwrap().1.split_once("</style>").unwrap().1);
    let first = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        "1 check FAILS Finished of the client made again, it is <another> A session of TLS";
    assert!(first.starts_with(expected), "{first:.200}");
    let html = page(&[events, vec![check(None, "close", Outcome::Fails, "no")]].concat());
    assert!(text(&html).contains("2 checks FAIL\n"));
    assert!(text(&html).contains("2 of 9 checks made FAIL."));
}

#[test]
fn it_begins_with_who_what_was_agreed_how_long_it_took_and_how_it_ended() {
    let html = page(&explained());
    let overview = &html[at(&html, "id=\"overview\"")..at(&html, "id=\"keys\"")];
    let overview = text(overview);
    for said in [
        "Name asked forlocalhost",
        "Server’s certificate\"localhost\"",
        "VersionTLS 1.3",
        "Cipher suiteTLS_AES_128_GCM_SHA256",
        "Key exchangeX25519MLKEM768",
        "Server signs withecdsa_secp256r1_sha256",
        "ClientHello of the client",
        "The client sent61 bytes of data in 1 record;",
        "Its endit said that no more follows: close_notify",
        "Certificate of the server not made",
        "Finished of the server OK",
        "In the clear: anyone on the path can read it",
        "Encrypted, under server_handshake_traffic_secret",
        "Encrypted, under client_application_traffic_secret_0 and server_application_traffic_secret_0",
    ] {
        assert!(overview.contains(said), "{said:?} is missing: {overview}");
    }
    let times = overview.split_once("How long each step took").unwrap().1;
    let steps: Vec<_> = times.lines().filter(|line| line.contains(" at ")).collect();
    let EventKind::Chunk { micros, .. } = explained()[2].kind else { panic!("no chunk") };
    #[allow(clippy::cast_precision_loss)]
    let first = format!("{:.1} ms", micros as f64 / 1e3);
    assert_eq!(steps[0], format!("ClientHello of the client {first} at {first}"));
    assert_eq!(steps.len(), 8);
}

#[test]
fn a_record_that_was_opened_says_by_which_key_number_and_nonce_and_what_it_hides() {
    let html = page(&explained());
    let verify = row(&html, "CertificateVerify, server to client");
    for said in [
        "Opened with server_handshake_traffic_secret, as its record 2",
        "xor the number 2",
        "00 00 00 00 00 00 00 00 00 00 00 02",
        "Inside: type handshake, no padding",
        "Made over the hash of ClientHello, ServerHello, EncryptedExtensions, Certificate:",
        "CertificateVerify OK ecdsa_secp256r1_sha256 by the key of its certificate",
    ] {
        assert!(verify.contains(said), "{said:?} is missing: {verify}");
    }
    assert!(row(&html, "data, record 0, client to server").contains("type application_data"));
    assert!(row(&html, "Alert close_notify, client to server").contains("Inside: type alert"));
    let padded = EventKind::Handshake(HandshakeMessage {
        opened: Some(opened("client_handshake_traffic_secret", 0, 3)),
        ..HandshakeMessage::new("Finished", Way::Sent, &[20, 0, 0, 1, 7], &[])
            .sealed_in(Some(&[9; 25]))
    });
    let html = page(&[captured(), event(Role::Client, padded)]);
    let padded = row(&html, "Finished, client to server");
    assert!(padded.contains("type handshake, 3 bytes of padding"), "{padded}");
    assert!(padded.contains("nonce ab ab ab ab ab ab ab ab ab ab ab ab"), "{padded}");
}

#[test]
fn a_key_leads_to_everything_under_it_and_all_that_back_to_the_key() {
    let html = page(&explained());
    let keys = &html[at(&html, "id=\"keys\"")..at(&html, "id=\"messages\"")];
    let key = keys.split("<details class=\"key\"").find(|it| it.contains("<b>server_handshake"));
    let key = key.unwrap();
    let number = key.split_once("id=\"key-").unwrap().1.split_once('"').unwrap().0;
    let under = key.split_once("</ol>").unwrap().0;
    let rows: Vec<_> =
        under.split("href=\"#").skip(1).map(|it| it.split_once('"').unwrap().0).collect();
    let named = text(under);
    assert!(
        named.contains("Its finished_key, made of the same secret, makes the Finished"),
        "{named}"
    );
    assert!(named.contains("SERVER_HANDSHAKE_TRAFFIC_SECRET in the key log"), "{named}");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let lit = format!("k-{number}\" id=\"{row}\"");
        let shown = html.split_once(&lit).unwrap_or_else(|| panic!("{lit} is missing")).1;
        let shown = shown.split_once("</li>\n<li class=\"exchange").unwrap().0;
        assert!(shown.contains(&format!("href=\"#under-{number}\"")), "{row}");
    }
    let rule = format!(".session:has(#key-{number}[open]) .k-{number}");
    assert_eq!(html.matches(&rule).count(), 1);
    // The rows, their lines in the overview, and the checks made in them.
    assert_eq!(html.matches(&format!(" k-{number}\"")).count(), 4 + 4 + 3);
}

#[test]
fn the_tree_says_what_no_key_log_has_and_where_a_key_of_before_or_behind_belongs() {
    let named = |name: &str, direction| {
        let (label, from) = (name.to_owned(), "the key log".to_owned());
        let direction = Some(direction);
        event(Role::KeyLog, EventKind::Derived { label, from, direction, fingerprint: None })
    };
    let events = [
        captured(),
        named("client_early_traffic_secret", Direction::ToServer),
        named("client_handshake_traffic_secret", Direction::ToServer),
        named("client_application_traffic_secret_0", Direction::ToServer),
        named("client_application_traffic_secret_1", Direction::ToServer),
    ];
    let html = page(&events);
    let keys = text(&html[at(&html, "id=\"keys\"")..at(&html, "id=\"messages\"")]);
    let order = [
        "Early Secret no key log has it",
        "client_early_traffic_secret",
        "Handshake Secret no key log has it",
        "client_handshake_traffic_secret",
        "server_handshake_traffic_secret\nIt is not known here",
        "Master Secret no key log has it",
        "client_application_traffic_secret_0",
        "exporter_master_secret",
        "client_application_traffic_secret_1",
        "HKDF cannot be run backwards",
    ];
    let places: Vec<_> = order.iter().map(|it| at(&keys, it)).collect();
    assert!(places.is_sorted(), "{places:?}: {keys}");
}

#[test]
fn nothing_is_said_of_what_arrived() {
    let shown = text(&page(&explained()));
    for invented in
        ["accepts", "receives", "never received", "believes", "arrived", "Everyone has them"]
    {
        assert!(!shown.contains(invented), "{invented}");
    }
}

#[test]
fn with_no_key_log_it_is_what_an_eavesdropper_sees() {
    let html = page(&eavesdropped());
    let shown = text(&html);
    assert!(
        shown.contains("downgrade of the server") && shown.contains("the random has no mark"),
        "{shown}"
    );
    assert!(shown.contains("What an eavesdropper sees"), "{shown}");
    assert!(shown.contains("that is all there is to see"), "{shown}");
    assert!(shown.contains("6 encrypted records that nobody here can open"), "{shown}");
    assert!(!html.contains("id=\"keys\""));
    assert!(
        row(&html, "encrypted record, server to client").contains("Seen from outside: 34 bytes")
    );
    assert!(!text(&page(&explained())).contains("eavesdropper"));
}

#[test]
fn every_byte_that_passed_by_is_shown_under_the_name_of_its_field() {
    for events in [explained(), eavesdropped()] {
        let shown = fields(&page(&events), "sent").into_iter().flat_map(|(_, bytes)| bytes);
        let passed = events.iter().filter_map(|event| match &event.kind {
            EventKind::Chunk { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        });
        assert!(shown.eq(passed.flatten()));
    }
}

#[test]
fn parts_of_messages_gaps_and_what_is_folded_have_rows_of_their_own() {
    let (direction, record) = (Direction::ToClient, [7; 40]);
    let fragment = EventKind::Fragment {
        direction,
        step: "Certificate".to_owned(),
        bytes: (&[11, 0, 9, 9][..]).into(),
        record: Some((&record[..]).into()),
        opened: Some(opened("server_handshake_traffic_secret", 4, 0)),
    };
    let html = page(&[
        captured(),
        event(Role::Server, fragment),
        chunk(1_500, &PART5_TLS13.record(&record)),
        event(Role::Server, EventKind::Folded { direction, records: 900, bytes: 14_745_600 }),
        event(Role::Wire, EventKind::Missing { direction, micros: 2_000, bytes: Some(1) }),
        chunk(2_500, b"no record"),
        event(Role::Wire, EventKind::End { direction, micros: 3_000 }),
    ]);
    let part = row(&html, "part of Certificate, server to client, at 1.5 ms");
    assert!(part.contains("4 bytes of it"), "{part}");
    assert!(part.contains("server_handshake_traffic_secret, as its record 4"), "{part}");
    assert!(row(&html, "bytes without a record").contains("6e 6f 20 72 65 63 6f 72 64"));
    let shown = text(&html);
    for said in [
        "900 more records of data from the server, 14\u{202f}745\u{202f}600 bytes",
        "1 byte of the server are not in the capture",
        "The stream of the server ends, at 3.0 ms",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

#[test]
fn a_record_in_the_clear_with_a_part_of_a_message_is_shown_as_it_passed_by() {
    let whole = [&[1, 0, 0, 6][..], &[7; 6]].concat();
    let (head, tail) = whole.split_at(5);
    let direction = Direction::ToServer;
    let record = |part: &[u8]| [&[22, 3, 1, 0, 5][..], part].concat();
    let passed = |bytes: &[u8]| {
        event(Role::Wire, EventKind::Chunk { direction, micros: 7, bytes: bytes.into() })
    };
    let fragment = EventKind::Fragment {
        direction,
        step: "ClientHello".to_owned(),
        bytes: head.into(),
        record: None,
        opened: None,
    };
    let message = HandshakeMessage::new("ClientHello", Way::Sent, &whole, &[]);
    let html = page(&[
        captured(),
        event(Role::Client, fragment),
        passed(&record(head)),
        event(Role::Client, EventKind::Handshake(message)),
        passed(&record(tail)),
    ]);
    let shown: Vec<_> = fields(&html, "sent").into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(shown.concat(), [record(head), record(tail)].concat());
    let inside: Vec<_> = fields(&html, "inside").into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(inside.concat(), whole);
}

#[test]
fn padding_stands_apart_and_of_a_closed_record_nobody_says_where_its_type_is() {
    let payload: Vec<u8> = (0..30).collect();
    let record = Record {
        opened: Some(opened("server_application_traffic_secret_0", 0, 4)),
        ..Record::new(&PART5_TLS13, 0, b"123456789", &payload)
    };
    let wire = PART5_TLS13.record(&payload);
    let html = page(&[captured(), event(Role::Server, EventKind::Sent(record)), chunk(1, &wire)]);
    let named = |html: &str| -> Vec<(String, usize)> {
        fields(html, "sent").into_iter().skip(3).map(|(name, bytes)| (name, bytes.len())).collect()
    };
    let lens = [("ciphertext", 9), ("inner type", 1), ("padding", 4), ("tag", 16)];
    assert_eq!(named(&html), lens.map(|(name, len)| (name.to_owned(), len)));
    let html = page(&[captured(), chunk(1, &wire)]);
    assert_eq!(named(&html), [("ciphertext".to_owned(), 14), ("tag".to_owned(), 16)]);
}

#[test]
fn messages_in_one_record_stand_one_below_the_other_under_its_key() {
    let message = |step: &str, body: u8, record: Option<&[u8]>| {
        let opened = record.map(|_| opened("server_handshake_traffic_secret", 0, 0));
        let message = HandshakeMessage::new(step, Way::Sent, &[body, 0, 0, 0], &[]);
        assert_eq!(message.message.len(), HEADER_LEN);
        event(
            Role::Server,
            EventKind::Handshake(HandshakeMessage { opened, ..message.sealed_in(record) }),
        )
    };
    let payload = [7; 25];
    let html = page(&[
        captured(),
        message("EncryptedExtensions", 8, Some(&payload)),
        message("Finished", 20, None),
        chunk(1_000, &PART5_TLS13.record(&payload)),
    ]);
    let second = row(&html, "Finished, server to client, at 1.0 ms");
    assert!(second.contains("In the same record: Finished, 4 bytes"), "{second}");
    assert!(!second.contains("Opened with"), "{second}");
    assert_eq!(html.matches(" k-1\" id=\"row-").count(), 2);
    let keys = text(&html[at(&html, "id=\"keys\"")..]);
    assert!(keys.contains("server_handshake_traffic_secret 1 record\n"), "{keys}");
}

#[test]
fn a_connection_without_measure_has_a_page_of_bounded_length() {
    let many = |count: u64| {
        let mut events = vec![captured()];
        events.extend((0..count).flat_map(|index| data(index, &[b'x'; 16_384])));
        events.extend((0..count).map(|at| chunk(at, &PART5_TLS13.record(&[7; 600]))));
        events.extend((0..count).map(|_| check(None, "it", Outcome::NotMade, "no")));
        page(&events)
    };
    let (some, more) = (many(400), many(4_000));
    assert!(more.len() < some.len() + some.len() / 100, "{} {}", some.len(), more.len());
    let shown = text(&more);
    assert!(shown.contains("7700 more records followed"), "{}", shown.len());
    assert!(shown.contains("The first 2048 bytes: --json has all."));
    assert!(!shown.contains(&"x".repeat(2_049)));
    assert!(!shown.contains(&"07 ".repeat(2_049)));
    assert!(more.len() < 10_000_000, "{}", more.len());
}

#[test]
fn what_strangers_say_stays_text() {
    let markup = "</style><script>alert(1)</script>\u{1b}[31m";
    let mut events = vec![captured(), check(Some(Role::Server), markup, Outcome::Fails, markup)];
    let payload = [7; 30];
    let record = Record {
        opened: Some(opened(markup, 0, 0)),
        ..Record::new(&PART5_TLS13, 0, markup.as_bytes(), &payload)
    };
    events.push(event(Role::Server, EventKind::Sent(record)));
    let step = EventKind::Handshake(HandshakeMessage::new(markup, Way::Sent, &[1, 0], &[]));
    events.push(event(Role::Client, step));
    let html = page(&events);
    assert!(!html.contains("<script") && !html.contains('\u{1b}'));
    assert_eq!(html.matches("</style>").count(), html.matches("<style>").count());
}
