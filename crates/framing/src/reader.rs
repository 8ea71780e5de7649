//! A stream becomes records again, each handed out where it lies in the buffer.

use std::io::{self, Read};

use thiserror::Error;

use crate::{Header, MAX_EMPTY_RECORDS, MAX_PLAINTEXT_LEN};

/// Initial size of the buffer in bytes. A peer that merely connects costs no more than this.
const INITIAL_CAPACITY: usize = 2 * 1024;

/// Largest size of the buffer in bytes, which it reaches when a peer sends several of the longest records at once.
const MAX_CAPACITY: usize = 128 * 1024;

/// The payload lengths a receiver accepts, both limits included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The shortest payload in bytes: one with no plaintext at all.
    pub min: usize,
    /// The longest payload in bytes: one with [`MAX_PLAINTEXT_LEN`] bytes of plaintext.
    pub max: usize,
}

impl Limits {
    /// Makes the limits for a stage whose fields beside the ciphertext take `overhead` bytes.
    pub const fn with_overhead(overhead: usize) -> Self {
        Self { min: overhead, max: overhead + MAX_PLAINTEXT_LEN }
    }

    /// Returns whether a payload of `len` bytes is accepted.
    pub const fn contains(self, len: usize) -> bool {
        self.min <= len && len <= self.max
    }
}

/// A reason that no record could be read. All are final: nothing tells where the next record starts.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The stream ended after `got` of the `wanted` bytes of a record, its header included.
    #[error(
        "the stream ended after {got} of {wanted} bytes: the record was cut, by a fault or on purpose"
    )]
    Truncated {
        /// Bytes of the record that arrived.
        got: usize,
        /// Bytes needed to read on: those of the header while it is incomplete, then of the whole
        /// record.
        wanted: usize,
    },
    /// The header announces `len` payload bytes, more than the limit. Nothing was allocated or read for it.
    #[error("the header announces {len} bytes, more than the {max} accepted: refused unread")]
    TooLong {
        /// Announced payload length in bytes.
        len: usize,
        /// The longest accepted.
        max: usize,
    },
    /// The header announces `len` payload bytes, fewer than the stage's fields need.
    #[error("the header announces {len} bytes, but the fields of this stage alone take {min}")]
    TooShort {
        /// Announced payload length in bytes.
        len: usize,
        /// The shortest accepted.
        min: usize,
    },
    /// More than [`MAX_EMPTY_RECORDS`] records in a row carried no plaintext.
    #[error("more than {MAX_EMPTY_RECORDS} records in a row carry nothing")]
    TooManyEmptyRecords,
    /// The stream failed or timed out.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A record where it lies in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// Its header, as it arrived.
    pub header: &'b [u8],
    /// Its payload, to be decrypted in place.
    pub payload: &'b mut [u8],
}

/// Cuts `stream` into records, with as few reads as the stream allows.
#[derive(Debug)]
pub struct RecordReader<R> {
    stream: R,
    header: Header,
    limits: Limits,
    /// `buffer[start..end]` has arrived and has not been handed out yet.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    empty_in_a_row: u32,
}

impl<R: Read> RecordReader<R> {
    /// Reads records with this header from `stream`, and refuses those whose payload is not within
    /// `limits`.
    pub fn new(stream: R, header: Header, limits: Limits) -> Self {
        Self { stream, header, limits, buffer: Vec::new(), start: 0, end: 0, empty_in_a_row: 0 }
    }

    /// Applies other limits to every record from the next one on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    // ANCHOR: read_record
    /// Reads the next record. `None` is a clean end: the stream ended between two records.
    ///
    /// # Errors
    /// [`FrameError`]. The header is checked before any room is made for its payload, or any wait
    /// for it.
    pub fn read_record(&mut self) -> Result<Option<Record<'_>>, FrameError> {
        let header_len = self.header.len();
        self.fill(header_len)?;
        let Some(len) = self.header.payload_len(self.unread()) else {
            return match self.unread().len() {
                0 => Ok(None),
                got => Err(FrameError::Truncated { got, wanted: header_len }),
            };
        };
        self.check(len)?;
        let wanted = header_len + len;
        self.fill(wanted)?;
        let got = self.unread().len();
        let (from, to) = (self.start, self.start + wanted);
        match self.buffer.get_mut(from..to) {
            Some(record) if got >= wanted => {
                self.start = to;
                let (header, payload) = record.split_at_mut(header_len);
                Ok(Some(Record { header, payload }))
            }
            _ => Err(FrameError::Truncated { got, wanted }),
        }
    }
    // ANCHOR_END: read_record

    /// Reads the header of the next record, and leaves it where it is. At the end of the stream it is cut, or empty.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn peek_header(&mut self) -> io::Result<&[u8]> {
        self.fill(self.header.len())?;
        let unread = self.unread();
        Ok(unread.get(..self.header.len()).unwrap_or(unread))
    }

    /// Returns how many bytes of the next record, and of what follows it, have already arrived.
    pub fn unread_len(&self) -> usize {
        self.unread().len()
    }

    /// Returns whether the next record has already arrived, from its first byte to its last.
    pub fn is_ready(&self) -> bool {
        let unread = self.unread();
        let payload_len = self.header.payload_len(unread);
        payload_len.is_some_and(|len| unread.len() - self.header.len() >= len)
    }

    // ANCHOR: check
    /// Checks the payload length that a header announces.
    fn check(&mut self, len: usize) -> Result<(), FrameError> {
        let Limits { min, max } = self.limits;
        if len > max {
            return Err(FrameError::TooLong { len, max });
        }
        if len < min {
            return Err(FrameError::TooShort { len, min });
        }
        self.empty_in_a_row = if len == min { self.empty_in_a_row + 1 } else { 0 };
        if self.empty_in_a_row > MAX_EMPTY_RECORDS {
            return Err(FrameError::TooManyEmptyRecords);
        }
        Ok(())
    }
    // ANCHOR_END: check

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until `wanted` bytes are unread, or the stream ends.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while self.end - self.start < wanted {
            self.make_room(wanted);
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Ok(()),
                Ok(n) => self.end += n.min(room.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes room behind `end` for a record of `wanted` bytes from `start` on: moves what is unread to
    /// the front, and grows a buffer that is too small or that the last read has filled.
    fn make_room(&mut self, wanted: usize) {
        let was_filled = self.end == self.buffer.len();
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let len = self.buffer.len();
        let twice = if was_filled { (2 * len).clamp(INITIAL_CAPACITY, MAX_CAPACITY) } else { len };
        self.buffer.resize(twice.max(wanted).max(len), 0);
    }
}
