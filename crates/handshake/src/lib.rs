//! The handshakes of part 3. Each side is one straight-line function, in the order of what crosses the wire.
//!
//! *For learning. Nobody here knows with whom they agree.*
//!
//! - [`dh`]: classic Diffie-Hellman.
//! - [`x25519`]: the same on a curve, for every stage after it.
//! - [`wire`]: sends and receives messages, each in one record that nothing protects, and tells what happens.
//!
//! A handshake ends with a [`SharedSecret`](crypto::secret::SharedSecret). The keys that
//! [`hkdf`](crypto::hkdf) makes of it go into the same connection by [`Wire::secure`].
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod dh;
mod error;
pub mod wire;
pub mod x25519;

pub use error::HandshakeError;
pub use wire::{Observer, Told, Wire};

/// The longest message that is read, in bytes: twice as long as any that an honest peer sends at part 3, for fields
/// that are not known yet.
pub const MAX_HELLO_LEN: usize = 1_024;
