//! An event of a client or a server as a person reads it, in 100 columns.

use stages::{Stage, field};

use crate::certified::{sender, subject};
use crate::detail;
use crate::explained::{folded, missing};
use crate::lines::{
    BAD, DIM, GOOD, HEADING, Lines, PLAIN, field_style, fingerprint as shown, listed, width,
    wrapped_to,
};
use crate::overview::{verdict, what_of};
use crate::within::Place;
use crate::{Event, EventKind, HandshakeMessage, Record, Role, Way};

/// A stage's name and title, above a transcript.
pub fn heading(stage: &Stage) -> String {
    let heading = format!("{HEADING}{}{HEADING:#}: {}", stage.name, stage.title);
    textwrap::fill(&heading, wrapped_to(width())) + "\n\n"
}

/// The lines of one event of a client or a server, styled with escape codes. The wire has a lane of its
/// own: see [`WireLane`](crate::WireLane).
pub fn event(event: &Event) -> String {
    event_within(width(), event)
}

/// The lines of an event as [`event`] returns them, in `width` columns.
pub fn event_within(width: usize, event: &Event) -> String {
    event_at(width, event, Place::Own)
}

/// The lines of an event with a message that is there.
pub(crate) fn event_at(width: usize, event: &Event, place: Place) -> String {
    let mut lines = Lines::as_wide_as(width, event.role);
    let stage = event.stage;
    match &event.kind {
        EventKind::Listening { addr } => {
            lines.say(PLAIN, &format!("{}: listening on {addr}", stage.name));
        }
        EventKind::Connected { peer } => {
            let way = if event.role == Role::Client { "to" } else { "from" };
            lines.say(PLAIN, &format!("{}: connected {way} {peer}", stage.name));
        }
        EventKind::Handshake(message) => handshake(&mut lines, event.role, stage, message, place),
        EventKind::Derived { label, from, direction, fingerprint } => {
            let purpose =
                direction.map(|direction| format!(", for {direction}")).unwrap_or_default();
            if event.role == Role::KeyLog {
                detail::knows(&mut lines, label);
            } else {
                lines.say(PLAIN, &format!("derives {label}{purpose}"));
            }
            lines.check("from", DIM, "", from);
            if let Some(fingerprint) = fingerprint {
                lines.check("fingerprint", DIM, "", &shown(fingerprint));
            }
        }
        EventKind::Sent(record) => sent(&mut lines, stage, record),
        EventKind::Received(record) => received(&mut lines, stage, record),
        EventKind::Rejected { message, .. } => lines.say(BAD, message),
        EventKind::Closed { clean, records_sent, records_received } => {
            let how = if *clean { "closed" } else { "closed after a failure" };
            let unit = if stage.has_records() { "records" } else { "messages" };
            let counts = format!(": {unit} sent {records_sent}, received {records_received}");
            let counts = if stage.has_data() { counts } else { String::new() };
            lines.say(PLAIN, &format!("{how}{counts}"));
        }
        EventKind::Dropped { events } => {
            lines.say(BAD, &format!("{events} events are missing here: nobody read them in time"));
        }
        EventKind::Captured { client, server, .. } => {
            lines.say(PLAIN, &format!("{client} connects to {server}"));
        }
        EventKind::Fragment { step, bytes, record, opened: how, .. } => {
            let part = if place == Place::Rest { "more" } else { "the beginning" };
            lines.say(PLAIN, &format!("sends {part} of {step}: {} bytes of it", bytes.len()));
            lines.bytes("", "part", field_style(field::Role::Message), bytes, "");
            if let Some(record) = record {
                lines.say(DIM, "encrypted, it travels as");
                detail::opened(
                    &mut lines,
                    stage,
                    record,
                    how.as_ref(),
                    detail::kind(stage, &[0; 3]),
                );
            }
        }
        EventKind::Check { of, what, outcome, message } => {
            let (style, word) = verdict(*outcome);
            lines.say(style, &format!("{word}: {}", what_of(what, *of)));
            lines.check("check", DIM, "", message);
        }
        EventKind::Folded { direction, records, bytes } => {
            lines.say(PLAIN, &folded(*direction, *records, *bytes));
        }
        EventKind::Missing { direction, bytes, .. } => {
            lines.say(BAD, &missing(*direction, *bytes));
        }
        EventKind::Chunk { .. } | EventKind::End { .. } => {}
    }
    lines.text
}

fn handshake(
    lines: &mut Lines,
    role: Role,
    stage: &Stage,
    message: &HandshakeMessage,
    place: Place,
) {
    let HandshakeMessage { step, direction, message: bytes, record, opened, checked, .. } = message;
    let does = if *direction == Way::Sent { "sends" } else { "receives" };
    let len = message.wire_len(stage);
    let how = if record.is_some() { ", encrypted" } else { "" };
    lines.say(
        PLAIN,
        &match place {
            Place::Own => format!("{does} {step}: {len} bytes on the wire{how}"),
            Place::Rest => {
                format!("{does} the rest of {step}, which has {} bytes in all", bytes.len())
            }
            Place::Behind => {
                format!("{does} {step}: {} bytes behind the last, in the same record", bytes.len())
            }
        },
    );
    if *direction == Way::Sent {
        let inside = detail::message(stage, bytes);
        if stage.has_types() {
            lines.make_room_for(&inside);
        }
        if let Some(record) = record {
            lines.sent(&inside);
            lines.say(DIM, "encrypted, it travels as");
            detail::opened(lines, stage, record, opened.as_ref(), detail::kind(stage, bytes));
        } else if place == Place::Own {
            let open = stage.record_of_message(bytes);
            lines.sent(&stage.split_message(&open).unwrap_or_default());
        } else {
            lines.sent(&inside);
        }
    }
    for check in checked {
        lines.check("check", GOOD, "OK", check);
    }
    let name = match role {
        Role::Client => sender(bytes),
        _ => subject(bytes).filter(|_| stage.has_types()),
    };
    if let (Way::Received, Some(name)) = (direction, name) {
        lines.check("believes", GOOD, "", &format!("that it talks to {name}"));
    }
}

fn sent(lines: &mut Lines, stage: &Stage, record: &Record) {
    lines.say(PLAIN, &format!("sends {}", described(stage, record)));
    if record.opened.is_some() {
        lines.data("plaintext", &record.plaintext);
    } else {
        lines.quote("plaintext", &record.plaintext);
    }
    if stage.has_records() {
        let kind = stage.record(&[]).first().copied();
        detail::opened(lines, stage, &record.record, record.opened.as_ref(), kind);
    }
}

fn received(lines: &mut Lines, stage: &Stage, record: &Record) {
    lines.say(PLAIN, &format!("receives {}", described(stage, record)));
    if stage.has(field::Role::Tag) {
        let covered = listed(&stage.covered());
        lines.check("tag", GOOD, "OK", &format!("it verifies over {covered}"));
    } else {
        let why = "nothing here tells a genuine message from a changed one";
        lines.check("check", DIM, "none", why);
    }
    match record.seq {
        Some(seq) => lines.check("seq", GOOD, "OK", &format!("{seq} is the one expected")),
        None if stage.has_order() => {
            lines.check("place", GOOD, "OK", "it is the next one: its nonce is made of its number");
        }
        None => {}
    }
    lines.quote("plaintext", &record.plaintext);
}

fn described(stage: &Stage, record: &Record) -> String {
    let len = stage.header().len() + record.record.len();
    if stage.has_records() {
        format!("record {}: {len} bytes on the wire", record.index)
    } else {
        format!("{len} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::{QUOTED, WIDTH};
    use stages::{PART1_CTR, PART2_AEAD, PART3_HKDF};

    fn plain_text(role: Role, stage: &'static Stage, kind: EventKind) -> String {
        anstream::adapter::strip_str(&event(&Event { role, stage, kind })).to_string()
    }

    #[test]
    fn a_rejection_says_why_in_the_checkers_words() {
        let message = "record 1 refused: it carries seq 0, expected 1: its tag is valid, so it is a \
                       genuine record in the wrong place, a replay or a reordering";
        let kind = EventKind::Rejected {
            index: 1,
            step: None,
            error: "out_of_order".to_owned(),
            message: message.to_owned(),
            expected_seq: Some(1),
            record: None,
        };
        let text = plain_text(Role::Server, &PART2_AEAD, kind);
        let lines: Vec<_> = text.lines().map(|line| line.split_once("│ ").unwrap()).collect();
        assert_eq!((lines[0].0, lines[1].0), ("server ", "       "));
        let words = lines.iter().map(|(_, words)| *words).collect::<Vec<_>>().join(" ");
        assert_eq!(words, message);
    }

    #[test]
    fn a_rejection_out_of_a_strangers_file_has_no_power_over_the_terminal() {
        let kind = EventKind::Rejected {
            index: 1,
            step: None,
            error: "bad_tag".to_owned(),
            message: "\x1b[2J\x1b]0;title\x07 \u{9b}2J\rserver".to_owned(),
            expected_seq: None,
            record: None,
        };
        let text = event(&Event { role: Role::Server, stage: &PART2_AEAD, kind });
        assert!(text.contains(r"\u{1b}[2J\u{1b}]0;title\u{7} \u{9b}2J\rserver"), "{text:?}");
    }

    #[test]
    fn a_long_plaintext_is_shortened_and_its_true_length_stated() {
        let (plaintext, payload) = (vec![0xff; 16_384], vec![0; 16 + 16_384]);
        let record = Record::new(&PART1_CTR, 0, &plaintext, &payload);
        let text = plain_text(Role::Client, &PART1_CTR, EventKind::Sent(record));
        assert!(text.contains("plaintext  16384 B  "), "{text}");
        assert!(text.contains("16404 bytes on the wire"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(r#""\xff"#)).count(), QUOTED);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_message_is_shown_span_by_span_by_its_sender_and_check_by_check_by_its_receiver() {
        let payload = [&b"\x00\x10\x00\x20"[..], &[7; 32]].concat();
        let message = |way, checked: &[&str]| {
            EventKind::Handshake(HandshakeMessage::new("ClientHello", way, &payload, checked))
        };
        let key = ["07"; 16].join(" ");
        assert_eq!(
            plain_text(Role::Client, &PART3_HKDF, message(Way::Sent, &[])),
            format!(
                "client │ sends ClientHello: 40 bytes on the wire\n\
                 \x20      │       length         4 B  00 00 00 24 = 36\n\
                 \x20      │       tag            2 B  00 10 = X25519 key\n\
                 \x20      │       length         2 B  00 20 = 32\n\
                 \x20      │       X25519 key    32 B  {key} …\n"
            )
        );
        assert_eq!(
            plain_text(Role::Server, &PART3_HKDF, message(Way::Received, &["a", "b"])),
            "server │ receives ClientHello: 40 bytes on the wire\n\
             \x20      │       check           OK  a\n\
             \x20      │       check           OK  b\n"
        );
    }

    /// The names of fields of later stages are longer than the column of names.
    #[test]
    fn what_stands_beside_a_long_name_is_aligned_all_the_same() {
        for tag in messages::fields::TAGS {
            for len in [1, 32, 256, 995] {
                let mut payload = Vec::new();
                tag.append(&vec![0xab; len], &mut payload);
                let message = HandshakeMessage::new("Hello", Way::Sent, &payload, &[]);
                let text = plain_text(Role::Client, &PART3_HKDF, EventKind::Handshake(message));
                let columns: Vec<_> =
                    text.lines().filter_map(|line| line.find("ab").or(line.find(" B  "))).collect();
                let bytes = columns.last().unwrap();
                let lens = columns.split_last().unwrap().1;
                assert!(lens.iter().all(|column| column + 4 == *bytes), "{text}");
                assert!(
                    text.contains(tag.name) && text.contains(&format!(" {len} B  ab")),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_handshake_out_of_a_strangers_file_has_no_power_over_the_terminal() {
        let hostile = "\x1b[2J\u{9b}2J\u{202e}".to_owned();
        let message = HandshakeMessage {
            step: hostile.clone(),
            direction: Way::Received,
            message: b"".as_slice().into(),
            record: None,
            opened: None,
            spans: vec![],
            checked: vec![hostile.clone()],
        };
        let derived = EventKind::Derived {
            label: hostile.clone(),
            from: hostile,
            direction: None,
            fingerprint: Some([0xff; 4_000].as_slice().into()),
        };
        for kind in [EventKind::Handshake(message), derived] {
            let event = Event { role: Role::Client, stage: &PART3_HKDF, kind };
            for text in [super::event(&event), {
                let mut summary = crate::Summary::default();
                summary.event(&event) + &summary.settle()
            }] {
                let text = anstream::adapter::strip_str(&text).to_string();
                assert!(text.contains(r"\u{1b}[2J\u{9b}2J\u{202e}"), "{text:?}");
                assert!(
                    !text.contains(['\u{202e}', '\x1b', '\u{9b}']) && text.len() < 400,
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn an_empty_plaintext_is_said_to_be_empty() {
        let text = plain_text(
            Role::Server,
            &PART1_CTR,
            EventKind::Received(Record::new(&PART1_CTR, 0, b"", &[0; 16])),
        );
        assert!(text.contains("plaintext      0 B  (empty)"), "{text}");
    }
}
