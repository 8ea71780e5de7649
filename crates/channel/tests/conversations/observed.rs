//! An observer is shown every record, and exactly that; errors have names for the transcript.

use std::io;
use std::sync::{Arc, Mutex};

use channel::{ChannelError, Observed, Observer};
use crypto::{OpenError, SealError};
use framing::FrameError;
use stages::{PART2_AEAD, PART2_HMAC_SEQ, Role, Stage};

use crate::common::{REQUEST, every_stage, stages_with};
use crate::wire::{End, TOO_LONG, channel, sent};

/// What was seen, to be looked at later.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Sent { index: u64, plaintext: Vec<u8>, payload: Vec<u8> },
    Received { index: u64, plaintext: Vec<u8>, payload: Vec<u8> },
    Rejected { index: u64, error: String, expected_seq: Option<u64>, payload: Option<Vec<u8>> },
}

impl From<&Observed<'_>> for Event {
    fn from(seen: &Observed<'_>) -> Self {
        match *seen {
            Observed::Sent { index, plaintext, payload } => {
                Self::Sent { index, plaintext: plaintext.to_vec(), payload: payload.to_vec() }
            }
            Observed::Received { index, plaintext, payload } => {
                Self::Received { index, plaintext: plaintext.to_vec(), payload: payload.to_vec() }
            }
            Observed::Rejected { index, error, expected_seq, payload } => Self::Rejected {
                index,
                error: format!("{error:?}"),
                expected_seq,
                payload: payload.map(<[u8]>::to_vec),
            },
        }
    }
}

type Events = Arc<Mutex<Vec<Event>>>;

/// An observer, and what it has seen.
fn observer() -> (Observer, Events) {
    let events = Events::default();
    let seen = events.clone();
    (Arc::new(move |event| seen.lock().unwrap().push(event.into())), events)
}

/// What an observer sees of a channel that receives these bytes until they end or are refused.
fn seen_of(stage: &Stage, bytes: Vec<u8>) -> Vec<Event> {
    let (observer, events) = observer();
    let mut channel = channel(stage, End::with(bytes)).observed_by(observer);
    while let Ok(Some(_)) = channel.recv() {}
    assert_matches!(channel.recv(), Ok(None) | Err(ChannelError::Closed));
    events.lock().unwrap().clone()
}

/// The records' payloads, without the length in front.
fn payloads(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    records.iter().map(|record| record[4..].to_vec()).collect()
}

#[test]
fn both_sides_are_shown_the_same_payload_and_plaintext() {
    for stage in every_stage() {
        let ((here, there), (observer, events)) = (End::pair(), observer());
        let mut here = channel(stage, here).observed_by(observer.clone());
        let mut there = channel(stage, there).observed_by(observer);
        let mut expected = Vec::new();
        for (index, plaintext) in [(0, &REQUEST[..]), (1, b""), (2, b"third")] {
            here.send(plaintext).unwrap();
            there.recv().unwrap().unwrap();
            let Event::Sent { payload, .. } = events.lock().unwrap()[expected.len()].clone() else {
                panic!("a record is shown when it is sent")
            };
            assert_eq!(payload.len(), stage.overhead() + plaintext.len());
            let plaintext = plaintext.to_vec();
            expected.push(Event::Sent {
                index,
                plaintext: plaintext.clone(),
                payload: payload.clone(),
            });
            expected.push(Event::Received { index, plaintext, payload });
        }
        assert_eq!(*events.lock().unwrap(), expected);
    }
}

#[test]
fn what_is_shown_as_sent_is_what_is_written() {
    let (end, (observer, events)) = (End::default(), observer());
    let mut channel = channel(&PART2_AEAD, end.clone()).observed_by(observer);
    channel.send(REQUEST).unwrap();
    let payload = payloads(&[end.outgoing.take().into()]).remove(0);
    let plaintext = REQUEST.to_vec();
    assert_eq!(*events.lock().unwrap(), [Event::Sent { index: 0, plaintext, payload }]);
}

#[test]
fn a_changed_record_is_shown_as_it_arrived() {
    for stage in stages_with(Role::Tag) {
        let mut records = sent(stage, &[b"first", b"other"]);
        *records[1].last_mut().unwrap() ^= 1;
        let [first, second] = payloads(&records).try_into().unwrap();
        let error = format!("{:?}", ChannelError::Open { index: 1, error: OpenError::BadTag });
        assert_eq!(
            seen_of(stage, records.concat()),
            [
                Event::Received { index: 0, plaintext: b"first".to_vec(), payload: first },
                Event::Rejected {
                    index: 1,
                    error,
                    expected_seq: stage.has(Role::Seq).then_some(1),
                    payload: Some(second),
                },
            ]
        );
    }
}

/// The observer still sees it, though aead has decrypted and wiped it by then.
#[test]
fn a_record_in_the_wrong_place_is_shown_as_it_arrived() {
    for stage in stages_with(Role::Seq) {
        let records = sent(stage, &[b"first", b"other"]);
        let [_, second] = payloads(&records).try_into().unwrap();
        let error = OpenError::OutOfOrder { expected: 0, got: 1 };
        let error = format!("{:?}", ChannelError::Open { index: 0, error });
        assert_eq!(
            seen_of(stage, records[1].clone()),
            [Event::Rejected { index: 0, error, expected_seq: Some(0), payload: Some(second) }]
        );
    }
}

#[test]
fn bytes_that_are_no_record_are_shown_without_a_payload() {
    let error = FrameError::Truncated { got: 3, wanted: 4 };
    let error = format!("{:?}", ChannelError::Frame { index: 0, error });
    assert_eq!(
        seen_of(&PART2_HMAC_SEQ, vec![0; 3]),
        [Event::Rejected { index: 0, error, expected_seq: Some(0), payload: None }]
    );
}

#[test]
fn what_is_no_record_and_no_refusal_is_not_shown() {
    let (end, (observer, events)) = (End::default(), observer());
    let mut channel = channel(&PART2_AEAD, end.clone()).observed_by(observer);
    assert_matches!(channel.recv(), Ok(None));
    assert_matches!(channel.send(&TOO_LONG), Err(ChannelError::PlaintextTooLong { .. }));
    end.broken.set(true);
    assert_matches!(channel.recv(), Err(ChannelError::Io(_)));
    assert_matches!(channel.recv(), Err(ChannelError::Closed));
    assert_matches!(channel.send(REQUEST), Err(ChannelError::Closed));
    assert_eq!(*events.lock().unwrap(), []);
}

fn frame(error: FrameError) -> ChannelError {
    ChannelError::Frame { index: 1, error }
}

fn open(error: OpenError) -> ChannelError {
    ChannelError::Open { index: 1, error }
}

#[test]
fn every_refusal_of_the_peers_bytes_has_a_name_and_nothing_else_has() {
    let out_of_order = OpenError::OutOfOrder { expected: 1, got: 0 };
    let names = [
        (frame(FrameError::Truncated { got: 1, wanted: 4 }), Some("truncated")),
        (frame(FrameError::TooLong { len: 9, max: 8 }), Some("too_long")),
        (frame(FrameError::TooShort { len: 1, min: 2 }), Some("too_short")),
        (frame(FrameError::TooManyEmptyRecords), Some("too_many_empty_records")),
        (frame(FrameError::Io(io::ErrorKind::TimedOut.into())), None),
        (open(OpenError::TooShort { len: 1, min: 2 }), Some("too_short")),
        (open(OpenError::BadTag), Some("bad_tag")),
        (open(out_of_order), Some("out_of_order")),
        (open(OpenError::SequenceExhausted), Some("sequence_exhausted")),
        (ChannelError::PlaintextTooLong { len: 9, max: 8 }, None),
        (ChannelError::Seal { index: 1, error: SealError::SequenceExhausted }, None),
        (ChannelError::Io(io::ErrorKind::TimedOut.into()), None),
        (ChannelError::Closed, None),
    ];
    for (error, name) in names {
        assert_eq!(error.rejection(), name, "{error:?}");
    }
}

#[test]
fn a_refusal_says_which_record_what_was_found_and_what_it_means() {
    let genuine = "its tag is valid, so it is a genuine record in the wrong place";
    let replay = open(OpenError::OutOfOrder { expected: 1, got: 0 });
    let gap = open(OpenError::OutOfOrder { expected: 1, got: 2 });
    assert_eq!(
        [replay.to_string(), gap.to_string()],
        [
            format!(
                "record 1 refused: it carries seq 0, expected 1: {genuine}, a replay or a reordering"
            ),
            format!(
                "record 1 refused: it carries seq 2, expected 1: {genuine}, or others before it are missing"
            ),
        ]
    );
}
