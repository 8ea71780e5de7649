//! The message of stage `part4-cert` in which the server says who it is. Its Hellos are those of
//! [`x25519`](crate::x25519).

use crate::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Fields};
use crate::{DecodeError, Message};

/// The most certificates in it.
pub const MAX_CERTIFICATES: usize = 8;

/// The server's second message: its certificates, and a signature over the keys of both Hellos. 2,200 bytes or so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAuth {
    /// The server's own certificate, the leaf, and those of the intermediates behind it, in DER; without the root,
    /// which the client has. From 1 to 8.
    pub certificates: Vec<Vec<u8>>,
    /// The signature of the leaf's key over the client's and the server's X25519 key: 256 bytes, if that is RSA
    /// of 2,048 bits.
    pub signature: Vec<u8>,
}

impl Message for ServerAuth {
    const MAX_LEN: usize = 16_384;

    fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        for certificate in &self.certificates {
            CERTIFICATE.append(certificate, &mut message);
        }
        CERTIFICATE_VERIFY.append(&self.signature, &mut message);
        message
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let fields = Fields::decode(payload)?;
        let certificates: Vec<_> = fields.all(&CERTIFICATE).map(<[u8]>::to_vec).collect();
        if certificates.is_empty() {
            return Err(DecodeError::Missing { field: CERTIFICATE.name });
        }
        if certificates.len() > MAX_CERTIFICATES {
            let field = CERTIFICATE.name;
            return Err(DecodeError::TooMany { field, most: MAX_CERTIFICATES });
        }
        let [signature] = fields.values([&CERTIFICATE_VERIFY])?;
        fields.in_order(&CERTIFICATE, &CERTIFICATE_VERIFY)?;
        Ok(Self { certificates, signature: signature.to_vec() })
    }
}
