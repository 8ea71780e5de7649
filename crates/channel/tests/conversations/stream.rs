//! The halves of a channel as `Read` and `Write`: a stream of bytes again, which the records carry.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use allocation_counter::measure;
use channel::{ChannelError, Receiver, Sender};
use crypto::{OpenError, aead};
use framing::{FrameError, LENGTH_LEN, MAX_PLAINTEXT_LEN};

use crate::stages::Stage;
use crate::wire::{End, TOO_LONG, channel, sent};

fn bytes(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

fn copied_bytes_arrive_at<S: Stage>() {
    let (here, there) = End::pair();
    let (mut sender, _) = channel::<S, _>(here).split();
    let (_, mut receiver) = channel::<S, _>(there).split();
    let plaintext = bytes(1_000_003);
    assert_eq!(io::copy(&mut &plaintext[..], &mut sender).unwrap(), 1_000_003);
    Write::flush(&mut sender).unwrap();
    let mut arrived = Vec::new();
    assert_eq!(io::copy(&mut receiver, &mut arrived).unwrap(), 1_000_003);
    assert!(arrived == plaintext);
}
at! { copied_bytes_arrive_at: ctr(), hmac(), hmac_seq(), aead() }

/// What one record cannot carry goes into several, of which all but the last are full.
#[test]
fn a_long_write_is_cut_into_the_longest_records() {
    let (here, there) = End::pair();
    let (mut sender, _) = channel::<aead::Opener, _>(here).split();
    let (_, mut receiver) = channel::<aead::Opener, _>(there).split();
    assert_eq!(sender.write(&TOO_LONG).unwrap(), MAX_PLAINTEXT_LEN);
    sender.write_all(&TOO_LONG).unwrap();
    Write::flush(&mut sender).unwrap();
    for len in [MAX_PLAINTEXT_LEN, MAX_PLAINTEXT_LEN, 1] {
        assert_eq!(receiver.recv().unwrap().unwrap().len(), len);
    }
    assert!(receiver.recv().unwrap().is_none());
}

#[test]
fn what_is_written_waits_for_a_flush_and_leaves_in_one_write() {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), aead::Sealer::new(&aead::Keys::demo()));
    write!(sender, "GET / HTTP/1.1\r\n").unwrap();
    write!(sender, "\r\n").unwrap();
    assert_eq!(end.writes.get(), 0);
    Write::flush(&mut sender).unwrap();
    assert_eq!(end.writes.get(), 1);
    assert_eq!(end.outgoing.borrow().len(), 2 * (LENGTH_LEN + aead::OVERHEAD) + 16 + 2);
}

#[test]
fn writing_nothing_makes_no_record() {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), aead::Sealer::new(&aead::Keys::demo()));
    assert_eq!(sender.write(b"").unwrap(), 0);
    Write::flush(&mut sender).unwrap();
    assert!(end.outgoing.borrow().is_empty());
}

fn a_record_without_plaintext_is_not_the_end_at<S: Stage>() {
    let records = sent::<S>(&[&b"one"[..], b"", b"", b"two"]).concat();
    let mut receiver = Receiver::new(&records[..], S::opener());
    assert_eq!(io::read_to_string(&mut receiver).unwrap(), "onetwo");
    assert_eq!(receiver.read(&mut [0]).unwrap(), 0, "the end stays the end");
}
at! { a_record_without_plaintext_is_not_the_end_at: ctr(), hmac(), hmac_seq(), aead() }

#[test]
fn rooms_of_any_size_are_filled_across_records() {
    let plaintexts: Vec<Vec<u8>> = (1..200).map(bytes).collect();
    let records = sent::<aead::Opener>(&plaintexts).concat();
    for size in [1, 2, 7, 61, 1_000] {
        let mut receiver = Receiver::new(&records[..], aead::Opener::opener());
        let mut arrived = Vec::new();
        let mut room = vec![0; size];
        loop {
            match receiver.read(&mut room).unwrap() {
                0 => break,
                len => arrived.extend_from_slice(&room[..len]),
            }
        }
        assert!(arrived == plaintexts.concat(), "{size} bytes at a time");
    }
}

#[test]
fn recv_hands_out_what_read_has_left_then_the_next_plaintext() {
    let records = sent::<aead::Opener>(&[&b"first"[..], b"second"]).concat();
    let mut receiver = Receiver::new(&records[..], aead::Opener::opener());
    let mut room = [0; 2];
    receiver.read_exact(&mut room).unwrap();
    assert_eq!(&room, b"fi");
    assert_eq!(receiver.recv().unwrap().unwrap(), b"rst");
    assert_eq!(receiver.recv().unwrap().unwrap(), b"second");
    assert_eq!(receiver.fill_buf().unwrap(), b"");
}

#[test]
fn a_receiver_knows_what_of_the_next_record_is_here_already() {
    let [first, next] = sent::<aead::Opener>(&["first", "next"]).try_into().unwrap();
    for here in 0..=next.len() {
        let bytes = [&first[..], &next[..here]].concat();
        let mut receiver = Receiver::new(&bytes[..], aead::Opener::opener());
        assert!(!receiver.has_begun() && !receiver.is_ready());
        assert_eq!(receiver.recv().unwrap().unwrap(), b"first");
        assert_eq!((receiver.has_begun(), receiver.is_ready()), (here > 0, here == next.len()));
    }
}

#[test]
fn lines_are_read_where_they_lie() {
    let records =
        sent::<aead::Opener>(&[&b"HTTP/1.1 200"[..], b" OK\r\nHost:", b" a\r\n"]).concat();
    let receiver = Receiver::new(&records[..], aead::Opener::opener());
    let lines: Vec<_> = receiver.lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["HTTP/1.1 200 OK", "Host: a"]);
}

/// The kind, and what is inside, of the error that ends reading these bytes; then the kind of the next.
fn failure(bytes: &[u8]) -> (ErrorKind, ChannelError, ErrorKind) {
    let mut receiver = Receiver::new(bytes, aead::Opener::opener());
    let error = io::copy(&mut receiver, &mut io::sink()).unwrap_err();
    let again = receiver.read(&mut [0]).unwrap_err();
    (error.kind(), error.downcast().unwrap(), again.kind())
}

#[test]
fn a_cut_record_is_an_unexpected_end() {
    let records = sent::<aead::Opener>(&["one", "two"]).concat();
    let (kind, error, again) = failure(&records[..records.len() - 1]);
    assert_eq!((kind, again), (ErrorKind::UnexpectedEof, ErrorKind::NotConnected));
    let cut = FrameError::Truncated { got: 42, wanted: 43 };
    assert_eq!(error.to_string(), ChannelError::Frame { index: 1, error: cut }.to_string());
}

#[test]
fn a_changed_record_is_invalid_data() {
    let mut records = sent::<aead::Opener>(&["one", "two"]).concat();
    *records.last_mut().unwrap() ^= 1;
    let (kind, error, again) = failure(&records);
    assert_eq!((kind, again), (ErrorKind::InvalidData, ErrorKind::NotConnected));
    assert_matches!(error, ChannelError::Open { index: 1, error: OpenError::BadTag });
}

#[test]
fn what_the_stream_says_stays_as_it_was() {
    let (here, _) = End::pair();
    let (mut sender, mut receiver) = channel::<aead::Opener, _>(here.clone()).split();
    here.broken.set(true);
    assert_eq!(receiver.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(sender.write(b"one").unwrap(), 3);
    assert_eq!(Write::flush(&mut sender).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(sender.write(b"two").unwrap_err().kind(), ErrorKind::NotConnected);
}

fn reading_and_writing_allocate_nothing_at<S: Stage>() {
    let (here, there) = End::pair();
    let (mut sender, _) = channel::<S, _>(here).split();
    let (_, mut receiver) = channel::<S, _>(there).split();
    let mut room = [0; 1_000];
    let mut pass = |times| {
        for _ in 0..times {
            sender.write_all(&TOO_LONG).unwrap();
            Write::flush(&mut sender).unwrap();
            let mut left = TOO_LONG.len();
            while left > 0 {
                left -= receiver.read(&mut room).unwrap();
            }
        }
    };
    assert!(measure(|| pass(5)).count_total > 0, "allocations are counted");
    assert_eq!(measure(|| pass(100)).count_total, 0);
}
at! { reading_and_writing_allocate_nothing_at: ctr(), hmac(), hmac_seq(), aead() }
