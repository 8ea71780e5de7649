//! The engines' primitives with nothing around them: the minimum cost of a record.

/// The primitives of a construction under some key, with a nonce that never changes.
pub trait Bare {
    /// The tag that `seal` adds to the ciphertext, or nothing.
    type Tag;

    /// Expands the keys.
    fn new() -> Self;

    /// Encrypts in place.
    fn seal(&self, data: &mut [u8]) -> Self::Tag;

    /// Verifies and decrypts in place.
    fn open(&self, data: &mut [u8], tag: &Self::Tag) -> bool;
}

#[cfg(not(feature = "aws-lc-rs"))]
pub use rust_crypto::{BareCtr, BareCtrHmac, BareGcm};

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::{BareCtr, BareCtrHmac, BareGcm};

const KEY: [u8; 32] = [1; 32];
/// The bytes beside the ciphertext that hmac-seq's tag covers.
const COVERED: [u8; 24] = [2; 24];
/// The bytes beside the ciphertext that GCM's tag covers.
const ASSOCIATED_DATA: [u8; 8] = [3; 8];

#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto {
    use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
    use aes_gcm::AeadInOut;
    use ctr::{CtrCore, flavors::Ctr128BE};
    use hmac::{Hmac, Mac};

    use super::{ASSOCIATED_DATA, Bare, COVERED, KEY};

    pub struct BareCtr(aes::Aes256);

    impl Bare for BareCtr {
        type Tag = ();

        fn new() -> Self {
            Self(aes::Aes256::new(&KEY.into()))
        }

        fn seal(&self, data: &mut [u8]) {
            CtrCore::<_, Ctr128BE>::inner_iv_init(&self.0, &[4; 16].into())
                .apply_keystream_partial(data.into());
        }

        fn open(&self, data: &mut [u8], (): &()) -> bool {
            self.seal(data);
            true
        }
    }

    pub struct BareCtrHmac(BareCtr, Hmac<sha2::Sha256>);

    impl Bare for BareCtrHmac {
        type Tag = [u8; 32];

        fn new() -> Self {
            Self(BareCtr::new(), Hmac::new_from_slice(&KEY).expect("any length"))
        }

        fn seal(&self, data: &mut [u8]) -> Self::Tag {
            self.0.seal(data);
            self.1.clone().chain_update(COVERED).chain_update(data).finalize().into_bytes().into()
        }

        fn open(&self, data: &mut [u8], tag: &Self::Tag) -> bool {
            let mac = self.1.clone().chain_update(COVERED).chain_update(&data);
            mac.verify(tag.into()).is_ok() && self.0.open(data, &())
        }
    }

    pub struct BareGcm(aes_gcm::Aes256Gcm);

    impl Bare for BareGcm {
        type Tag = aes_gcm::Tag;

        fn new() -> Self {
            Self(aes_gcm::Aes256Gcm::new(&KEY.into()))
        }

        fn seal(&self, data: &mut [u8]) -> Self::Tag {
            let sealed =
                self.0.encrypt_inout_detached(&[4; 12].into(), &ASSOCIATED_DATA, data.into());
            sealed.expect("short enough")
        }

        fn open(&self, data: &mut [u8], tag: &Self::Tag) -> bool {
            let nonce = [4; 12].into();
            self.0.decrypt_inout_detached(&nonce, &ASSOCIATED_DATA, data.into(), tag).is_ok()
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
    use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
    use aws_lc_rs::{constant_time, hmac};

    use super::{ASSOCIATED_DATA, Bare, COVERED, KEY};

    pub struct BareCtr(EncryptingKey);

    impl Bare for BareCtr {
        type Tag = ();

        fn new() -> Self {
            let key = UnboundCipherKey::new(&AES_256, &KEY).expect("32 bytes");
            Self(EncryptingKey::ctr(key).expect("a key"))
        }

        fn seal(&self, data: &mut [u8]) {
            let nonce = EncryptionContext::Iv128([4; 16].into());
            self.0.less_safe_encrypt(data, nonce).expect("any length");
        }

        fn open(&self, data: &mut [u8], (): &()) -> bool {
            self.seal(data);
            true
        }
    }

    pub struct BareCtrHmac(BareCtr, hmac::Key);

    impl BareCtrHmac {
        fn tag(&self, data: &[u8]) -> hmac::Tag {
            let mut mac = hmac::Context::with_key(&self.1);
            mac.update(&COVERED);
            mac.update(data);
            mac.sign()
        }
    }

    impl Bare for BareCtrHmac {
        type Tag = hmac::Tag;

        fn new() -> Self {
            Self(BareCtr::new(), hmac::Key::new(hmac::HMAC_SHA256, &KEY))
        }

        fn seal(&self, data: &mut [u8]) -> Self::Tag {
            self.0.seal(data);
            self.tag(data)
        }

        fn open(&self, data: &mut [u8], tag: &Self::Tag) -> bool {
            let computed = self.tag(data);
            constant_time::verify_slices_are_equal(computed.as_ref(), tag.as_ref()).is_ok()
                && self.0.open(data, &())
        }
    }

    pub struct BareGcm(LessSafeKey);

    impl Bare for BareGcm {
        type Tag = Tag;

        fn new() -> Self {
            Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).expect("32 bytes")))
        }

        fn seal(&self, data: &mut [u8]) -> Self::Tag {
            let (nonce, aad) = (Nonce::assume_unique_for_key([4; 12]), Aad::from(ASSOCIATED_DATA));
            self.0.seal_in_place_separate_tag(nonce, aad, data).expect("short enough")
        }

        fn open(&self, data: &mut [u8], tag: &Self::Tag) -> bool {
            let (nonce, aad) = (Nonce::assume_unique_for_key([4; 12]), Aad::from(ASSOCIATED_DATA));
            self.0.open_in_place_separate_tag(nonce, aad, tag.as_ref(), data).is_ok()
        }
    }
}
