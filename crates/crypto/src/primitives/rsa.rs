//! RSA signatures (RFC 8017), by the rsa crate. AWS-LC's crate has PSS with a salt as long as the hash only, so both
//! engines use this page.

use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{PrivateKey, PublicKey, pkcs1v15, pss};
use sha2::{Sha256, Sha384, Sha512};

/// A private key that signs by RSASSA-PSS with SHA-256. It is wiped when it is dropped.
pub(crate) struct RsaPrivateKey(pss::SigningKey<Sha256>);

/// A public key.
pub(crate) struct RsaPublicKey(PublicKey);

/// The length of the salt of RSASSA-PSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Salt {
    /// As long as the hash: 32 bytes.
    Hash,
    /// As long as there is room for.
    Longest,
}

impl RsaPrivateKey {
    /// Reads one from PKCS #8 (RFC 5958). It signs with salts of this length.
    pub(crate) fn from_pkcs8(der: &[u8], salt: Salt) -> Option<Self> {
        let key = PrivateKey::from_pkcs8_der(der).ok()?;
        let salt_len = salt.len(key.n().bit_width());
        Some(Self(pss::SigningKey::new_with_salt_len(key, salt_len)))
    }

    pub(crate) fn public_key(&self) -> RsaPublicKey {
        RsaPublicKey(self.0.as_ref().to_public_key())
    }

    /// Signs `message`. The salt is random, and so is what the power is blinded with. `None` if the operating system
    /// gives no random bytes.
    pub(crate) fn sign_pss(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.0.try_sign_with_rng(&mut getrandom::SysRng, message);
        signature.ok().map(|signature| signature.to_vec())
    }
}

impl RsaPublicKey {
    /// Reads one from RSAPublicKey (RFC 8017, appendix A.1.1).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Option<Self> {
        PublicKey::from_pkcs1_der(der).ok().map(Self)
    }

    /// The length of its modulus in bits.
    pub(crate) fn bits(&self) -> u32 {
        self.0.n().bit_width()
    }

    /// Writes it as SubjectPublicKeyInfo (RFC 5280, section 4.1).
    pub(crate) fn to_public_key_info(&self) -> Option<Vec<u8>> {
        self.0.to_public_key_der().ok().map(|der| der.as_bytes().to_vec())
    }

    /// Returns whether `signature` over `message` is that of this key by RSASSA-PSS with SHA-256.
    pub(crate) fn verify_pss(self, salt: Salt, message: &[u8], signature: &[u8]) -> bool {
        let salt_len = salt.len(self.bits());
        let key = pss::VerifyingKey::<Sha256>::new_with_salt_len(self.0, salt_len);
        pss::Signature::try_from(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
    }

    /// Returns the same with a hash of this many bits, and a salt as long as the hash.
    #[cfg(feature = "tls13")]
    pub(crate) fn verify_pss_rsae(&self, hash: u16, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = pss::Signature::try_from(signature) else { return false };
        let key = || self.0.clone();
        let verified = match hash {
            256 => pss::VerifyingKey::<Sha256>::new(key()).verify(message, &signature),
            384 => pss::VerifyingKey::<Sha384>::new(key()).verify(message, &signature),
            512 => pss::VerifyingKey::<Sha512>::new(key()).verify(message, &signature),
            _ => return false,
        };
        verified.is_ok()
    }

    /// Returns the same by RSASSA-PKCS1-v1_5 with SHA-256, SHA-384 or SHA-512, by the length of the hash in bits.
    pub(crate) fn verify_pkcs1_v15(self, hash: u16, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = pkcs1v15::Signature::try_from(signature) else { return false };
        let Self(key) = self;
        let verified = match hash {
            256 => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
            384 => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
            512 => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
            _ => return false,
        };
        verified.is_ok()
    }
}

impl Salt {
    /// Its length in bytes under a modulus of `bits` bits (RFC 8017, section 9.1.1): what the encoded message, which
    /// is one bit shorter than the modulus, leaves beside the hash and 2 bytes.
    fn len(self, bits: u32) -> usize {
        const HASH_LEN: usize = 32;
        let encoded_len = usize::try_from(bits.saturating_sub(1).div_ceil(8)).unwrap_or(0);
        match self {
            Self::Hash => HASH_LEN,
            Self::Longest => encoded_len.saturating_sub(HASH_LEN + 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::ZeroizeOnDrop;

    /// Compiles only while the crate wipes it.
    #[test]
    fn a_private_key_is_wiped_when_it_is_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<PrivateKey>();
    }
}
