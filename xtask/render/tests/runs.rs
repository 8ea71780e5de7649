//! The page of a run of the programs themselves.

mod html;

use stages::STAGES;
use transcript::EventKind;
use xtask::launch::{Pair, Programs, Wire};

use crate::html::{fields, page};

#[test]
fn the_bytes_shown_are_the_runs() {
    let programs = Programs::all().unwrap();
    for stage in STAGES {
        let requests = ["--requests", "3"];
        let client_args = if stage.has_records() { &requests[..] } else { &[] };
        let pair = Pair { stage, server_args: &[], client_args, wire: Wire::Unwatched };
        let mut events = Vec::new();
        let outcome = pair.run(&programs, |event| events.push(event.clone())).unwrap();
        assert_eq!(outcome.code(), 0);
        let html = page(&events);
        let mut expected = Vec::new();
        for event in &events {
            let EventKind::Sent(record) = &event.kind else { continue };
            let record = stage.record(&record.record);
            let parts = stage.split(&record).unwrap().into_iter();
            expected.extend(parts.map(|part| (part.field.name.to_owned(), part.bytes.to_vec())));
        }
        assert_eq!(fields(&html, "sent"), expected, "{}", stage.name);
        assert_eq!(fields(&html, "arrived"), [], "what arrived is what was sent");
    }
}
