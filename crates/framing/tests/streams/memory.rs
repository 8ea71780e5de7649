//! How much room a reader keeps for its peer, seen from the stream it reads from.

use std::cell::Cell;
use std::io::{self, Read};

use framing::FrameError;

use crate::script::{LIMITS, payload, read_all, reader, record};

/// A stream that keeps count of what it is asked for.
struct Meter<R> {
    stream: R,
    /// The most room that a read has offered, in bytes.
    room: Cell<usize>,
    reads: Cell<usize>,
}

impl<R> Meter<R> {
    fn new(stream: R) -> Self {
        Self { stream, room: Cell::new(0), reads: Cell::new(0) }
    }
}

impl<R: Read> Read for &mut Meter<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.room.set(self.room.get().max(room.len()));
        self.reads.set(self.reads.get() + 1);
        self.stream.read(room)
    }
}

/// Gives no more than `self.1` bytes per read.
struct Trickle<R>(R, usize);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = room.len().min(self.1);
        self.0.read(&mut room[..len])
    }
}

#[test]
fn a_peer_that_sends_a_record_now_and_then_gets_2_kib_however_many_it_sends() {
    let stream = record(&payload(100)).repeat(10_000);
    let mut meter = Meter::new(Trickle(&stream[..], 104));
    assert_eq!(read_all(&mut meter).0.len(), 10_000);
    assert_eq!(meter.room.get(), 2 * 1024);
}

#[test]
fn a_peer_that_announces_the_longest_record_and_dawdles_gets_room_for_that_and_no_more() {
    let stream = record(&payload(LIMITS.max));
    let mut meter = Meter::new(Trickle(&stream[..stream.len() - 1], 100));
    let (_, end) = read_all(&mut meter);
    assert_matches!(end, Err(FrameError::Truncated { got: 16_435, wanted: 16_436 }));
    assert!(meter.room.get() <= stream.len(), "{}", meter.room.get());
}

#[test]
fn bulk_gets_128_kib_and_comes_in_hardly_more_reads_than_that_takes() {
    for len in [100, 5_000, LIMITS.max] {
        let count = (10 << 20) / (4 + len);
        let stream = record(&payload(len)).repeat(count);
        let mut meter = Meter::new(&stream[..]);
        assert_eq!(read_all(&mut meter).0.len(), count);
        assert_eq!(meter.room.get(), 128 * 1024);
        let fewest = stream.len().div_ceil(128 * 1024);
        assert!(meter.reads.get() < fewest * 3 / 2, "{} reads, not {fewest}", meter.reads.get());
    }
}

#[test]
fn nothing_is_read_before_it_is_asked_for() {
    let mut meter = Meter::new(&b""[..]);
    drop(reader(&mut meter));
    assert_eq!(meter.reads.get(), 0);
}
