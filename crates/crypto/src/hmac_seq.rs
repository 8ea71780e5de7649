//! Part 2, stage 2: a sequence number under the tag of stage 1.
//!
//! ```text
//!   8       16             N             32
//! +-----+-------+------------------+--------+
//! | seq | nonce | ciphertext       | tag    |      tag = HMAC(mac key, seq · nonce · ciphertext)
//! +-----+-------+------------------+--------+
//! ```
//!
//! Each side counts what it sends and remembers what it must receive next. The number travels in
//! clear: it need not be secret, but nobody may change it.
//!
//! **Stops:** also replay, reordering and dropping in the middle of a connection.
//! **Still lets through:** what the counter cannot see. Both directions count from 0 under the same
//! keys, so a record sent back to its sender fits; every connection counts from 0, so a recorded one
//! fits into the next; and no number says "this was the last".

pub use crate::hmac::Keys;
use crate::nonce::Nonces;
use crate::primitives::{Aes256Ctr, HmacSha256};
use crate::sequence::{self, Sequence};
use crate::{Open, OpenError, SEQ_LEN, Seal, SealError};

/// Length of the nonce in bytes: the whole first counter block.
pub const NONCE_LEN: usize = Aes256Ctr::NONCE_LEN;
/// Length of the tag in bytes: SHA-256's whole output.
pub const TAG_LEN: usize = HmacSha256::TAG_LEN;
/// Bytes of a payload beside the ciphertext.
pub const OVERHEAD: usize = SEQ_LEN + NONCE_LEN + TAG_LEN;

/// Encrypts, numbers and authenticates what one side sends.
pub struct Sealer {
    cipher: Aes256Ctr,
    mac: HmacSha256,
    pub(crate) nonces: Nonces<NONCE_LEN>,
    pub(crate) sequence: Sequence,
}

impl Sealer {
    /// Seals under `keys`, with fresh random nonces, counting from 0.
    pub fn new(keys: &Keys) -> Self {
        Self {
            cipher: Aes256Ctr::new(&keys.encryption),
            mac: HmacSha256::new(&keys.mac),
            nonces: Nonces::random(),
            sequence: Sequence::default(),
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
        let nonce = self.nonces.next()?;
        payload.extend_from_slice(&seq);
        payload.extend_from_slice(&nonce);
        let start = payload.len();
        payload.extend_from_slice(plaintext);
        let (_, ciphertext) = payload.split_at_mut(start);
        self.cipher.apply_keystream(&nonce, ciphertext);
        let tag = self.mac.tag(&[&seq, &nonce, ciphertext]);
        payload.extend_from_slice(&tag);
        self.sequence.advance();
        Ok(())
    }
}
// ANCHOR_END: seal

/// Verifies what the other side sends, checks its order and decrypts it.
pub struct Opener {
    cipher: Aes256Ctr,
    mac: HmacSha256,
    pub(crate) sequence: Sequence,
}

impl Opener {
    /// Opens what was sealed under `keys`, counting from 0.
    pub fn new(keys: &Keys) -> Self {
        Self {
            cipher: Aes256Ctr::new(&keys.encryption),
            mac: HmacSha256::new(&keys.mac),
            sequence: Sequence::default(),
        }
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
        let (seq, rest) = payload.split_first_chunk_mut().ok_or(too_short)?;
        let (nonce, rest) = rest.split_first_chunk_mut().ok_or(too_short)?;
        let (ciphertext, tag) = rest.split_last_chunk_mut().ok_or(too_short)?;
        if !self.mac.verify(&[seq, nonce, ciphertext], tag) {
            return Err(OpenError::BadTag);
        }
        self.sequence.check(sequence::decode(*seq))?;
        self.cipher.apply_keystream(nonce, ciphertext);
        self.sequence.advance();
        Ok(ciphertext)
    }

    fn expected_seq(&self) -> Option<u64> {
        self.sequence.next()
    }
}
// ANCHOR_END: open
