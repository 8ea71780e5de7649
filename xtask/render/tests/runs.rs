//! The page of a run of the programs themselves.

mod html;

use stages::{PART2_AEAD, STAGES};
use transcript::outline::{FOLDED, outline};
use transcript::{EventKind, Way};
use xtask::launch::{Pair, Programs, Wire};

use crate::html::{fields, page};

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
        let mut expected = Vec::new();
        for event in &events {
            match &event.kind {
                EventKind::Handshake(message) if message.direction == Way::Sent => {
                    let header = stage.header().encode(message.message.len()).to_vec();
                    expected.push(("length".to_owned(), header));
                    let explained = messages::explain(&message.message);
                    expected.extend(outline(&explained.spans, FOLDED).iter().map(|item| {
                        let bytes = &message.message[item.span.offset..][..item.own];
                        (item.span.name.to_owned(), bytes.to_vec())
                    }));
                }
                EventKind::Sent(record) => {
                    let record = stage.record(&record.record);
                    let parts = stage.split(&record).unwrap().into_iter();
                    expected.extend(
                        parts.map(|part| (part.field.name.to_owned(), part.bytes.to_vec())),
                    );
                }
                _ => {}
            }
        }
        assert!(!expected.is_empty());
        assert_eq!(fields(&html, "sent"), expected, "{}", stage.name);
        assert_eq!(fields(&html, "arrived"), [], "what arrived is what was sent");
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
