//! One direction of a connection, as its sender sees it.

use std::io::{self, Write};

use crypto::Seal;
use framing::{MAX_PLAINTEXT_LEN, RecordWriter};

use crate::{ChannelError, Observer, Seen};

/// Seals plaintexts and writes them to a stream as records.
pub struct Sender<W, S> {
    writer: RecordWriter<W>,
    sealer: S,
    index: u64,
    observer: Option<Observer>,
    pub(crate) closed: bool,
}

impl<W: Write, S: Seal> Sender<W, S> {
    /// Writes to `stream` what `sealer` makes.
    pub fn new(stream: W, sealer: S) -> Self {
        Self { writer: RecordWriter::new(stream), sealer, index: 0, observer: None, closed: false }
    }

    /// Shows `observer` every record from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// Sends one plaintext of at most [`MAX_PLAINTEXT_LEN`] bytes as one record, at once: one write.
    ///
    /// # Errors
    /// Those of [`queue`](Self::queue) and [`flush`](Self::flush).
    pub fn send(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        self.queue(plaintext)?;
        self.flush()
    }

    /// Seals one plaintext of at most [`MAX_PLAINTEXT_LEN`] bytes into the write buffer. It goes out
    /// with the next [`flush`](Self::flush), together with its neighbours, or earlier when the buffer
    /// is full.
    ///
    /// # Errors
    /// [`ChannelError::PlaintextTooLong`], before anything was touched;
    /// [`ChannelError::Seal`] and [`ChannelError::Io`], after which the direction is closed;
    /// [`ChannelError::Closed`].
    pub fn queue(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        let (len, max) = (plaintext.len(), MAX_PLAINTEXT_LEN);
        if self.closed {
            return Err(ChannelError::Closed);
        }
        if len > max {
            return Err(ChannelError::PlaintextTooLong { len, max });
        }
        self.closed = true;
        let index = self.index;
        let payload = self.writer.append(|payload| {
            let sealed = self.sealer.seal(plaintext, payload);
            sealed.map_err(|error| ChannelError::Seal { index, error })
        })?;
        if let Some(observer) = &self.observer {
            observer(&Seen::Sent { index, plaintext, payload });
        }
        self.index += 1;
        self.closed = false;
        Ok(())
    }

    /// Writes out what was queued.
    ///
    /// # Errors
    /// [`ChannelError::Io`], after which the direction is closed; [`ChannelError::Closed`].
    pub fn flush(&mut self) -> Result<(), ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        self.closed = true;
        self.writer.flush()?;
        self.closed = false;
        Ok(())
    }
}

/// A stream of bytes as plaintexts: each `write` queues one record of at most [`MAX_PLAINTEXT_LEN`]
/// bytes, and `flush` writes out what was queued, which neither dropping the sender nor [`io::copy`]
/// does. For many small writes, put a [`BufWriter`](io::BufWriter) around it.
///
/// Errors are those of [`Sender::queue`] and [`Sender::flush`], inside an [`io::Error`].
impl<W: Write, S: Seal> Write for Sender<W, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let plaintext = bytes.get(..MAX_PLAINTEXT_LEN).unwrap_or(bytes);
        if !plaintext.is_empty() {
            self.queue(plaintext)?;
        }
        Ok(plaintext.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Sender::flush(self)?)
    }
}
