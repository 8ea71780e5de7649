//! Keys that cannot be printed, compared or cloned by accident, and are wiped from memory when dropped.
//!
//! The articles' keys are constants that everyone can read. They stand here so that our programs can
//! talk to the articles' own, and they protect nothing from anyone.

use zeroize::Zeroizing;

use crate::primitives::fill_random;

/// What a new key is made of: 32 bytes from the operating system's generator, good for any key here.
///
/// # Errors
/// When it has none to give.
pub fn random() -> Result<Zeroizing<[u8; AesKey::LEN]>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; AesKey::LEN]);
    fill_random(bytes.as_mut())?;
    Ok(bytes)
}

/// A key for AES-256: 32 bytes (FIPS 197).
pub struct AesKey(Zeroizing<[u8; AesKey::LEN]>);

impl AesKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// `SHARED_KEY` of part 1, and under the name `ENC_KEY` the encryption key of part 2's HMAC stages.
    pub fn demo_encryption() -> Self {
        Self::from(*b"0123456789ABCDEF0123456789ABCDEF")
    }

    /// `AEAD_KEY` of part 2.
    pub fn demo_aead() -> Self {
        Self::from(*b"AEAD_KEY_PART2_DEMO_FOR_AES_GCM!")
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; AesKey::LEN]> for AesKey {
    fn from(bytes: [u8; AesKey::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// A key for HMAC: of any length (RFC 2104, section 2).
pub struct MacKey(Zeroizing<Vec<u8>>);

impl MacKey {
    /// `MAC_KEY` of part 2: 31 bytes, though the article's comment says 32.
    pub fn demo() -> Self {
        Self::from(b"HMAC_KEY_FOR_PART2_DEMO_1234567".to_vec())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for MacKey {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}
