//! Keys change between two records, never within one: each record is opened with the key it was sealed with,
//! however the bytes arrived.

use std::io::Read;

use channel::{ChannelError, Receiver, Sender};
use crypto::keys::AesKey;
use crypto::{OpenError, Seal, aead};
use framing::{FrameError, Header, MAX_PLAINTEXT_LEN};
use stages::{PART2_AEAD, PART2_HMAC};

use crate::common::{opener, sealer};
use crate::wire::{End, TOO_LONG};

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
