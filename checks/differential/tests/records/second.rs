//! The payloads of each stage as `docs/src/reference/wire.md` has them, by another library: AWS-LC.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;

/// A stage: what its sealer and its opener do, the nonce and the number being the caller's.
pub trait Second {
    /// Length of its nonces in bytes.
    const NONCE_LEN: usize;

    /// Says whether a change to any bit is refused.
    const HAS_TAG: bool = true;

    fn seal(&self, seq: u64, nonce: &[u8], plaintext: &[u8]) -> Vec<u8>;

    /// The plaintext, if the payload is genuine and carries `seq`.
    fn open(&self, seq: u64, payload: &[u8]) -> Option<Vec<u8>>;
}

pub struct Ctr {
    pub key: [u8; 32],
}

impl Ctr {
    fn apply(&self, nonce: &[u8], data: &[u8]) -> Vec<u8> {
        let key = UnboundCipherKey::new(&AES_256, &self.key).unwrap();
        let nonce: [u8; 16] = nonce.try_into().unwrap();
        let mut data = data.to_vec();
        EncryptingKey::ctr(key)
            .unwrap()
            .less_safe_encrypt(&mut data, EncryptionContext::Iv128((&nonce).into()))
            .unwrap();
        data
    }
}

impl Second for Ctr {
    const NONCE_LEN: usize = 16;
    const HAS_TAG: bool = false;

    fn seal(&self, _: u64, nonce: &[u8], plaintext: &[u8]) -> Vec<u8> {
        [nonce, &self.apply(nonce, plaintext)].concat()
    }

    fn open(&self, _: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let (nonce, ciphertext) = payload.split_at_checked(16)?;
        Some(self.apply(nonce, ciphertext))
    }
}

pub struct Hmac {
    pub encryption: Ctr,
    pub mac: Vec<u8>,
}

impl Hmac {
    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.mac)
    }
}

impl Second for Hmac {
    const NONCE_LEN: usize = 16;

    fn seal(&self, seq: u64, nonce: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut payload = self.encryption.seal(seq, nonce, plaintext);
        payload.extend_from_slice(hmac::sign(&self.key(), &payload).as_ref());
        payload
    }

    fn open(&self, seq: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let (covered, tag) = payload.split_at_checked(payload.len().checked_sub(32)?)?;
        hmac::verify(&self.key(), covered, tag).ok()?;
        self.encryption.open(seq, covered)
    }
}

pub struct HmacSeq(pub Hmac);

impl Second for HmacSeq {
    const NONCE_LEN: usize = 16;

    fn seal(&self, seq: u64, nonce: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let record = self.0.encryption.seal(seq, nonce, plaintext);
        let mut payload = [&seq.to_be_bytes(), &record[..]].concat();
        payload.extend_from_slice(hmac::sign(&self.0.key(), &payload).as_ref());
        payload
    }

    fn open(&self, seq: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let (covered, tag) = payload.split_at_checked(payload.len().checked_sub(32)?)?;
        hmac::verify(&self.0.key(), covered, tag).ok()?;
        self.0.encryption.open(seq, covered.strip_prefix(&seq.to_be_bytes())?)
    }
}

pub struct Aead {
    pub key: [u8; 32],
}

impl Aead {
    fn key(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key).unwrap())
    }
}

impl Second for Aead {
    const NONCE_LEN: usize = 12;

    fn seal(&self, seq: u64, nonce: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let seq = seq.to_be_bytes();
        let mut sealed = plaintext.to_vec();
        let nonce_bytes = Nonce::try_assume_unique_for_key(nonce).unwrap();
        self.key().seal_in_place_append_tag(nonce_bytes, Aad::from(seq), &mut sealed).unwrap();
        [&seq, nonce, &sealed].concat()
    }

    fn open(&self, seq: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let seq = seq.to_be_bytes();
        let (nonce, sealed) = payload.strip_prefix(&seq)?.split_at_checked(12)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        let mut sealed = sealed.to_vec();
        let plaintext = self.key().open_in_place(nonce, Aad::from(seq), &mut sealed).ok()?;
        Some(plaintext.to_vec())
    }
}
