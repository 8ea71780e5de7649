//! Records on a stream, and the messages in them (RFC 8446, section 5.1). A message may span records, and a record may
//! carry several; but no message spans a change of keys.

use std::io::{Read, Write};

use crypto::tls13::record::{ContentType, OVERHEAD, Opener, Sealer};
use crypto::tls13::secret::Secret;
use framing::Header;
use framing::reader::{Limits, RecordReader};
use framing::writer::RecordWriter;
use messages::tls13::HandshakeMessage;
use messages::tls13::handshake::HEADER_LEN;

use crate::TlsError;
use crate::told::{Observer, Told};

/// The header of a record: type, version, length.
pub const HEADER: Header = Header { prefix_len: 3, length_len: 2 };
/// The longest plaintext of a record in bytes.
pub const MAX_PLAINTEXT_LEN: usize = 1 << 14;
/// The longest message in bytes, type and length included.
pub const MAX_MESSAGE_LEN: usize = 64 * 1024;
/// The most records in a row that say nothing.
const MAX_EMPTY: u32 = 16;

/// A message, and its bytes, which go into the transcript hash.
pub struct Received {
    /// What it says.
    pub message: HandshakeMessage,
    /// Its bytes, type and length in front.
    pub bytes: Vec<u8>,
}

/// Records both ways. Unprotected until keys are given.
pub struct Records<T> {
    reader: RecordReader<T>,
    writer: RecordWriter<T>,
    opener: Option<Opener>,
    sealer: Option<Sealer>,
    /// Bytes of messages that have arrived and were not taken yet.
    messages: Vec<u8>,
    /// Whether the handshake is not over: then a ChangeCipherSpec is skipped (appendix D.4).
    in_handshake: bool,
    empty: u32,
    observer: Option<Observer>,
    /// The payload of the sealed record that came last, until it was told.
    payload: Option<Vec<u8>>,
    /// The message whose checks are not over yet.
    checking: Option<Checking>,
}

struct Checking {
    name: &'static str,
    bytes: Vec<u8>,
    checked: Vec<&'static str>,
    payload: Option<Vec<u8>>,
}

/// What the next record carries.
pub enum Next {
    /// Data of the application.
    Data(Vec<u8>),
    /// Messages of the handshake, which were put with those that had arrived.
    Messages,
    /// An alert: level and number.
    Alert(u8),
    /// The end of the stream.
    End,
}

impl<T: Read + Write + Clone> Records<T> {
    /// Over `stream`, a handle of which either direction gets its own.
    pub fn new(stream: T) -> Self {
        let limits = Limits { min: 0, max: MAX_PLAINTEXT_LEN };
        Self {
            reader: RecordReader::new(stream.clone(), HEADER, limits),
            writer: RecordWriter::new(stream),
            opener: None,
            sealer: None,
            messages: Vec::new(),
            in_handshake: true,
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
        if let Some(alert) = error.alert() {
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
        self.reader.set_limits(Limits { min: 0, max: MAX_PLAINTEXT_LEN + 256 });
        Ok(())
    }

    /// Seals what goes out under the keys of this traffic secret from the next record on.
    pub fn seal_under(&mut self, secret: &Secret) {
        self.sealer = Some(Sealer::new(secret));
    }

    /// Says that the handshake is over: a ChangeCipherSpec is skipped no more.
    pub fn end_handshake(&mut self) {
        self.in_handshake = false;
    }

    /// Returns whether a new key is due for what goes out.
    pub fn is_worn(&self) -> bool {
        self.sealer.as_ref().is_some_and(Sealer::is_worn)
    }

    /// Reads the next message.
    ///
    /// # Errors
    /// [`TlsError`]: whatever came instead.
    pub fn recv(&mut self, due: &'static str) -> Result<Received, TlsError> {
        self.accept();
        loop {
            if let Some(received) = self.take_message(due)? {
                return Ok(received);
            }
            match self.next(due)? {
                Next::Messages => {}
                Next::Alert(alert) => return Err(TlsError::Alert { alert }),
                Next::Data(_) => return Err(TlsError::Unexpected { due, got: "application data" }),
                Next::End => return Err(TlsError::Truncated { due }),
            }
        }
    }

    /// Takes a message off those that have arrived, if a whole one has.
    ///
    /// # Errors
    /// [`TlsError::Malformed`], [`TlsError::Illegal`].
    pub fn take_message(&mut self, due: &'static str) -> Result<Option<Received>, TlsError> {
        let Some([_, length @ ..]) = self.messages.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let len = length.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)) + HEADER_LEN;
        if len > MAX_MESSAGE_LEN {
            let why = "its length is more than 64 KiB";
            return Err(TlsError::Illegal { message: due, why });
        }
        if self.messages.len() < len {
            return Ok(None);
        }
        let rest = self.messages.split_off(len);
        let bytes = std::mem::replace(&mut self.messages, rest);
        let message = HandshakeMessage::decode(&bytes);
        let name = message.as_ref().map_or(due, HandshakeMessage::name);
        let payload = self.payload.take();
        self.checking = Some(Checking { name, bytes: bytes.clone(), checked: Vec::new(), payload });
        let message = message.map_err(|error| TlsError::Malformed { message: due, error })?;
        self.passed("it has the form that it must have");
        Ok(Some(Received { message, bytes }))
    }

    /// Reads the next record that says something.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn next(&mut self, due: &'static str) -> Result<Next, TlsError> {
        loop {
            let Some(record) = self.reader.read_record()? else { return Ok(Next::End) };
            let outer = record.header.first().copied().unwrap_or_default();
            if outer == ContentType::ChangeCipherSpec.number() {
                if !self.in_handshake || record.payload != [1] {
                    return Err(TlsError::Unexpected { due, got: "ChangeCipherSpec" });
                }
                self.empty += 1;
                if self.empty > MAX_EMPTY {
                    return Err(TlsError::Flood("ChangeCipherSpec"));
                }
                let checked = &["it is in its place, and means nothing"][..];
                let bytes = &*record.payload;
                tell(
                    self.observer.as_ref(),
                    &Told::Received { message: CHANGE, bytes, checked, payload: None },
                );
                continue;
            }
            let (kind, plaintext): (_, &[u8]) = match &mut self.opener {
                None => (ContentType::find(outer), record.payload),
                // A client that refuses the ServerHello has no keys to tell it under.
                Some(_) if self.in_handshake && outer == ContentType::Alert.number() => {
                    (Some(ContentType::Alert), record.payload)
                }
                Some(opener) => {
                    if outer != ContentType::ApplicationData.number() {
                        return Err(TlsError::Unexpected { due, got: "an unprotected record" });
                    }
                    // It is decrypted where it lies.
                    self.payload = self.observer.is_some().then(|| record.payload.to_vec());
                    let opened = opener.open(record.header, record.payload);
                    let (kind, plaintext) = opened.map_err(TlsError::BadRecord)?;
                    (kind, plaintext)
                }
            };
            if plaintext.len() > MAX_PLAINTEXT_LEN {
                return Err(TlsError::RecordOverflow);
            }
            let is_inside = !self.messages.is_empty();
            match kind {
                Some(ContentType::Handshake) if !plaintext.is_empty() => {
                    self.empty = 0;
                    self.messages.extend_from_slice(plaintext);
                    return Ok(Next::Messages);
                }
                // Between the parts of a message nothing else may stand (section 5.1).
                Some(_) if is_inside => {
                    return Err(TlsError::Unexpected {
                        due: "the rest of a message",
                        got: "another record",
                    });
                }
                Some(ContentType::Alert) => {
                    let payload = self.payload.as_deref();
                    tell(
                        self.observer.as_ref(),
                        &Told::Alert { is_sent: false, bytes: plaintext, payload },
                    );
                    return alert(plaintext).map(Next::Alert);
                }
                Some(ContentType::ApplicationData) if self.opener.is_some() => {
                    if !plaintext.is_empty() {
                        self.empty = 0;
                        let payload = self.payload.as_deref().unwrap_or_default();
                        tell(self.observer.as_ref(), &Told::DataReceived { plaintext, payload });
                        return Ok(Next::Data(plaintext.to_vec()));
                    }
                    self.empty += 1;
                    if self.empty > MAX_EMPTY {
                        return Err(TlsError::Flood("records that carry nothing"));
                    }
                }
                _ => return Err(TlsError::Unexpected { due, got: "a record of no use" }),
            }
        }
    }

    /// Puts a message into records, as many as it takes, which wait for [`flush`](Self::flush). Returns its bytes.
    ///
    /// # Errors
    /// [`TlsError::NotSealed`], [`TlsError::Io`].
    pub fn queue(&mut self, message: &HandshakeMessage) -> Result<Vec<u8>, TlsError> {
        self.accept();
        let bytes = message.encode();
        let mut payloads = Vec::new();
        for plaintext in bytes.chunks(MAX_PLAINTEXT_LEN) {
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
        for plaintext in data.chunks(MAX_PLAINTEXT_LEN) {
            let observer = self.observer.clone();
            let payload = self.put(ContentType::ApplicationData, plaintext)?;
            tell(observer.as_ref(), &Told::DataSent { plaintext, payload });
        }
        Ok(())
    }

    /// Puts one record behind those that wait, and returns its payload.
    fn put(&mut self, kind: ContentType, plaintext: &[u8]) -> Result<&[u8], TlsError> {
        let outer = if self.sealer.is_some() { ContentType::ApplicationData } else { kind };
        let len = plaintext.len() + if self.sealer.is_some() { OVERHEAD } else { 0 };
        let len = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        let header = [outer.number(), 3, 3, len[0], len[1]];
        let buffer = self.writer.begin(&header)?;
        let start = buffer.len();
        match &mut self.sealer {
            Some(sealer) => sealer.seal(&header, (kind, plaintext), 0, buffer)?,
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
        let bytes = [if alert == CLOSE_NOTIFY { 1 } else { 2 }, alert];
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
const CHANGE: &str = "ChangeCipherSpec";

fn tell(observer: Option<&Observer>, told: &Told<'_>) {
    if let Some(observer) = observer {
        observer(told);
    }
}

fn alert(plaintext: &[u8]) -> Result<u8, TlsError> {
    match plaintext {
        [_, alert] => Ok(*alert),
        _ => {
            let error = messages::DecodeError::WrongLength {
                field: "alert",
                len: plaintext.len(),
                expected: 2,
            };
            Err(TlsError::Malformed { message: "alert", error })
        }
    }
}
