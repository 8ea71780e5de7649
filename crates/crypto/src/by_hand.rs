//! The pieces that HKDF is made of, and the bytes of a secret, for somebody who derives keys by hand. **This lets a
//! secret out.**
//!
//! Here with the feature `by-hand` only, for the exercises.

use crate::keys::MacKey;
use crate::primitives::HmacSha256;
use crate::secret::SharedSecret;

#[cfg(feature = "tls13")]
mod tls13 {
    use crate::primitives::tls13::{Aead, AeadKind, HashKind, Hasher, MAX_HASH_LEN, NONCE_LEN};

    /// Opens AES-128-GCM: a ciphertext with its tag behind it. `None` if the tag is wrong.
    pub fn open_aes_128_gcm(
        key: &[u8; 16],
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        let (ciphertext, tag) = sealed.split_last_chunk()?;
        let mut data = ciphertext.to_vec();
        let aead = Aead::new(AeadKind::Aes128Gcm, key)?;
        aead.open(nonce, associated_data, &mut data, tag).then_some(data)
    }

    /// Computes SHA-256 of some bytes.
    pub fn sha256(bytes: &[u8]) -> [u8; 32] {
        let mut hasher = Hasher::new(HashKind::Sha256);
        hasher.update(bytes);
        let mut hash = [0; MAX_HASH_LEN];
        hasher.hash(&mut hash);
        hash.first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(feature = "tls13")]
pub use tls13::{open_aes_128_gcm, sha256};

/// Computes HMAC-SHA256 (RFC 2104) of a message under a key of any length.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; HmacSha256::TAG_LEN] {
    HmacSha256::new(&MacKey::from(key.to_vec())).tag(&[message])
}

/// Returns the bytes of a secret.
pub fn bytes_of(secret: &SharedSecret) -> &[u8] {
    secret.bytes()
}
