//! What TLS 1.3 needs beside the rest, by the crates of the RustCrypto project and of Dalek.
//! Private keys and expanded ones are wiped when they are dropped: the crates' `zeroize` features see to that.

use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use ml_kem::kem::{Decapsulate, Encapsulate, KeyExport};
use ml_kem::{DecapsulationKey768, EncapsulationKey768};
use p256::ecdsa::signature::{Signer, Verifier};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

use super::{AeadKind, HashKind, MAX_HASH_LEN, NONCE_LEN, TAG_LEN, copy, is_uncompressed};
use crate::primitives::fill_random;

/// One of the three ways to protect a record (RFC 8446, section B.4).
pub(crate) enum Aead {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl Aead {
    /// Takes a key of the right length.
    pub(crate) fn new(kind: AeadKind, key: &[u8]) -> Option<Self> {
        Some(match kind {
            AeadKind::Aes128Gcm => Self::Aes128Gcm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes256Gcm => Self::Aes256Gcm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::ChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(Box::new(KeyInit::new_from_slice(key).ok()?))
            }
        })
    }

    /// Encrypts `data` in place and returns the tag. `None` if there is more than one nonce is good for.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        let data = data.into();
        let tag = match self {
            Self::Aes128Gcm(it) => it.encrypt_inout_detached(nonce.into(), associated_data, data),
            Self::Aes256Gcm(it) => it.encrypt_inout_detached(nonce.into(), associated_data, data),
            Self::ChaCha20Poly1305(it) => {
                it.encrypt_inout_detached(nonce.into(), associated_data, data)
            }
        };
        tag.ok().map(Into::into)
    }

    /// Compares the tag in constant time, and decrypts `data` in place only if it is right.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let data = data.into();
        let opened = match self {
            Self::Aes128Gcm(it) => {
                it.decrypt_inout_detached(nonce.into(), associated_data, data, tag.into())
            }
            Self::Aes256Gcm(it) => {
                it.decrypt_inout_detached(nonce.into(), associated_data, data, tag.into())
            }
            Self::ChaCha20Poly1305(it) => {
                it.decrypt_inout_detached(nonce.into(), associated_data, data, tag.into())
            }
        };
        opened.is_ok()
    }
}

impl HashKind {
    /// HKDF-Extract (RFC 5869), into as many bytes as a hash has.
    pub(crate) fn extract(self, salt: &[u8], secret: &[u8], out: &mut [u8; MAX_HASH_LEN]) {
        match self {
            Self::Sha256 => {
                copy(Zeroizing::new(Hkdf::<Sha256>::extract(Some(salt), secret).0).as_ref(), out);
            }
            Self::Sha384 => {
                copy(Zeroizing::new(Hkdf::<Sha384>::extract(Some(salt), secret).0).as_ref(), out);
            }
        }
    }

    /// HKDF-Expand (RFC 5869).
    pub(crate) fn expand(self, key: &[u8], info: &[&[u8]], out: &mut [u8]) {
        let expanded =
            match self {
                Self::Sha256 => Hkdf::<Sha256>::from_prk(key)
                    .map(|hkdf| hkdf.expand_multi_info(info, out).is_ok()),
                Self::Sha384 => Hkdf::<Sha384>::from_prk(key)
                    .map(|hkdf| hkdf.expand_multi_info(info, out).is_ok()),
            };
        let expanded = expanded.unwrap_or(false);
        assert!(expanded, "a secret is as long as a hash, and no key is as long as 255 of them");
    }

    /// HMAC (RFC 2104).
    pub(crate) fn hmac(self, key: &[u8], message: &[u8], out: &mut [u8; MAX_HASH_LEN]) {
        match self {
            Self::Sha256 => {
                let keyed = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key);
                let Ok(mut mac) = keyed else { unreachable!("HMAC takes a key of any length") };
                mac.update(message);
                copy(&mac.finalize().into_bytes(), out);
            }
            Self::Sha384 => {
                let keyed = <Hmac<Sha384> as hmac::KeyInit>::new_from_slice(key);
                let Ok(mut mac) = keyed else { unreachable!("HMAC takes a key of any length") };
                mac.update(message);
                copy(&mac.finalize().into_bytes(), out);
            }
        }
    }

    /// Returns whether `tag` is the HMAC of `message`, compared in constant time.
    pub(crate) fn verify_hmac(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha256 => <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(message).verify_slice(tag).is_ok()),
            Self::Sha384 => <Hmac<Sha384> as hmac::KeyInit>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(message).verify_slice(tag).is_ok()),
        }
    }
}

/// A hash that is not over yet.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
}

impl Hasher {
    pub(crate) fn new(kind: HashKind) -> Self {
        match kind {
            HashKind::Sha256 => Self::Sha256(Sha256::new()),
            HashKind::Sha384 => Self::Sha384(Sha384::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
        }
    }

    /// The hash of what it has seen so far.
    pub(crate) fn hash(&self, out: &mut [u8; MAX_HASH_LEN]) {
        match self {
            Self::Sha256(hash) => copy(&hash.clone().finalize(), out),
            Self::Sha384(hash) => copy(&hash.clone().finalize(), out),
        }
    }
}

/// Agreement on P-256 (SEC 1, section 3.3.1).
pub(crate) struct P256(p256::SecretKey);

impl P256 {
    /// Takes a private key of 32 bytes, big-endian. `None` if it is 0 or not below the order of the group.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        p256::SecretKey::from_slice(bytes).ok().map(Self)
    }

    /// The public key: a point, uncompressed, 65 bytes.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.0.public_key().to_sec1_bytes().to_vec()
    }

    /// The secret: the coordinate x, 32 bytes. `None` if the peer's point is none, or not on the curve.
    pub(crate) fn agree(&self, theirs: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let theirs = Some(theirs).filter(|point| is_uncompressed(point, 32))?;
        let theirs = p256::PublicKey::from_sec1_bytes(theirs).ok()?;
        let secret = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), theirs.as_affine());
        Some(Zeroizing::new((*secret.raw_secret_bytes()).into()))
    }
}

/// ML-KEM-768 (FIPS 203): not an agreement but a secret that one side makes for the other.
pub(crate) struct MlKem768(DecapsulationKey768);

impl MlKem768 {
    /// Length of the public key in bytes.
    pub(crate) const PUBLIC_KEY_LEN: usize = 1_184;
    /// Length of the ciphertext in bytes.
    pub(crate) const CIPHERTEXT_LEN: usize = 1_088;

    /// Makes a key pair.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut seed = Zeroizing::new([0; 64]);
        fill_random(seed.as_mut())?;
        Ok(Self(DecapsulationKey768::from_seed((*seed).into())))
    }

    #[cfg(test)]
    pub(crate) fn from_expanded(bytes: &[u8]) -> Self {
        #[expect(deprecated, reason = "known answers are in that form, and AWS-LC has no other")]
        let key = DecapsulationKey768::from_expanded(bytes.try_into().unwrap());
        Self(key.unwrap())
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.0.encapsulation_key().to_bytes().to_vec()
    }

    /// Takes the secret out of a ciphertext. A changed one gives another secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let secret = self.0.decapsulate(ciphertext.try_into().ok()?);
        Some(Zeroizing::new(secret.into()))
    }

    /// Makes a secret for the owner of a public key: the ciphertext, and the secret.
    pub(crate) fn encapsulate(public_key: &[u8]) -> Option<(Vec<u8>, Zeroizing<[u8; 32]>)> {
        let key = EncapsulationKey768::new(public_key.try_into().ok()?).ok()?;
        let (ciphertext, secret) = key.encapsulate();
        Some((ciphertext.to_vec(), Zeroizing::new(secret.into())))
    }
}

/// A private key on P-256 that signs, with SHA-256.
pub(crate) struct EcdsaP256(p256::ecdsa::SigningKey);

impl EcdsaP256 {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        use p256::pkcs8::DecodePrivateKey;
        p256::ecdsa::SigningKey::from_pkcs8_der(der).ok().map(Self)
    }

    pub(crate) fn to_public_key_info(&self) -> Option<Vec<u8>> {
        use p256::pkcs8::EncodePublicKey;
        self.0.verifying_key().to_public_key_der().ok().map(|der| der.as_bytes().to_vec())
    }

    /// In DER (RFC 3279, section 2.2.3).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature: p256::ecdsa::DerSignature = self.0.try_sign(message).ok()?;
        Some(signature.as_bytes().to_vec())
    }
}

/// A private key that signs by Ed25519.
pub(crate) struct Ed25519(ed25519_dalek::SigningKey);

impl Ed25519 {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        use ed25519_dalek::pkcs8::DecodePrivateKey;
        ed25519_dalek::SigningKey::from_pkcs8_der(der).ok().map(Self)
    }

    pub(crate) fn to_public_key_info(&self) -> Option<Vec<u8>> {
        use ed25519_dalek::pkcs8::spki::EncodePublicKey;
        self.0.verifying_key().to_public_key_der().ok().map(|der| der.as_bytes().to_vec())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.try_sign(message).ok()?.to_bytes().to_vec())
    }
}

/// Verifies by ECDSA on P-256 with SHA-256. The key is a point, the signature in DER.
pub(crate) fn verify_ecdsa_p256(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let point = Some(key).filter(|key| is_uncompressed(key, 32));
    let key = point.and_then(|key| p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok());
    let signature = p256::ecdsa::DerSignature::try_from(signature);
    matches!((key, signature), (Some(key), Ok(signature)) if key.verify(message, &signature).is_ok())
}

/// Verifies by ECDSA on P-384 with SHA-384.
pub(crate) fn verify_ecdsa_p384(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let point = Some(key).filter(|key| is_uncompressed(key, 48));
    let key = point.and_then(|key| p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok());
    let signature = p384::ecdsa::DerSignature::try_from(signature);
    matches!((key, signature), (Some(key), Ok(signature)) if key.verify(message, &signature).is_ok())
}

/// Verifies by Ed25519 (RFC 8032).
pub(crate) fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = key.try_into().ok().and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
    let signature = ed25519_dalek::Signature::from_slice(signature);
    matches!((key, signature), (Some(key), Ok(signature)) if key.verify(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::ZeroizeOnDrop;

    /// Compiles only while the crates' `zeroize` features are on.
    #[test]
    fn every_private_key_is_wiped_when_it_is_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<Aes128Gcm>();
        is_wiped::<Aes256Gcm>();
        is_wiped::<ChaCha20Poly1305>();
        is_wiped::<p256::SecretKey>();
        is_wiped::<p256::ecdsa::SigningKey>();
        is_wiped::<ed25519_dalek::SigningKey>();
        is_wiped::<DecapsulationKey768>();
    }
}
