//! The messages of stages `part3-x25519` and `part3-hkdf`.

use crate::fields::{Fields, X25519_KEY};
use crate::{DecodeError, Message};

/// Length of a public key in bytes.
pub const KEY_LEN: usize = 32;

/// Both the client's and the server's first message: 36 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The sender's public key for this connection.
    pub public_key: [u8; KEY_LEN],
}

impl Message for Hello {
    fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        X25519_KEY.append(&self.public_key, &mut message);
        message
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let [key] = Fields::decode(payload)?.values([&X25519_KEY])?;
        let (field, len) = (X25519_KEY.name, key.len());
        let wrong_length = DecodeError::WrongLength { field, len, expected: KEY_LEN };
        Ok(Self { public_key: key.try_into().map_err(|_| wrong_length)? })
    }
}
