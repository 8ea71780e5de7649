//! Part 3, stage 1: classic Diffie-Hellman in the 2,048-bit group of RFC 3526, section 3 (group 14).
//!
//! ```text
//! client: draws a, sends A = 2^a mod p         server: draws b, sends B = 2^b mod p
//! client: B^a mod p         =     2^(ab) mod p     =         A^b mod p :server
//! ```
//!
//! Two numbers cross in the clear, and both sides hold a third that never crossed. To find it from A and B, one
//! would have to find a or b: no way is known to do that in a group as large as this one.
//!
//! **Stops:** the key in the source. Each connection has a secret of its own, forgotten when it ends.
//!
//! **Still lets through:** someone in the middle who makes two such agreements, one with each side. And public
//! values that no honest side sends (0, 1, p - 1) make a secret that anyone can guess, so they are refused
//! here. The articles' programs take them.

use zeroize::Zeroizing;

use crate::keys;
use crate::primitives::group14;
use crate::secret::SharedSecret;

/// Longest public value, and the length of the prime, in bytes.
pub const MAX_LEN: usize = group14::LEN;

/// The generator, as it stands on the wire.
pub const GENERATOR: &[u8] = &[2];

/// Returns the prime as it stands on the wire: 256 bytes, big-endian.
pub fn prime() -> [u8; MAX_LEN] {
    group14::prime()
}

/// A secret exponent: 32 bytes, for one connection.
pub struct PrivateKey(pub(crate) Zeroizing<[u8; PrivateKey::LEN]>);

impl PrivateKey {
    /// Length in bytes.
    pub const LEN: usize = group14::EXPONENT_LEN;

    /// Draws one from the operating system's generator.
    ///
    /// # Errors
    /// When it has none to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        keys::random().map(Self)
    }

    // ANCHOR: agree
    /// Computes the public value that belongs to it.
    pub fn public_value(&self) -> PublicValue {
        PublicValue(group14::power_of_two(&self.0))
    }

    /// Raises the peer's public value to this exponent: the secret, as long as the number is, without zero bytes
    /// in front. The length of a secret should not depend on its value (TLS 1.3 pads, RFC 8446, section 7.4.1);
    /// here the articles' programs decide.
    pub fn agree(self, theirs: &PublicValue) -> SharedSecret {
        SharedSecret::new(minimal(group14::power_of(&theirs.0, &self.0).as_ref()))
    }
    // ANCHOR_END: agree
}

impl From<[u8; PrivateKey::LEN]> for PrivateKey {
    fn from(bytes: [u8; PrivateKey::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// A public value that an honest side can have sent: from 2 to p - 2, and a power of 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicValue([u8; MAX_LEN]);

impl PublicValue {
    // ANCHOR: from_wire
    /// Takes a value as it stands on the wire. `None` if it has a zero byte in front, is not from 2 to p - 2, or is
    /// outside the subgroup of prime order that 2 generates (SP 800-56A, section 5.6.2.3.1).
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let mut value = [0; MAX_LEN];
        let zeros = MAX_LEN.checked_sub(bytes.len())?;
        value.get_mut(zeros..)?.copy_from_slice(bytes);
        let is_minimal = bytes.first().is_some_and(|first| *first != 0);
        (is_minimal && group14::is_public_value(&value)).then_some(Self(value))
    }
    // ANCHOR_END: from_wire

    /// Returns it as it stands on the wire: big-endian, without zero bytes in front. One in 256 has 255 bytes.
    pub fn to_wire(&self) -> &[u8] {
        minimal(&self.0)
    }
}

/// Leaves out the zero bytes in front.
fn minimal(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
