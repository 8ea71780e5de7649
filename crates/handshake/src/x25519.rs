//! X25519: one key each way.

use std::io::{Read, Write};

use crypto::secret::SharedSecret;
use crypto::x25519::{PrivateKey, PublicKey};
use messages::x25519::Hello;

use crate::{HandshakeError, Wire};

/// How the secret comes about.
pub(crate) const AGREEMENT: &str = "X25519 of the own private key and the peer's public key";

// ANCHOR: client
/// The client's side, with a private key for this connection.
///
/// # Errors
/// [`HandshakeError`].
pub fn client<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
) -> Result<SharedSecret, HandshakeError> {
    wire.send("ClientHello", &Hello { public_key: ours.public_key() })?;
    let theirs: Hello = wire.recv("ServerHello")?;
    agree(wire, "ServerHello", ours, &theirs.public_key)
}
// ANCHOR_END: client

// ANCHOR: server
/// The server's side. A key that makes the secret zero is refused before anything is answered.
///
/// # Errors
/// [`HandshakeError`].
pub fn server<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
) -> Result<SharedSecret, HandshakeError> {
    let theirs: Hello = wire.recv("ClientHello")?;
    let public_key = ours.public_key();
    let secret = agree(wire, "ClientHello", ours, &theirs.public_key)?;
    wire.send("ServerHello", &Hello { public_key })?;
    Ok(secret)
}
// ANCHOR_END: server

/// Computes the secret and tells so.
pub(crate) fn agree<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    message: &'static str,
    ours: PrivateKey,
    theirs: &PublicKey,
) -> Result<SharedSecret, HandshakeError> {
    let secret = ours.agree(theirs).ok_or(HandshakeError::LowOrderKey { message });
    let secret = wire.check("the secret is not zero", secret)?;
    wire.agreed(AGREEMENT, &secret);
    Ok(secret)
}
