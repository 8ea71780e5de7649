//! What TLS 1.3 needs beside the rest: every call into somebody else's cryptography, on one page per engine. Both pages
//! have the same items, and take and refuse the same input:
//!
//! - `rust_crypto`: the crates of the RustCrypto project and of Dalek. `ml-kem`, `p256` and `p384` say of themselves
//!   that nobody has audited them.
//! - `aws_lc_rs`: AWS-LC, with the feature `aws-lc-rs`.
//!
//! RSA is on its own page, for both: [`rsa`](super::rsa).

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as engine;
#[cfg(not(feature = "aws-lc-rs"))]
use rust_crypto as engine;

pub(crate) use engine::{
    Aead, EcdsaP256, Ed25519, Hasher, MlKem768, P256, verify_ecdsa_p256, verify_ecdsa_p384,
    verify_ed25519,
};

/// Length of a nonce in bytes.
pub(crate) const NONCE_LEN: usize = 12;
/// Length of a tag in bytes.
pub(crate) const TAG_LEN: usize = 16;
/// The longest hash in bytes.
pub(crate) const MAX_HASH_LEN: usize = 48;

/// A way to protect a record (RFC 8446, section B.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AeadKind {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

impl AeadKind {
    /// Length of its key in bytes.
    pub(crate) fn key_len(self) -> usize {
        if self == Self::Aes128Gcm { 16 } else { 32 }
    }
}

/// The hash of a suite. `extract` and `expand` are HKDF (RFC 5869), `hmac` is HMAC (RFC 2104).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashKind {
    Sha256,
    Sha384,
}

impl HashKind {
    /// Its length in bytes.
    pub(crate) fn len(self) -> usize {
        if self == Self::Sha256 { 32 } else { MAX_HASH_LEN }
    }
}

fn copy(from: &[u8], to: &mut [u8; MAX_HASH_LEN]) {
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

/// Returns whether a public key is a point in its uncompressed form, with coordinates of this many bytes: the only
/// form of TLS 1.3 (RFC 8446, section 4.2.8.2) and of nearly every certificate.
fn is_uncompressed(point: &[u8], coordinate_len: usize) -> bool {
    point.len() == 1 + 2 * coordinate_len && point.first() == Some(&4)
}
