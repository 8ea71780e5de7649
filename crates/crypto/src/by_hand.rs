//! The pieces that HKDF is made of, and the bytes of a secret, for somebody who derives keys by hand. **This lets a
//! secret out.**
//!
//! Here with the feature `by-hand` only, for the exercises.

use crate::keys::MacKey;
use crate::primitives::HmacSha256;
use crate::secret::SharedSecret;

/// Computes HMAC-SHA256 (RFC 2104) of a message under a key of any length.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; HmacSha256::TAG_LEN] {
    HmacSha256::new(&MacKey::from(key.to_vec())).tag(&[message])
}

/// Returns the bytes of a secret.
pub fn bytes_of(secret: &SharedSecret) -> &[u8] {
    secret.bytes()
}
