//! The record of TLS 1.3 (RFC 8446, section 5).
//!
//! ```text
//!   1      2        2              N + 1 + padding               16
//! +------+---------+--------+------------------------------+--------+
//! | type | version | length | plaintext, true type, zeros  | tag    |
//! +------+---------+--------+------------------------------+--------+
//!   23     0303                encrypted
//! ```
//!
//! The header is the associated data. The nonce is the sequence number, which both sides count, xor a secret iv: neither
//! travels. After the plaintext stands the true type of the record, and as many zero bytes as the sender likes.
//!
//! **Stops:** everything that the record of part 2 stops, in 19 bytes less, and hides what kind of record it is.
//!
//! **Still lets through:** how long a record is, unless it is padded, and when it was sent.

use zeroize::Zeroizing;

use super::secret::Secret;
use crate::primitives::tls13::{Aead, NONCE_LEN, TAG_LEN};
use crate::sequence::Sequence;
use crate::{OpenError, SealError};

/// Bytes of a payload beside the plaintext and the padding: the true type and the tag.
pub const OVERHEAD: usize = 1 + TAG_LEN;

/// Records that may be sealed under one key: far below what AES-GCM bears (RFC 8446, section 5.5: 2^24.5).
pub const MAX_RECORDS: u64 = 1 << 24;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// A change of keys in TLS 1.2. It means nothing here.
    ChangeCipherSpec,
    /// An alert.
    Alert,
    /// Messages of the handshake, or a part of one.
    Handshake,
    /// What the two want to say to each other.
    ApplicationData,
}

impl ContentType {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
        }
    }

    /// Finds the type of this number.
    pub fn find(number: u8) -> Option<Self> {
        [Self::ChangeCipherSpec, Self::Alert, Self::Handshake, Self::ApplicationData]
            .into_iter()
            .find(|it| it.number() == number)
    }
}

/// Key and iv of one direction.
pub(crate) struct Keys {
    pub(crate) aead: Aead,
    iv: Zeroizing<[u8; NONCE_LEN]>,
    pub(crate) sequence: Sequence,
}

impl Keys {
    /// Makes them from a traffic secret (section 7.3).
    fn new(secret: &Secret) -> Self {
        let suite = secret.suite();
        let mut key = Zeroizing::new([0; 32]);
        let mut iv = Zeroizing::new([0; NONCE_LEN]);
        secret.expand_label("iv", &[], iv.as_mut());
        let key = key.get_mut(..suite.key_len()).unwrap_or_default();
        secret.expand_label("key", &[], key);
        let aead = Aead::new(suite.aead(), key);
        let aead = aead.unwrap_or_else(|| unreachable!("the key is as long as the suite says"));
        Self { aead, iv, sequence: Sequence::default() }
    }

    /// The nonce of the next record (section 5.3).
    pub(crate) fn nonce(&self) -> Option<[u8; NONCE_LEN]> {
        let mut nonce = *self.iv;
        let seq = self.sequence.next()?.to_be_bytes();
        for (byte, number) in nonce.iter_mut().skip(NONCE_LEN - seq.len()).zip(seq) {
            *byte ^= number;
        }
        Some(nonce)
    }
}

/// Seals what one side sends under one traffic secret.
pub struct Sealer(pub(crate) Keys);

impl Sealer {
    /// Seals under the keys of this traffic secret, counting from 0.
    pub fn new(secret: &Secret) -> Self {
        Self(Keys::new(secret))
    }

    // ANCHOR: seal
    /// Appends the payload that carries `plaintext` and `padding` zero bytes. `header` is what will stand in front.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &mut self,
        header: &[u8],
        (kind, plaintext): (ContentType, &[u8]),
        padding: usize,
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let Self(keys) = self;
        let nonce = keys.nonce().ok_or(SealError::SequenceExhausted)?;
        let start = payload.len();
        payload.extend_from_slice(plaintext);
        payload.push(kind.number());
        payload.resize(payload.len() + padding, 0);
        let (_, data) = payload.split_at_mut(start);
        let Some(tag) = keys.aead.seal(&nonce, header, data) else {
            payload.truncate(start);
            return Err(SealError::TooLong { len: plaintext.len() });
        };
        payload.extend_from_slice(&tag);
        keys.sequence.advance();
        Ok(())
    }
    // ANCHOR_END: seal

    /// Returns whether a new key is due.
    pub fn is_worn(&self) -> bool {
        self.0.sequence.next().is_none_or(|next| next >= MAX_RECORDS)
    }
}

/// Opens what the other side sends under one traffic secret.
pub struct Opener(pub(crate) Keys);

/// What was in a record: its true type, if that is known, and the plaintext.
pub type Opened<'p> = (Option<ContentType>, &'p mut [u8]);

impl Opener {
    /// Opens under the keys of this traffic secret, counting from 0.
    pub fn new(secret: &Secret) -> Self {
        Self(Keys::new(secret))
    }

    // ANCHOR: open
    /// Verifies `payload`, decrypts it where it lies, and takes padding and true type off.
    ///
    /// # Errors
    /// [`OpenError`]. In that case `payload` holds nothing decrypted.
    pub fn open<'p>(
        &mut self,
        header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<Opened<'p>, OpenError> {
        let Self(keys) = self;
        let too_short = OpenError::TooShort { len: payload.len(), min: OVERHEAD };
        let nonce = keys.nonce().ok_or(OpenError::SequenceExhausted)?;
        let (data, tag) = payload.split_last_chunk_mut().ok_or(too_short)?;
        if !keys.aead.open(&nonce, header, data, tag) {
            return Err(OpenError::BadTag);
        }
        keys.sequence.advance();
        let end = data.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        let (plaintext, kind) = data.split_at_mut(end);
        let kind = kind.first().and_then(|kind| ContentType::find(*kind));
        Ok((kind, plaintext))
    }
    // ANCHOR_END: open

    /// Returns the number of the next record and its nonce of 12 bytes, for someone who explains how it is opened;
    /// `None` once all numbers are used up.
    pub fn next_nonce(&self) -> Option<(u64, [u8; NONCE_LEN])> {
        Some((self.0.sequence.next()?, self.0.nonce()?))
    }

    /// Passes over a record that does not open, for someone who only watches: the sender counted it.
    pub fn pass_over(&mut self) {
        self.0.sequence.advance();
    }
}
