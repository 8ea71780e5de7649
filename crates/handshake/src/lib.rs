//! The handshakes of parts 3 and 4. Each side is one straight-line function, in the order of what crosses the wire.
//!
//! *For learning. At part 3 nobody knows with whom they agree; at part 4 the client does.*
//!
//! - [`dh`]: classic Diffie-Hellman.
//! - [`x25519`]: the same on a curve, for every stage after it.
//! - [`cert`]: the same, and the server says who it is.
//! - [`wire`]: sends and receives messages, each in one record that nothing protects, and tells what happens.
//!
//! A handshake ends with a [`SharedSecret`](crypto::secret::SharedSecret). The keys that
//! [`hkdf`](crypto::hkdf) makes of it go into the same connection by [`Wire::secure`].
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod cert;
pub mod dh;
mod error;
pub mod wire;
pub mod x25519;

pub use error::HandshakeError;
pub use wire::{Observer, Told, Wire};
