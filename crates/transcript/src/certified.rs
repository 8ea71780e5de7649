//! What a message tells about its sender by certificates.

use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Fields, X25519_KEY};
use messages::x509::{Certificate, Says};

use crate::Direction;

/// Lists the certificates in a message, the sender's own first, as far as they can be read.
pub fn certificates(message: &[u8]) -> Vec<Certificate<'_>> {
    let fields = Fields::decode(message).ok();
    let all = fields.iter().flat_map(|fields| fields.all(&CERTIFICATE));
    all.map_while(|der| Certificate::decode(der).ok()).collect()
}

/// Lists the names that a certificate is for. Its subject is not among them: no client compares that.
pub fn names<'c>(certificate: &'c Certificate<'_>) -> &'c [String] {
    let names = certificate.extension("subjectAltName").map(|extension| &extension.says);
    if let Some(Says::SubjectAltName(names)) = names { names } else { &[] }
}

/// The names that the sender's own certificate is for, in quotes: whom its receiver takes it for, once it has
/// accepted the message.
pub fn sender(message: &[u8]) -> Option<String> {
    let certificates = certificates(message);
    let names: Vec<_> =
        names(certificates.first()?).iter().map(|name| format!("{name:?}")).collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

/// The public keys of a connection as they pass by, which the server's signature is over.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    client: Option<Vec<u8>>,
    server: Option<Vec<u8>>,
}

impl Keys {
    /// Takes the key out of a message that goes this way, if it brings one.
    pub fn pass(&mut self, direction: Direction, message: &[u8]) {
        let fields = Fields::decode(message).ok();
        let key = fields.iter().flat_map(|fields| fields.all(&X25519_KEY)).last();
        if let Some(key) = key {
            let of_sender = match direction {
                Direction::ToServer => &mut self.client,
                Direction::ToClient => &mut self.server,
            };
            *of_sender = Some(key.to_vec());
        }
    }

    /// Returns what the signature in a message is over, the client's key and the server's, if it has one.
    pub fn signed_in(&self, message: &[u8]) -> Option<[&[u8]; 2]> {
        let fields = Fields::decode(message).ok()?;
        fields.all(&CERTIFICATE_VERIFY).next()?;
        Some([self.client.as_deref()?, self.server.as_deref()?])
    }
}
