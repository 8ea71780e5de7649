//! The transcript hash (RFC 8446, section 4.4.1): one hash of every message of the handshake, in order.

use std::ops::Deref;

use super::suite::Suite;
use crate::primitives::tls13::{Hasher, MAX_HASH_LEN};

/// A hash: 32 or 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    pub(crate) bytes: [u8; MAX_HASH_LEN],
    pub(crate) len: usize,
}

impl Deref for Hash {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// All messages so far.
#[derive(Clone)]
pub struct Transcript {
    suite: Suite,
    hasher: Hasher,
}

impl Transcript {
    // ANCHOR: transcript
    /// Nothing was said yet.
    pub fn new(suite: Suite) -> Self {
        Self { suite, hasher: Hasher::new(suite.hash()) }
    }

    /// Adds a message, with its type and length.
    pub fn add(&mut self, message: &[u8]) {
        self.hasher.update(message);
    }

    /// The hash so far.
    pub fn hash(&self) -> Hash {
        let mut hash = Hash { bytes: [0; MAX_HASH_LEN], len: self.suite.hash_len() };
        self.hasher.hash(&mut hash.bytes);
        hash
    }

    /// Replaces the first ClientHello by its hash, in the form of a message, as soon as a HelloRetryRequest answers
    /// it: a server can then forget it.
    pub fn retry(&mut self) {
        let hash = self.hash();
        let len = u8::try_from(hash.len()).unwrap_or_default();
        *self = Self::new(self.suite);
        self.add(&[254, 0, 0, len]);
        self.add(&hash);
    }
    // ANCHOR_END: transcript
}
