//! What a handshake says, as bytes. No keys, no cryptography, no I/O.
//!
//! The decoder is the explainer: as it reads a message it names each [`Span`], so that a transcript tells what the
//! program has read, and cannot tell anything else.
//!
//! - [`decoder`]: reads bytes, and names them.
//! - [`fields`]: the form of every message of parts 3 and 4: tag, length, value.
//! - [`dh`], [`x25519`], [`cert`]: the messages themselves.
//! - [`tls13`]: those of TLS 1.3.
//! - [`x509`]: the certificates in them.
//!
//! ```
//! use messages::{Message, explain, x25519::Hello};
//!
//! let bytes = Hello { public_key: [7; 32] }.encode();
//! assert_eq!(Hello::decode(&bytes)?.public_key, [7; 32]);
//!
//! let names: Vec<_> = explain(&bytes).leaves().map(|span| (span.offset, span.name)).collect();
//! assert_eq!(names, [(0, "tag"), (2, "length"), (4, "X25519 key")]);
//! # Ok::<(), messages::DecodeError>(())
//! ```
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod cert;
pub mod decoder;
mod der;
pub mod dh;
pub mod fields;
pub mod tls13;
pub mod x25519;
pub mod x509;

pub use decoder::{DecodeError, Explained, Span};

/// The longest Hello that is read, in bytes: twice as long as any that an honest peer sends, for fields that are not
/// known yet.
pub const MAX_HELLO_LEN: usize = 1_024;

/// A message of a handshake.
pub trait Message: Sized {
    /// The longest that is read, in bytes.
    const MAX_LEN: usize = MAX_HELLO_LEN;

    /// Its payload: the record without its header.
    fn encode(&self) -> Vec<u8>;

    /// Reads it back, and checks its form: which fields there are, in which order, and how long. What their
    /// values are worth is for the handshake to say.
    ///
    /// # Errors
    /// [`DecodeError`], the first that was found.
    fn decode(payload: &[u8]) -> Result<Self, DecodeError>;
}

/// Tells what a message of any stage says, span by span, as far as it can be read. Those of parts 3 and 4 begin with a
/// zero byte, as all their tags do; none of TLS 1.3 does.
pub fn explain(message: &[u8]) -> Explained {
    if tls13::is_one(message) { tls13::explain(message) } else { fields::explain(message) }
}
