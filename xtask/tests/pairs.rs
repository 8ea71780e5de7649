//! Every pair of programs, as two processes over a real socket.

mod common;

use common::{names, pair, pair_of, programs, record_stages};
use program::{REQUEST, RESPONSE};
use stages::{PART1_PLAIN, PART2_AEAD, PART2_HMAC_SEQ, Stage};
use transcript::{Event, EventKind, Record, Role};
use xtask::launch::pair::Outcome;

/// Runs a pair whose client sends everything before it reads.
fn pipelined_pair(stage: &'static Stage, requests: &str) -> (Vec<Event>, Outcome) {
    let (client, name) = programs().pipelined_client(stage).unwrap();
    let programs = programs().with(stage, Role::Client, client);
    pair_of(&programs, stage, &[], &[name.unwrap(), "--requests", requests])
}

/// The records that `role` sent.
fn sent(events: &[Event], role: Role) -> Vec<&Record> {
    let of_role = events.iter().filter(|event| event.role == role);
    of_role
        .filter_map(
            |event| if let EventKind::Sent(record) = &event.kind { Some(record) } else { None },
        )
        .collect()
}

/// The records that `role` received.
fn received(events: &[Event], role: Role) -> Vec<&Record> {
    let of_role = events.iter().filter(|event| event.role == role);
    of_role
        .filter_map(
            |event| if let EventKind::Received(record) = &event.kind { Some(record) } else { None },
        )
        .collect()
}

#[test]
fn the_plain_pair_exchanges_the_articles_messages() {
    let (events, outcome) = pair(&PART1_PLAIN, &[], &[]);
    assert_eq!((outcome.code(), outcome.complaints), (0, vec![]));
    assert_eq!(*received(&events, Role::Server)[0].record, *REQUEST.as_bytes());
    assert_eq!(*received(&events, Role::Client)[0].record, *RESPONSE);
}

#[test]
fn every_record_pair_exchanges_one_request_and_five() {
    for stage in record_stages() {
        for count in [1, 5] {
            let (events, outcome) = pair(stage, &[], &["--requests", &count.to_string()]);
            assert_eq!((outcome.code(), outcome.complaints), (0, vec![]), "{}", stage.name);
            let mut expected = vec!["listening", "connected", "connected"];
            expected.extend(["sent", "received"].repeat(2 * count));
            expected.extend(["closed", "closed"]);
            assert_eq!(names(&events), expected, "{}", stage.name);

            for (role, peer, plaintext) in [
                (Role::Client, Role::Server, REQUEST.as_bytes()),
                (Role::Server, Role::Client, RESPONSE),
            ] {
                let sent = sent(&events, role);
                assert_eq!(sent, received(&events, peer));
                for (index, record) in (0..).zip(sent) {
                    let has_seq = stage.has(stages::Role::Seq);
                    assert_eq!((record.index, record.seq), (index, has_seq.then_some(index)));
                    assert_eq!(*record.plaintext, *plaintext);
                    assert_eq!(record.record.len(), plaintext.len() + stage.overhead());
                }
            }
        }
    }
}

#[test]
fn a_pipelined_client_sends_everything_before_it_reads() {
    for stage in record_stages() {
        let (events, outcome) = pipelined_pair(stage, "5");
        assert_eq!(outcome.code(), 0);
        let client: Vec<_> =
            events.iter().filter(|event| event.role == Role::Client).cloned().collect();
        let mut expected = vec!["connected"];
        expected.extend([["sent"; 5], ["received"; 5]].concat());
        expected.push("closed");
        assert_eq!(names(&client), expected);
    }
}

#[test]
fn several_requests_are_sent_in_order_and_round_again() {
    let (events, _) = pair(
        &PART2_AEAD,
        &[],
        &["--request", "one", "--request", "two\n", "--request", "", "--requests", "4"],
    );
    let texts: Vec<_> =
        received(&events, Role::Server).iter().map(|record| record.plaintext.to_vec()).collect();
    assert_eq!(texts, [&b"one"[..], b"two\n", b"", b"one"]);
}

#[test]
fn the_same_events_come_in_the_same_order_every_time() {
    for run in [
        || pair(&PART2_HMAC_SEQ, &[], &["--requests", "3"]),
        || pipelined_pair(&PART2_HMAC_SEQ, "3"),
    ] {
        let order = || names_and_roles(&run().0);
        let first = order();
        for _ in 0..10 {
            assert_eq!(order(), first);
        }
    }
}

fn names_and_roles(events: &[Event]) -> Vec<(Role, &'static str)> {
    events.iter().map(|event| event.role).zip(names(events)).collect()
}

/// Elsewhere an argument cannot hold such bytes.
#[cfg(unix)]
#[test]
fn a_plaintext_that_is_no_text_is_answered_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let request = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m\xc3(");
    let (server, addr) = common::Lone::server(&PART2_AEAD, &[]);
    let client = std::process::Command::new(programs().of(&PART2_AEAD, Role::Client).unwrap())
        .args(["--addr", &addr.to_string(), "--request"])
        .arg(request)
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    assert!(client.status.success());
    let shown = String::from_utf8(client.stdout).unwrap();
    assert!(shown.contains(r#""\xff\x1b[31m\xc3(""#), "{shown}");
    assert!(!shown.contains('\x1b'), "escape bytes of a plaintext never reach the terminal");
    assert_eq!(server.end().code, Some(0));
}
