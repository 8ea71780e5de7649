//! One direction of a connection, as its receiver sees it.

use std::io::Read;

use crypto::Open;
use framing::{FrameError, Limits, RecordReader};

use crate::{ChannelError, Observer, Seen};

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
    /// Reads from `stream` what `opener` opens. Payloads shorter than the stage's overhead, or longer
    /// than the longest plaintext with it, are refused at their header.
    pub fn new(stream: R, opener: O) -> Self {
        let reader = RecordReader::new(stream, Limits::with_overhead(O::OVERHEAD));
        Self { reader, opener, index: 0, observer: None, arrived: Vec::new(), closed: false }
    }

    /// Shows `observer` every record from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// The next plaintext, borrowed from the read buffer. `None` is a clean end: the stream ended
    /// between two records. No stage here can tell whether the sender meant it to.
    ///
    /// # Errors
    /// [`ChannelError::Frame`], [`ChannelError::Open`] and [`ChannelError::Io`], after which the
    /// direction is closed; [`ChannelError::Closed`].
    pub fn recv(&mut self) -> Result<Option<&mut [u8]>, ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        self.closed = true;
        let index = self.index;
        let expected_seq = self.opener.expected_seq();
        let observer = self.observer.as_deref();
        let refuse = |error, payload| {
            if let Some(observer) = observer {
                observer(&Seen::Rejected { index, error: &error, expected_seq, payload });
            }
            error
        };

        let payload = match self.reader.read_record() {
            Ok(Some(payload)) => payload,
            Ok(None) => {
                self.closed = false;
                return Ok(None);
            }
            Err(FrameError::Io(error)) => return Err(ChannelError::Io(error)),
            Err(error) => return Err(refuse(ChannelError::Frame { index, error }, None)),
        };
        if observer.is_some() {
            self.arrived.clear();
            self.arrived.extend_from_slice(payload);
        }
        let plaintext = match self.opener.open(payload) {
            Ok(plaintext) => plaintext,
            Err(error) => {
                return Err(refuse(ChannelError::Open { index, error }, Some(&self.arrived)));
            }
        };
        if let Some(observer) = observer {
            observer(&Seen::Received { index, plaintext, payload: &self.arrived });
        }
        self.index += 1;
        self.closed = false;
        Ok(Some(plaintext))
    }
}
