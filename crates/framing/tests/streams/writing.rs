//! Records on their way out: how many writes, and what is left after a stream falters.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};

use framing::{Header, RecordWriter};

use crate::script::{payload, read_all, record};

/// A stream that keeps what each write gave it, and takes as much of it as `takes` says: a function of
/// how many writes there were before, and of the bytes offered.
struct Sink {
    writes: RefCell<Vec<Vec<u8>>>,
    takes: fn(usize, usize) -> io::Result<usize>,
}

impl Sink {
    fn taking(takes: fn(usize, usize) -> io::Result<usize>) -> Self {
        Self { writes: RefCell::default(), takes }
    }

    fn writes(&self) -> usize {
        self.writes.borrow().len()
    }

    fn bytes(&self) -> Vec<u8> {
        self.writes.borrow().concat()
    }
}

impl Write for &Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = (self.takes)(self.writes(), bytes.len());
        let len = *taken.as_ref().unwrap_or(&0);
        self.writes.borrow_mut().push(bytes[..len].to_vec());
        taken
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append(writer: &mut RecordWriter<&Sink>, payload: &[u8]) -> io::Result<()> {
    writer.begin(&Header::LENGTH.encode(payload.len()))?.extend_from_slice(payload);
    Ok(())
}

#[test]
fn many_records_leave_in_one_write_and_read_back() {
    let payloads = [48, 49, 1_000, 16_432].map(payload);
    let sink = Sink::taking(|_, len| Ok(len));
    let mut writer = RecordWriter::new(&sink);
    for payload in &payloads {
        append(&mut writer, payload).unwrap();
    }
    assert_eq!(sink.writes(), 0);
    writer.flush().unwrap();
    assert_eq!(sink.writes(), 1);
    assert_eq!(sink.bytes(), payloads.each_ref().map(|payload| record(payload)).concat());
    assert_eq!(read_all(&sink.bytes()[..]).0, payloads);

    writer.flush().unwrap();
    assert_eq!(sink.writes(), 1, "nothing waits any more");
}

#[test]
fn when_256_kib_wait_the_next_record_writes_them_out_first() {
    let sink = Sink::taking(|_, len| Ok(len));
    let mut writer = RecordWriter::new(&sink);
    let payload = payload(1_020);
    for _ in 0..256 {
        append(&mut writer, &payload).unwrap();
    }
    assert_eq!(sink.writes(), 0, "262,144 bytes wait");
    append(&mut writer, &payload).unwrap();
    assert_eq!(sink.writes(), 1);
    assert_eq!(sink.bytes(), record(&payload).repeat(256));
    writer.flush().unwrap();
    assert_eq!(sink.writes(), 2);
    assert_eq!(sink.bytes(), record(&payload).repeat(257));
}

#[test]
fn short_and_interrupted_writes_lose_nothing() {
    let sink = Sink::taking(|call, len| match call % 3 {
        0 => Err(ErrorKind::Interrupted.into()),
        takes => Ok(takes.min(len)),
    });
    let mut writer = RecordWriter::new(&sink);
    let payloads = [payload(300), payload(0), payload(7)];
    for payload in &payloads {
        append(&mut writer, payload).unwrap();
    }
    writer.flush().unwrap();
    assert_eq!(sink.bytes(), payloads.map(|payload| record(&payload)).concat());
}

#[test]
fn a_stream_that_takes_0_bytes_is_an_error_at_once() {
    let sink = Sink::taking(|_, _| Ok(0));
    let mut writer = RecordWriter::new(&sink);
    append(&mut writer, b"hello").unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::WriteZero);
    assert_eq!(sink.writes(), 1);
}

/// Takes 10 bytes and then fails, but would work again.
fn falters(call: usize, len: usize) -> io::Result<usize> {
    match call {
        0 => Ok(10),
        1 => Err(ErrorKind::ConnectionReset.into()),
        _ => Ok(len),
    }
}

#[test]
fn what_a_failed_write_left_unwritten_is_not_sent_by_the_next() {
    let sink = Sink::taking(falters);
    let mut writer = RecordWriter::new(&sink);
    append(&mut writer, b"ten bytes of this").unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::ConnectionReset);
    writer.flush().unwrap();
    assert_eq!(sink.bytes(), record(b"ten bytes of this")[..10]);
}

#[test]
fn a_stream_that_fails_when_256_kib_wait_fails_the_record_before_it_is_begun() {
    let sink = Sink::taking(falters);
    let mut writer = RecordWriter::new(&sink);
    append(&mut writer, &payload(262_140)).unwrap();
    let failed = writer.begin(&Header::LENGTH.encode(4));
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::ConnectionReset);
    writer.flush().unwrap();
    assert_eq!(sink.bytes().len(), 10, "nothing goes out behind it, no header either");
}

#[test]
fn a_stream_that_cannot_pass_on_what_it_took_is_an_error() {
    struct Unflushable;
    impl Write for Unflushable {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }
    let flushed = RecordWriter::new(Unflushable).flush();
    assert_eq!(flushed.unwrap_err().kind(), ErrorKind::BrokenPipe);
}
