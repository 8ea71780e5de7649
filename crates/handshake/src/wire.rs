//! Messages on the wire: each in one record of its own, which nothing protects.

use std::io::{Read, Write};
use std::sync::Arc;

use channel::Channel;
use crypto::hkdf::{Labels, WriteKeys};
use crypto::secret::{Fingerprint, SharedSecret};
use crypto::{Open, OpenError, Seal, SealError};
use framing::{Direction, Header, Limits};
use messages::Message;

use crate::HandshakeError;

/// What happens in a handshake, as an observer sees it. Nothing of a secret is in it but its fingerprint.
#[derive(Debug)]
pub enum Told<'t> {
    /// A message is about to be sent.
    Sent {
        /// Its name, such as `ClientHello`.
        message: &'static str,
        /// Its payload.
        payload: &'t [u8],
    },
    /// A message arrived and passed every check.
    Received {
        /// Its name.
        message: &'static str,
        /// Its payload.
        payload: &'t [u8],
        /// The checks that it passed, in order.
        checked: &'t [&'static str],
    },
    /// A message, or what stood in its place, was refused.
    Rejected {
        /// Its name.
        message: &'static str,
        /// The reason.
        error: &'t HandshakeError,
        /// Its payload, if it arrived whole.
        payload: Option<&'t [u8]>,
    },
    /// A secret or a key was made.
    Derived {
        /// Its name.
        label: &'static str,
        /// What it was made from.
        from: &'static str,
        /// The direction it protects, if it is a key.
        direction: Option<Direction>,
        /// The fingerprint, if it is a secret.
        fingerprint: Option<Fingerprint>,
    },
}

/// Called with everything that happens, in the thread of the handshake, which waits for it.
pub type Observer = Arc<dyn Fn(&Told<'_>) + Send + Sync>;

/// One side's end of a connection whose handshake is under way.
pub struct Wire<T> {
    channel: Channel<T, Unprotected, Unprotected>,
    observer: Option<Observer>,
    received: Option<Received>,
}

/// A message whose checks are not over yet.
struct Received {
    message: &'static str,
    payload: Vec<u8>,
    checked: Vec<&'static str>,
}

impl<T: Read + Write + Clone> Wire<T> {
    /// Over `stream`, a handle of which either direction gets its own, as [`Channel::new`] does.
    pub fn new(stream: T) -> Self {
        let channel = Channel::new(stream, Header::LENGTH, Unprotected, Unprotected);
        Self { channel, observer: None, received: None }
    }

    /// Shows `observer` everything from now on.
    #[must_use]
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sends a message, at once.
    ///
    /// # Errors
    /// [`HandshakeError::NotSent`].
    pub fn send(
        &mut self,
        name: &'static str,
        message: &impl Message,
    ) -> Result<(), HandshakeError> {
        self.accept();
        let payload = message.encode();
        self.tell(&Told::Sent { message: name, payload: &payload });
        let sent = self.channel.send(&payload);
        sent.map_err(|error| HandshakeError::NotSent { message: name, error })
    }

    /// Receives a message and decodes it. What it says remains to be checked.
    ///
    /// # Errors
    /// [`HandshakeError::Channel`], [`HandshakeError::Ended`], [`HandshakeError::Malformed`].
    pub fn recv<M: Message>(&mut self, name: &'static str) -> Result<M, HandshakeError> {
        self.accept();
        self.channel.set_limits(Limits { min: 0, max: M::MAX_LEN });
        let payload = match self.channel.recv() {
            Ok(Some(payload)) => payload.to_vec(),
            Ok(None) => return Err(HandshakeError::Ended { message: name }),
            Err(error) => {
                return Err(self.refuse(name, HandshakeError::Channel { message: name, error }));
            }
        };
        let decoded = M::decode(&payload);
        self.received = Some(Received { message: name, payload, checked: Vec::new() });
        let malformed = |error| HandshakeError::Malformed { message: name, error };
        self.check("its fields are there, once each and in order", decoded.map_err(malformed))
    }

    /// Goes on with the outcome of a check of the message received last.
    ///
    /// # Errors
    /// That of the check, after it has been told.
    pub fn check<V>(
        &mut self,
        what: &'static str,
        outcome: Result<V, HandshakeError>,
    ) -> Result<V, HandshakeError> {
        match (outcome, &mut self.received) {
            (Ok(value), Some(received)) => {
                received.checked.push(what);
                Ok(value)
            }
            (Ok(value), None) => Ok(value),
            (Err(error), _) => Err(self.refuse("message", error)),
        }
    }

    /// Tells that both sides have a secret.
    pub fn agreed(&mut self, from: &'static str, secret: &SharedSecret) {
        self.accept();
        let fingerprint = Some(secret.fingerprint());
        self.tell(&Told::Derived { label: "shared secret", from, direction: None, fingerprint });
    }

    /// Derives a key for each direction from the secret.
    pub fn derive(&mut self, secret: &SharedSecret, labels: &Labels) -> WriteKeys {
        let keys = [
            (labels.client_write, Direction::ToServer),
            (labels.server_write, Direction::ToClient),
        ];
        for (label, direction) in keys {
            let from = "HKDF-SHA256 of the shared secret";
            self.tell(&Told::Derived {
                label,
                from,
                direction: Some(direction),
                fingerprint: None,
            });
        }
        WriteKeys::derive(secret, labels)
    }

    /// Protects everything from the next record on, either way. Records are counted from 0 again.
    pub fn secure<S: Seal, O: Open>(self, sealer: S, opener: O) -> Channel<T, S, O> {
        self.channel.rekey(sealer, opener)
    }

    /// Tells that the message received last has passed.
    fn accept(&mut self) {
        if let Some(Received { message, payload, checked }) = self.received.take() {
            self.tell(&Told::Received { message, payload: &payload, checked: &checked });
        }
    }

    /// Tells that the message received last, or `due`, is refused, if it was the peer's bytes that failed.
    fn refuse(&mut self, due: &'static str, error: HandshakeError) -> HandshakeError {
        let received = self.received.take();
        let message = received.as_ref().map_or(due, |received| received.message);
        if error.rejection().is_some() {
            let payload = received.as_ref().map(|received| received.payload.as_slice());
            self.tell(&Told::Rejected { message, error: &error, payload });
        }
        error
    }

    fn tell(&self, told: &Told<'_>) {
        if let Some(observer) = &self.observer {
            observer(told);
        }
    }
}

/// The protection of a record before there are keys: none.
pub struct Unprotected;

impl Seal for Unprotected {
    fn overhead(&self) -> usize {
        0
    }

    fn seal(
        &mut self,
        _header: &[u8],
        plaintext: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        payload.extend_from_slice(plaintext);
        Ok(())
    }
}

impl Open for Unprotected {
    fn overhead(&self) -> usize {
        0
    }

    fn open<'p>(
        &mut self,
        _header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        Ok(payload)
    }
}
