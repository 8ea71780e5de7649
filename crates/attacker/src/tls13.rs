//! The Hellos of TLS, as the attacker reads and writes them. All else of a handshake is encrypted.

use std::io::{self, ErrorKind};

use crypto::secret::SharedSecret;
use crypto::x25519;
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::{ClientHello, HandshakeMessage, ServerHello};

use crate::Message;

/// The number of the group X25519.
pub const X25519: u16 = 0x001d;

/// Changes a ClientHello.
///
/// # Errors
/// When it is none.
pub fn change_client_hello(
    message: &mut Message,
    change: impl FnOnce(&mut ClientHello),
) -> io::Result<()> {
    let mut hello = client_hello(message)?;
    change(&mut hello);
    message.replace_payload(&HandshakeMessage::ClientHello(hello).encode());
    Ok(())
}

/// Changes a ServerHello.
///
/// # Errors
/// When it is none.
pub fn change_server_hello(
    message: &mut Message,
    change: impl FnOnce(&mut ServerHello),
) -> io::Result<()> {
    let HandshakeMessage::ServerHello(mut hello) = decode(message)? else {
        return Err(ErrorKind::InvalidData.into());
    };
    change(&mut hello);
    message.replace_payload(&HandshakeMessage::ServerHello(hello).encode());
    Ok(())
}

/// Reads a ClientHello.
///
/// # Errors
/// When it is none.
pub fn client_hello(message: &Message) -> io::Result<ClientHello> {
    match decode(message)? {
        HandshakeMessage::ClientHello(hello) => Ok(hello),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// The public keys in the extensions of a Hello.
pub fn shares(extensions: &mut [Extension]) -> impl Iterator<Item = &mut KeyShareEntry> {
    extensions.iter_mut().flat_map(|extension| match extension {
        Extension::KeyShares(shares) => shares.as_mut_slice(),
        Extension::KeyShare(share) => std::slice::from_mut(share),
        _ => &mut [],
    })
}

/// Puts an X25519 key in the place of all public keys of a Hello, and offers nothing else. Returns the X25519 key that
/// stood there.
pub fn put_own_key(extensions: &mut [Extension], own: &x25519::PrivateKey) -> Option<[u8; 32]> {
    let theirs = shares(extensions).find(|share| share.group == X25519);
    let theirs = theirs.and_then(|share| share.key_exchange.as_slice().try_into().ok());
    let own = KeyShareEntry { group: X25519, key_exchange: own.public_key().to_vec() };
    for extension in extensions {
        match extension {
            Extension::KeyShares(shares) => *shares = vec![own.clone()],
            Extension::KeyShare(share) => *share = own.clone(),
            Extension::SupportedGroups(groups) => *groups = vec![X25519],
            _ => {}
        }
    }
    theirs
}

/// Computes the secret that is shared with whoever has sent this key.
///
/// # Errors
/// When there is none.
pub fn agree(own: x25519::PrivateKey, theirs: Option<[u8; 32]>) -> io::Result<SharedSecret> {
    theirs.and_then(|theirs| own.agree(&theirs)).ok_or_else(|| ErrorKind::InvalidData.into())
}

fn decode(message: &Message) -> io::Result<HandshakeMessage> {
    let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
    HandshakeMessage::decode(message.payload()).map_err(invalid)
}
