//! One direction of a connection, as its receiver sees it.

use std::io::{self, BufRead, Read};
use std::mem;
use std::ops::Range;

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
    /// Where in the last payload the plaintext lies that [`Read`] has not handed out yet.
    unread: Range<usize>,
    pub(crate) closed: bool,
}

impl<R: Read, O: Open> Receiver<R, O> {
    /// Reads from `stream` what `opener` opens. Payloads shorter than the stage's overhead, or longer
    /// than the longest plaintext with it, are refused at their header.
    pub fn new(stream: R, opener: O) -> Self {
        let reader = RecordReader::new(stream, Limits::with_overhead(O::OVERHEAD));
        let (arrived, unread) = (Vec::new(), 0..0);
        Self { reader, opener, index: 0, observer: None, arrived, unread, closed: false }
    }

    /// Shows `observer` every record from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// Whether something of the next record is here already.
    pub fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    /// Whether the next record is here already, so that [`recv`](Self::recv) does not wait.
    pub fn is_ready(&self) -> bool {
        self.reader.is_ready()
    }

    /// The next plaintext, or what [`Read`] has left of the last one, borrowed from the read buffer.
    /// `None` is a clean end: the stream ended between two records. No stage here can tell whether the
    /// sender meant it to.
    ///
    /// # Errors
    /// [`ChannelError::Frame`], [`ChannelError::Open`] and [`ChannelError::Io`], after which the
    /// direction is closed; [`ChannelError::Closed`].
    pub fn recv(&mut self) -> Result<Option<&mut [u8]>, ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        if !self.unread.is_empty() {
            let unread = mem::take(&mut self.unread);
            return Ok(self.reader.last_payload().get_mut(unread));
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

/// The plaintexts as a stream of bytes, in which their bounds are gone.
///
/// Errors are those of [`Receiver::recv`], inside an [`io::Error`]: `InvalidData` for bytes that were
/// refused, `UnexpectedEof` for a record that was cut.
impl<R: Read, O: Open> Read for Receiver<R, O> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(room)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read, O: Open> BufRead for Receiver<R, O> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A record without plaintext is not the end.
        while self.unread.is_empty() {
            let Some(plaintext) = self.recv()? else { return Ok(&[]) };
            let (len, at) = (plaintext.len(), plaintext.as_ptr().addr());
            let start = at.saturating_sub(self.reader.last_payload().as_ptr().addr());
            self.unread = start..start + len;
        }
        Ok(self.reader.last_payload().get(self.unread.clone()).unwrap_or_default())
    }

    fn consume(&mut self, len: usize) {
        self.unread.start = (self.unread.start + len).min(self.unread.end);
    }
}
