//! Payloads become records, several of them in one write.

use std::io::{self, Write};

use byteorder::{BigEndian, ByteOrder};

use crate::LENGTH_LEN;

/// Bytes that may wait in the buffer before [`RecordWriter::append`] writes them out by itself. A write
/// costs the same however much it takes along, and beyond this no more is gained.
const WRITE_AT: usize = 256 * 1024;

/// Collects records in one buffer and writes them to `stream` together.
#[derive(Debug)]
pub struct RecordWriter<W> {
    stream: W,
    buffer: Vec<u8>,
}

impl<W: Write> RecordWriter<W> {
    /// Writes to `stream`. Nothing is allocated before the first record.
    pub fn new(stream: W) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Appends one record. `fill` appends the payload to the buffer it is given and touches nothing
    /// that is already there. Returns the payload where it lies.
    ///
    /// The record reaches the stream with the next [`flush`](Self::flush), or before that when 256
    /// KiB are waiting.
    ///
    /// # Errors
    /// Those of `fill`, after which the buffer is as it was before; and those of the stream, as `E`.
    pub fn append<E: From<io::Error>>(
        &mut self,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<&[u8], E> {
        if self.buffer.len() >= WRITE_AT {
            self.flush()?;
        }
        let start = self.buffer.len();
        let payload_start = start + LENGTH_LEN;
        self.buffer.extend_from_slice(&[0; LENGTH_LEN]);
        if let Err(error) = fill(&mut self.buffer) {
            self.buffer.truncate(start);
            return Err(error);
        }
        let len = self.buffer.len().saturating_sub(payload_start);
        let Ok(len) = u32::try_from(len) else {
            self.buffer.truncate(start);
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        };
        if let Some(header) = self.buffer.get_mut(start..payload_start) {
            BigEndian::write_u32(header, len);
        }
        Ok(self.buffer.get(payload_start..).unwrap_or_default())
    }

    /// Writes everything that waits, in one call to the stream where it takes it in one.
    ///
    /// # Errors
    /// Those of the stream. A stream that takes 0 bytes is one: [`io::ErrorKind::WriteZero`].
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.stream.write_all(&self.buffer);
        self.buffer.clear();
        written?;
        self.stream.flush()
    }
}
