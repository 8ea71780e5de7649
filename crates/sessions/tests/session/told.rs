//! A session out of bytes, and what is told of it.

use std::net::SocketAddr;
use std::time::Duration;

use certificates::Roots;
use framing::Direction;
use sessions::capture::Ending;
use sessions::keylog::{self, KeyLog};
use sessions::session::{Known, Session};
use transcript::event::EventKind;
use transcript::{Event, Opened, Outcome, Role};

pub use Direction::{ToClient, ToServer};

/// Something that a capture holds.
#[derive(Clone, Debug)]
pub enum Piece {
    Bytes(Direction, Vec<u8>),
    Missing(Direction),
    End(Direction),
}

/// What someone has who looks at it.
#[derive(Clone, Default)]
pub struct Has {
    pub keylog: String,
    pub roots: Option<Roots>,
    pub psks: String,
    pub at: Duration,
}

/// What was checked, and what came of it: the side, the check, `+` for one that holds, `-` for one that fails, `?` for one
/// that was not made.
pub type Checks = Vec<String>;

pub fn explain(pieces: &[Piece], has: &Has) -> Vec<Event> {
    let mut keylog = KeyLog::default();
    keylog.add(has.keylog.as_bytes());
    let psks = keylog::psks(has.psks.as_bytes()).unwrap();
    let known = Known { keylog: &keylog, roots: has.roots.as_ref(), psks: &psks };
    let addr = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut events = Vec::new();
    let mut session = Session::new([addr(1), addr(2)], has.at, known, |event| events.push(event));
    for piece in pieces {
        match piece {
            Piece::Bytes(direction, bytes) => session.bytes(*direction, has.at, bytes),
            Piece::Missing(direction) => session.missing(*direction, has.at, None),
            Piece::End(direction) => session.end(*direction, has.at, Ending::Closed),
        }
    }
    session.finish();
    assert_whole(pieces, &events);
    events
}

/// Makes sure that every byte that passed by is told once, in order, and that the spans of each message tile it.
fn assert_whole(pieces: &[Piece], events: &[Event]) {
    for way in [ToServer, ToClient] {
        let passed = pieces.iter().flat_map(|piece| match piece {
            Piece::Bytes(direction, bytes) if *direction == way => bytes.clone(),
            _ => Vec::new(),
        });
        let told = events.iter().flat_map(|event| match &event.kind {
            EventKind::Chunk { direction, bytes, .. } if *direction == way => bytes.to_vec(),
            _ => Vec::new(),
        });
        assert!(passed.eq(told));
    }
    for event in events {
        if let EventKind::Handshake(message) = &event.kind {
            let mut at = 0;
            for span in &message.spans {
                assert_eq!(span.offset, at, "{}", message.step);
                at += span.len;
            }
            assert_eq!(at, message.message.len(), "{}", message.step);
        }
    }
}

/// The names of all spans of a message.
pub fn names(events: &[Event]) -> Vec<String> {
    fn add(spans: &[transcript::event::Span], names: &mut Vec<String>) {
        for span in spans {
            names.push(span.name.clone());
            add(&span.inside, names);
        }
    }
    let mut names = Vec::new();
    for event in events {
        if let EventKind::Handshake(message) = &event.kind {
            add(&message.spans, &mut names);
        }
    }
    names
}

pub fn checks(events: &[Event]) -> Checks {
    let check = |event: &Event| match &event.kind {
        EventKind::Check { of, what, outcome, .. } => {
            assert_by(event.role, what);
            let of = of.map_or_else(|| "both".to_owned(), |of| of.to_string());
            let outcome = match outcome {
                Outcome::Holds => "+",
                Outcome::Fails => "-",
                Outcome::NotMade => "?",
            };
            Some(format!("{outcome} {of} {what}"))
        }
        EventKind::Rejected { error, expected_seq, .. } => {
            Some(format!("- {error} {}", expected_seq.unwrap()))
        }
        _ => None,
    };
    events.iter().filter_map(check).collect()
}

/// Makes sure that a check is told by whoever can make it. Of other checks it depends on what they are about.
fn assert_by(role: Role, what: &str) {
    let by_anyone = [
        "TLS",
        "version",
        "cipher suite",
        "legacy_session_id_echo",
        "downgrade",
        "HelloRetryRequest",
        "second ClientHello",
        "hash after HelloRetryRequest",
    ];
    let with_key = ["key log", "binder", "Certificate", "CertificateVerify", "Finished"];
    match role {
        Role::Wire => assert!(!with_key.contains(&what), "{what}"),
        Role::KeyLog => assert!(!by_anyone.contains(&what), "{what}"),
        other => panic!("{other} checks {what}"),
    }
}

/// The checks that this role tells.
pub fn checks_by(role: Role, events: &[Event]) -> Checks {
    let by = |event: &&Event| event.role == role;
    checks(&events.iter().filter(by).cloned().collect::<Vec<_>>())
}

/// The text of the only check of this name that has this outcome.
pub fn message(events: &[Event], wanted: &str) -> String {
    let mut found = events.iter().filter(|event| checks(&[(*event).clone()]) == [wanted]);
    let event = found.next().unwrap_or_else(|| panic!("no {wanted:?} in {:#?}", checks(events)));
    match &event.kind {
        EventKind::Check { message, .. } | EventKind::Rejected { message, .. } => message.clone(),
        _ => unreachable!(),
    }
}

/// What each side said, in order, message by message: data as such.
pub fn said(events: &[Event]) -> Vec<String> {
    let said = |event: &Event| match &event.kind {
        EventKind::Handshake(message) => Some(format!("{} {}", event.role, message.step)),
        EventKind::Fragment { step, .. } => Some(format!("{} {step}...", event.role)),
        EventKind::Sent(record) => {
            Some(format!("{} {}", event.role, String::from_utf8_lossy(&record.plaintext)))
        }
        _ => None,
    };
    events.iter().filter_map(said).collect()
}

/// How records were opened, in order.
pub fn opened(events: &[Event]) -> Vec<Opened> {
    let opened = |event: &Event| match &event.kind {
        EventKind::Handshake(message) => message.opened.clone(),
        EventKind::Fragment { opened, .. } => opened.clone(),
        EventKind::Sent(record) => record.opened.clone(),
        _ => None,
    };
    events.iter().filter_map(opened).collect()
}

/// The names of secrets that were told.
pub fn derived(events: &[Event]) -> Vec<String> {
    let derived = |event: &Event| match &event.kind {
        EventKind::Derived { label, .. } => Some(label.clone()),
        _ => None,
    };
    events.iter().filter_map(derived).collect()
}

/// The number of encrypted records that passed by.
pub fn sealed(events: &[Event]) -> usize {
    let is_sealed = |event: &&Event| match &event.kind {
        EventKind::Chunk { bytes, .. } => bytes.first() == Some(&23),
        _ => false,
    };
    events.iter().filter(is_sealed).count()
}
