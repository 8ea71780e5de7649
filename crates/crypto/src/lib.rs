//! Sealing and opening one record at each stage, and agreeing on the keys for it. Bytes in, bytes out: no
//! sockets, no records on a stream.
//!
//! *For learning. The articles' keys are public, and no stage here knows who its peer is.*
//!
//! A [`Seal`] turns a plaintext into a payload, an [`Open`] turns it back or says why not. Each
//! stage is a module with one of each, to be read from top to bottom, in this order:
//!
//! - [`ctr`]: AES-CTR. Hides the bytes and protects nothing.
//! - [`hmac`]: encrypt-then-MAC. A changed record is noticed.
//! - [`hmac_seq`]: a sequence number under the tag. A record in the wrong place is noticed.
//! - [`aead`]: AES-GCM. The same from one primitive.
//!
//! Part 3 needs no key beforehand. Its record is that of [`aead`], under keys made for the connection:
//!
//! - [`dh`], [`x25519`]: two sides agree on a secret in the open.
//! - [`hkdf`]: the secret becomes two keys.
//!
//! Part 4 says whose key it is:
//!
//! - [`signature`]: what only one can make, and everyone can check.
//!
//! Their building blocks:
//!
//! - `primitives`: every call into somebody else's cryptography, on one page per engine.
//! - `nonce`: numbers used once, from the operating system.
//! - `sequence`: a counter that ends in an error and never wraps.
//! - [`keys`], [`secret`]: keys and secrets that cannot be printed and are wiped from memory.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod aead;
#[cfg(feature = "by-hand")]
pub mod by_hand;
pub mod ctr;
pub mod dh;
pub mod hkdf;
pub mod hmac;
pub mod hmac_seq;
pub mod keys;
mod nonce;
#[cfg(feature = "nonce-reuse")]
pub mod nonce_reuse;
mod open;
mod primitives;
mod seal;
pub mod secret;
mod sequence;
pub mod signature;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls13")]
pub mod tls13;
pub mod x25519;

pub use open::{Open, OpenError};
pub use seal::{Seal, SealError};

/// Length of a sequence number in a payload, in bytes: unsigned, big-endian.
pub const SEQ_LEN: usize = 8;
