//! What two parties say to each other arrives, whatever the stream does on the way.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

use channel::{ChannelError, Receiver, Sender};
use crypto::{Seal, SealError};
use framing::{Header, MAX_PLAINTEXT_LEN};
use stages::PART2_AEAD;

use crate::common::{REQUEST, every_stage, opener};
use crate::wire::{End, TOO_LONG, channel, received, sent};

/// Moves one byte per call, and is interrupted at every other one.
#[derive(Clone)]
struct Hostile(End, Rc<Cell<bool>>);

impl Hostile {
    fn new(end: End) -> Self {
        Self(end, Rc::default())
    }

    fn interrupt(&self) -> io::Result<()> {
        self.1.set(!self.1.get());
        if self.1.get() { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Read for Hostile {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.interrupt()?;
        self.0.read(&mut room[..1])
    }
}

impl Write for Hostile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupt()?;
        self.0.write(&bytes[..1])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn every_length_arrives_both_ways_over_a_hostile_stream() {
    for stage in every_stage() {
        let (here, there) = End::pair();
        let mut here = channel(stage, Hostile::new(here));
        let mut there = channel(stage, Hostile::new(there));
        for len in [0, 1, 61, 0, 2_048, MAX_PLAINTEXT_LEN] {
            let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            here.send(&plaintext).unwrap();
            let arrived = there.recv().unwrap().unwrap().to_vec();
            assert!(arrived == plaintext, "{len} bytes out");
            there.send(&arrived).unwrap();
            assert!(here.recv().unwrap().unwrap() == plaintext, "{len} bytes back");
        }
        assert_matches!(here.recv(), Ok(None));
        assert_matches!(there.recv(), Ok(None));
    }
}

#[test]
fn what_is_queued_leaves_in_one_write_and_arrives_in_order() {
    for stage in every_stage() {
        let (here, there) = End::pair();
        let (mut sender, _) = channel(stage, here.clone()).split();
        for _ in 0..20 {
            sender.queue(REQUEST).unwrap();
        }
        assert_eq!(here.writes.get(), 0);
        sender.flush().unwrap();
        assert_eq!(here.writes.get(), 1);
        let mut there = channel(stage, there);
        for _ in 0..20 {
            assert_eq!(there.recv().unwrap().unwrap(), REQUEST);
        }
        assert_matches!(there.recv(), Ok(None));
    }
}

#[test]
fn each_send_is_one_write() {
    let end = End::default();
    let mut channel = channel(&PART2_AEAD, end.clone());
    for sends in 1..=3 {
        channel.send(&[7; MAX_PLAINTEXT_LEN]).unwrap();
        assert_eq!(end.writes.get(), sends);
    }
}

#[test]
fn a_plaintext_of_16385_bytes_is_refused_and_the_channel_is_as_it_was() {
    for stage in every_stage() {
        let end = End::default();
        let mut channel = channel(stage, end.clone());
        for attempt in [channel.send(&TOO_LONG), channel.queue(&TOO_LONG)] {
            assert_matches!(
                attempt,
                Err(ChannelError::PlaintextTooLong { len: 16_385, max: 16_384 })
            );
        }
        channel.flush().unwrap();
        assert_eq!(end.writes.get(), 0);

        // A number that had been used up would be missing here.
        channel.send(&[7; 16_384]).unwrap();
        let (plaintexts, ending) = received(stage, end.outgoing.borrow_mut().make_contiguous());
        assert_eq!(plaintexts, [[7; 16_384]]);
        assert_matches!(ending, Ok(()));
    }
}

#[test]
fn a_plaintext_of_16385_bytes_does_not_reach_the_sealer_and_its_nonces() {
    struct Untouched;
    impl Seal for Untouched {
        fn overhead(&self) -> usize {
            0
        }

        fn seal(&mut self, _: &[u8], _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
            panic!("asked to seal it")
        }
    }
    let attempt = Sender::new(End::default(), Header::LENGTH, Untouched).send(&TOO_LONG);
    assert_matches!(attempt, Err(ChannelError::PlaintextTooLong { .. }));
}

#[test]
fn a_receiver_knows_what_of_the_next_record_is_here_already() {
    let [first, next] = sent(&PART2_AEAD, &["first", "next"]).try_into().unwrap();
    for here in 0..=next.len() {
        let bytes = [&first[..], &next[..here]].concat();
        let mut receiver = Receiver::new(&bytes[..], Header::LENGTH, opener(&PART2_AEAD));
        assert!(receiver.unread_len() == 0 && !receiver.is_ready());
        assert_eq!(receiver.recv().unwrap().unwrap(), b"first");
        assert_eq!((receiver.unread_len(), receiver.is_ready()), (here, here == next.len()));
    }
}

#[test]
fn after_a_clean_end_a_channel_is_open_still() {
    let (here, there) = End::pair();
    let (mut here, mut there) = (channel(&PART2_AEAD, here), channel(&PART2_AEAD, there));
    assert_matches!(there.recv(), Ok(None));
    there.send(b"an answer to nothing").unwrap();
    assert_eq!(here.recv().unwrap().unwrap(), b"an answer to nothing");
}
