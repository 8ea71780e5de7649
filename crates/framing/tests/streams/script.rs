//! Streams that do exactly what a test tells them to.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

use framing::{FrameError, Header, Limits, RecordReader};

/// The limits of hmac: payloads of 48 to 16,432 bytes.
pub const LIMITS: Limits = Limits::with_overhead(48);

/// A stream's answer to a read.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes, in more than one read if there is no room for them.
    Bytes(Vec<u8>),
    /// This error.
    Fail(ErrorKind),
    /// Its end, from now on.
    End,
}
pub use Step::{Bytes, End, Fail};

/// A stream that takes its answers from a script. A read beyond the script fails the test.
#[derive(Debug)]
pub struct Script(VecDeque<Step>);

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl Read for Script {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.pop_front().expect("a read beyond the script") {
            Bytes(mut bytes) => {
                let len = bytes.len().min(room.len());
                room[..len].copy_from_slice(&bytes[..len]);
                if len < bytes.len() {
                    self.0.push_front(Bytes(bytes.split_off(len)));
                }
                Ok(len)
            }
            Fail(kind) => Err(kind.into()),
            End => {
                self.0.push_front(End);
                Ok(0)
            }
        }
    }
}

/// A payload after its length.
pub fn record(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&length.to_be_bytes(), payload].concat()
}

/// `len` bytes that differ from their neighbours.
pub fn payload(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

/// A reader of such records.
pub fn reader<R: Read>(stream: R) -> RecordReader<R> {
    RecordReader::new(stream, Header::LENGTH, LIMITS)
}

/// All payloads up to the stream's end or the first failure, and which of the two it was.
pub fn read_all(stream: impl Read) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
    let mut reader = reader(stream);
    let mut payloads = Vec::new();
    loop {
        match reader.read_record() {
            Ok(Some(record)) => payloads.push(record.payload.to_vec()),
            Ok(None) => return (payloads, Ok(())),
            Err(error) => return (payloads, Err(error)),
        }
    }
}

/// The whole record that `got` bytes are the start of, as far as they tell.
pub fn wanted(got: usize, len: usize) -> usize {
    if got < 4 { 4 } else { 4 + len }
}

/// Fails the test with the value, unless it matches the pattern.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern $(if $guard)?)),
        }
    };
}
