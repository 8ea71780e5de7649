//! One direction of a connection, as its receiver sees it.

use std::io::Read;

use crypto::Open;
use framing::{FrameError, Header, Limits, RecordReader};

use crate::{ChannelError, Observed, Observer};

/// Reads records from a stream, opens them and hands out their plaintexts.
pub struct Receiver<R, O> {
    reader: RecordReader<R>,
    opener: O,
    index: u64,
    observer: Option<Observer>,
    /// The payload as it arrived, kept for the observer: opening overwrites it.
    arrived: Vec<u8>,
    pub(crate) closed: bool,
}

impl<R: Read, O: Open> Receiver<R, O> {
    /// Reads records with this header from `stream`, and opens them with `opener`. Payloads shorter
    /// than the stage's overhead, or longer than that and the longest plaintext together, are
    /// refused at their header.
    pub fn new(stream: R, header: Header, opener: O) -> Self {
        let reader = RecordReader::new(stream, header, Limits::with_overhead(opener.overhead()));
        Self { reader, opener, index: 0, observer: None, arrived: Vec::new(), closed: false }
    }

    /// Shows `observer` every record from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// Opens every record from the next one on with another opener, within that one's limits. A
    /// record is opened as a whole when its turn comes: one that had arrived in part before this
    /// call is not opened partly with the old key and partly with the new.
    pub fn rekey(&mut self, opener: O) {
        self.reader.set_limits(Limits::with_overhead(opener.overhead()));
        self.opener = opener;
    }

    /// The same direction, opened by another kind of opener from its next record on, which is counted as 0. Nobody
    /// observes it any more.
    pub(crate) fn with<O2: Open>(self, opener: O2) -> Receiver<R, O2> {
        let Self { mut reader, arrived, closed, .. } = self;
        reader.set_limits(Limits::with_overhead(opener.overhead()));
        Receiver { reader, opener, index: 0, observer: None, arrived, closed }
    }

    /// Holds every record from the next one on to other limits than its opener's.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.reader.set_limits(limits);
    }

    /// Returns how many bytes of the next record, and of what follows it, have already arrived.
    pub fn unread_len(&self) -> usize {
        self.reader.unread_len()
    }

    /// Returns whether the next record has already arrived, so that [`recv`](Self::recv) does not
    /// wait.
    pub fn is_ready(&self) -> bool {
        self.reader.is_ready()
    }

    /// Receives the next plaintext, borrowed from the read buffer. `None` is a clean end: the stream ended
    /// between two records. No stage here can tell whether the sender meant it to.
    ///
    /// # Errors
    /// [`ChannelError::Frame`], [`ChannelError::Open`] and [`ChannelError::Io`], after which the
    /// direction is closed; [`ChannelError::Closed`].
    pub fn recv(&mut self) -> Result<Option<&mut [u8]>, ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        // Set before the work, so that every way out except success leaves the direction dead.
        self.closed = true;
        let index = self.index;
        let expected_seq = self.opener.expected_seq();
        let observer = self.observer.as_deref();
        let refuse = |error, payload| {
            if let Some(observer) = observer {
                observer(&Observed::Rejected { index, error: &error, expected_seq, payload });
            }
            error
        };

        let record = match self.reader.read_record() {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.closed = false;
                return Ok(None);
            }
            Err(FrameError::Io(error)) => return Err(ChannelError::Io(error)),
            Err(error) => return Err(refuse(ChannelError::Frame { index, error }, None)),
        };
        if observer.is_some() {
            self.arrived.clear();
            self.arrived.extend_from_slice(record.payload);
        }
        let plaintext = match self.opener.open(record.header, record.payload) {
            Ok(plaintext) => plaintext,
            Err(error) => {
                return Err(refuse(ChannelError::Open { index, error }, Some(&self.arrived)));
            }
        };
        if let Some(observer) = observer {
            observer(&Observed::Received { index, plaintext, payload: &self.arrived });
        }
        self.index += 1;
        self.closed = false;
        Ok(Some(plaintext))
    }
}
