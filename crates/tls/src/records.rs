//! Records on a stream (RFC 8446, section 5): their keys, and what goes out. What comes in is in `incoming`.

use std::io::{Read, Write};

use crypto::tls13::record::{ContentType, OVERHEAD, Opener, Sealer};
use crypto::tls13::secret::Secret;
use framing::Header;
use framing::reader::{Limits, RecordReader};
use framing::writer::RecordWriter;
use messages::tls13::HandshakeMessage;

use crate::TlsError;
use crate::told::{Observer, Told};

/// The header of a record: type, version, length.
pub const HEADER: Header = Header { prefix_len: 3, length_len: 2 };
/// The longest plaintext of a record in bytes.
pub const MAX_PLAINTEXT_LEN: usize = 1 << 14;
/// The longest message in bytes, type and length included.
pub const MAX_MESSAGE_LEN: usize = 64 * 1024;
/// The shortest limit that a peer may set to the plaintext of records, its true type included (RFC 8449, section 4).
const MIN_LIMIT: u16 = 64;
/// The limit of this side: that of the RFC, said to learn the peer's.
pub(crate) const MAX_LIMIT: u16 = (1 << 14) + 1;

/// Records both ways. Unprotected until keys are given.
pub struct Records<T> {
    pub(crate) reader: RecordReader<T>,
    writer: RecordWriter<T>,
    pub(crate) opener: Option<Opener>,
    /// Whether the peer has sent something under a key.
    pub(crate) has_opened: bool,
    sealer: Option<Sealer>,
    /// The most bytes that a sealed record of this side carries.
    limit: usize,
    /// Sealed records are as long as a multiple of this many bytes is.
    pad_to: usize,
    /// Bytes of messages that have arrived and were not taken yet.
    pub(crate) messages: Vec<u8>,
    /// Whether this side has said that it sends no more.
    has_closed: bool,
    /// Whether the handshake has begun and is not over: then a ChangeCipherSpec is skipped.
    pub(crate) in_handshake: bool,
    /// Records in a row that said nothing.
    pub(crate) empty: u32,
    pub(crate) observer: Option<Observer>,
    /// The payload of the sealed record that came last, until it was told.
    pub(crate) payload: Option<Vec<u8>>,
    /// The message whose checks are not over yet.
    pub(crate) checking: Option<Checking>,
}

pub(crate) struct Checking {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) checked: Vec<&'static str>,
    pub(crate) payload: Option<Vec<u8>>,
}

impl<T: Read + Write + Clone> Records<T> {
    /// Over `stream`, a handle of which either direction gets its own.
    pub fn new(stream: T) -> Self {
        let limits = Limits { min: 0, max: MAX_PLAINTEXT_LEN };
        Self {
            reader: RecordReader::new(stream.clone(), HEADER, limits),
            writer: RecordWriter::new(stream),
            opener: None,
            has_opened: false,
            sealer: None,
            limit: MAX_PLAINTEXT_LEN,
            pad_to: 1,
            messages: Vec::new(),
            has_closed: false,
            in_handshake: false,
            empty: 0,
            observer: None,
            payload: None,
            checking: None,
        }
    }

    /// Shows `observer` everything from now on.
    pub fn observed_by(&mut self, observer: Option<Observer>) {
        self.observer = observer;
    }

    pub(crate) fn tell(&self, told: &Told<'_>) {
        tell(self.observer.as_ref(), told);
    }

    /// Says that the message received last has passed a check.
    pub fn passed(&mut self, check: &'static str) {
        if let Some(checking) = &mut self.checking {
            checking.checked.push(check);
        }
    }

    /// Says that the message received last has passed every check.
    pub fn accept(&mut self) {
        if let Some(Checking { name, bytes, checked, payload }) = self.checking.take() {
            let (bytes, checked, payload) = (&bytes, &checked, payload.as_deref());
            self.tell(&Told::Received { message: name, bytes, checked, payload });
        }
    }

    /// Says that the connection failed: at the message received last, or at what was due.
    pub fn reject(&mut self, error: &TlsError) {
        let checking = self.checking.take();
        let due = checking.as_ref().map_or("record", |it| it.name);
        let bytes = checking.as_ref().map(|it| it.bytes.as_slice());
        self.tell(&Told::Rejected { due, error, bytes });
        if let Some(alert) = error.alert().filter(|_| !self.has_closed) {
            // The peer may be gone already.
            _ = self.send_alert(alert);
        }
    }

    /// Opens what comes under the keys of this traffic secret from the next record on.
    ///
    /// # Errors
    /// [`TlsError::Unexpected`] if bytes of a message are left over (section 5.1): they came under the old keys.
    pub fn open_under(&mut self, secret: &Secret) -> Result<(), TlsError> {
        if !self.messages.is_empty() {
            let (due, got) = ("a change of keys", "more of the handshake");
            return Err(TlsError::Unexpected { due, got });
        }
        self.opener = Some(Opener::new(secret));
        self.reader.set_limits(Limits { min: 0, max: MAX_PLAINTEXT_LEN + OVERHEAD });
        Ok(())
    }

    /// Seals what goes out under the keys of this traffic secret from the next record on.
    pub fn seal_under(&mut self, secret: &Secret) {
        self.sealer = Some(Sealer::new(secret));
    }

    /// Pads sealed records with zeros (section 5.4), so that their plaintext and its true type together are as long as a
    /// multiple of `len` bytes is, as far as that is allowed.
    pub fn pad_to(&mut self, len: usize) {
        self.pad_to = len.max(1);
    }

    /// Keeps sealed records within what the peer takes: the plaintext, its true type and padding together (RFC 8449).
    ///
    /// # Errors
    /// [`TlsError::Illegal`] if that is less than what everyone has to take.
    pub fn limit_to(&mut self, message: &'static str, limit: u16) -> Result<(), TlsError> {
        if limit < MIN_LIMIT {
            let why = "its record_size_limit is less than 64";
            return Err(TlsError::Illegal { message, why });
        }
        self.limit = (usize::from(limit) - 1).min(MAX_PLAINTEXT_LEN);
        Ok(())
    }

    /// Says that the first ClientHello was sent or has arrived: from now on a ChangeCipherSpec is skipped.
    pub fn begin_handshake(&mut self) {
        self.in_handshake = true;
    }

    /// Says that the handshake is over: a ChangeCipherSpec is skipped no more.
    pub fn end_handshake(&mut self) {
        self.in_handshake = false;
    }

    /// Returns whether a new key is due for what goes out.
    pub fn is_worn(&self) -> bool {
        self.sealer.as_ref().is_some_and(Sealer::is_worn)
    }

    /// Puts a message into records, as many as it takes, which wait for [`flush`](Self::flush). Returns its bytes.
    ///
    /// # Errors
    /// [`TlsError::NotSealed`], [`TlsError::Io`].
    pub fn queue(&mut self, message: &HandshakeMessage) -> Result<Vec<u8>, TlsError> {
        self.accept();
        let bytes = message.encode();
        let mut payloads = Vec::new();
        for plaintext in bytes.chunks(self.max_len()) {
            let payload = self.put(ContentType::Handshake, plaintext)?;
            payloads.extend_from_slice(payload);
        }
        let payload = self.sealer.is_some().then_some(payloads.as_slice());
        self.tell(&Told::Sent { message: message.name(), bytes: &bytes, payload });
        Ok(bytes)
    }

    /// Puts data of the application into records, as many as it takes, which wait for [`flush`](Self::flush).
    ///
    /// # Errors
    /// As [`queue`](Self::queue).
    pub fn queue_data(&mut self, data: &[u8]) -> Result<(), TlsError> {
        for plaintext in data.chunks(self.max_len()) {
            let observer = self.observer.clone();
            let payload = self.put(ContentType::ApplicationData, plaintext)?;
            tell(observer.as_ref(), &Told::DataSent { plaintext, payload });
        }
        Ok(())
    }

    /// The most bytes that the next record carries.
    fn max_len(&self) -> usize {
        if self.sealer.is_some() { self.limit } else { MAX_PLAINTEXT_LEN }
    }

    /// Puts one record behind those that wait, and returns its payload.
    fn put(&mut self, kind: ContentType, plaintext: &[u8]) -> Result<&[u8], TlsError> {
        let is_sealed = self.sealer.is_some();
        let outer = if is_sealed { ContentType::ApplicationData } else { kind };
        let inner = plaintext.len() + 1;
        let padded = inner.next_multiple_of(self.pad_to).min(self.limit + 1);
        let padding = padded.saturating_sub(inner);
        let len = plaintext.len() + if is_sealed { OVERHEAD + padding } else { 0 };
        let len = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        let header = [outer.number(), 3, 3, len[0], len[1]];
        let buffer = self.writer.begin(&header)?;
        let start = buffer.len();
        match &mut self.sealer {
            Some(sealer) => sealer.seal(&header, (kind, plaintext), padding, buffer)?,
            None => buffer.extend_from_slice(plaintext),
        }
        Ok(buffer.get(start..).unwrap_or_default())
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn flush(&mut self) -> Result<(), TlsError> {
        Ok(self.writer.flush()?)
    }

    /// Sends the ChangeCipherSpec that devices on the way expect (appendix D.4), unprotected.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn queue_change(&mut self) -> Result<(), TlsError> {
        self.accept();
        let header = [ContentType::ChangeCipherSpec.number(), 3, 3, 0, 1];
        self.writer.begin(&header)?.push(1);
        self.tell(&Told::Sent { message: CHANGE, bytes: &[1], payload: None });
        Ok(())
    }

    /// Sends an alert, at once: a warning if it is `close_notify`, else fatal.
    ///
    /// # Errors
    /// As [`queue`](Self::queue).
    pub fn send_alert(&mut self, alert: u8) -> Result<(), TlsError> {
        self.has_closed = alert == CLOSE_NOTIFY;
        let bytes = [if self.has_closed { 1 } else { 2 }, alert];
        let observer = self.observer.clone();
        let is_sealed = self.sealer.is_some();
        let payload = self.put(ContentType::Alert, &bytes)?;
        let payload = is_sealed.then_some(payload);
        tell(observer.as_ref(), &Told::Alert { is_sent: true, bytes: &bytes, payload });
        self.flush()
    }
}

/// The number of `close_notify`.
pub const CLOSE_NOTIFY: u8 = 0;
/// The name of the record of TLS 1.2 that changes nothing here.
pub(crate) const CHANGE: &str = "ChangeCipherSpec";

pub(crate) fn tell(observer: Option<&Observer>, told: &Told<'_>) {
    if let Some(observer) = observer {
        observer(told);
    }
}
