//! Payloads become records, several of them in one write.

use std::io::{self, Write};

/// Bytes that may wait in the buffer before [`RecordWriter::begin`] writes them out by itself. A
/// write costs the same however much it carries, and beyond this there is nothing more to gain.
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

    /// Writes everything that is waiting, in one call if the stream takes it all at once.
    ///
    /// # Errors
    /// Those of the stream, and [`io::ErrorKind::WriteZero`] when it takes 0 bytes.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.stream.write_all(&self.buffer);
        self.buffer.clear();
        written?;
        self.stream.flush()
    }
}
