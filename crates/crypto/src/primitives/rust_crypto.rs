//! The primitives from the crates of the RustCrypto project. The keys are expanded once, when the
//! value is made, and wiped when it is dropped: the crates' `zeroize` features see to that.

use aes::Aes256;
use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use aes_gcm::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::keys::{AesKey, MacKey};

/// AES-256 in counter mode (NIST SP 800-38A, section 6.5). The 16-byte nonce is the whole first
/// counter block, and all of its 128 bits count.
pub(crate) struct Aes256Ctr(Aes256);

impl Aes256Ctr {
    pub(crate) const NONCE_LEN: usize = 16;

    pub(crate) fn new(key: &AesKey) -> Self {
        Self(Aes256::new(key.bytes().into()))
    }

    /// Xors `data` with the keystream that starts at `nonce`: encrypts a plaintext, decrypts a
    /// ciphertext.
    pub(crate) fn apply_keystream(&self, nonce: &[u8; Self::NONCE_LEN], data: &mut [u8]) {
        CtrCore::<&Aes256, Ctr128BE>::inner_iv_init(&self.0, nonce.into())
            .apply_keystream_partial(data.into());
    }
}

/// HMAC with SHA-256 (RFC 2104; FIPS 180-4), its tag not truncated.
pub(crate) struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    pub(crate) const TAG_LEN: usize = 32;

    pub(crate) fn new(key: &MacKey) -> Self {
        // HMAC takes a key of any length: `new_from_slice` cannot fail, but its type says it could.
        // Hashing the key's two padded blocks here saves that work for every record.
        let keyed = Hmac::new_from_slice(key.bytes());
        Self(keyed.unwrap_or_else(|_| unreachable!("HMAC takes a key of any length")))
    }

    /// The tag over `parts`, one after the other.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; Self::TAG_LEN] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Returns whether `tag` belongs to `parts`, compared in constant time.
    pub(crate) fn verify(&self, parts: &[&[u8]], tag: &[u8; Self::TAG_LEN]) -> bool {
        self.over(parts).verify(tag.into()).is_ok()
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

/// AES-256 in Galois/counter mode (NIST SP 800-38D) with its usual 12-byte nonce and 16-byte tag.
pub(crate) struct Aes256Gcm(aes_gcm::Aes256Gcm);

impl Aes256Gcm {
    pub(crate) const NONCE_LEN: usize = 12;
    pub(crate) const TAG_LEN: usize = 16;

    pub(crate) fn new(key: &AesKey) -> Self {
        Self(aes_gcm::Aes256Gcm::new(key.bytes().into()))
    }

    /// Encrypts `plaintext` into `ciphertext`, which is as long, and returns the tag over the
    /// ciphertext and `associated_data`. `None`: more bytes than GCM allows for one nonce.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; Self::NONCE_LEN],
        associated_data: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Option<[u8; Self::TAG_LEN]> {
        let data = InOutBuf::new(plaintext, ciphertext).ok()?;
        let tag = self.0.encrypt_inout_detached(nonce.into(), associated_data, data);
        tag.ok().map(Into::into)
    }

    /// Compares the tag in constant time, and decrypts `data` in place only if it is right.
    pub(crate) fn open(
        &self,
        nonce: &[u8; Self::NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
        tag: &[u8; Self::TAG_LEN],
    ) -> bool {
        let opened =
            self.0.decrypt_inout_detached(nonce.into(), associated_data, data.into(), tag.into());
        opened.is_ok()
    }
}

/// X25519 (RFC 7748, section 5).
pub(crate) struct X25519;

impl X25519 {
    pub(crate) const KEY_LEN: usize = 32;

    pub(crate) fn public_key(private: &[u8; Self::KEY_LEN]) -> [u8; Self::KEY_LEN] {
        PublicKey::from(&StaticSecret::from(*private)).to_bytes()
    }

    /// The secret of both sides. `None` if it is zero, which only a public key of low order makes it.
    pub(crate) fn agree(
        private: &[u8; Self::KEY_LEN],
        public: &[u8; Self::KEY_LEN],
    ) -> Option<Zeroizing<[u8; Self::KEY_LEN]>> {
        let secret = StaticSecret::from(*private).diffie_hellman(&PublicKey::from(*public));
        secret.was_contributory().then(|| Zeroizing::new(secret.to_bytes()))
    }
}

/// HKDF with SHA-256 (RFC 5869), from the extracted key on.
pub(crate) struct HkdfSha256(Hkdf<Sha256>);

impl HkdfSha256 {
    pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Self {
        Self(Hkdf::new(Some(salt), secret))
    }

    /// Fills `key`, of at most 8,160 bytes, with what belongs to `info`.
    pub(crate) fn expand(&self, info: &[u8], key: &mut [u8]) {
        let expanded = self.0.expand(info, key);
        expanded.unwrap_or_else(|_| unreachable!("no key is as long as 255 hashes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::EagerHash;
    use zeroize::ZeroizeOnDrop;

    /// Compiles only while the crates' `zeroize` features are on.
    #[test]
    fn every_expanded_key_is_wiped_when_it_is_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<Aes256>();
        is_wiped::<aes_gcm::Aes256Gcm>();
        // HMAC has no such marker of its own; all it keeps of the key is two of these.
        is_wiped::<<Sha256 as EagerHash>::Core>();
    }
}
