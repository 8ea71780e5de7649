//! One side of a handshake, whichever it is.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use crypto::secret::{Fingerprint, SharedSecret};
use crypto::{dh, x25519};
use handshake::{HandshakeError, Wire, cert};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::stream::Script;
use crate::vectors::{SERVER, now, wanted};

/// A side of one of the handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    DhClient,
    DhServer,
    X25519Client,
    X25519Server,
    CertClient,
    CertServer,
}

use Side::{CertClient, CertServer, DhClient, DhServer, X25519Client, X25519Server};

pub const SIDES: [Side; 6] =
    [DhClient, DhServer, X25519Client, X25519Server, CertClient, CertServer];

impl Side {
    /// The side that plays `role` at a stage of part 3 or 4.
    pub fn of(stage: &str, role: &str) -> Self {
        match (stage, role) {
            ("part3-dh", "client") => DhClient,
            ("part3-dh", "server") => DhServer,
            ("part3-x25519" | "part3-hkdf", "client") => X25519Client,
            ("part3-x25519" | "part3-hkdf", "server") => X25519Server,
            ("part4-cert", "client") => CertClient,
            ("part4-cert", "server") => CertServer,
            other => panic!("nobody is called {other:?}"),
        }
    }

    /// The first message that it receives.
    pub fn due(self) -> &'static str {
        if self.is_client() { "ServerHello" } else { "ClientHello" }
    }

    pub fn is_client(self) -> bool {
        matches!(self, DhClient | X25519Client | CertClient)
    }

    /// Runs it to its end, with this private key.
    pub fn run<T: Read + Write + Clone>(
        self,
        wire: &mut Wire<T>,
        private: [u8; 32],
    ) -> Result<SharedSecret, HandshakeError> {
        match self {
            DhClient => handshake::dh::client(wire, dh::PrivateKey::from(private)),
            DhServer => handshake::dh::server(wire, dh::PrivateKey::from(private)),
            X25519Client => handshake::x25519::client(wire, x25519::PrivateKey::from(private)),
            X25519Server => handshake::x25519::server(wire, x25519::PrivateKey::from(private)),
            CertClient => {
                let wanted = wanted("localhost");
                cert::client_at(now(), wire, x25519::PrivateKey::from(private), &wanted)
            }
            CertServer => cert::server(wire, x25519::PrivateKey::from(private), &SERVER),
        }
    }

    /// Runs it against bytes, and returns what it answers them with: if it is a client, without its own message,
    /// which nothing it received can have changed.
    pub fn fed(self, stream: &Script, private: [u8; 32]) -> Fed {
        let (mut wire, told) = watched(stream.clone());
        let outcome = self.run(&mut wire, private);
        let mut sent = stream.written();
        if self.is_client() {
            _ = without_record(&mut sent);
        }
        Fed { outcome, sent, told, wire }
    }
}

/// What came of bytes.
pub struct Fed {
    pub outcome: Result<SharedSecret, HandshakeError>,
    pub sent: Vec<u8>,
    pub told: Arc<Mutex<Vec<String>>>,
    pub wire: Wire<Script>,
}

impl Fed {
    /// The error, after making sure that it was told, once, and that nothing was answered.
    pub fn refusal(self) -> HandshakeError {
        let error = self.outcome.err().expect("a refusal");
        assert_eq!(self.sent, b"", "{error}");
        let told = self.told.lock().unwrap();
        let rejections = told.iter().filter(|told| told.starts_with("Rejected")).count();
        assert_eq!(rejections, usize::from(error.rejection().is_some()), "{told:?}");
        error
    }
}

/// A wire, and what is told of it.
pub fn watched<T: Read + Write + Clone>(stream: T) -> (Wire<T>, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = told.clone();
    let wire = Wire::new(stream);
    (wire.observed_by(Arc::new(move |told| seen.lock().unwrap().push(format!("{told:?}")))), told)
}

/// The fingerprint of a secret, by the words of its description.
pub fn fingerprint(secret: &[u8]) -> Fingerprint {
    let mut hash = Hmac::<Sha256>::new_from_slice(b"rebuilding-tls fingerprint").unwrap();
    hash.update(secret);
    *hash.finalize().into_bytes().first_chunk().unwrap()
}

/// Takes the first record away, and returns its payload.
pub fn without_record(bytes: &mut Vec<u8>) -> Vec<u8> {
    let payload_len = u32::from_be_bytes(*bytes.first_chunk().unwrap());
    bytes.drain(..4 + payload_len as usize).skip(4).collect()
}

/// A message as a record.
pub fn record(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}
