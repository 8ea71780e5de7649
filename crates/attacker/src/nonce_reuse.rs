//! The damage done by a nonce that was used twice under one key. Offline: two payloads are all it
//! takes.
//!
//! - [`xor_of_plaintexts`]: at every stage that has a nonce. All of them encrypt in counter mode,
//!   including GCM: key and nonce make the keystream, so with equal nonces it cancels out.
//!   [`other_plaintext`] follows from it where one of the two is known.
//! - [`AuthenticationKey`]: at aead, the authentication key as well, and with it forgeries.
//!
//! **The property whose absence it uses:** a nonce is a number used once. No key is guessed here, and no
//! receiver is asked.

use stages::{PART2_AEAD, Role, Stage};
use thiserror::Error;

use crate::gf128::{BLOCK_LEN, Element, blocks, ghash};

/// The xor of two plaintexts that were sealed under one key and nonce, as far as the shorter one goes.
///
/// *Needs to know:* the layout, and two payloads with the same nonce. Where the plaintexts agree, the
/// result is 0; where a byte of one can be guessed, the other's is known.
///
/// # Errors
/// When either payload is not one of this stage, or their nonces differ.
pub fn xor_of_plaintexts(
    stage: &'static Stage,
    one: &[u8],
    other: &[u8],
) -> Result<Vec<u8>, NonceReuseError> {
    if field(stage, one, Role::Nonce)? != field(stage, other, Role::Nonce)? {
        return Err(NonceReuseError::OtherNonce);
    }
    Ok(xor(field(stage, one, Role::Ciphertext)?, field(stage, other, Role::Ciphertext)?))
}

/// Returns the other plaintext, up to the length of the known one.
///
/// *Needs to know:* the [xor of the two](xor_of_plaintexts), and one of them.
pub fn other_plaintext(xor_of_plaintexts: &[u8], known: &[u8]) -> Vec<u8> {
    xor(xor_of_plaintexts, known)
}

/// The key with which GCM authenticates: H, the encryption of a block of zeros. It is the same for
/// every record under the key it came from, whatever the nonce. This is how it is found.
///
/// A tag is `GHASH(H; seq, ciphertext) + E`, where E is the encrypted first counter block (NIST SP 800-38D,
/// section 7.1). [`ghash`] is a polynomial in H, whose coefficients are seen on the wire. Key and nonce
/// make E, so with equal nonces it cancels out:
///
/// ```text
/// tag + tag' = GHASH(H; seq, ciphertext) + GHASH(H; seq, ciphertext')
///            = (block + block') · H^exponent                     where one block of ciphertext differs
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticationKey {
    /// H.
    pub h: Element,
    /// The block of ciphertext in which the two payloads differ, from 0.
    pub block: usize,
    /// The power of H that this block is multiplied with.
    pub exponent: usize,
    /// That power of H: the quotient of the two differences.
    pub power: Element,
}

impl AuthenticationKey {
    // ANCHOR: recover
    /// Solves for H.
    ///
    /// *Needs to know:* the layout, and two payloads with the same nonce, sequence number and length,
    /// whose ciphertexts differ in one block of 16 bytes. No plaintext.
    ///
    /// # Errors
    /// When the two do not fit, or H has no simple root: [`NonceReuseError`] says what is wrong.
    pub fn recover(one: &[u8], other: &[u8]) -> Result<Self, NonceReuseError> {
        let (one, other) = (Sealed::parse(one)?, Sealed::parse(other)?);
        if one.nonce != other.nonce {
            return Err(NonceReuseError::OtherNonce);
        }
        if one.seq != other.seq {
            return Err(NonceReuseError::OtherSeq);
        }
        if one.ciphertext.len() != other.ciphertext.len() {
            return Err(NonceReuseError::OtherLength);
        }
        // A difference of zero has no inverse.
        let differences = blocks(&xor(one.ciphertext, other.ciphertext))
            .map(Element::inverse)
            .enumerate()
            .filter_map(|(block, inverse)| Some((block, inverse?)))
            .collect::<Vec<_>>();
        let [(block, inverse)] = differences[..] else {
            return Err(NonceReuseError::NotOneBlock { count: differences.len() });
        };
        // One factor H for each block from this one to the end of the ciphertext, and one for the
        // lengths.
        let exponent = one.ciphertext.len().div_ceil(BLOCK_LEN) - block + 1;
        if !exponent.is_power_of_two() {
            return Err(NonceReuseError::NoSimpleRoot { block, exponent });
        }
        let power = (one.tag + other.tag) * inverse;
        let h = (0..exponent.ilog2()).fold(power, |root, _| root.square_root());
        Ok(Self { h, block, exponent, power })
    }
    // ANCHOR_END: recover

    /// Returns E, the block that hides this payload's GHASH in its tag. It holds for every payload
    /// with the same nonce.
    ///
    /// # Errors
    /// When the payload is not one of aead.
    pub fn mask(&self, payload: &[u8]) -> Result<Element, NonceReuseError> {
        let Sealed { seq, ciphertext, tag, .. } = Sealed::parse(payload)?;
        Ok(tag + ghash(self.h, seq, ciphertext))
    }

    /// Makes a payload that carries `chosen` under the nonce and the sequence number of `payload`.
    /// Its tag is the right one, so the receiver accepts it as genuine.
    ///
    /// *Needs to know:* the plaintext of `payload`, which may be any record under the same key.
    /// The keystream known from it is as long as it is, so `chosen` can be no longer.
    ///
    /// # Errors
    /// When the payload is not one of aead, or `chosen` is too long.
    pub fn forge(
        &self,
        payload: &[u8],
        known: &[u8],
        chosen: &[u8],
    ) -> Result<Vec<u8>, NonceReuseError> {
        let Sealed { seq, nonce, ciphertext, .. } = Sealed::parse(payload)?;
        let keystream = xor(ciphertext, known);
        if chosen.len() > keystream.len() {
            return Err(NonceReuseError::TooLong { len: chosen.len(), max: keystream.len() });
        }
        let ciphertext = xor(&keystream, chosen);
        let tag = ghash(self.h, seq, &ciphertext) + self.mask(payload)?;
        Ok([seq, nonce, &ciphertext, &<[u8; BLOCK_LEN]>::from(tag)].concat())
    }
}

/// A reason that two payloads do not give away what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NonceReuseError {
    /// Fewer bytes than the fields of the stage take.
    #[error("a payload of {len} bytes: the fields of {stage:?} alone take {min}")]
    TooShort {
        /// The stage.
        stage: &'static Stage,
        /// Payload length in bytes.
        len: usize,
        /// Bytes the fields take.
        min: usize,
    },
    /// The stage's records lack what is asked for.
    #[error("a record of {stage:?} has no {role:?}")]
    NoField {
        /// The stage.
        stage: &'static Stage,
        /// The field's role.
        role: Role,
    },
    /// The nonces differ, as they should.
    #[error("the nonces differ: each plaintext has a keystream of its own, and each tag a mask")]
    OtherNonce,
    /// The sequence numbers differ, and the tags cover them too.
    #[error("the sequence numbers differ: the tags do so in more than one block of ciphertext")]
    OtherSeq,
    /// The lengths differ, and the tags cover them too.
    #[error("the lengths differ: the tags do so in more than one block of ciphertext")]
    OtherLength,
    /// The ciphertexts do not differ in exactly one block.
    #[error(
        "the ciphertexts differ in {count} blocks: H is a simple root only where one differs; more \
         make a polynomial in H with as many terms, which takes factoring"
    )]
    NotOneBlock {
        /// Blocks that differ.
        count: usize,
    },
    /// The exponent is not a power of two.
    #[error(
        "block {block} is multiplied with H to the power of {exponent}: the simple roots are those of \
         the powers of two, by square roots alone"
    )]
    NoSimpleRoot {
        /// The block of ciphertext that differs, from 0.
        block: usize,
        /// The power of H it is multiplied with.
        exponent: usize,
    },
    /// More bytes to encrypt than there is keystream.
    #[error(
        "{len} bytes to forge, and only {max} of keystream: it is known only as far as the plaintext is"
    )]
    TooLong {
        /// Bytes of the chosen plaintext.
        len: usize,
        /// Bytes of keystream.
        max: usize,
    },
}

/// A payload of aead.
struct Sealed<'p> {
    seq: &'p [u8],
    nonce: &'p [u8],
    ciphertext: &'p [u8],
    tag: Element,
}

impl<'p> Sealed<'p> {
    fn parse(payload: &'p [u8]) -> Result<Self, NonceReuseError> {
        let field = |role| field(&PART2_AEAD, payload, role);
        let (seq, nonce) = (field(Role::Seq)?, field(Role::Nonce)?);
        let ciphertext = field(Role::Ciphertext)?;
        let tag = blocks(field(Role::Tag)?).next().unwrap_or(Element::ZERO);
        Ok(Self { seq, nonce, ciphertext, tag })
    }
}

fn field<'p>(
    stage: &'static Stage,
    payload: &'p [u8],
    role: Role,
) -> Result<&'p [u8], NonceReuseError> {
    let too_short = NonceReuseError::TooShort { stage, len: payload.len(), min: stage.overhead() };
    let parts = stage.split_payload(payload).ok_or(too_short)?;
    let part = parts.into_iter().find(|part| part.field.role == role);
    part.map(|part| part.bytes).ok_or(NonceReuseError::NoField { stage, role })
}

/// As far as the shorter of the two goes.
fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}
