//! Part 2, stage 3: AES-256-GCM (NIST SP 800-38D) with the sequence number as associated data.
//!
//! ```text
//!   8       12             N             16
//! +-----+-------+------------------+--------+
//! | seq | nonce | ciphertext       | tag    |      ciphertext, tag = GCM(key, nonce, plaintext, seq)
//! +-----+-------+------------------+--------+
//! ```
//!
//! One primitive and one key encrypt and authenticate in one call. The number is *associated data*:
//! it travels in clear, but the tag covers it (RFC 5116, section 2.1). TLS 1.3 sends neither number
//! nor nonce: both ends count, and derive the nonce from the count (RFC 8446, section 5.3). That
//! takes a fresh key for each connection, which this stage lacks, so its nonce is random and is
//! sent.
//!
//! **Stops and lets through:** the same as `hmac_seq`, in 20 fewer bytes. But a nonce used twice
//! costs more here: it gives away the authentication key. So the records sealed under a key are
//! counted, and sealing stops before two random nonces are likely to be equal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::keys::AesKey;
use crate::nonce::Nonces;
use crate::primitives::Aes256Gcm;
use crate::sequence::{self, Sequence};
use crate::{Open, OpenError, SEQ_LEN, Seal, SealError};

/// Length of the nonce in bytes.
pub const NONCE_LEN: usize = Aes256Gcm::NONCE_LEN;
/// Length of the tag in bytes.
pub const TAG_LEN: usize = Aes256Gcm::TAG_LEN;
/// Bytes of a payload beside the ciphertext.
pub const OVERHEAD: usize = SEQ_LEN + NONCE_LEN + TAG_LEN;

/// Records that one side may seal under one key, in all its connections. Random nonces of 96 bits
/// are good for 2^32 records (NIST SP 800-38D, section 8.3); this is half of them, because the
/// other side seals under the same key.
pub const MAX_RECORDS: u64 = 1 << 31;

/// The one key of this stage.
pub struct Keys {
    /// Encrypts and authenticates.
    pub aead: AesKey,
    /// Records sealed under it so far, by all the sealers that share this count.
    pub sealed: Arc<AtomicU64>,
}

impl Keys {
    /// Makes a key under which nothing has been sealed yet.
    pub fn new(aead: AesKey) -> Self {
        Self { aead, sealed: Arc::default() }
    }
}

/// Encrypts, numbers and authenticates what one side sends.
pub struct Sealer {
    cipher: Aes256Gcm,
    pub(crate) nonces: Nonces<NONCE_LEN>,
    pub(crate) sequence: Sequence,
    sealed: Arc<AtomicU64>,
}

impl Sealer {
    /// Seals under `keys`, with fresh random nonces, counting from 0.
    pub fn new(keys: &Keys) -> Self {
        Self {
            cipher: Aes256Gcm::new(&keys.aead),
            nonces: Nonces::random(),
            sequence: Sequence::default(),
            sealed: keys.sealed.clone(),
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
        let seq = self.sequence.next().ok_or(SealError::SequenceExhausted)?;
        let seq = sequence::encode(seq);
        if self.sealed.fetch_add(1, Ordering::Relaxed) >= MAX_RECORDS {
            return Err(SealError::KeyExhausted);
        }
        let nonce = self.nonces.next()?;
        let len = payload.len();
        payload.extend_from_slice(&seq);
        payload.extend_from_slice(&nonce);
        let start = payload.len();
        payload.resize(start + plaintext.len(), 0);
        let (_, ciphertext) = payload.split_at_mut(start);
        let Some(tag) = self.cipher.seal(&nonce, &seq, plaintext, ciphertext) else {
            payload.truncate(len);
            return Err(SealError::TooLong { len: plaintext.len() });
        };
        payload.extend_from_slice(&tag);
        self.sequence.advance();
        Ok(())
    }
}
// ANCHOR_END: seal

/// Verifies what the other side sends, checks its order and decrypts it.
pub struct Opener {
    cipher: Aes256Gcm,
    pub(crate) sequence: Sequence,
}

impl Opener {
    /// Opens what was sealed under `keys`, counting from 0.
    pub fn new(keys: &Keys) -> Self {
        Self { cipher: Aes256Gcm::new(&keys.aead), sequence: Sequence::default() }
    }
}

// ANCHOR: open
impl Open for Opener {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    /// The article's program compares the sequence number before the tag. Here the tag comes first, so
    /// that nothing unauthenticated is ever interpreted. Both refuse the same records.
    fn open<'p>(
        &mut self,
        _header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        let too_short = OpenError::TooShort { len: payload.len(), min: OVERHEAD };
        let (seq, rest) = payload.split_first_chunk_mut().ok_or(too_short)?;
        let (nonce, rest) = rest.split_first_chunk_mut().ok_or(too_short)?;
        let (ciphertext, tag) = rest.split_last_chunk_mut().ok_or(too_short)?;
        if !self.cipher.open(nonce, seq, ciphertext, tag) {
            return Err(OpenError::BadTag);
        }
        let plaintext = ciphertext;
        if let Err(out_of_order) = self.sequence.check(sequence::decode(*seq)) {
            plaintext.fill(0);
            return Err(out_of_order);
        }
        self.sequence.advance();
        Ok(plaintext)
    }

    fn expected_seq(&self) -> Option<u64> {
        self.sequence.next()
    }
}
// ANCHOR_END: open
