//! A secret that two sides share: where keys come from, and not yet a key.

use zeroize::Zeroizing;

use crate::keys::MacKey;
use crate::primitives::HmacSha256;

/// The key of the hash that makes fingerprints: a label that everyone knows.
const FINGERPRINT: &[u8] = b"rebuilding-tls fingerprint";

/// The outcome of a key agreement, which cannot be printed, compared or cloned by accident, and is wiped from
/// memory when dropped. Up to 256 bytes.
pub struct SharedSecret(pub(crate) Zeroizing<Vec<u8>>);

/// The first 4 bytes of a hash of a secret, HMAC-SHA256("rebuilding-tls fingerprint", secret): enough for a person
/// to see whether two sides hold the same one, and no way back to it.
pub type Fingerprint = [u8; 4];

impl SharedSecret {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes a guess at a secret, to compare it by its fingerprint.
    pub fn guessed(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }

    /// Computes its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        let hash = HmacSha256::new(&MacKey::from(FINGERPRINT.to_vec())).tag(&[self.bytes()]);
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }
}
