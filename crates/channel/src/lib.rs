//! Framing and crypto joined: send a plaintext, receive a plaintext.
//!
//! ```text
//! send: plaintext -> header, then payload sealed behind it in the write buffer -> one write -> stream
//! recv: stream -> read buffer -> record found in place -> open, in place -> plaintext borrowed
//! ```
//!
//! Read in this order: [`sender`], [`receiver`], then [`Channel`], which is one of each.
//!
//! ```
//! # use std::net::{TcpListener, TcpStream};
//! use channel::Channel;
//! use crypto::aead::{Opener, Sealer};
//! use framing::Header;
//!
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let ours = TcpStream::connect(listener.local_addr()?)?;
//! # let (theirs, _) = listener.accept()?;
//! let keys = demo_keys::aead();
//! let mut here = Channel::new(&ours, Header::LENGTH, Sealer::new(&keys), Opener::new(&keys));
//! let mut there = Channel::new(&theirs, Header::LENGTH, Sealer::new(&keys), Opener::new(&keys));
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
use framing::{Header, Limits};

pub use error::ChannelError;
pub use observe::{Observed, Observer};
pub use receiver::Receiver;
pub use sender::Sender;

/// Both directions of a connection. The first failure in either closes both for good: a peer whose
/// bytes were refused gets no further answer. Only a plaintext that is too long leaves both as they were.
pub struct Channel<T, S, O> {
    sender: Sender<T, S>,
    receiver: Receiver<T, O>,
}

impl<T: Read + Write + Clone, S: Seal, O: Open> Channel<T, S, O> {
    /// Makes a channel over `stream`, a handle of which each direction gets its own: `&TcpStream`,
    /// an `Arc`. Every record has a `header` of this shape.
    pub fn new(stream: T, header: Header, sealer: S, opener: O) -> Self {
        Self {
            sender: Sender::new(stream.clone(), header, sealer),
            receiver: Receiver::new(stream, header, opener),
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
    pub fn send(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        self.queue(plaintext)?;
        self.flush()
    }

    /// Seals one plaintext into the write buffer. See [`Sender::queue`].
    pub fn queue(&mut self, plaintext: &[u8]) -> Result<(), ChannelError> {
        let queued = self.sender.queue(plaintext);
        self.receiver.closed |= self.sender.closed;
        queued
    }

    /// Writes out what was queued. See [`Sender::flush`].
    pub fn flush(&mut self) -> Result<(), ChannelError> {
        let flushed = self.sender.flush();
        self.receiver.closed |= self.sender.closed;
        flushed
    }

    // ANCHOR: recv
    /// The next plaintext, or `None` at a clean end. See [`Receiver::recv`].
    pub fn recv(&mut self) -> Result<Option<&mut [u8]>, ChannelError> {
        let received = self.receiver.recv();
        self.sender.closed |= received.is_err();
        received
    }
    // ANCHOR_END: recv

    /// Protects everything from the next record on in another way, in both directions, and counts records from 0
    /// again. What was queued before goes out as it is, and a record that has arrived already is opened when its
    /// turn comes. A channel that an earlier failure has closed stays closed.
    pub fn rekey<S2: Seal, O2: Open>(self, sealer: S2, opener: O2) -> Channel<T, S2, O2> {
        Channel { sender: self.sender.with(sealer), receiver: self.receiver.with(opener) }
    }

    /// Holds every record that arrives from now on to other limits.
    pub fn set_limits(&mut self, limits: Limits) {
        self.receiver.set_limits(limits);
    }

    /// The two directions, to be used from two threads. They fail one by one from here on.
    pub fn split(self) -> (Sender<T, S>, Receiver<T, O>) {
        (self.sender, self.receiver)
    }
}
