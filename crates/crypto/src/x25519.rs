//! Part 3, stage 2: X25519 (RFC 7748, section 5), the same agreement on a fixed curve.
//!
//! ```text
//! client: draws a, sends A = X25519(a, 9)      server: draws b, sends B = X25519(b, 9)
//! client: X25519(a, B)           =  the secret  =           X25519(b, A) :server
//! ```
//!
//! Private keys, public keys and the secret have 32 bytes each. There are no parameters to send, and so none to
//! get wrong.
//!
//! **Stops:** a group chosen by the other side, and public values that force the secret: the few that do make it
//! zero, and that is refused (section 6.1).
//!
//! **Still lets through:** someone in the middle who makes two such agreements. And a public key has several
//! encodings: the top bit is ignored, and numbers from 2^255 - 19 on are taken.

use zeroize::Zeroizing;

use crate::keys;
use crate::primitives::X25519;
use crate::secret::SharedSecret;

/// Length of a key in bytes, private or public, and of the secret.
pub const KEY_LEN: usize = X25519::KEY_LEN;

/// A public key, as it stands on the wire.
pub type PublicKey = [u8; KEY_LEN];

/// A private key for one connection.
pub struct PrivateKey(pub(crate) Zeroizing<[u8; KEY_LEN]>);

impl PrivateKey {
    /// Draws one from the operating system's generator.
    ///
    /// # Errors
    /// When it has none to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        keys::random().map(Self)
    }

    // ANCHOR: agree
    /// Computes the public key that belongs to it.
    pub fn public_key(&self) -> PublicKey {
        X25519::public_key(&self.0)
    }

    /// Computes the secret that is shared with the owner of `theirs`. `None` if it is zero, whatever the
    /// private key: then `theirs` is one of the points of low order, which nobody has by accident.
    pub fn agree(self, theirs: &PublicKey) -> Option<SharedSecret> {
        X25519::agree(&self.0, theirs).map(|secret| SharedSecret::new(secret.as_ref()))
    }
    // ANCHOR_END: agree
}

impl From<[u8; KEY_LEN]> for PrivateKey {
    fn from(bytes: [u8; KEY_LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}
