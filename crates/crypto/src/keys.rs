//! Keys that cannot be printed, compared or cloned by accident, and are wiped from memory when dropped.

use zeroize::Zeroizing;

use crate::primitives::fill_random;

/// Draws the bytes of a new key: 32 from the operating system's generator, suitable for any key
/// here.
///
/// # Errors
/// When the generator cannot provide them.
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
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for MacKey {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}
