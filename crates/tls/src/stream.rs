//! What the handshake makes: a stream that is read, written and closed (RFC 8446, sections 4.6, 5 and 6.1).

use std::io::{self, Read, Write};

use crypto::tls13::secret::Secret;
use framing::Direction;
use messages::tls13::HandshakeMessage;

use crate::TlsError;
use crate::config::Agreed;
use crate::incoming::Next;
use crate::records::{CLOSE_NOTIFY, Records};
use crate::schedule::{Application, Traffic};
use crate::told::Told;

/// The most messages that a peer may send after the handshake without saying anything.
const MAX_MESSAGES: u32 = 32;

/// Which side this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that connects.
    Client,
    /// The one that accepts.
    Server,
}

impl Role {
    fn outgoing(self) -> Direction {
        match self {
            Self::Client => Direction::ToServer,
            Self::Server => Direction::ToClient,
        }
    }

    fn incoming(self) -> Direction {
        match self {
            Self::Client => Direction::ToClient,
            Self::Server => Direction::ToServer,
        }
    }
}

/// What goes out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// The peer asked for new keys: they come in front of the next data.
    UpdateDue,
    /// This side has said that it sends no more.
    Closed,
}

/// A stream whose other end has proved who it is, as far as that was asked of it.
pub struct TlsStream<T> {
    records: Records<T>,
    role: Role,
    /// What the two sides agreed on.
    pub agreed: Agreed,
    ours: Secret,
    theirs: Secret,
    exporter: Secret,
    /// How often each side has changed its keys.
    generations: (u64, u64),
    sending: Sending,
    /// Data that has arrived and for which there was no room, and how much of it was read since.
    kept: (Vec<u8>, usize),
    /// Whether the peer has said that it sends no more.
    is_ended: bool,
    is_dead: bool,
    messages: u32,
}

impl<T: Read + Write + Clone> TlsStream<T> {
    pub(crate) fn new(
        records: Records<T>,
        role: Role,
        agreed: Agreed,
        application: Application,
    ) -> Self {
        let Application { traffic: Traffic { client, server }, exporter } = application;
        let (ours, theirs) = if role == Role::Client { (client, server) } else { (server, client) };
        Self {
            records,
            role,
            agreed,
            ours,
            theirs,
            exporter,
            generations: (0, 0),
            sending: Sending::Open,
            kept: (Vec::new(), 0),
            is_ended: false,
            is_dead: false,
            messages: 0,
        }
    }

    /// Reads what has arrived, or waits for something. 0 bytes are the end: the peer said that it was.
    ///
    /// # Errors
    /// [`TlsError`]; [`TlsError::Truncated`] if the stream ended without a word.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TlsError> {
        self.alive()?;
        let (kept, start) = &mut self.kept;
        let unread = kept.get(*start..).unwrap_or_default();
        if unread.is_empty() && !buffer.is_empty() {
            let received = self.recv(buffer);
            return self.outcome(received);
        }
        let len = fill(buffer, unread);
        *start += len;
        Ok(len)
    }

    /// Waits for data, or the end.
    fn recv(&mut self, buffer: &mut [u8]) -> Result<usize, TlsError> {
        let due = "application data";
        while !self.is_ended {
            while let Some(received) = self.records.take_message(due)? {
                self.after_handshake(&received.message)?;
            }
            match self.records.next(due)? {
                Next::Data(data) => {
                    let len = fill(buffer, data);
                    self.messages = 0;
                    self.kept.0.clear();
                    self.kept.0.extend_from_slice(data.get(len..).unwrap_or_default());
                    self.kept.1 = 0;
                    return Ok(len);
                }
                Next::Messages | Next::Nothing => {}
                Next::Alert(CLOSE_NOTIFY) => self.is_ended = true,
                Next::Alert(alert) => return Err(TlsError::Alert { alert }),
                Next::End => return Err(TlsError::Truncated { due: "more data, or close_notify" }),
            }
        }
        Ok(0)
    }

    /// Does what a message after the handshake asks for.
    fn after_handshake(&mut self, message: &HandshakeMessage) -> Result<(), TlsError> {
        self.messages += 1;
        if self.messages > MAX_MESSAGES {
            return Err(TlsError::Flood("messages after the handshake"));
        }
        match message {
            HandshakeMessage::KeyUpdate { update_requested } => {
                self.theirs = self.theirs.next();
                self.records.open_under(&self.theirs)?;
                self.records.accept();
                self.generations.1 += 1;
                let (direction, generation) = (self.role.incoming(), self.generations.1);
                self.records.tell(&Told::Rekeyed { direction, generation });
                // However often it asks, one answer in front of the next data is enough.
                if *update_requested && self.sending == Sending::Open {
                    self.sending = Sending::UpdateDue;
                }
                Ok(())
            }
            // A ticket would let the client come back; this one does not.
            HandshakeMessage::NewSessionTicket(_) if self.role == Role::Client => {
                self.records.accept();
                Ok(())
            }
            other => Err(TlsError::Unexpected { due: "application data", got: other.name() }),
        }
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// [`TlsError`]; [`TlsError::Closed`] behind a [`close`](Self::close).
    pub fn write(&mut self, data: &[u8]) -> Result<(), TlsError> {
        self.open()?;
        let written = self.seal(data);
        self.outcome(written)
    }

    fn seal(&mut self, data: &[u8]) -> Result<(), TlsError> {
        let is_asked = self.sending == Sending::UpdateDue;
        if is_asked || self.records.is_worn() {
            self.rekey(!is_asked)?;
        }
        self.records.queue_data(data)?;
        self.records.flush()
    }

    // ANCHOR: update
    /// Changes the keys of what this side sends (section 4.6.3), and asks the peer to do the same if
    /// `update_requested`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn update_keys(&mut self, update_requested: bool) -> Result<(), TlsError> {
        self.open()?;
        let updated = self.rekey(update_requested).and_then(|()| self.records.flush());
        self.outcome(updated)
    }

    fn rekey(&mut self, update_requested: bool) -> Result<(), TlsError> {
        self.records.queue(&HandshakeMessage::KeyUpdate { update_requested })?;
        self.sending = Sending::Open;
        self.ours = self.ours.next();
        self.records.seal_under(&self.ours);
        self.generations.0 += 1;
        let (direction, generation) = (self.role.outgoing(), self.generations.0);
        self.records.tell(&Told::Rekeyed { direction, generation });
        Ok(())
    }
    // ANCHOR_END: update

    /// Says that this side sends no more. What the peer still sends can be read.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn close(&mut self) -> Result<(), TlsError> {
        self.alive()?;
        if self.sending == Sending::Closed {
            return Ok(());
        }
        self.sending = Sending::Closed;
        let sent = self.records.send_alert(CLOSE_NOTIFY);
        self.outcome(sent)
    }

    /// Makes a key for another use, which both sides can make (section 7.5).
    pub fn export(&self, label: &str, context: &[u8], out: &mut [u8]) {
        let suite = self.agreed.suite;
        let hash = |bytes: &[u8]| {
            let mut transcript = crypto::tls13::transcript::Transcript::new(suite);
            transcript.add(bytes);
            transcript.hash()
        };
        let secret = self.exporter.derive(label, &hash(b""));
        secret.expand_label("exporter", &hash(context), out);
    }

    fn alive(&self) -> Result<(), TlsError> {
        if self.is_dead { Err(TlsError::Dead) } else { Ok(()) }
    }

    fn open(&self) -> Result<(), TlsError> {
        self.alive()?;
        if self.sending == Sending::Closed { Err(TlsError::Closed) } else { Ok(()) }
    }

    /// Passes an outcome on. After an error nothing works any more, and the peer is told why.
    fn outcome<V>(&mut self, outcome: Result<V, TlsError>) -> Result<V, TlsError> {
        if let Err(error) = &outcome {
            self.is_dead = true;
            self.records.reject(error);
        }
        outcome
    }
}

impl<T: Read + Write + Clone> Read for TlsStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(TlsStream::read(self, buffer)?)
    }
}

impl<T: Read + Write + Clone> Write for TlsStream<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        TlsStream::write(self, data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies as much as there is room for, and returns how much that is.
fn fill(to: &mut [u8], from: &[u8]) -> usize {
    let len = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
    len
}
