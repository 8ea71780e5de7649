//! Sealers that use one nonce for every record. **That breaks what they protect:** two records give away
//! the xor of their plaintexts, and at `aead` the key of the authentication besides.
//!
//! Here with the feature `nonce-reuse` only, for a program that shows what follows. After 32 records they
//! fail.

use crate::nonce::Nonces;
use crate::{aead, ctr};

/// Encrypts every record under the same `nonce`.
pub fn ctr(keys: &ctr::Keys, nonce: [u8; ctr::NONCE_LEN]) -> ctr::Sealer {
    let mut sealer = ctr::Sealer::new(keys);
    sealer.nonces = Nonces::fixed(nonce);
    sealer
}

/// Encrypts and authenticates every record under the same `nonce`.
pub fn aead(keys: &aead::Keys, nonce: [u8; aead::NONCE_LEN]) -> aead::Sealer {
    let mut sealer = aead::Sealer::new(keys);
    sealer.nonces = Nonces::fixed(nonce);
    sealer
}
