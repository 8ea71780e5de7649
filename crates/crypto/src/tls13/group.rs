//! Agreements (RFC 8446, section 4.2.8): X25519, P-256, and a hybrid of ML-KEM-768 and X25519
//! (draft-ietf-tls-ecdhe-mlkem), which stays secret as long as either of the two does.

use zeroize::Zeroizing;

use crate::keys;
use crate::primitives::X25519;
use crate::primitives::tls13::{MlKem768, P256};
use crate::secret::SharedSecret;

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// X25519 (RFC 7748): 32 bytes each way.
    X25519,
    /// P-256: 65 bytes each way.
    Secp256r1,
    /// ML-KEM-768, then X25519: 1,216 bytes from the client, 1,120 from the server.
    X25519MlKem768,
}

/// A private key for one handshake, and the public key that goes to the peer.
pub struct KeyShare {
    private: Private,
    /// The public key, as it stands on the wire.
    pub public: Vec<u8>,
}

enum Private {
    X25519(Zeroizing<[u8; 32]>),
    P256(P256),
    Hybrid(Box<MlKem768>, Zeroizing<[u8; 32]>),
}

impl Group {
    /// All of them, the preferred one first.
    pub const ALL: [Self; 3] = [Self::X25519MlKem768, Self::X25519, Self::Secp256r1];

    /// Its number on the wire.
    pub fn id(self) -> u16 {
        match self {
            Self::X25519 => 0x001d,
            Self::Secp256r1 => 0x0017,
            Self::X25519MlKem768 => 0x11ec,
        }
    }

    /// Finds the group of this number.
    pub fn find(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.id() == id)
    }

    /// The server's side: agrees with a client's public key at once. Returns the public key for the client, and the
    /// secret. `None` if the client's is no key of this group, or makes the secret zero.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn respond(
        self,
        theirs: &[u8],
    ) -> Result<Option<(Vec<u8>, SharedSecret)>, getrandom::Error> {
        if self != Self::X25519MlKem768 {
            let ours = KeyShare::random(self)?;
            let public = ours.public.clone();
            return Ok(ours.agree(theirs).map(|secret| (public, secret)));
        }
        let Some((kem, x25519)) = theirs.split_at_checked(MlKem768::PUBLIC_KEY_LEN) else {
            return Ok(None);
        };
        let ours = keys::random()?;
        let x25519 = <&[u8; 32]>::try_from(x25519).ok().and_then(|it| X25519::agree(&ours, it));
        let (Some((ciphertext, first)), Some(second)) = (MlKem768::encapsulate(kem), x25519) else {
            return Ok(None);
        };
        let public = [&ciphertext, &X25519::public_key(&ours)[..]].concat();
        Ok(Some((public, both(&first, &second))))
    }
}

impl KeyShare {
    /// Draws a private key from the operating system's generator.
    ///
    /// # Errors
    /// When it has none to give.
    pub fn random(group: Group) -> Result<Self, getrandom::Error> {
        loop {
            let random = keys::random()?;
            let private = match group {
                Group::X25519 => Some(Private::X25519(random)),
                // One value in 2^32 is no private key.
                Group::Secp256r1 => P256::from_bytes(&random).map(Private::P256),
                Group::X25519MlKem768 => {
                    Some(Private::Hybrid(Box::new(MlKem768::random()?), random))
                }
            };
            if let Some(private) = private {
                let public = private.public();
                return Ok(Self { private, public });
            }
        }
    }

    /// An X25519 key that is given, for tests against known handshakes.
    pub fn x25519(private: [u8; 32]) -> Self {
        let private = Private::X25519(Zeroizing::new(private));
        let public = private.public();
        Self { private, public }
    }

    // ANCHOR: agree
    /// Computes the secret. `None` if the peer's is no key of this group, or makes the secret zero.
    pub fn agree(&self, theirs: &[u8]) -> Option<SharedSecret> {
        match &self.private {
            Private::X25519(ours) => {
                let secret = X25519::agree(ours, theirs.try_into().ok()?)?;
                Some(SharedSecret::new(&*secret))
            }
            Private::P256(ours) => Some(SharedSecret::new(&*ours.agree(theirs)?)),
            Private::Hybrid(kem, ours) => {
                let (ciphertext, x25519) = theirs.split_at_checked(MlKem768::CIPHERTEXT_LEN)?;
                let second = X25519::agree(ours, x25519.try_into().ok()?)?;
                Some(both(&*kem.decapsulate(ciphertext)?, &second))
            }
        }
    }
    // ANCHOR_END: agree
}

impl Private {
    fn public(&self) -> Vec<u8> {
        match self {
            Self::X25519(ours) => X25519::public_key(ours).to_vec(),
            Self::P256(ours) => ours.public_key(),
            Self::Hybrid(kem, ours) => [&kem.public_key(), &X25519::public_key(ours)[..]].concat(),
        }
    }
}

/// One secret behind the other: 64 bytes.
fn both(first: &[u8; 32], second: &[u8; 32]) -> SharedSecret {
    let mut both = Zeroizing::new([0; 64]);
    let (front, back) = both.split_at_mut(32);
    front.copy_from_slice(first);
    back.copy_from_slice(second);
    SharedSecret::new(&*both)
}
