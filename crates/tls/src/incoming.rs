//! What comes in: records, and the messages in them (RFC 8446, section 5.1). A message may span records, and a record may
//! carry several; but no message spans a change of keys, and nothing stands between the parts of one.

use std::io::{Read, Write};

use crypto::tls13::record::ContentType;
use framing::reader::Record;
use messages::DecodeError;
use messages::tls13::handshake::HEADER_LEN;
use messages::tls13::{HandshakeMessage, HandshakeType};

use crate::TlsError;
use crate::records::{CHANGE, Checking, MAX_MESSAGE_LEN, Records, tell};
use crate::told::Told;

/// The most records in a row that say nothing.
const MAX_EMPTY: u32 = 16;
/// The number of `user_canceled`: it only says why a `close_notify` will follow.
const USER_CANCELED: u8 = 90;

/// A message, and its bytes, which go into the transcript hash.
pub struct Received {
    /// What it says.
    pub message: HandshakeMessage,
    /// Its bytes, type and length in front.
    pub bytes: Vec<u8>,
}

/// What the next record carries.
pub enum Next<'r> {
    /// Data of the application.
    Data(&'r [u8]),
    /// Messages of the handshake, or parts of some, which were put with those that had arrived.
    Messages,
    /// Nothing that matters.
    Nothing,
    /// An alert: its number.
    Alert(u8),
    /// The end of the stream.
    End,
}

impl<T: Read + Write + Clone> Records<T> {
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
                Next::Messages | Next::Nothing => {}
                Next::Alert(alert) => return Err(TlsError::Alert { alert }),
                Next::Data(_) => return Err(TlsError::Unexpected { due, got: "application data" }),
                Next::End => return Err(TlsError::Ended { due }),
            }
        }
    }

    /// Takes a message off those that have arrived, if a whole one has.
    ///
    /// # Errors
    /// [`TlsError::Malformed`], [`TlsError::Illegal`], [`TlsError::Unexpected`].
    pub fn take_message(&mut self, due: &'static str) -> Result<Option<Received>, TlsError> {
        let Some([kind, length @ ..]) = self.messages.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let kind = HandshakeType(*kind);
        if !kind.is_known() {
            return Err(TlsError::Unexpected { due, got: kind.name() });
        }
        let len = length.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)) + HEADER_LEN;
        if len > MAX_MESSAGE_LEN {
            let why = "its length is more than 64 KiB";
            return Err(TlsError::Illegal { message: kind.name(), why });
        }
        if self.messages.len() < len {
            return Ok(None);
        }
        let rest = self.messages.split_off(len);
        let bytes = std::mem::replace(&mut self.messages, rest);
        let message = HandshakeMessage::decode(&bytes);
        let name = message.as_ref().map_or(kind.name(), HandshakeMessage::name);
        let payload = self.payload.take();
        self.checking = Some(Checking { name, bytes: bytes.clone(), checked: Vec::new(), payload });
        let message = message.map_err(|error| TlsError::Malformed { message: name, error })?;
        self.passed("it has the form that it must have");
        Ok(Some(Received { message, bytes }))
    }

    /// Reads the next record.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn next(&mut self, due: &'static str) -> Result<Next<'_>, TlsError> {
        let unexpected = |got| Err(TlsError::Unexpected { due, got });
        // Whatever is not TLS has no record to wait for.
        let first = self.reader.peek_header()?.first().copied();
        if first.is_some_and(|kind| ContentType::find(kind).is_none()) {
            return unexpected(NO_RECORD);
        }
        let Some(Record { header, payload }) = self.reader.read_record()? else {
            return Ok(Next::End);
        };
        let is_inside = !self.messages.is_empty();
        let outer = header.first().copied().and_then(ContentType::find);
        let (kind, plaintext): (_, &[u8]) = match (&mut self.opener, outer) {
            // Devices on the way expect one, and it may come at any time of the handshake (appendix D.4).
            (_, Some(ContentType::ChangeCipherSpec)) => {
                if !self.in_handshake || is_inside || payload != [1] {
                    return unexpected(CHANGE);
                }
                let checked = &["it is in its place, and means nothing"][..];
                let bytes = &*payload;
                let told = Told::Received { message: CHANGE, bytes, checked, payload: None };
                tell(self.observer.as_ref(), &told);
                return nothing(&mut self.empty, CHANGE);
            }
            (None, outer) => (outer, payload),
            // A client that refuses the ServerHello has no keys to tell it under.
            (Some(_), Some(ContentType::Alert)) if !self.has_opened => (outer, payload),
            (Some(opener), Some(ContentType::ApplicationData)) => {
                // It is decrypted where it lies.
                self.payload = self.observer.is_some().then(|| payload.to_vec());
                let (kind, plaintext) =
                    opener.open(header, payload).map_err(TlsError::BadRecord)?;
                self.has_opened = true;
                (kind, plaintext)
            }
            (Some(_), _) => return unexpected("an unprotected record"),
        };
        match kind {
            None => unexpected("a record of no known type"),
            Some(ContentType::Handshake) if !plaintext.is_empty() => {
                self.empty = 0;
                self.messages.extend_from_slice(plaintext);
                Ok(Next::Messages)
            }
            Some(_) if is_inside => {
                let due = "the rest of a message";
                Err(TlsError::Unexpected { due, got: "another record" })
            }
            Some(ContentType::Alert) if !plaintext.is_empty() => {
                let payload = self.payload.as_deref();
                let told = Told::Alert { is_sent: false, bytes: plaintext, payload };
                tell(self.observer.as_ref(), &told);
                match alert(plaintext)? {
                    USER_CANCELED => nothing(&mut self.empty, "user_canceled"),
                    alert => Ok(Next::Alert(alert)),
                }
            }
            Some(ContentType::Handshake | ContentType::Alert) => {
                unexpected("an empty record of the handshake or of alerts")
            }
            Some(ContentType::ChangeCipherSpec) => unexpected("a protected ChangeCipherSpec"),
            Some(ContentType::ApplicationData) if self.opener.is_none() => {
                unexpected("application data under no key")
            }
            Some(ContentType::ApplicationData) if plaintext.is_empty() => {
                nothing(&mut self.empty, "records that carry nothing")
            }
            Some(ContentType::ApplicationData) => {
                self.empty = 0;
                let payload = self.payload.as_deref().unwrap_or_default();
                tell(self.observer.as_ref(), &Told::DataReceived { plaintext, payload });
                Ok(Next::Data(plaintext))
            }
        }
    }
}

/// What stands where a record is due and begins as none does.
const NO_RECORD: &str =
    "something that is no record of TLS (plain HTTP, it may be, or another stage)";

/// Counts a record that says nothing.
fn nothing<'r>(empty: &mut u32, what: &'static str) -> Result<Next<'r>, TlsError> {
    *empty += 1;
    if *empty > MAX_EMPTY { Err(TlsError::Flood(what)) } else { Ok(Next::Nothing) }
}

/// Takes an alert's number. Its level tells nothing that the number does not (section 6).
fn alert(plaintext: &[u8]) -> Result<u8, TlsError> {
    if let [_, alert] = plaintext {
        return Ok(*alert);
    }
    let (field, len, expected) = ("alert", plaintext.len(), 2);
    let error = DecodeError::WrongLength { field, len, expected };
    Err(TlsError::Malformed { message: "alert", error })
}
