//! Sealers that use one nonce for every record. **That breaks what they protect:** two records give
//! away the xor of their plaintexts, and at `aead` the authentication key as well.
//!
//! Available only with the feature `nonce-reuse`, for a program that shows what follows. They fail
//! after 32 records.

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
