//! The first failure is final: nothing more is sent or received.

use std::io::ErrorKind;

use channel::{Channel, ChannelError, Sender};
use crypto::{Open, OpenError, Seal, SealError};
use framing::{FrameError, Header};
use stages::{PART2_AEAD, PART2_HMAC_SEQ, Role, Stage};

use crate::common::{REQUEST, every_stage, opener, stages_with};
use crate::wire::{End, TOO_LONG, channel, sent};

/// Checks that every call answers `Closed`, and that none touches the stream.
fn assert_closed<S: Seal, O: Open>(mut channel: Channel<End, S, O>, end: &End) {
    let untouched = || (end.incoming.borrow().clone(), end.outgoing.borrow().clone());
    let before = untouched();
    for _ in 0..2 {
        assert_matches!(channel.recv(), Err(ChannelError::Closed));
        assert_matches!(channel.send(REQUEST), Err(ChannelError::Closed));
        assert_matches!(channel.queue(REQUEST), Err(ChannelError::Closed));
        assert_matches!(channel.send(&TOO_LONG), Err(ChannelError::Closed));
        assert_matches!(channel.flush(), Err(ChannelError::Closed));
    }
    assert!(before == untouched());
}

/// The bytes are followed by a good record, which would be received if the channel were not closed; and
/// an answer is queued, which would be sent.
fn failing_on(stage: &Stage, bytes: Vec<u8>) -> ChannelError {
    let [good] = sent(stage, &[REQUEST]).try_into().unwrap();
    let end = End::with([bytes, good].concat());
    let mut channel = channel(stage, end.clone());
    channel.queue(b"an answer").unwrap();
    let error = loop {
        match channel.recv() {
            Ok(received) => assert!(received.is_some(), "the bytes were to be refused"),
            Err(error) => break error,
        }
    };
    assert_closed(channel, &end);
    assert_eq!(end.writes.get(), 0);
    error
}

#[test]
fn a_refused_header_closes_the_channel() {
    for stage in every_stage() {
        let refused = failing_on(stage, vec![0xff; 4]);
        assert_matches!(
            refused,
            ChannelError::Frame { index: 0, error: FrameError::TooLong { len: 0xffff_ffff, .. } }
        );
        let refused = failing_on(stage, vec![0; 4]);
        assert_matches!(
            refused,
            ChannelError::Frame { index: 0, error: FrameError::TooShort { len: 0, .. } }
        );
    }
}

#[test]
fn a_33rd_empty_record_closes_the_channel() {
    for stage in every_stage() {
        let refused = failing_on(stage, sent(stage, &[b""; 33]).concat());
        assert_matches!(
            refused,
            ChannelError::Frame { index: 32, error: FrameError::TooManyEmptyRecords }
        );
    }
}

#[test]
fn a_changed_record_closes_the_channel() {
    for stage in stages_with(Role::Tag) {
        let mut records = sent(stage, &[b"first", b"other"]);
        *records[1].last_mut().unwrap() ^= 1;
        let refused = failing_on(stage, records.concat());
        assert_matches!(refused, ChannelError::Open { index: 1, error: OpenError::BadTag });
    }
}

#[test]
fn a_record_sent_twice_closes_the_channel() {
    for stage in stages_with(Role::Seq) {
        let refused = failing_on(stage, sent(stage, &[REQUEST]).concat().repeat(2));
        let replayed = OpenError::OutOfOrder { expected: 1, got: 0 };
        assert_matches!(refused, ChannelError::Open { index: 1, error } if error == replayed);
    }
}

#[test]
fn a_cut_record_closes_the_channel() {
    let [mut record] = sent(&PART2_AEAD, &[REQUEST]).try_into().unwrap();
    record.truncate(100);
    let end = End::with(record);
    let mut channel = channel(&PART2_AEAD, end.clone());
    let cut = channel.recv().unwrap_err();
    assert_matches!(
        cut,
        ChannelError::Frame { index: 0, error: FrameError::Truncated { got: 100, wanted: 101 } }
    );
    assert_closed(channel, &end);
}

/// It would work again at the next call, but the channel does not try.
#[test]
fn a_stream_that_fails_to_read_closes_the_channel() {
    let end = End::with(sent(&PART2_AEAD, &[REQUEST]).concat());
    let mut channel = channel(&PART2_AEAD, end.clone());
    end.broken.set(true);
    let failed = channel.recv().unwrap_err();
    assert_matches!(failed, ChannelError::Io(error) if error.kind() == ErrorKind::ConnectionReset);
    end.broken.set(false);
    assert_closed(channel, &end);
}

#[test]
fn a_stream_that_fails_to_write_closes_the_channel() {
    let end = End::with(sent(&PART2_AEAD, &[REQUEST]).concat());
    let mut channel = channel(&PART2_AEAD, end.clone());
    end.broken.set(true);
    let failed = channel.send(REQUEST);
    assert_matches!(
        failed,
        Err(ChannelError::Io(error)) if error.kind() == ErrorKind::ConnectionReset
    );
    end.broken.set(false);
    assert_closed(channel, &end);
}

/// Seals one record and then has no number left. Against the rules, it leaves something behind.
struct OneNumber(bool);

impl Seal for OneNumber {
    fn overhead(&self) -> usize {
        0
    }

    fn seal(&mut self, _: &[u8], plaintext: &[u8], payload: &mut Vec<u8>) -> Result<(), SealError> {
        payload.extend_from_slice(plaintext);
        if std::mem::replace(&mut self.0, false) {
            Ok(())
        } else {
            Err(SealError::SequenceExhausted)
        }
    }
}

#[test]
fn an_exhausted_sealer_sends_nothing_and_closes_the_channel() {
    let end = End::with(sent(&PART2_AEAD, &[REQUEST]).concat());
    let mut channel =
        Channel::new(end.clone(), Header::LENGTH, OneNumber(true), opener(&PART2_AEAD));
    channel.send(b"the last").unwrap();
    let sent_before = end.outgoing.borrow().clone();
    let exhausted = channel.send(b"one more");
    assert_matches!(
        exhausted,
        Err(ChannelError::Seal { index: 1, error: SealError::SequenceExhausted })
    );
    assert_eq!(*end.outgoing.borrow(), sent_before);
    assert_closed(channel, &end);
}

#[test]
fn an_exhausted_sealer_alone_sends_nothing_then_or_later() {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), Header::LENGTH, OneNumber(false));
    assert_matches!(sender.queue(REQUEST), Err(ChannelError::Seal { index: 0, .. }));
    assert_matches!(sender.flush(), Err(ChannelError::Closed));
    assert_eq!(end.writes.get(), 0);
}

#[test]
fn the_halves_of_a_split_channel_fail_one_by_one() {
    let end = End::with(vec![0xff; 4]);
    let (mut sender, mut receiver) = channel(&PART2_HMAC_SEQ, end.clone()).split();
    assert_matches!(receiver.recv(), Err(ChannelError::Frame { .. }));
    assert_matches!(receiver.recv(), Err(ChannelError::Closed));
    sender.send(REQUEST).unwrap();
    end.broken.set(true);
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Io(_)));
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Closed));
}

#[test]
fn a_channel_that_was_closed_stays_closed_in_both_halves() {
    let mut channel = channel(&PART2_HMAC_SEQ, End::with(vec![0xff; 4]));
    assert_matches!(channel.recv(), Err(ChannelError::Frame { .. }));
    let (mut sender, mut receiver) = channel.split();
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Closed));
    assert_matches!(receiver.recv(), Err(ChannelError::Closed));
}
