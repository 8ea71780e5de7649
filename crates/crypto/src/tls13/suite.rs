//! Cipher suites: a way to protect records, and a hash (RFC 8446, appendix B.4).

use crate::primitives::tls13::{AeadKind, HashKind};

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES-128-GCM and SHA-256.
    Aes128GcmSha256,
    /// AES-256-GCM and SHA-384.
    Aes256GcmSha384,
    /// ChaCha20-Poly1305 and SHA-256.
    Chacha20Poly1305Sha256,
}

impl Suite {
    /// All of them, the preferred one first.
    pub const ALL: [Self; 3] =
        [Self::Aes128GcmSha256, Self::Aes256GcmSha384, Self::Chacha20Poly1305Sha256];

    /// Its number on the wire.
    pub fn id(self) -> u16 {
        match self {
            Self::Aes128GcmSha256 => 0x1301,
            Self::Aes256GcmSha384 => 0x1302,
            Self::Chacha20Poly1305Sha256 => 0x1303,
        }
    }

    /// Finds the suite of this number.
    pub fn find(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id() == id)
    }

    /// Length of its hash, and of a secret, in bytes.
    pub fn hash_len(self) -> usize {
        self.hash().len()
    }

    /// Length of a key for its records in bytes.
    pub fn key_len(self) -> usize {
        self.aead().key_len()
    }

    pub(crate) fn hash(self) -> HashKind {
        if self == Self::Aes256GcmSha384 { HashKind::Sha384 } else { HashKind::Sha256 }
    }

    pub(crate) fn aead(self) -> AeadKind {
        match self {
            Self::Aes128GcmSha256 => AeadKind::Aes128Gcm,
            Self::Aes256GcmSha384 => AeadKind::Aes256Gcm,
            Self::Chacha20Poly1305Sha256 => AeadKind::ChaCha20Poly1305,
        }
    }
}
