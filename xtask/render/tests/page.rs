//! The page of a run, read as text. What a browser makes of it: `checks/browser`.

mod html;

use std::io::{self, Write};

use messages::fields::{TAGS, Tag, X25519_KEY};
use render::page::{Page, SHOWN};
use stages::{
    PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, PART3_HKDF, PART3_X25519,
    PART4_CERT, STAGES, Stage, field,
};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Hex, Record, Role, Way};

use crate::html::{certified, fields, page, text};

fn event(stage: &'static Stage, role: Role, kind: EventKind) -> Event {
    Event { role, stage, kind }
}

/// A record that looks like one of the stage, filled with `fill`.
fn record(stage: &Stage, index: u64, plaintext: &[u8], fill: u8) -> Record {
    let mut payload = vec![fill; plaintext.len() + stage.overhead()];
    let mut parts = stage.split_payload(&payload).unwrap().into_iter();
    if let Some(seq) = parts.find(|part| part.field.role == field::Role::Seq) {
        let range = seq.offset..seq.offset + seq.bytes.len();
        payload[range].copy_from_slice(&index.to_be_bytes());
    }
    Record::new(stage, index, plaintext, &payload)
}

fn sent(stage: &'static Stage, index: u64, plaintext: &[u8]) -> Event {
    event(stage, Role::Client, EventKind::Sent(record(stage, index, plaintext, 7)))
}

fn received(stage: &'static Stage, index: u64, plaintext: &[u8]) -> Event {
    event(stage, Role::Server, EventKind::Received(record(stage, index, plaintext, 7)))
}

/// Each stage's first words: a message of its handshake, or a record.
fn first_words() -> Vec<Event> {
    let first = |stage: &&'static Stage| match stage.handshake.first() {
        Some(message) => says(stage, Role::Client, message.name, &hello()),
        None => sent(stage, 0, b"hi"),
    };
    STAGES.iter().map(first).collect()
}

fn with_data() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has_data())
}

/// A field of a kind that nobody knows.
const STRANGE: Tag = Tag { number: 0x4242, name: "unknown field", what: "" };

/// A message with these fields.
fn message<'v>(fields: impl IntoIterator<Item = (&'v Tag, &'v [u8])>) -> Vec<u8> {
    let mut message = Vec::new();
    fields.into_iter().for_each(|(tag, value)| tag.append(value, &mut message));
    message
}

fn hello() -> Vec<u8> {
    message([(&X25519_KEY, &[7; 32][..])])
}

/// One side's report of a message that it sent.
fn says(stage: &'static Stage, role: Role, step: &str, payload: &[u8]) -> Event {
    let message = HandshakeMessage::new(step, Way::Sent, payload, &[]);
    event(stage, role, EventKind::Handshake(message))
}

/// One side's report of a message that it accepted.
fn accepts(stage: &'static Stage, role: Role, step: &str, payload: &[u8]) -> Event {
    let message = HandshakeMessage::new(step, Way::Received, payload, &["it is well", "and good"]);
    event(stage, role, EventKind::Handshake(message))
}

/// One side's refusal of a message.
fn refuses(stage: &'static Stage, role: Role, step: &str, why: &str, payload: &[u8]) -> Event {
    let kind = EventKind::Rejected {
        index: 0,
        step: Some(step.to_owned()),
        error: "malformed".to_owned(),
        message: why.to_owned(),
        expected_seq: None,
        record: Some(payload.into()),
    };
    event(stage, role, kind)
}

fn makes_secret(stage: &'static Stage, role: Role, fingerprint: &[u8]) -> Event {
    let kind = EventKind::Derived {
        label: "shared secret".to_owned(),
        from: "both keys".to_owned(),
        direction: None,
        fingerprint: Some(fingerprint.into()),
    };
    event(stage, role, kind)
}

fn makes_keys(stage: &'static Stage, role: Role) -> [Event; 2] {
    [("there", Direction::ToServer), ("back", Direction::ToClient)].map(|(label, direction)| {
        let kind = EventKind::Derived {
            label: label.to_owned(),
            from: "HKDF of it".to_owned(),
            direction: Some(direction),
            fingerprint: None,
        };
        event(stage, role, kind)
    })
}

fn rejected(
    stage: &'static Stage,
    index: u64,
    error: &str,
    message: &str,
    record: Option<&[u8]>,
) -> Event {
    let (error, message) = (error.to_owned(), message.to_owned());
    let record = record.map(Hex::from);
    let kind =
        EventKind::Rejected { index, error, message, step: None, expected_seq: None, record };
    event(stage, Role::Server, kind)
}

#[test]
fn a_long_field_is_there_to_its_last_byte() {
    let plaintext: Vec<u8> = (0..=255).cycle().take(16_384).collect();
    let payload: Vec<u8> = [7; 16].into_iter().chain((0..=250).cycle().take(16_384)).collect();
    let record = Record::new(&PART1_CTR, 0, &plaintext, &payload);
    let html = page(&[event(&PART1_CTR, Role::Client, EventKind::Sent(record))]);
    let fields = fields(&html, "sent");
    assert_eq!(fields[2].0, "ciphertext");
    assert!(fields[2].1 == payload[16..]);
    assert!(text(&html).contains("Offset 20, length 16384: bytes 20 to 16403 of the 16404"));
}

#[test]
fn every_field_is_explained_where_it_is_and_below() {
    for stage in with_data() {
        let html = page(&[sent(stage, 0, b"amount=100"), received(stage, 0, b"amount=100")]);
        let fields = fields(&html, "sent");
        let parts: Vec<_> = html.split("<details ").skip(1).map(text).collect();
        let below = text(html.split_once("class=\"meanings\"").unwrap().1);
        let record_len = fields.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let mut offset = 0;
        assert_eq!(fields.len(), stage.fields.len());
        for (((name, bytes), shown), field) in fields.iter().zip(parts).zip(stage.fields) {
            assert_eq!(name, field.name);
            let (len, next) = (bytes.len(), offset + bytes.len());
            let last = next - 1;
            let place = format!(
                "Offset {offset}, length {len}: bytes {offset} to {last} of the {record_len}"
            );
            assert!(shown.contains(&place), "{place}: {shown}");
            for said in [field.what, field.readers, field.protection] {
                assert!(!said.is_empty(), "{name} at {}", stage.name);
                assert!(shown.contains(said) && below.contains(said), "{said}");
            }
            offset = next;
        }
        for said in [stage.title, stage.adds, stage.stops, stage.lets_through] {
            assert!(text(&html).contains(said), "{said}");
        }
    }
}

#[test]
fn every_span_of_a_message_is_explained_where_it_is_and_below() {
    let payload = message(TAGS.iter().copied().chain([&STRANGE]).map(|tag| (tag, &b"abc"[..])));
    let explained = messages::explain(&payload);
    for stage in STAGES.iter().filter(|stage| !stage.handshake.is_empty()) {
        let (whole, header) = stage.fields_of_messages().split_last().unwrap();
        let header_len = stage.header().len();
        let html = page(&[says(stage, Role::Client, "ClientHello", &payload)]);
        let parts: Vec<_> = html.split("<details ").skip(1).map(text).collect();
        let below = text(html.split_once("class=\"meanings\"").unwrap().1);
        let all = stage.record_of_message(&payload);
        let mut fields = fields(&html, "sent");
        let spans = fields.split_off(header.len());
        let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, header.iter().map(|field| field.name).collect::<Vec<_>>());
        let bytes: Vec<_> = fields.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        assert_eq!(bytes, all[..header_len]);
        assert_eq!(spans.len(), explained.leaves().count());
        let parts = parts[header.len()..].iter();
        for (((name, bytes), shown), span) in spans.iter().zip(parts).zip(explained.leaves()) {
            let place = format!(
                "Offset {}, length {}: bytes {} to {} of the {}",
                span.offset + header_len,
                span.len,
                span.offset + header_len,
                span.offset + header_len + span.len - 1,
                all.len()
            );
            assert!(shown.contains(&place), "{place}: {shown}");
            assert_eq!((&**name, &bytes[..]), (span.name, &payload[span.offset..][..span.len]));
            for said in [span.what, whole.readers, stage.protection_of_messages()] {
                assert!(!said.is_empty(), "{name}");
                assert!(shown.contains(said) && below.contains(said), "{said}");
            }
            assert!(shown.contains(&span.says), "{shown}");
        }
        for message in stage.handshake {
            assert!(text(&html).contains(message.name));
        }
    }
}

#[test]
fn both_sides_of_a_message_are_told() {
    let stage = &PART3_X25519;
    let html = page(&[
        says(stage, Role::Client, "ClientHello", &hello()),
        accepts(stage, Role::Server, "ClientHello", &hello()),
        says(stage, Role::Server, "ServerHello", &hello()),
    ]);
    let rows: Vec<_> = html.split("<li class=\"exchange").skip(1).collect();
    let [first, second] = [text(rows[0]), text(rows[1])];
    assert!(
        first.contains("client sends ClientHello") && first.contains("server accepts ClientHello")
    );
    assert!(first.contains("it is well") && first.contains("and good"), "{first}");
    assert_eq!(rows[0].matches("class=\"passed\"").count(), 2);
    assert!(first.contains("It is what the client sent.") && !first.contains("refuses"), "{first}");
    assert!(second.contains("server sends ServerHello"), "{second}");
    assert!(second.contains("client never received it"), "{second}");
    assert_eq!(fields(&html, "arrived"), []);
}

#[test]
fn a_message_that_was_refused_says_why() {
    let stage = &PART3_X25519;
    let why = "ClientHello refused: the message has no X25519 key";
    let html = page(&[
        says(stage, Role::Client, "ClientHello", &hello()),
        refuses(stage, Role::Server, "ClientHello", why, &hello()[..20]),
    ]);
    let told = text(&html);
    assert!(told.contains(why) && told.contains("The server makes no secret"), "{told}");
    assert!(told.contains("What arrived is not what was sent"), "{told}");
    let arrived = fields(&html, "arrived");
    assert_eq!(arrived.last().unwrap(), &("no field".to_owned(), hello()[4..20].to_vec()));
    assert!(!html.contains("class=\"passed\""));
}

#[test]
fn what_was_changed_in_a_message_or_added_to_it_stands_out() {
    let stage = &PART3_X25519;
    let mut other = hello();
    other[35] ^= 0x80;
    let marks = |arrived: &[u8]| -> Vec<String> {
        let html = page(&[
            says(stage, Role::Client, "ClientHello", &hello()),
            accepts(stage, Role::Server, "ClientHello", arrived),
        ]);
        assert!(text(&html).contains("It is not what the client sent."));
        let marks = html.split("<mark>").skip(1);
        marks.map(|mark| mark.split_once('<').unwrap().0.to_owned()).collect()
    };
    assert_eq!(marks(&other), ["87"]);
    let added = message([(&STRANGE, &b"hi"[..])]);
    for place in [0, hello().len()] {
        let mut grown = hello();
        grown.splice(place..place, added.clone());
        // Its length, and all of the new field.
        assert_eq!(marks(&grown), ["2a", "42 42", "00 02", "68 69"]);
    }
}

#[test]
fn a_message_that_nobody_sent_is_someone_elses() {
    let stage = &PART3_X25519;
    let told = text(&page(&[accepts(stage, Role::Server, "ClientHello", &hello())]));
    assert!(told.contains("It sent no ClientHello: someone on the path did."), "{told}");
}

#[test]
fn the_fingerprints_of_both_sides_stand_side_by_side() {
    let told = |events: &[Event]| {
        let html = page(events);
        let row = html.split_once("agreement\">").unwrap().1.split_once("</li>").unwrap().0;
        (text(row), html.contains("<figure"))
    };
    let secret = |role, fingerprint| makes_secret(&PART3_X25519, role, fingerprint);
    let (same, other) = ([0xda, 0x11, 0x34, 0x3b], [0, 1, 2, 3]);
    let (row, is_picture) = told(&[secret(Role::Client, &same), secret(Role::Server, &same)]);
    assert_eq!(row.matches("da 11 34 3b").count(), 2, "{row}");
    assert!(row.contains("Both sides hold the same secret."), "{row}");
    assert!(!is_picture, "there are no keys");
    let (row, _) = told(&[secret(Role::Client, &same), secret(Role::Server, &other)]);
    assert!(row.contains("The sides hold different secrets.") && row.contains("00 01 02 03"));
    let (row, _) = told(&[secret(Role::Server, &same)]);
    assert!(row.contains("Only the server holds a secret.") && row.contains("no secret"), "{row}");
}

#[test]
fn keys_are_a_picture_in_front_of_the_records_they_protect() {
    let stage = &PART3_HKDF;
    let [there, back] = makes_keys(stage, Role::Client);
    let [there_too, back_too] = makes_keys(stage, Role::Server);
    let html = page(&[
        makes_secret(stage, Role::Client, b"abcd"),
        makes_secret(stage, Role::Server, b"abcd"),
        there,
        back,
        sent(stage, 0, b"hi"),
        there_too,
        back_too,
        received(stage, 0, b"hi"),
    ]);
    assert_eq!(html.matches("<figure").count(), 1);
    let (before, picture) = html.split_once("<figure").unwrap();
    let (picture, behind) = picture.split_once("</figure>").unwrap();
    let picture = text(picture);
    for said in
        ["shared secret", "HKDF of it", "client seals, server opens", "Each side derives them"]
    {
        assert!(picture.contains(said), "{said}: {picture}");
    }
    assert_eq!((picture.matches("there").count(), picture.matches("back").count()), (1, 1));
    assert!(!before.contains("data-field") && behind.contains("data-field=\"ciphertext\""));

    let [there, back] = makes_keys(stage, Role::Client);
    let alone = text(&page(&[there, back]));
    assert!(alone.contains("Only the client derived them."), "{alone}");
}

#[test]
fn certificates_are_a_picture_of_who_signs_what_and_where_its_bytes_are() {
    let stage = &PART4_CERT;
    let [client, server, auth] = certified();
    let mut events = vec![
        says(stage, Role::Client, "ClientHello", &client),
        accepts(stage, Role::Server, "ClientHello", &client),
        says(stage, Role::Server, "ServerHello", &server),
        accepts(stage, Role::Client, "ServerHello", &server),
        makes_secret(stage, Role::Server, b"abcd"),
        says(stage, Role::Server, "ServerAuth", &auth),
        accepts(stage, Role::Client, "ServerAuth", &auth),
        makes_secret(stage, Role::Client, b"abcd"),
    ];
    let html = page(&events);
    let (_, picture) = html.split_once("<figure class=\"chain\">").unwrap();
    let (picture, _) = picture.split_once("</figure>").unwrap();
    let told = text(picture);
    let key = |hello: &[u8]| {
        let digits = hello[4..].iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<Vec<_>>().join(" ")
    };
    let (to_client, to_server) = (key(&server), key(&client));
    let mut rest = told.as_str();
    for part in [
        "Root CA the client’s own root: it did not cross the wire",
        "signs",
        "Intermediate CA certificate, bytes 1006 to 1958 of ServerAuth",
        "signs",
        "localhost certificate, bytes 8 to 1001 of ServerAuth",
        "signs, bytes 1963 to 2218 of ServerAuth",
        &format!("the client’s X25519 key {to_server}"),
        &format!("the server’s X25519 key {to_client}"),
        "the secret is shared with \"localhost\"",
    ] {
        let (_, behind) = rest.split_once(part).unwrap_or_else(|| panic!("{part}: {told}"));
        rest = behind;
    }
    // The bytes are those of the record, its header included.
    let record = stage.record(&auth);
    assert_eq!((&record[8..10], &record[1006..1008]), (&[0x30, 0x82][..], &[0x30, 0x82][..]));
    assert_eq!(record.len(), 2219);
    assert!(text(&html).contains("It believes that it talks to \"localhost\"."));

    // A client that refuses believes nothing.
    events[6] = refuses(stage, Role::Client, "ServerAuth", "no", &auth);
    let html = page(&events[..7]);
    assert!(!html.contains("class=\"chain\"") && !text(&html).contains("believes"));
}

#[test]
fn each_connection_has_its_own_messages_and_secrets() {
    let stage = &PART3_X25519;
    let connected = |role| {
        let peer = "127.0.0.1:1".parse().unwrap();
        event(stage, role, EventKind::Connected { peer })
    };
    let connection = |fingerprint: &[u8]| {
        vec![
            connected(Role::Client),
            connected(Role::Server),
            says(stage, Role::Client, "ClientHello", &hello()),
            accepts(stage, Role::Server, "ClientHello", &hello()),
            makes_secret(stage, Role::Server, fingerprint),
            makes_secret(stage, Role::Client, fingerprint),
        ]
    };
    let html = page(&[connection(b"abcd"), connection(b"efgh")].concat());
    assert_eq!(html.matches("It is what the client sent.").count(), 2);
    assert!(!html.contains("Not from the client") && !html.contains("never received"));
    let agreements: Vec<_> = html.split("agreement\">").skip(1).map(text).collect();
    assert_eq!(agreements.len(), 2);
    assert_eq!(agreements[0].matches("61 62 63 64").count(), 2);
    assert_eq!(agreements[1].matches("65 66 67 68").count(), 2);
}

#[test]
fn a_strangers_handshake_has_no_power_over_the_page() {
    let hostile = "<script>alert(1)</script>\u{1b}[31m\u{202e}\"'";
    let stage = &PART3_HKDF;
    let checked = HandshakeMessage::new(hostile, Way::Received, &hello(), &[hostile]);
    let derived = |direction, fingerprint: Option<&[u8]>| EventKind::Derived {
        label: hostile.to_owned(),
        from: hostile.to_owned(),
        direction,
        fingerprint: fingerprint.map(Hex::from),
    };
    let html = page(&[
        says(stage, Role::Client, hostile, &hello()),
        event(stage, Role::Server, EventKind::Handshake(checked)),
        refuses(stage, Role::Client, hostile, hostile, &hello()),
        event(stage, Role::Client, derived(None, Some(&[0xff; 4]))),
        event(stage, Role::Client, derived(Some(Direction::ToServer), None)),
    ]);
    assert!(!html.contains("<script") && !html.contains('\x1b') && !html.contains('\u{202e}'));
    assert!(text(&html).contains(r#"<script>alert(1)</script>\u{1b}[31m\u{202e}"'"#));
    // Messages where there is no handshake, and no room for a header.
    page(&[
        says(&PART1_PLAIN, Role::Client, "ClientHello", &[]),
        says(&PART1_PLAIN, Role::Wire, "", &[0]),
    ]);
}

#[test]
fn a_handshake_without_measure_takes_little_room() {
    let stage = &PART3_HKDF;
    let many_fields = says(stage, Role::Client, "ClientHello", &[0; 16_384]);
    let secret = makes_secret(stage, Role::Client, &vec![7; 60_000]);
    let mut counter = Counter::default();
    let used = allocation_counter::measure(|| {
        let mut page = Page::new(&mut counter);
        for _ in 0..1_000 {
            page.write(&many_fields).unwrap();
            page.write(&secret).unwrap();
        }
        page.finish().unwrap();
    });
    assert!(used.bytes_max < 50 << 20, "{} bytes of memory", used.bytes_max);
    assert!(counter.len < 50 << 20, "{} bytes of page", counter.len);
}

#[test]
fn what_was_checked_is_told() {
    let told = |stage| text(&page(&[sent(stage, 0, b"hi"), received(stage, 0, b"hi")]));
    let unproven = "Nothing here tells a genuine message from a changed one.";
    assert!(told(&PART1_PLAIN).contains(unproven));
    let ctr = told(&PART1_CTR);
    assert!(ctr.contains(unproven) && ctr.contains("length 18 is between 16 and 16400"), "{ctr}");
    let hmac = told(&PART2_HMAC);
    assert!(hmac.contains("tag verifies: nonce and ciphertext are as they were sealed"), "{hmac}");
    assert!(!hmac.contains(unproven));
    for stage in [&PART2_HMAC_SEQ, &PART2_AEAD] {
        let told = told(stage);
        assert!(told.contains("tag verifies: seq, nonce and ciphertext are as they were sealed"));
        assert!(told.contains("seq 0 is the one expected"), "{told}");
        assert!(told.contains("The plaintext, 2 bytes, is what the client sent."), "{told}");
    }
}

#[test]
fn a_flipped_bit_that_goes_through_stands_out() {
    let mut changed = record(&PART1_CTR, 0, b"amount=900", 7).record.to_vec();
    changed[16 + 7] ^= 0x08;
    let changed = Record::new(&PART1_CTR, 0, b"amount=900", &changed);
    let html = page(&[
        sent(&PART1_CTR, 0, b"amount=100"),
        event(&PART1_CTR, Role::Server, EventKind::Received(changed.clone())),
    ]);
    assert!(html.contains("amount=<mark>9</mark>00"));
    assert!(html.contains("07 07 07 07 07 07 07 <mark>0f</mark> 07 07"), "{html}");
    assert_eq!(fields(&html, "arrived")[2].1, changed.record[16..]);
    assert!(text(&html).contains("The plaintext is not what the client sent"));
}

#[test]
fn a_refusal_says_what_was_checked_and_why() {
    let message = "record 1 refused: its tag is valid, so it is in the wrong place";
    let replay = record(&PART2_AEAD, 0, b"once", 7).record;
    let html = page(&[
        sent(&PART2_AEAD, 0, b"once"),
        received(&PART2_AEAD, 0, b"once"),
        rejected(&PART2_AEAD, 1, "out_of_order", message, Some(&replay)),
    ]);
    let told = text(&html);
    assert!(told.contains("It sent no record 1: someone on the path did."), "{told}");
    assert!(told.contains(message) && told.contains("seq refused"), "{told}");
    assert_eq!(html.matches("class=\"passed\"").count(), 3 + 2);
    assert_eq!(fields(&html, "arrived"), fields(&html, "sent"));

    let html = page(&[
        sent(&PART2_AEAD, 0, b"once"),
        rejected(&PART2_AEAD, 0, "bad_tag", "its tag does not verify", Some(&[9; 40])),
    ]);
    assert!(text(&html).contains("seq not looked at"));
    let html = page(&[rejected(&PART2_AEAD, 0, "too_long", "more than accepted", None)]);
    assert!(text(&html).contains("length refused") && text(&html).contains("more than accepted"));
}

#[test]
fn a_record_that_never_arrived_is_said_to_be_lost() {
    let html = page(&[sent(&PART2_HMAC, 0, b"one"), sent(&PART2_HMAC, 1, b"two")]);
    assert_eq!(text(&html).matches("server never received it").count(), 2);
}

#[test]
fn the_highest_index_a_file_can_name_is_shown_like_any_other() {
    let html =
        page(&[sent(&PART2_HMAC, u64::MAX, b"hello"), received(&PART2_HMAC, u64::MAX, b"hello")]);
    assert!(text(&html).contains("18446744073709551615"));
}

#[test]
fn records_sent_ahead_stand_beside_what_became_of_them() {
    let plaintexts = [b"one", b"two", b"six"];
    let mut events: Vec<_> =
        (0..).zip(plaintexts).map(|(i, it)| sent(&PART2_AEAD, i, it)).collect();
    events.extend((0..).zip(plaintexts).map(|(i, it)| received(&PART2_AEAD, i, it)));
    let html = page(&events);
    let rows: Vec<_> = html.split("<li class=\"exchange").skip(1).map(text).collect();
    assert_eq!(rows.len(), 3);
    for (index, (row, plaintext)) in rows.iter().zip(["one", "two", "six"]).enumerate() {
        assert!(row.contains(plaintext) && row.contains(&format!("seq {index} is the one")));
    }
}

#[test]
fn markup_in_a_run_stays_text() {
    let hostile = b"<script>alert(1)</script>&amp;\"'><img src=x onerror=alert(1)>\x1b[31m\0";
    let message = "<b onclick='x'>\"refused\"</b>";
    let html = page(&[
        sent(&PART1_PLAIN, 0, hostile),
        rejected(&PART1_PLAIN, 0, "<i>", message, Some(b"<script>")),
    ]);
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b onclick"));
    assert!(!html.contains('\x1b') && !html.contains('\0'));
    let shown = text(&html);
    assert!(shown.contains("<script>alert(1)</script>&amp;\"'><img src=x onerror=alert(1)>"));
    assert!(shown.contains(r"\x1b[31m\x00") && shown.contains(message), "{shown}");
}

#[test]
fn it_needs_nothing_but_itself() {
    let html = page(&first_words());
    assert!(html.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    for outside in ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<iframe"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(
        html.matches("<link").count(),
        html.matches("<link rel=\"icon\" href=\"data:").count()
    );
}

#[test]
fn stages_follow_one_another_each_in_its_section() {
    let html = page(&first_words());
    let sections: Vec<_> = html
        .split("<section class=\"stage\" id=\"")
        .skip(1)
        .map(|section| section.split_once('"').unwrap().0)
        .collect();
    assert_eq!(sections, STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>());
    assert_eq!(html.matches("<section").count(), html.matches("</section>").count());
    assert!(page(&[]).ends_with("</html>"), "a run of nothing is a page too");
}

/// Counts what is written, and keeps the end of it.
#[derive(Default)]
struct Counter {
    len: usize,
    end: Vec<u8>,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len();
        self.end.extend_from_slice(bytes);
        self.end.drain(..self.end.len().saturating_sub(20_000));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn ten_thousand_records_take_little_room() {
    const RECORDS: u64 = 10_000;
    let plaintext = vec![b'a'; 16_384];
    let (sent, received) = (sent(&PART2_AEAD, 0, &plaintext), received(&PART2_AEAD, 0, &plaintext));
    let numbered = |event: &Event, number| {
        let mut event = event.clone();
        if let EventKind::Sent(record) | EventKind::Received(record) = &mut event.kind {
            record.index = number;
        }
        event
    };
    for ahead in [1, RECORDS] {
        let mut counter = Counter::default();
        let used = allocation_counter::measure(|| {
            let mut page = Page::new(&mut counter);
            for batch in 0..RECORDS / ahead {
                for event in [&sent, &received] {
                    for number in batch * ahead..(batch + 1) * ahead {
                        page.write(&numbered(event, number)).unwrap();
                    }
                }
            }
            page.finish().unwrap();
        });
        assert!(used.bytes_max < 10 << 20, "{} bytes of memory", used.bytes_max);
        assert!(counter.len < 10 << 20, "{} bytes of page", counter.len);
        let end = text(&String::from_utf8_lossy(&counter.end));
        let more = RECORDS - SHOWN;
        assert!(end.contains(&format!("The first {SHOWN} are shown. {more} more followed.")));
    }
}
