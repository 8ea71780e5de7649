//! Secrets, and how one comes out of another (RFC 8446, section 7.1; RFC 5869).

use zeroize::Zeroizing;

use super::suite::Suite;
use super::transcript::{Hash, Transcript};
use crate::primitives::tls13::MAX_HASH_LEN;
use crate::secret::SharedSecret;

/// The longest label in bytes, "tls13 " not counted.
const MAX_LABEL_LEN: usize = 249;

/// A secret of the key schedule, as long as the suite's hash: 32 or 48 bytes. It cannot be printed, compared or cloned
/// by accident, and is wiped from memory when dropped.
pub struct Secret {
    suite: Suite,
    bytes: Zeroizing<[u8; MAX_HASH_LEN]>,
}

impl Secret {
    /// Takes a secret out of a key log, if it is as long as the hash of `suite`.
    pub fn from_key_log(suite: Suite, bytes: &[u8]) -> Option<Self> {
        let mut secret = Zeroizing::new([0; MAX_HASH_LEN]);
        (bytes.len() == suite.hash_len()).then_some(())?;
        secret.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { suite, bytes: secret })
    }

    /// A secret that a standard prints.
    #[cfg(test)]
    pub(crate) fn known(suite: Suite, digits: &[u8]) -> Self {
        Self::from_key_log(suite, digits).unwrap()
    }

    /// HKDF-Extract of `input`, with zero bytes for a salt if there is none. No input is as many zero bytes as a hash
    /// has.
    pub fn extract(suite: Suite, salt: Option<&Secret>, input: Option<&SharedSecret>) -> Self {
        let zeros = [0; MAX_HASH_LEN];
        let zeros = zeros.get(..suite.hash_len()).unwrap_or_default();
        let mut bytes = Zeroizing::new([0; MAX_HASH_LEN]);
        let salt = salt.map_or(zeros, Secret::bytes);
        suite.hash().extract(salt, input.map_or(zeros, SharedSecret::bytes), &mut bytes);
        Self { suite, bytes }
    }

    // ANCHOR: expand
    /// HKDF-Expand-Label: fills `out` with what belongs to this label and context.
    pub fn expand_label(&self, label: &str, context: &[u8], out: &mut [u8]) {
        let label = label.as_bytes().get(..label.len().min(MAX_LABEL_LEN)).unwrap_or_default();
        let len = u16::try_from(out.len()).unwrap_or(u16::MAX).to_be_bytes();
        let label_len = u8::try_from(b"tls13 ".len() + label.len()).unwrap_or(u8::MAX);
        let context_len = u8::try_from(context.len()).unwrap_or(u8::MAX);
        let info: [&[u8]; 6] = [&len, &[label_len], b"tls13 ", label, &[context_len], context];
        self.suite.hash().expand(self.bytes(), &info, out);
    }

    /// Derive-Secret: the secret that belongs to this label and to all that was said.
    #[must_use]
    pub fn derive(&self, label: &str, hash: &Hash) -> Self {
        let mut bytes = Zeroizing::new([0; MAX_HASH_LEN]);
        if let Some(out) = bytes.get_mut(..self.suite.hash_len()) {
            self.expand_label(label, hash, out);
        }
        Self { suite: self.suite, bytes }
    }
    // ANCHOR_END: expand

    /// Derive-Secret with nothing said: the step from one extraction to the next.
    #[must_use]
    pub fn derived(&self) -> Self {
        self.derive("derived", &Transcript::new(self.suite).hash())
    }

    /// The secret that follows this traffic secret after a KeyUpdate (section 7.2).
    #[must_use]
    pub fn next(&self) -> Self {
        self.derive("traffic upd", &Hash { bytes: [0; MAX_HASH_LEN], len: 0 })
    }

    // ANCHOR: finished
    /// The tag of Finished over all that was said, for the sender whose traffic secret this is (section 4.4.4).
    pub fn finished(&self, hash: &Hash) -> Hash {
        let key = self.finished_key();
        let mut tag = Hash { bytes: [0; MAX_HASH_LEN], len: self.suite.hash_len() };
        self.suite.hash().hmac(key.bytes(), hash, &mut tag.bytes);
        tag
    }

    /// Returns whether a Finished is the one that belongs to all that was said, compared in constant time.
    pub fn verify_finished(&self, hash: &Hash, tag: &[u8]) -> bool {
        self.suite.hash().verify_hmac(self.finished_key().bytes(), hash, tag)
    }

    fn finished_key(&self) -> Self {
        self.derive("finished", &Hash { bytes: [0; MAX_HASH_LEN], len: 0 })
    }
    // ANCHOR_END: finished

    /// The suite it belongs to.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.suite.hash_len()).unwrap_or_default()
    }

    /// Hands its bytes out, for a key log that the user asked for, and for nothing else.
    pub fn for_key_log(&self) -> &[u8] {
        self.bytes()
    }
}
