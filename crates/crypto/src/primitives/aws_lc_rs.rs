//! The primitives from AWS-LC. The keys are expanded once, when the value is made, and AWS-LC wipes
//! them when it is dropped.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time;
use aws_lc_rs::hkdf::{self, HKDF_SHA256};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::iv::FixedLength;

use zeroize::Zeroizing;

use crate::keys::{AesKey, MacKey};

/// AES-256 in counter mode (NIST SP 800-38A, section 6.5). The 16-byte nonce is the whole first
/// counter block, and all of its 128 bits count.
pub(crate) struct Aes256Ctr(EncryptingKey);

impl Aes256Ctr {
    pub(crate) const NONCE_LEN: usize = 16;

    pub(crate) fn new(key: &AesKey) -> Self {
        let key = UnboundCipherKey::new(&cipher::AES_256, key.bytes());
        let key = key.and_then(EncryptingKey::ctr);
        Self(key.unwrap_or_else(|_| unreachable!("an AES-256 key has 32 bytes")))
    }

    /// Xors `data` with the keystream that starts at `nonce`: encrypts a plaintext, decrypts a
    /// ciphertext.
    pub(crate) fn apply_keystream(&self, nonce: &[u8; Self::NONCE_LEN], data: &mut [u8]) {
        let nonce = EncryptionContext::Iv128(FixedLength::from(nonce));
        let applied = self.0.less_safe_encrypt(data, nonce);
        applied.unwrap_or_else(|_| unreachable!("counter mode takes any length"));
    }
}

/// HMAC with SHA-256 (RFC 2104; FIPS 180-4), its tag not truncated.
pub(crate) struct HmacSha256(hmac::Key);

impl HmacSha256 {
    pub(crate) const TAG_LEN: usize = 32;

    pub(crate) fn new(key: &MacKey) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key.bytes()))
    }

    /// The tag over `parts`, one after the other.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; Self::TAG_LEN] {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in parts {
            mac.update(part);
        }
        let mut tag = [0; Self::TAG_LEN];
        tag.copy_from_slice(mac.sign().as_ref());
        tag
    }

    /// Returns whether `tag` belongs to `parts`, compared in constant time.
    pub(crate) fn verify(&self, parts: &[&[u8]], tag: &[u8; Self::TAG_LEN]) -> bool {
        constant_time::verify_slices_are_equal(&self.tag(parts), tag).is_ok()
    }
}

/// AES-256 in Galois/counter mode (NIST SP 800-38D) with its usual 12-byte nonce and 16-byte tag.
pub(crate) struct Aes256Gcm(LessSafeKey);

impl Aes256Gcm {
    pub(crate) const NONCE_LEN: usize = 12;
    pub(crate) const TAG_LEN: usize = 16;

    pub(crate) fn new(key: &AesKey) -> Self {
        let key = UnboundKey::new(&aead::AES_256_GCM, key.bytes());
        Self(LessSafeKey::new(key.unwrap_or_else(|_| unreachable!("an AES-256 key has 32 bytes"))))
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
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(associated_data);
        let mut tag = [0; Self::TAG_LEN];
        let sealed =
            self.0.seal_out_of_place_scatter(nonce, aad, plaintext, ciphertext, &[], &mut tag);
        sealed.ok().map(|()| tag)
    }

    /// Compares the tag in constant time, and leaves `data` decrypted in place only if it is right.
    /// AWS-LC decrypts while it authenticates, so what a wrong tag leaves behind is wiped here.
    pub(crate) fn open(
        &self,
        nonce: &[u8; Self::NONCE_LEN],
        associated_data: &[u8],
        data: &mut [u8],
        tag: &[u8; Self::TAG_LEN],
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

/// X25519 (RFC 7748, section 5).
pub(crate) struct X25519;

impl X25519 {
    pub(crate) const KEY_LEN: usize = 32;

    pub(crate) fn public_key(private: &[u8; Self::KEY_LEN]) -> [u8; Self::KEY_LEN] {
        let public = private_key(private).compute_public_key();
        let public = public.unwrap_or_else(|_| unreachable!("every private key has a public one"));
        let mut bytes = [0; Self::KEY_LEN];
        bytes.copy_from_slice(public.as_ref());
        bytes
    }

    /// The secret of both sides. `None` if it is zero, which only a public key of low order makes it.
    pub(crate) fn agree(
        private: &[u8; Self::KEY_LEN],
        public: &[u8; Self::KEY_LEN],
    ) -> Option<Zeroizing<[u8; Self::KEY_LEN]>> {
        let public = UnparsedPublicKey::new(&agreement::X25519, public);
        let copied = |secret: &[u8]| secret.try_into().map(Zeroizing::new).map_err(drop);
        agreement::agree(&private_key(private), public, (), copied).ok()
    }
}

fn private_key(bytes: &[u8; X25519::KEY_LEN]) -> PrivateKey {
    let key = PrivateKey::from_private_key(&agreement::X25519, bytes);
    key.unwrap_or_else(|_| unreachable!("any 32 bytes are a private key"))
}

/// HKDF with SHA-256 (RFC 5869), from the extracted key on.
pub(crate) struct HkdfSha256(hkdf::Prk);

impl HkdfSha256 {
    pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Self {
        Self(hkdf::Salt::new(HKDF_SHA256, salt).extract(secret))
    }

    /// Fills `key`, of at most 8,160 bytes, with what belongs to `info`.
    pub(crate) fn expand(&self, info: &[u8], key: &mut [u8]) {
        let info = [info];
        let expanded = self.0.expand(&info, Len(key.len()));
        let filled = expanded.and_then(|expanded| expanded.fill(key));
        filled.unwrap_or_else(|_| unreachable!("no key is as long as 255 hashes"));
    }
}

/// The length of a key in bytes.
pub(super) struct Len(pub(super) usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}
