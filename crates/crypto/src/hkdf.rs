//! Part 3, stage 3: from a secret to keys, by HKDF-SHA256 (RFC 5869).
//!
//! ```text
//!                    +-- "part3 client write key" --> key for what the client sends
//! secret --> HKDF ---+
//!                    +-- "part3 server write key" --> key for what the server sends
//! ```
//!
//! A shared secret is not a key: its bits are not evenly distributed, and one secret has to make several keys.
//! HKDF *extracts* an even key from the secret, and *expands* it into as many as there are labels. Neither
//! key tells anything about the other.
//!
//! **Stops:** reflection, for a record opens under the key of its direction only; and replay in a new connection,
//! which has other keys.
//!
//! **Still lets through:** whoever the secret was agreed with. The salt is empty and the labels are fixed: nothing
//! of what the two sides said goes into the keys, so an altered handshake that leaves the secret as it is
//! is not noticed.

use crate::aead;
use crate::keys::AesKey;
use crate::primitives::HkdfSha256;
use crate::secret::SharedSecret;

/// The labels of the two keys, one for each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Of the key that the client seals with.
    pub client_write: &'static str,
    /// Of the key that the server seals with.
    pub server_write: &'static str,
}

/// The labels of stage `part3-hkdf`.
pub const PART3: Labels =
    Labels { client_write: "part3 client write key", server_write: "part3 server write key" };

/// The labels of stage `part4-cert`. With other labels than at part 3 the same secret makes other keys.
pub const PART4: Labels =
    Labels { client_write: "part4 client write key", server_write: "part4 server write key" };

/// The keys of a connection, one for each direction.
pub struct WriteKeys {
    /// Seals what the client sends.
    pub client: aead::Keys,
    /// Seals what the server sends.
    pub server: aead::Keys,
}

impl WriteKeys {
    // ANCHOR: derive
    /// Derives both from the secret of this connection, without a salt.
    pub fn derive(secret: &SharedSecret, labels: &Labels) -> Self {
        let hkdf = HkdfSha256::extract(b"", secret.bytes());
        let key = |label: &str| {
            let mut key = AesKey::from([0; AesKey::LEN]);
            hkdf.expand(label.as_bytes(), key.bytes_mut());
            aead::Keys::new(key)
        };
        Self { client: key(labels.client_write), server: key(labels.server_write) }
    }
    // ANCHOR_END: derive
}
