//! X25519, and a server that says who it is.

use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use certificates::{Identity, Verifier};
use crypto::secret::SharedSecret;
use crypto::x25519::{PrivateKey, PublicKey};
use messages::cert::ServerAuth;
use messages::x25519::Hello;

use crate::x25519::{AGREEMENT, agree};
use crate::{HandshakeError, Wire};

// ANCHOR: client
/// The client's side, with a private key for this connection. It knows whom it wants beforehand, and has sent
/// nothing but its public key when it knows whom it has.
///
/// # Errors
/// [`HandshakeError`].
pub fn client<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
    wanted: &Verifier,
) -> Result<SharedSecret, HandshakeError> {
    client_at(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(), wire, ours, wanted)
}

/// Does as [`client`] does, at a time of one's own choice, since 1970.
///
/// # Errors
/// [`HandshakeError`].
pub fn client_at<T: Read + Write + Clone>(
    now: Duration,
    wire: &mut Wire<T>,
    ours: PrivateKey,
    wanted: &Verifier,
) -> Result<SharedSecret, HandshakeError> {
    let public_key = ours.public_key();
    wire.send("ClientHello", &Hello { public_key })?;

    let theirs: Hello = wire.recv("ServerHello")?;
    let low_order = HandshakeError::LowOrderKey { message: "ServerHello" };
    let secret = ours.agree(&theirs.public_key).ok_or(low_order);
    let secret = wire.check("the secret is not zero", secret)?;

    let auth: ServerAuth = wire.recv("ServerAuth")?;
    let server = wanted.verify(&auth.certificates, now).map_err(HandshakeError::Certificate);
    let server = wire.check("a chain of signatures leads from a root to the name", server)?;
    let has_signed = server.has_signed(&both(&public_key, &theirs.public_key), &auth.signature);
    let has_signed = has_signed.then_some(()).ok_or(HandshakeError::BadSignature);
    wire.check("the certificate's key has signed both X25519 keys", has_signed)?;

    wire.agreed(AGREEMENT, &secret);
    Ok(secret)
}
// ANCHOR_END: client

// ANCHOR: server
/// The server's side. A key that makes the secret zero is refused before a signature is spent on it.
///
/// # Errors
/// [`HandshakeError`].
pub fn server<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
    identity: &Identity,
) -> Result<SharedSecret, HandshakeError> {
    let public_key = ours.public_key();
    let theirs: Hello = wire.recv("ClientHello")?;
    let secret = agree(wire, "ClientHello", ours, &theirs.public_key)?;
    wire.send("ServerHello", &Hello { public_key })?;

    let signature = identity.key.sign(&both(&theirs.public_key, &public_key))?;
    let certificates = identity.certificates.clone();
    wire.send("ServerAuth", &ServerAuth { certificates, signature })?;
    Ok(secret)
}
// ANCHOR_END: server

// ANCHOR: signed
/// What the signature covers: the client's public key and the server's, as they stood on the wire, and nothing else.
fn both(client: &PublicKey, server: &PublicKey) -> Vec<u8> {
    [client.as_slice(), server].concat()
}
// ANCHOR_END: signed
