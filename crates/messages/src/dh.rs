//! The messages of stage `part3-dh`.

use crate::fields::{DH_GENERATOR, DH_PRIME, DH_PUBLIC_VALUE, Fields};
use crate::{DecodeError, Message};

/// The client's message: 525 bytes, or a few less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The prime, big-endian: 256 bytes.
    pub prime: Vec<u8>,
    /// The generator, big-endian: 1 byte.
    pub generator: Vec<u8>,
    /// The client's public value, big-endian, without zero bytes in front: 256 bytes, or a few less.
    pub public_value: Vec<u8>,
}

/// The server's message: 260 bytes, or a few less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The server's public value, as the client's.
    pub public_value: Vec<u8>,
}

impl Message for ClientHello {
    fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        DH_PRIME.append(&self.prime, &mut message);
        DH_GENERATOR.append(&self.generator, &mut message);
        DH_PUBLIC_VALUE.append(&self.public_value, &mut message);
        message
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let [prime, generator, public_value] =
            Fields::decode(payload)?.values([&DH_PRIME, &DH_GENERATOR, &DH_PUBLIC_VALUE])?;
        Ok(Self {
            prime: prime.to_vec(),
            generator: generator.to_vec(),
            public_value: public_value.to_vec(),
        })
    }
}

impl Message for ServerHello {
    fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        DH_PUBLIC_VALUE.append(&self.public_value, &mut message);
        message
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let [public_value] = Fields::decode(payload)?.values([&DH_PUBLIC_VALUE])?;
        Ok(Self { public_value: public_value.to_vec() })
    }
}
