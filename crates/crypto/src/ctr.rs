//! Part 1: AES-256-CTR (NIST SP 800-38A, section 6.5).
//!
//! ```text
//!   16             N
//! +-------+------------------+
//! | nonce | ciphertext       |      ciphertext = plaintext xor keystream(key, nonce)
//! +-------+------------------+
//! ```
//!
//! **Stops:** eavesdropping.
//! **Still lets through:** everything else. A bit flipped in the ciphertext is the same bit flipped
//! in the plaintext, and any bytes at all decrypt to something. Nothing shows who sent a record,
//! whether it was sent before, or whether one is missing.

use crate::keys::AesKey;
use crate::nonce::Nonces;
use crate::primitives::Aes256Ctr;
use crate::{Open, OpenError, Seal, SealError};

/// Length of the nonce in bytes: the whole first counter block.
pub const NONCE_LEN: usize = Aes256Ctr::NONCE_LEN;
/// Bytes of a payload beside the ciphertext.
pub const OVERHEAD: usize = NONCE_LEN;

/// The one key of this stage.
pub struct Keys {
    /// Encrypts.
    pub encryption: AesKey,
}

/// Encrypts what one side sends.
pub struct Sealer {
    cipher: Aes256Ctr,
    pub(crate) nonces: Nonces<NONCE_LEN>,
}

impl Sealer {
    /// Seals under `keys`, with fresh random nonces.
    pub fn new(keys: &Keys) -> Self {
        Self { cipher: Aes256Ctr::new(&keys.encryption), nonces: Nonces::random() }
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
        Ok(())
    }
}
// ANCHOR_END: seal

/// Decrypts what the other side sends. It checks nothing: there is nothing to check.
pub struct Opener {
    cipher: Aes256Ctr,
}

impl Opener {
    /// Opens what was sealed under `keys`.
    pub fn new(keys: &Keys) -> Self {
        Self { cipher: Aes256Ctr::new(&keys.encryption) }
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
        let (nonce, ciphertext) = payload.split_first_chunk_mut().ok_or(too_short)?;
        self.cipher.apply_keystream(nonce, ciphertext);
        Ok(ciphertext)
    }
}
// ANCHOR_END: open
