//! Keys change between two records, never within one: each record is opened with the key it was sealed with,
//! however the bytes arrived.

use std::io::Read;
use std::sync::{Arc, Mutex};

use channel::{Channel, ChannelError, Receiver, Sender};
use crypto::keys::AesKey;
use crypto::{OpenError, Seal, aead};
use framing::{FrameError, Header, Limits, MAX_PLAINTEXT_LEN};
use stages::{PART2_AEAD, PART2_HMAC};

use crate::common::{opener, sealer};
use crate::wire::{End, TOO_LONG, channel, sent};

type AnySender = Sender<End, Box<dyn Seal + Send>>;

/// The key of aead that stands for the number `key`.
fn keys(key: u8) -> aead::Keys {
    aead::Keys::new(AesKey::from([key; AesKey::LEN]))
}

fn sealer_of(key: u8) -> aead::Sealer {
    aead::Sealer::new(&keys(key))
}

fn opener_of(key: u8) -> aead::Opener {
    aead::Opener::new(&keys(key))
}

/// Three records under each of the keys 0, 1 and 2, in one write.
fn nine_records_under_three_keys() -> Vec<u8> {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), Header::LENGTH, sealer_of(0));
    for number in 0..9 {
        if number > 0 && number % 3 == 0 {
            sender.rekey(sealer_of(number / 3));
        }
        sender.queue(&[number]).unwrap();
    }
    sender.flush().unwrap();
    assert_eq!(end.writes.get(), 1);
    end.outgoing.take().into()
}

/// Receives records until one is refused, with key 1 from record `first` on and key 2 three records later.
/// Returns how many came out, and the refusal.
fn received_with_keys_changed_at(first: u8, stream: impl Read) -> (u8, Option<ChannelError>) {
    let mut receiver = Receiver::new(stream, Header::LENGTH, opener_of(0));
    for number in 0..=9 {
        for key in [1, 2] {
            if number == first + 3 * (key - 1) {
                receiver.rekey(opener_of(key));
            }
        }
        match receiver.recv() {
            Ok(Some(plaintext)) => assert_eq!(plaintext, [number]),
            Ok(None) => return (number, None),
            Err(error) => {
                assert_matches!(receiver.recv(), Err(ChannelError::Closed));
                receiver.rekey(opener_of(0));
                assert_matches!(receiver.recv(), Err(ChannelError::Closed));
                return (number, Some(error));
            }
        }
    }
    panic!("a tenth record")
}

/// Gives no more than this many bytes per read.
struct Trickle<'b>(&'b [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let len = room.len().min(self.1);
        self.0.read(&mut room[..len])
    }
}

#[test]
fn each_record_is_opened_with_the_key_it_was_sealed_with_when_all_lie_in_one_segment() {
    let (received, refusal) =
        received_with_keys_changed_at(3, &nine_records_under_three_keys()[..]);
    assert_eq!(received, 9);
    assert_matches!(refusal, None);
}

/// So a record that has arrived in part, or whole, when its key changes is opened entirely with the
/// new key: reads of every length put the change at every place within a record.
#[test]
fn each_record_is_opened_with_the_key_it_was_sealed_with_however_the_stream_is_cut() {
    let stream = nine_records_under_three_keys();
    for len in 1..=stream.len() {
        let (received, refusal) = received_with_keys_changed_at(3, Trickle(&stream, len));
        assert_eq!(received, 9, "{len} bytes per read");
        assert_matches!(refusal, None);
    }
}

#[test]
fn a_record_that_has_arrived_in_part_is_opened_whole_with_the_new_key() {
    let stream = nine_records_under_three_keys();
    let record_len = stream.len() / 9;
    for part in 0..=record_len {
        let (end, arrived) = (End::default(), 3 * record_len + part);
        end.incoming.borrow_mut().extend(&stream[..arrived]);
        let mut receiver = Receiver::new(end.clone(), Header::LENGTH, opener_of(0));
        for number in 0..3 {
            assert_eq!(receiver.recv().unwrap().unwrap(), [number]);
        }
        assert_eq!((receiver.unread_len(), receiver.is_ready()), (part, part == record_len));
        receiver.rekey(opener_of(1));
        end.incoming.borrow_mut().extend(&stream[arrived..4 * record_len]);
        assert_eq!(receiver.recv().unwrap().unwrap(), [3]);
        assert_matches!(receiver.recv(), Ok(None));
    }
}

#[test]
fn a_receiver_that_changes_keys_a_record_too_early_or_too_late_refuses_that_record_and_is_closed() {
    for (changed_at, refused) in [(2, 2), (4, 3)] {
        let (received, refusal) =
            received_with_keys_changed_at(changed_at, &nine_records_under_three_keys()[..]);
        assert_eq!(received, refused);
        assert_matches!(
            refusal,
            Some(ChannelError::Open { index, error: OpenError::BadTag })
                if index == u64::from(refused)
        );
    }
}

/// Both count from 0 again, or the first record after the change would be out of order.
#[test]
fn numbers_start_over_with_the_key_and_indices_go_on() {
    let (here, there) = End::pair();
    let mut sender = Sender::new(here, Header::LENGTH, sealer_of(0));
    let mut receiver = Receiver::new(there.clone(), Header::LENGTH, opener_of(0));
    sender.send(b"one").unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap(), b"one");
    sender.rekey(sealer_of(1));
    receiver.rekey(opener_of(1));
    sender.send(b"two").unwrap();
    let seq = PART2_AEAD.seq(&there.incoming.borrow_mut().make_contiguous()[4..]);
    assert_eq!(seq, Some(0));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"two");

    there.incoming.borrow_mut().extend([0xff; 4]);
    assert_matches!(receiver.recv(), Err(ChannelError::Frame { index: 2, .. }));
}

#[test]
fn what_was_queued_before_a_change_goes_out_sealed_with_the_old_key() {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), Header::LENGTH, sealer_of(0));
    sender.queue(b"before").unwrap();
    sender.rekey(sealer_of(1));
    assert_eq!(end.writes.get(), 0);
    sender.queue(b"behind").unwrap();
    sender.flush().unwrap();
    let stream: Vec<u8> = end.outgoing.take().into();
    let mut receiver = Receiver::new(&stream[..], Header::LENGTH, opener_of(0));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"before");
    receiver.rekey(opener_of(1));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"behind");
}

/// A sender of hmac that has become one of aead, and what it has written since.
fn sender_changed_to_aead() -> (AnySender, End) {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), Header::LENGTH, sealer(&PART2_HMAC));
    sender.send(b"").unwrap();
    assert_eq!(end.outgoing.take().len(), PART2_HMAC.record_overhead());
    sender.rekey(sealer(&PART2_AEAD));
    (sender, end)
}

#[test]
fn lengths_follow_the_overhead_of_the_new_sealer() {
    let (mut sender, end) = sender_changed_to_aead();
    for len in [0, MAX_PLAINTEXT_LEN] {
        sender.send(&TOO_LONG[..len]).unwrap();
        let record: Vec<u8> = end.outgoing.take().into();
        assert_eq!(record.len(), PART2_AEAD.record_overhead() + len);
        assert_eq!(Header::LENGTH.payload_len(&record), Some(PART2_AEAD.overhead() + len));
    }
}

#[test]
fn limits_follow_the_overhead_of_the_new_opener() {
    let (hmac, aead) = (PART2_HMAC.limits(), PART2_AEAD.limits());
    assert!(aead.min < hmac.min && aead.max < hmac.max);

    // What hmac would refuse as too short, aead receives; what hmac would receive, aead refuses as too long.
    let (mut sender, end) = sender_changed_to_aead();
    sender.send(b"").unwrap();
    sender.send(&TOO_LONG[1..]).unwrap();
    end.outgoing.borrow_mut().extend(&*Header::LENGTH.encode(hmac.max));
    end.incoming.swap(&end.outgoing);
    let mut receiver = Receiver::new(end, Header::LENGTH, opener(&PART2_HMAC));
    receiver.rekey(opener(&PART2_AEAD));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"");
    assert_eq!(receiver.recv().unwrap().unwrap(), &TOO_LONG[1..]);
    assert_matches!(
        receiver.recv(),
        Err(ChannelError::Frame { index: 2, error: FrameError::TooLong { len, max } })
            if (len, max) == (hmac.max, aead.max)
    );
}

/// A channel of hmac that has become one of aead, under the key 1 in both directions.
fn changed_to_aead(end: &End) -> Channel<End, aead::Sealer, aead::Opener> {
    channel(&PART2_HMAC, end.clone()).rekey(sealer_of(1), opener_of(1))
}

/// What a sender of aead writes under the key 1.
fn under_key_1(plaintexts: &[&[u8]]) -> Vec<u8> {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), Header::LENGTH, sealer_of(1));
    for plaintext in plaintexts {
        sender.send(plaintext).unwrap();
    }
    end.outgoing.take().into()
}

/// The reader has them all after the first read.
#[test]
fn bytes_that_arrived_before_a_change_of_both_directions_are_opened_when_their_turn_comes() {
    let old = sent(&PART2_HMAC, &[b"one", b"two"]).concat();
    let end = End::with([old, under_key_1(&[b"three", b"four"])].concat());
    let mut channel = channel(&PART2_HMAC, end.clone());
    assert_eq!(channel.recv().unwrap().unwrap(), b"one");
    assert!(end.incoming.borrow().is_empty());
    assert_eq!(channel.recv().unwrap().unwrap(), b"two");
    let mut channel = channel.rekey(sealer_of(1), opener_of(1));
    assert_eq!(channel.recv().unwrap().unwrap(), b"three");
    assert_eq!(channel.recv().unwrap().unwrap(), b"four");
    assert!(channel.recv().unwrap().is_none());
}

#[test]
fn what_was_queued_before_a_change_of_both_directions_goes_out_as_it_is() {
    let end = End::default();
    let mut channel = channel(&PART2_HMAC, end.clone());
    channel.queue(b"before").unwrap();
    let mut channel = channel.rekey(sealer_of(1), opener_of(1));
    channel.send(b"behind").unwrap();
    let stream: Vec<u8> = end.outgoing.take().into();
    let mut receiver = Receiver::new(&stream[..], Header::LENGTH, opener(&PART2_HMAC));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"before");
    receiver.rekey(Box::new(opener_of(1)));
    assert_eq!(receiver.recv().unwrap().unwrap(), b"behind");
}

#[test]
fn a_channel_that_is_closed_stays_closed_through_a_change_of_both_directions() {
    // By what it received, and by what it could not send.
    let end = End::with([vec![0xff; 4], under_key_1(&[b"good"])].concat());
    let mut refused = channel(&PART2_HMAC, end);
    assert_matches!(refused.recv(), Err(ChannelError::Frame { .. }));
    let end = End::with(under_key_1(&[b"good"]));
    let mut broken = channel(&PART2_HMAC, end.clone());
    end.broken.set(true);
    assert_matches!(broken.send(b"not"), Err(ChannelError::Io(_)));
    end.broken.set(false);

    for channel in [refused, broken] {
        // Each half by itself: one that answers "closed" closes the other.
        let (mut sender, mut receiver) = channel.rekey(sealer_of(1), opener_of(1)).split();
        assert_matches!(receiver.recv(), Err(ChannelError::Closed));
        assert_matches!(sender.send(b"an answer"), Err(ChannelError::Closed));
    }
}

#[test]
fn records_are_counted_from_0_again_after_a_change_of_both_directions_and_shown_to_a_new_observer_only()
 {
    let end = End::with(
        [sent(&PART2_HMAC, &[b"one"]).concat(), under_key_1(&[b"two", b"three"])].concat(),
    );
    let shown = Arc::new(Mutex::new(Vec::new()));
    let showing = |name: &'static str| {
        let shown = shown.clone();
        let kind = |seen: String| seen.split(", plaintext").next().unwrap_or_default().to_owned();
        Arc::new(move |seen: &channel::Observed<'_>| {
            shown.lock().unwrap().push(format!("{name}: {}", kind(format!("{seen:?}"))));
        })
    };
    let mut channel = channel(&PART2_HMAC, end.clone()).observed_by(showing("old"));
    channel.send(b"an answer").unwrap();
    channel.recv().unwrap().unwrap();
    let mut channel = channel.rekey(sealer_of(1), opener_of(1));
    channel.recv().unwrap().unwrap();
    let mut channel = channel.observed_by(showing("new"));
    channel.send(b"an answer").unwrap();
    channel.recv().unwrap().unwrap();
    end.incoming.borrow_mut().extend([0xff; 4]);
    assert_matches!(channel.recv(), Err(ChannelError::Frame { index: 2, .. }));
    let shown = shown.lock().unwrap();
    let expected = [
        "old: Sent { index: 0",
        "old: Received { index: 0",
        "new: Sent { index: 0",
        "new: Received { index: 1",
    ];
    assert_eq!(shown[..4], expected);
    assert!(shown[4].starts_with("new: Rejected { index: 2"), "{shown:?}");
}

#[test]
fn limits_follow_a_change_of_both_directions_and_those_that_were_set_are_forgotten() {
    let aead = PART2_AEAD.limits();
    let end = End::with(under_key_1(&[b"", &TOO_LONG[1..]]));
    let mut changed = changed_to_aead(&end);
    assert_eq!(changed.recv().unwrap().unwrap(), b"");
    assert_eq!(changed.recv().unwrap().unwrap(), &TOO_LONG[1..]);

    for (len, is_short) in [(aead.min - 1, true), (aead.max + 1, false)] {
        let end = End::with(Header::LENGTH.encode(len).to_vec());
        let mut channel = channel(&PART2_HMAC, end);
        channel.set_limits(Limits { min: 0, max: 1 << 20 });
        let mut channel = channel.rekey(sealer_of(1), opener_of(1));
        match channel.recv() {
            Err(ChannelError::Frame { index: 0, error }) => match error {
                FrameError::TooShort { len: got, min } if is_short => {
                    assert_eq!((got, min), (len, aead.min));
                }
                FrameError::TooLong { len: got, max } => assert_eq!((got, max), (len, aead.max)),
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn limits_that_are_set_hold_from_the_next_record_on() {
    let records = sent(&PART2_HMAC, &[&b"1"[..], b"12", b"123"]);
    let longest = PART2_HMAC.overhead() + 2;
    let mut channel = channel(&PART2_HMAC, End::with(records.concat()));
    assert_eq!(channel.recv().unwrap().unwrap(), b"1");
    channel.set_limits(Limits { min: 0, max: longest });
    assert_eq!(channel.recv().unwrap().unwrap(), b"12");
    assert_matches!(
        channel.recv(),
        Err(ChannelError::Frame { index: 2, error: FrameError::TooLong { len, max } })
            if (len, max) == (longest + 1, longest)
    );
}
