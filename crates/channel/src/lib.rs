//! Framing and crypto joined: send a plaintext, receive a plaintext.
//!
//! ```text
//! send: plaintext -> seal, into the write buffer behind its length -> one write -> stream
//! recv: stream -> read buffer -> record found in place -> open, in place -> plaintext borrowed
//! ```
//!
//! Read in this order: [`sender`], [`receiver`], then [`Channel`], which is one of each. The two halves
//! are `Write` and `Read` as well, for whoever wants a stream of bytes and not messages.
//!
//! ```
//! # use std::net::{TcpListener, TcpStream};
//! use channel::Channel;
//! use crypto::aead::{Keys, Opener, Sealer};
//!
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let ours = TcpStream::connect(listener.local_addr()?)?;
//! # let (theirs, _) = listener.accept()?;
//! let keys = Keys::demo();
//! let mut here = Channel::new(&ours, Sealer::new(&keys), Opener::new(&keys));
//! let mut there = Channel::new(&theirs, Sealer::new(&keys), Opener::new(&keys));
//!
//! here.send(b"hello")?;
//! assert_eq!(there.recv()?.as_deref(), Some(&b"hello"[..]));
//!
//! ours.shutdown(std::net::Shutdown::Write)?;
//! assert_eq!(there.recv()?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod error;
mod observe;
pub mod receiver;
pub mod sender;

use std::io::{Read, Write};

use crypto::{Open, Seal};

pub use error::ChannelError;
pub use observe::{Observer, Seen};
pub use receiver::Receiver;
pub use sender::Sender;

/// Both directions of a connection. The first failure in either closes both for good: a peer whose
/// bytes were refused gets no further answer.
pub struct Channel<T, S, O> {
    sender: Sender<T, S>,
    receiver: Receiver<T, O>,
}

impl<T: Read + Write + Clone, S: Seal, O: Open> Channel<T, S, O> {
    /// Over `stream`, a handle of which either direction gets its own: `&TcpStream`, an `Arc`.
    pub fn new(stream: T, sealer: S, opener: O) -> Self {
        Self {
            sender: Sender::new(stream.clone(), sealer),
            receiver: Receiver::new(stream, opener),
        }
    }

    /// Shows `observer` every record from now on.
    #[must_use]
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.sender.observe(observer.clone());
        self.receiver.observe(observer);
        self
    }

    /// Sends one plaintext as one record, at once. See [`Sender::send`].
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn send(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        self.queue(plaintext)?;
        self.flush()
    }

    /// Seals one plaintext into the write buffer. See [`Sender::queue`].
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn queue(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        let queued = self.sender.queue(plaintext);
        self.receiver.closed |= self.sender.closed;
        queued
    }

    /// Writes out what was queued. See [`Sender::flush`].
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn flush(&mut self) -> Result<(), ChannelError> {
        let flushed = self.sender.flush();
        self.receiver.closed |= self.sender.closed;
        flushed
    }

    // ANCHOR: recv
    /// The next plaintext, or `None` at a clean end. See [`Receiver::recv`].
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn recv(&mut self) -> Result<Option<&mut [u8]>, ChannelError> {
        let received = self.receiver.recv();
        self.sender.closed |= received.is_err();
        received
    }
    // ANCHOR_END: recv

    /// The two directions, to be used from two threads. They fail one by one from here on.
    pub fn split(self) -> (Sender<T, S>, Receiver<T, O>) {
        (self.sender, self.receiver)
    }
}
