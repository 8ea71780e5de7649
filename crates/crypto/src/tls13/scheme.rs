//! Signatures (RFC 8446, section 4.2.3).

use crate::primitives::rsa::{RsaPrivateKey, RsaPublicKey, Salt};
use crate::primitives::tls13::{
    EcdsaP256, Ed25519, verify_ecdsa_p256, verify_ecdsa_p384, verify_ed25519,
};
use crate::signature::{KeyError, MAX_BITS, MIN_BITS, SignError};

/// A scheme: the kind of key, the padding, the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `ecdsa_secp256r1_sha256`.
    EcdsaP256Sha256,
    /// `ed25519`.
    Ed25519,
    /// `rsa_pss_rsae_sha256`.
    RsaPssSha256,
    /// `rsa_pss_rsae_sha384`, verified only.
    RsaPssSha384,
    /// `rsa_pss_rsae_sha512`, verified only.
    RsaPssSha512,
    /// `ecdsa_secp384r1_sha384`, verified only.
    EcdsaP384Sha384,
}

impl Scheme {
    /// Those that are verified, the preferred one first.
    pub const ALL: [Self; 6] = [
        Self::EcdsaP256Sha256,
        Self::Ed25519,
        Self::RsaPssSha256,
        Self::EcdsaP384Sha384,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
    ];

    /// Its number on the wire.
    pub fn id(self) -> u16 {
        match self {
            Self::EcdsaP256Sha256 => 0x0403,
            Self::EcdsaP384Sha384 => 0x0503,
            Self::RsaPssSha256 => 0x0804,
            Self::RsaPssSha384 => 0x0805,
            Self::RsaPssSha512 => 0x0806,
            Self::Ed25519 => 0x0807,
        }
    }

    /// Finds the scheme of this number.
    pub fn find(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.id() == id)
    }

    /// Returns whether `signature` over `message` was made by the owner of `key`: at RSA `RSAPublicKey` in DER, at
    /// ECDSA a point, at Ed25519 32 bytes, as the bit string in a certificate has it.
    pub fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::EcdsaP256Sha256 => verify_ecdsa_p256(key, message, signature),
            Self::EcdsaP384Sha384 => verify_ecdsa_p384(key, message, signature),
            Self::Ed25519 => verify_ed25519(key, message, signature),
            Self::RsaPssSha256 => verify_rsa(key, 256, message, signature),
            Self::RsaPssSha384 => verify_rsa(key, 384, message, signature),
            Self::RsaPssSha512 => verify_rsa(key, 512, message, signature),
        }
    }
}

fn verify_rsa(key: &[u8], hash: u16, message: &[u8], signature: &[u8]) -> bool {
    let key = RsaPublicKey::from_pkcs1(key);
    let key = key.filter(|key| (MIN_BITS..=MAX_BITS).contains(&key.bits()));
    key.is_some_and(|key| key.verify_pss_rsae(hash, message, signature))
}

/// A private key that says who its owner is. It never agrees on anything.
pub struct SigningKey(Kind);

enum Kind {
    Rsa(Box<RsaPrivateKey>),
    EcdsaP256(EcdsaP256),
    Ed25519(Ed25519),
}

impl SigningKey {
    /// Reads one from PKCS #8 in DER (RFC 5958): RSA, P-256 or Ed25519.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Some(key) = EcdsaP256::from_pkcs8(der) {
            return Ok(Self(Kind::EcdsaP256(key)));
        }
        if let Some(key) = Ed25519::from_pkcs8(der) {
            return Ok(Self(Kind::Ed25519(key)));
        }
        let key = RsaPrivateKey::from_pkcs8(der, Salt::Hash).ok_or(KeyError::Unknown)?;
        let bits = key.public_key().bits();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(KeyError::WrongSize { bits });
        }
        Ok(Self(Kind::Rsa(Box::new(key))))
    }

    /// The scheme that it signs by.
    pub fn scheme(&self) -> Scheme {
        match self.0 {
            Kind::Rsa(_) => Scheme::RsaPssSha256,
            Kind::EcdsaP256(_) => Scheme::EcdsaP256Sha256,
            Kind::Ed25519(_) => Scheme::Ed25519,
        }
    }

    /// Its public half as it stands in a certificate: SubjectPublicKeyInfo in DER.
    pub fn public_key_info(&self) -> Vec<u8> {
        let info = match &self.0 {
            Kind::Rsa(key) => key.public_key().to_public_key_info(),
            Kind::EcdsaP256(key) => key.to_public_key_info(),
            Kind::Ed25519(key) => key.to_public_key_info(),
        };
        info.unwrap_or_default()
    }

    /// Signs a message.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.0 {
            Kind::Rsa(key) => key.sign_pss(message).ok_or(SignError),
            Kind::EcdsaP256(key) => key.sign(message).ok_or(SignError),
            Kind::Ed25519(key) => key.sign(message).ok_or(SignError),
        }
    }
}
