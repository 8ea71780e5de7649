//! Handshakes with a key of the attacker's own. Nothing in a Hello says whose key it is.

use std::io::{self, ErrorKind};

use crypto::hkdf::{Labels, PART3, PART4};
use crypto::secret::SharedSecret;
use crypto::signature::IdentityKey;
use crypto::{dh, x25519};
use framing::Direction;
use messages::cert::ServerAuth;
use messages::dh::{ClientHello, ServerHello};
use messages::x25519::Hello;
use messages::{DecodeError, Message as _};
use stages::{PART3_DH, Stage};

use crate::{Message, Session};

/// A private key for one handshake, made by the attacker.
pub enum OwnKey {
    /// For classic Diffie-Hellman.
    Dh(dh::PrivateKey),
    /// For X25519.
    X25519(x25519::PrivateKey),
}

impl OwnKey {
    /// Makes one for a handshake of `stage`.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random(stage: &Stage) -> io::Result<Self> {
        if stage == &PART3_DH {
            dh::PrivateKey::random().map(Self::Dh).map_err(io::Error::other)
        } else {
            x25519::PrivateKey::random().map(Self::X25519).map_err(io::Error::other)
        }
    }

    /// Returns the message of someone who sends in this direction, with the public value of this key.
    pub fn hello(&self, direction: Direction) -> Vec<u8> {
        match (self, direction) {
            (Self::Dh(key), Direction::ToServer) => ClientHello {
                prime: dh::prime().to_vec(),
                generator: dh::GENERATOR.to_vec(),
                public_value: key.public_value().to_wire().to_vec(),
            }
            .encode(),
            (Self::Dh(key), Direction::ToClient) => {
                ServerHello { public_value: key.public_value().to_wire().to_vec() }.encode()
            }
            (Self::X25519(key), _) => Hello { public_key: key.public_key() }.encode(),
        }
    }

    /// Computes the secret that is shared with the sender of `hello`.
    ///
    /// # Errors
    /// When that is no message of an honest side.
    pub fn agree(self, hello: &Message) -> io::Result<SharedSecret> {
        match self {
            Self::Dh(key) => {
                let theirs = match hello.direction() {
                    Direction::ToServer => decode::<ClientHello>(hello)?.public_value,
                    Direction::ToClient => decode::<ServerHello>(hello)?.public_value,
                };
                let theirs = dh::PublicValue::from_wire(&theirs);
                theirs.map(|theirs| key.agree(&theirs))
            }
            Self::X25519(key) => key.agree(&decode::<Hello>(hello)?.public_key),
        }
        .ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Goes through the handshake with a server, as any client may. There is none to go through where client and
    /// server have their keys beforehand.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn meet(server: &mut Session) -> io::Result<()> {
        let stage = server.server_stage();
        if !stage.handshake.is_empty() {
            let key = Self::random(stage)?;
            server.requests.make(&key.hello(Direction::ToServer), None, None)?;
            key.agree(&server.answers.take()?)?;
            // Whatever else the server says of itself is nothing that its client must answer.
            for _ in 1..stage.messages(Direction::ToClient) {
                server.answers.take()?;
            }
        }
        Ok(())
    }
}

/// Returns the labels by which a stage makes keys of a secret.
pub fn labels(stage: &Stage) -> &'static Labels {
    if stage.has_certificates() { &PART4 } else { &PART3 }
}

/// Returns what a server signs: the X25519 key of the client, and its own.
///
/// # Errors
/// When these are no Hellos.
pub fn signed(client: &[u8], server: &[u8]) -> io::Result<Vec<u8>> {
    let key = |hello| Hello::decode(hello).map(|hello| hello.public_key);
    let invalid = |error: DecodeError| io::Error::new(ErrorKind::InvalidData, error);
    Ok([key(client).map_err(invalid)?, key(server).map_err(invalid)?].concat())
}

/// Returns the message in which someone says who it is, and proves it for the two keys that are `signed`.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn auth(certificates: &[Vec<u8>], key: &IdentityKey, signed: &[u8]) -> io::Result<ServerAuth> {
    let signature = key.sign(signed).map_err(io::Error::other)?;
    Ok(ServerAuth { certificates: certificates.to_vec(), signature })
}

/// Reads what a message says.
///
/// # Errors
/// When it is no such message.
pub fn decode<M: messages::Message>(message: &Message) -> io::Result<M> {
    let invalid = |error: DecodeError| io::Error::new(ErrorKind::InvalidData, error);
    M::decode(message.payload()).map_err(invalid)
}
