//! Part 2, stage 1: encrypt with AES-256-CTR, then authenticate with HMAC-SHA256 (RFC 2104).
//!
//! ```text
//!   16             N             32
//! +-------+------------------+--------+
//! | nonce | ciphertext       | tag    |      tag = HMAC(mac key, nonce · ciphertext)
//! +-------+------------------+--------+
//! ```
//!
//! Two keys: one encrypts, the other authenticates, so that neither use can weaken the other. The MAC
//! covers the ciphertext, not the plaintext, so that nothing is decrypted before it is known to be
//! genuine (RFC 7366 offers this order to TLS up to 1.2).
//!
//! **Stops:** changing, forging and cutting short a record.
//! **Still lets through:** a genuine record sent twice, out of order, not at all, or back to its
//! sender. A tag says "someone with the key made these bytes", not when, nor for whom.

use crate::keys::{AesKey, MacKey};
use crate::nonce::Nonces;
use crate::primitives::{Aes256Ctr, HmacSha256};
use crate::{Open, OpenError, Seal, SealError};

/// Length of the nonce in bytes: the whole first counter block.
pub const NONCE_LEN: usize = Aes256Ctr::NONCE_LEN;
/// Length of the tag in bytes: SHA-256's whole output.
pub const TAG_LEN: usize = HmacSha256::TAG_LEN;
/// Bytes of a payload beside the ciphertext.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// The two keys of this stage.
pub struct Keys {
    /// Encrypts.
    pub encryption: AesKey,
    /// Authenticates.
    pub mac: MacKey,
}

/// Encrypts and authenticates what one side sends.
pub struct Sealer {
    cipher: Aes256Ctr,
    mac: HmacSha256,
    pub(crate) nonces: Nonces<NONCE_LEN>,
}

impl Sealer {
    /// Seals under `keys`, with fresh random nonces.
    pub fn new(keys: &Keys) -> Self {
        Self {
            cipher: Aes256Ctr::new(&keys.encryption),
            mac: HmacSha256::new(&keys.mac),
            nonces: Nonces::random(),
        }
    }
}

// ANCHOR: seal
impl Seal for Sealer {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    fn seal(
        &mut self,
        _header: &[u8],
        plaintext: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let nonce = self.nonces.next()?;
        payload.extend_from_slice(&nonce);
        let start = payload.len();
        payload.extend_from_slice(plaintext);
        let (_, ciphertext) = payload.split_at_mut(start);
        self.cipher.apply_keystream(&nonce, ciphertext);
        let tag = self.mac.tag(&[&nonce, ciphertext]);
        payload.extend_from_slice(&tag);
        Ok(())
    }
}
// ANCHOR_END: seal

/// Verifies and decrypts what the other side sends.
pub struct Opener {
    cipher: Aes256Ctr,
    mac: HmacSha256,
}

impl Opener {
    /// Opens what was sealed under `keys`.
    pub fn new(keys: &Keys) -> Self {
        Self { cipher: Aes256Ctr::new(&keys.encryption), mac: HmacSha256::new(&keys.mac) }
    }
}

// ANCHOR: open
impl Open for Opener {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    fn open<'p>(
        &mut self,
        _header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        let too_short = OpenError::TooShort { len: payload.len(), min: OVERHEAD };
        let (nonce, rest) = payload.split_first_chunk_mut().ok_or(too_short)?;
        let (ciphertext, tag) = rest.split_last_chunk_mut().ok_or(too_short)?;
        if !self.mac.verify(&[nonce, ciphertext], tag) {
            return Err(OpenError::BadTag);
        }
        self.cipher.apply_keystream(nonce, ciphertext);
        Ok(ciphertext)
    }
}
// ANCHOR_END: open
