//! The first failure is final: nothing more is sent or received.

use std::io::ErrorKind;

use channel::{Channel, ChannelError, Sender};
use crypto::{Open, OpenError, Seal, SealError, aead, hmac_seq};
use framing::FrameError;

use crate::stages::{REQUEST, Stage};
use crate::wire::{End, TOO_LONG, channel, sent};

/// Every call answers `Closed`, and the stream is not touched by any.
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
fn failing_on<S: Stage>(bytes: Vec<u8>) -> ChannelError {
    let [good] = sent::<S>(&[REQUEST]).try_into().unwrap();
    let end = End::with([bytes, good].concat());
    let mut channel = channel::<S, _>(end.clone());
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

fn a_refused_header_closes_the_channel_at<S: Stage>() {
    let refused = failing_on::<S>(vec![0xff; 4]);
    assert_matches!(
        refused,
        ChannelError::Frame { index: 0, error: FrameError::TooLong { len: 0xffff_ffff, .. } }
    );
    let refused = failing_on::<S>(vec![0; 4]);
    assert_matches!(
        refused,
        ChannelError::Frame { index: 0, error: FrameError::TooShort { len: 0, .. } }
    );
}
at! { a_refused_header_closes_the_channel_at: ctr(), hmac(), hmac_seq(), aead() }

fn a_33rd_empty_record_closes_the_channel_at<S: Stage>() {
    let refused = failing_on::<S>(sent::<S>(&[b""; 33]).concat());
    assert_matches!(
        refused,
        ChannelError::Frame { index: 32, error: FrameError::TooManyEmptyRecords }
    );
}
at! { a_33rd_empty_record_closes_the_channel_at: ctr(), hmac(), hmac_seq(), aead() }

fn a_changed_record_closes_the_channel_at<S: Stage>() {
    let mut records = sent::<S>(&[b"first", b"other"]);
    *records[1].last_mut().unwrap() ^= 1;
    let refused = failing_on::<S>(records.concat());
    assert_matches!(refused, ChannelError::Open { index: 1, error: OpenError::BadTag });
}
at! { a_changed_record_closes_the_channel_at: hmac(), hmac_seq(), aead() }

fn a_record_sent_twice_closes_the_channel_at<S: Stage>() {
    let refused = failing_on::<S>(sent::<S>(&[REQUEST]).concat().repeat(2));
    let replayed = OpenError::OutOfOrder { expected: 1, got: 0 };
    assert_matches!(refused, ChannelError::Open { index: 1, error } if error == replayed);
}
at! { a_record_sent_twice_closes_the_channel_at: hmac_seq(), aead() }

#[test]
fn a_cut_record_closes_the_channel() {
    let [mut record] = sent::<aead::Opener>(&[REQUEST]).try_into().unwrap();
    record.truncate(100);
    let end = End::with(record);
    let mut channel = channel::<aead::Opener, _>(end.clone());
    let cut = channel.recv().unwrap_err();
    assert_matches!(
        cut,
        ChannelError::Frame { index: 0, error: FrameError::Truncated { got: 100, wanted: 101 } }
    );
    assert_closed(channel, &end);
}

/// It would work again at the next call: the channel does not try.
#[test]
fn a_stream_that_fails_to_read_closes_the_channel() {
    let end = End::with(sent::<aead::Opener>(&[REQUEST]).concat());
    let mut channel = channel::<aead::Opener, _>(end.clone());
    end.broken.set(true);
    let failed = channel.recv().unwrap_err();
    assert_matches!(failed, ChannelError::Io(error) if error.kind() == ErrorKind::ConnectionReset);
    end.broken.set(false);
    assert_closed(channel, &end);
}

#[test]
fn a_stream_that_fails_to_write_closes_the_channel() {
    let end = End::with(sent::<aead::Opener>(&[REQUEST]).concat());
    let mut channel = channel::<aead::Opener, _>(end.clone());
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
    fn seal(&mut self, plaintext: &[u8], payload: &mut Vec<u8>) -> Result<(), SealError> {
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
    let end = End::with(sent::<aead::Opener>(&[REQUEST]).concat());
    let mut channel = Channel::new(end.clone(), OneNumber(true), aead::Opener::opener());
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
    let mut sender = Sender::new(end.clone(), OneNumber(false));
    assert_matches!(sender.queue(REQUEST), Err(ChannelError::Seal { index: 0, .. }));
    assert_matches!(sender.flush(), Err(ChannelError::Closed));
    assert_eq!(end.writes.get(), 0);
}

#[test]
fn the_halves_of_a_split_channel_fail_one_by_one() {
    let end = End::with(vec![0xff; 4]);
    let (mut sender, mut receiver) = channel::<hmac_seq::Opener, _>(end.clone()).split();
    assert_matches!(receiver.recv(), Err(ChannelError::Frame { .. }));
    assert_matches!(receiver.recv(), Err(ChannelError::Closed));
    sender.send(REQUEST).unwrap();
    end.broken.set(true);
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Io(_)));
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Closed));
}

#[test]
fn a_channel_that_was_closed_stays_closed_in_both_halves() {
    let mut channel = channel::<hmac_seq::Opener, _>(End::with(vec![0xff; 4]));
    assert_matches!(channel.recv(), Err(ChannelError::Frame { .. }));
    let (mut sender, mut receiver) = channel.split();
    assert_matches!(sender.send(REQUEST), Err(ChannelError::Closed));
    assert_matches!(receiver.recv(), Err(ChannelError::Closed));
}
