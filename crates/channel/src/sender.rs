//! One direction of a connection, as its sender sees it.

use std::io::Write;

use crypto::Seal;
use framing::{Header, MAX_PLAINTEXT_LEN, RecordWriter};

use crate::{ChannelError, Observed, Observer};

/// Seals plaintexts and writes them to a stream as records.
pub struct Sender<W, S> {
    writer: RecordWriter<W>,
    header: Header,
    sealer: S,
    index: u64,
    observer: Option<Observer>,
    pub(crate) closed: bool,
}

impl<W: Write, S: Seal> Sender<W, S> {
    /// Writes what `sealer` makes to `stream`, with this header in front.
    pub fn new(stream: W, header: Header, sealer: S) -> Self {
        let writer = RecordWriter::new(stream);
        Self { writer, header, sealer, index: 0, observer: None, closed: false }
    }

    /// Shows `observer` every record from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// Seals every record from the next one on with another sealer. What was queued before is
    /// already sealed, and goes out unchanged.
    pub fn rekey(&mut self, sealer: S) {
        self.sealer = sealer;
    }

    /// The same direction, sealed by another kind of sealer from its next record on, which is counted as 0. Nobody
    /// observes it any more.
    pub(crate) fn with<S2>(self, sealer: S2) -> Sender<W, S2> {
        let Self { writer, header, closed, .. } = self;
        Sender { writer, header, sealer, index: 0, observer: None, closed }
    }

    /// Sends one plaintext of at most [`MAX_PLAINTEXT_LEN`] bytes as one record, at once: one write.
    ///
    /// # Errors
    /// Those of [`queue`](Self::queue) and [`flush`](Self::flush).
    pub fn send(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        self.queue(plaintext)?;
        self.flush()
    }

    // ANCHOR: queue
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
        // Set before the work: a failure below leaves half a record in the buffer, and nothing may
        // ever be flushed after it.
        self.closed = true;
        let index = self.index;
        let header = self.header.encode(len + self.sealer.overhead());
        let buffer = self.writer.begin(&header)?;
        let start = buffer.len();
        let sealed = self.sealer.seal(&header, plaintext, buffer);
        sealed.map_err(|error| ChannelError::Seal { index, error })?;
        if let Some(observer) = &self.observer {
            let payload = buffer.get(start..).unwrap_or_default();
            observer(&Observed::Sent { index, plaintext, payload });
        }
        self.index += 1;
        self.closed = false;
        Ok(())
    }
    // ANCHOR_END: queue

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
