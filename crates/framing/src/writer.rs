//! Payloads become records, several of them in one write.

use std::io::{self, Write};

/// Bytes that may wait in the buffer before [`RecordWriter::begin`] writes them out by itself. A write
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

    /// Begins a record with its header, and returns the buffer that its payload is to be appended to.
    ///
    /// The record reaches the stream with the next [`flush`](Self::flush), or before that when 256 KiB are
    /// waiting.
    pub fn begin(&mut self, header: &[u8]) -> io::Result<&mut Vec<u8>> {
        if self.buffer.len() >= WRITE_AT {
            self.flush()?;
        }
        self.buffer.extend_from_slice(header);
        Ok(&mut self.buffer)
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
