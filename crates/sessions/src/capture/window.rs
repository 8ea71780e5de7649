//! A file's bytes, as many at once as its next block needs.

use std::io::{self, ErrorKind, Read};

use pcap_file::{PcapError, PcapResult};
use thiserror::Error;

/// Bytes that are asked for at once.
const AT_ONCE: usize = 512 * 1024;

/// The longest block that is read, in bytes. Packets are far shorter, and so are key logs.
pub const MAX_BLOCK_LEN: usize = 16 << 20;

/// A reason that a capture is not read to its end.
#[derive(Debug, Error)]
pub enum Damage {
    /// It ends in the middle of something.
    #[error(
        "it ends in the middle of a packet, {0} bytes from its beginning: it was cut, or is still being written"
    )]
    Cut(u64),
    /// A length or a number cannot be right.
    #[error(
        "{0} bytes from its beginning is nothing that a capture has ({1}): what comes behind is not read"
    )]
    NoBlock(u64, String),
    /// A block is longer than any that is read.
    #[error(
        "{0} bytes from its beginning is a block of more than 16 MiB: what comes behind is not read"
    )]
    TooLong(u64),
    /// The system did not give its bytes.
    #[error("it cannot be read beyond {0} bytes: {1}")]
    Unread(u64, io::Error),
}

/// A file that is read from its beginning to its end, a block at a time.
pub struct Window<R> {
    input: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The distance of `start` from the file's beginning, in bytes.
    offset: u64,
}

impl<R: Read> Window<R> {
    /// A file of which nothing is read yet.
    pub fn new(input: R) -> Self {
        Self { input, bytes: vec![0; AT_ONCE], start: 0, end: 0, offset: 0 }
    }

    /// Returns the first bytes of what is not taken yet: so many, if there are.
    ///
    /// # Errors
    /// [`Damage::Unread`].
    pub fn peek(&mut self, len: usize) -> Result<&[u8], Damage> {
        while self.end - self.start < len && self.fill()? {}
        Ok(self.unread().get(..len).unwrap_or(self.unread()))
    }

    /// Takes the next block: `parse` returns the bytes behind it. `None`, if the file is over.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn take(
        &mut self,
        parse: impl Fn(&[u8]) -> PcapResult<&[u8]>,
    ) -> Result<Option<&[u8]>, Damage> {
        let len = loop {
            let unread = self.unread();
            match parse(unread).map(|rest| unread.len() - rest.len()) {
                Ok(len) => break len,
                Err(PcapError::IncompleteBuffer) => {
                    if self.fill()? {
                        continue;
                    }
                    let is_cut = !self.unread().is_empty();
                    return if is_cut { Err(Damage::Cut(self.offset)) } else { Ok(None) };
                }
                Err(error) => return Err(Damage::NoBlock(self.offset, error.to_string())),
            }
        };
        let start = self.start;
        self.start += len;
        self.offset += u64::try_from(len).unwrap_or_default();
        Ok(self.bytes.get(start..self.start))
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads more. Returns whether there was more.
    fn fill(&mut self) -> Result<bool, Damage> {
        if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            if self.end >= MAX_BLOCK_LEN {
                return Err(Damage::TooLong(self.offset));
            }
            self.bytes.resize(2 * self.end, 0);
        }
        loop {
            let free = self.bytes.get_mut(self.end..).unwrap_or_default();
            match self.input.read(free) {
                Ok(len) => {
                    self.end += len;
                    return Ok(len > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Damage::Unread(self.offset, error)),
            }
        }
    }
}
