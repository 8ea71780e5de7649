//! What TLS 1.3 needs beside the rest, by AWS-LC, which wipes private keys and expanded ones when they are dropped.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use zeroize::Zeroizing;

use super::{AeadKind, HashKind, MAX_HASH_LEN, NONCE_LEN, TAG_LEN, copy, is_uncompressed};
use crate::primitives::aws_lc_rs::Len;

/// One of the three ways to protect a record (RFC 8446, section B.4).
pub(crate) struct Aead(LessSafeKey);

impl Aead {
    /// Takes a key of the right length.
    pub(crate) fn new(kind: AeadKind, key: &[u8]) -> Option<Self> {
        let algorithm = match kind {
            AeadKind::Aes128Gcm => &aead::AES_128_GCM,
            AeadKind::Aes256Gcm => &aead::AES_256_GCM,
            AeadKind::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        };
        UnboundKey::new(algorithm, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Encrypts `data` in place and returns the tag. `None` if there is more than one nonce is good for.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(associated_data), data);
        tag.ok()?.as_ref().try_into().ok()
    }

    /// Compares the tag in constant time, and leaves `data` decrypted in place only if it is right.
    /// AWS-LC decrypts while it authenticates, so what a wrong tag leaves behind is wiped here.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(associated_data);
        let opened = self.0.open_in_place_separate_tag(nonce, aad, tag, data).is_ok();
        if !opened {
            data.fill(0);
        }
        opened
    }
}

impl HashKind {
    /// HKDF-Extract (RFC 5869), into as many bytes as a hash has. It is HMAC under the salt.
    pub(crate) fn extract(self, salt: &[u8], secret: &[u8], out: &mut [u8; MAX_HASH_LEN]) {
        self.hmac(salt, secret, out);
    }

    /// HKDF-Expand (RFC 5869).
    pub(crate) fn expand(self, key: &[u8], info: &[&[u8]], out: &mut [u8]) {
        let hash = match self {
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha384 => hkdf::HKDF_SHA384,
        };
        let key = hkdf::Prk::new_less_safe(hash, key);
        let expanded = key.expand(info, Len(out.len()));
        let filled = expanded.is_ok_and(|expanded| expanded.fill(out).is_ok());
        assert!(filled, "no key is as long as 255 hashes");
    }

    /// HMAC (RFC 2104).
    pub(crate) fn hmac(self, key: &[u8], message: &[u8], out: &mut [u8; MAX_HASH_LEN]) {
        copy(hmac::sign(&self.key(key), message).as_ref(), out);
    }

    /// Returns whether `tag` is the HMAC of `message`, compared in constant time.
    pub(crate) fn verify_hmac(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        let expected = hmac::sign(&self.key(key), message);
        constant_time::verify_slices_are_equal(expected.as_ref(), tag).is_ok()
    }

    fn key(self, key: &[u8]) -> hmac::Key {
        let hash = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        };
        hmac::Key::new(hash, key)
    }
}

/// A hash that is not over yet.
#[derive(Clone)]
pub(crate) struct Hasher(digest::Context);

impl Hasher {
    pub(crate) fn new(kind: HashKind) -> Self {
        Self(digest::Context::new(match kind {
            HashKind::Sha256 => &digest::SHA256,
            HashKind::Sha384 => &digest::SHA384,
        }))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of what it has seen so far.
    pub(crate) fn hash(&self, out: &mut [u8; MAX_HASH_LEN]) {
        copy(self.0.clone().finish().as_ref(), out);
    }
}

/// Agreement on P-256 (SEC 1, section 3.3.1).
pub(crate) struct P256(PrivateKey);

impl P256 {
    /// Takes a private key of 32 bytes, big-endian. `None` if it is 0 or not below the order of the group.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        PrivateKey::from_private_key(&ECDH_P256, bytes).ok().map(Self)
    }

    /// The public key: a point, uncompressed, 65 bytes.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let public = self.0.compute_public_key();
        let public = public.unwrap_or_else(|_| unreachable!("every private key has a public one"));
        public.as_ref().to_vec()
    }

    /// The secret: the coordinate x, 32 bytes. `None` if the peer's point is none, or not on the curve.
    pub(crate) fn agree(&self, theirs: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let theirs = Some(theirs).filter(|point| is_uncompressed(point, 32))?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
        let copied = |secret: &[u8]| secret.try_into().map(Zeroizing::new).map_err(drop);
        agreement::agree(&self.0, theirs, (), copied).ok()
    }
}

/// ML-KEM-768 (FIPS 203): not an agreement but a secret that one side makes for the other.
pub(crate) struct MlKem768(DecapsulationKey);

impl MlKem768 {
    /// Length of the public key in bytes.
    pub(crate) const PUBLIC_KEY_LEN: usize = 1_184;
    /// Length of the ciphertext in bytes.
    pub(crate) const CIPHERTEXT_LEN: usize = 1_088;

    /// Makes a key pair, of AWS-LC's own random bytes.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let key = DecapsulationKey::generate(&ML_KEM_768);
        key.map(Self).map_err(|_| getrandom::Error::UNEXPECTED)
    }

    #[cfg(test)]
    pub(crate) fn from_expanded(bytes: &[u8]) -> Self {
        Self(DecapsulationKey::new(&ML_KEM_768, bytes).unwrap())
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        let key = self.0.encapsulation_key();
        let bytes = key.and_then(|key| Ok(key.key_bytes()?.as_ref().to_vec()));
        bytes.unwrap_or_else(|_| unreachable!("every private key has a public one"))
    }

    /// Takes the secret out of a ciphertext. A changed one gives another secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let secret = self.0.decapsulate(Ciphertext::from(ciphertext)).ok()?;
        secret.as_ref().try_into().map(Zeroizing::new).ok()
    }

    /// Makes a secret for the owner of a public key: the ciphertext, and the secret.
    pub(crate) fn encapsulate(public_key: &[u8]) -> Option<(Vec<u8>, Zeroizing<[u8; 32]>)> {
        let key = EncapsulationKey::new(&ML_KEM_768, public_key).ok()?;
        let (ciphertext, secret) = key.encapsulate().ok()?;
        let secret = secret.as_ref().try_into().map(Zeroizing::new).ok()?;
        Some((ciphertext.as_ref().to_vec(), secret))
    }
}

/// A private key on P-256 that signs, with SHA-256.
pub(crate) struct EcdsaP256(EcdsaKeyPair);

impl EcdsaP256 {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).ok().map(Self)
    }

    pub(crate) fn to_public_key_info(&self) -> Option<Vec<u8>> {
        let info: PublicKeyX509Der<'_> = self.0.public_key().as_der().ok()?;
        Some(info.as_ref().to_vec())
    }

    /// In DER (RFC 3279, section 2.2.3). `None` without random bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        signature.ok().map(|signature| signature.as_ref().to_vec())
    }
}

/// A private key that signs by Ed25519.
pub(crate) struct Ed25519(Ed25519KeyPair);

impl Ed25519 {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8(der).ok().map(Self)
    }

    pub(crate) fn to_public_key_info(&self) -> Option<Vec<u8>> {
        let info: PublicKeyX509Der<'_> = self.0.public_key().as_der().ok()?;
        Some(info.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.0.try_sign(message).ok().map(|signature| signature.as_ref().to_vec())
    }
}

/// Verifies by ECDSA on P-256 with SHA-256. The key is a point, the signature in DER.
pub(crate) fn verify_ecdsa_p256(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    is_uncompressed(key, 32) && verify(&ECDSA_P256_SHA256_ASN1, key, message, signature)
}

/// Verifies by ECDSA on P-384 with SHA-384.
pub(crate) fn verify_ecdsa_p384(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    is_uncompressed(key, 48) && verify(&ECDSA_P384_SHA384_ASN1, key, message, signature)
}

/// Verifies by Ed25519 (RFC 8032).
pub(crate) fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    key.len() == 32 && verify(&signature::ED25519, key, message, signature)
}

/// AWS-LC takes a whole `SubjectPublicKeyInfo` for a key too, so the form of `key` is checked before.
fn verify(
    algorithm: &'static dyn signature::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    signature::UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}
