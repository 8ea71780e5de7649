//! Part 4: signatures. What only one can make, and everyone can check.
//!
//! ```text
//! server: has the identity key, for years       client: has its public half, from a certificate
//! signs  client's X25519 key | server's X25519 key  -->  CertificateVerify  -->  checks it
//! ```
//!
//! The scheme is RSASSA-PSS (RFC 8017, section 8.1) with SHA-256, MGF1 with SHA-256, and a salt of the maximum
//! length: 222 bytes for RSA of 2,048 bits. TLS 1.3 has the same with a salt of 32 bytes (RFC 8446, section 4.2.3).
//! A signature is as long as the modulus: 256 bytes.
//!
//! **Stops:** everyone who has not the identity key, and a signature made for another connection: two new keys are
//! under it.
//!
//! **Still lets through:** whatever is not under the signature. It covers 64 bytes, and neither the certificate nor
//! anything that says what is being signed.

use thiserror::Error;

use crate::primitives::rsa::{RsaPrivateKey, RsaPublicKey, Salt};

/// The shortest modulus that is accepted, in bits.
pub const MIN_BITS: u32 = 2_048;

/// The longest modulus that is accepted, in bits.
pub const MAX_BITS: u32 = 4_096;

/// The server's private key for years. It says who the server is and never encrypts anything; the key of a
/// connection is an [`x25519::PrivateKey`](crate::x25519::PrivateKey).
pub struct IdentityKey(RsaPrivateKey);

/// A reason that a private key is none of ours.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// It cannot be read.
    #[error("the private key is not an RSA key in PKCS #8")]
    NotRsa,
    /// It is of no kind that signs at TLS 1.3.
    #[cfg(feature = "tls13")]
    #[error("the private key is not one of RSA, P-256 or Ed25519 in PKCS #8")]
    Unknown,
    /// It is too short or too long.
    #[error("the private key is RSA of {bits} bits, and {MIN_BITS} to {MAX_BITS} are accepted")]
    WrongSize {
        /// The length of its modulus in bits.
        bits: u32,
    },
}

/// A signature could not be made: the operating system gives no random bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("nothing was signed: the operating system gives no random bytes for the salt")]
pub struct SignError;

impl IdentityKey {
    /// Reads one from PKCS #8 in DER (RFC 5958).
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let key = RsaPrivateKey::from_pkcs8(der, Salt::Longest).ok_or(KeyError::NotRsa)?;
        let bits = key.public_key().bits();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(KeyError::WrongSize { bits });
        }
        Ok(Self(key))
    }

    /// Its public half as it stands in a certificate: SubjectPublicKeyInfo in DER.
    pub fn public_key_info(&self) -> Vec<u8> {
        self.0.public_key().to_public_key_info().unwrap_or_default()
    }

    // ANCHOR: sign
    /// Signs a message.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign_pss(message).ok_or(SignError)
    }
    // ANCHOR_END: sign
}

/// A way to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PSS with SHA-256 and the longest salt: CertificateVerify of part 4.
    PssLongestSalt,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Pss,
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2) with SHA-256: most certificates.
    Pkcs1Sha256,
    /// The same with SHA-384.
    Pkcs1Sha384,
    /// The same with SHA-512.
    Pkcs1Sha512,
}

/// Returns whether `signature` over `message` was made by the owner of `public_key`, which is RSAPublicKey in DER
/// (RFC 8017, appendix A.1.1). A key shorter than 2,048 bits or longer than 4,096 makes none that is accepted.
pub fn verify(scheme: Scheme, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Some(key) = RsaPublicKey::from_pkcs1(public_key) else { return false };
    if !(MIN_BITS..=MAX_BITS).contains(&key.bits()) {
        return false;
    }
    match scheme {
        Scheme::PssLongestSalt => key.verify_pss(Salt::Longest, message, signature),
        Scheme::Pss => key.verify_pss(Salt::Hash, message, signature),
        Scheme::Pkcs1Sha256 => key.verify_pkcs1_v15(256, message, signature),
        Scheme::Pkcs1Sha384 => key.verify_pkcs1_v15(384, message, signature),
        Scheme::Pkcs1Sha512 => key.verify_pkcs1_v15(512, message, signature),
    }
}
