//! Classic Diffie-Hellman: the client sends the group along with its public value, and the server answers with its
//! own.

use std::io::{Read, Write};

use crypto::dh::{GENERATOR, PrivateKey, PublicValue, prime};
use crypto::secret::SharedSecret;
use messages::dh::{ClientHello, ServerHello};

use crate::{HandshakeError, Wire};

/// How the secret comes about.
const AGREEMENT: &str = "the peer's public value to the power of the own exponent, mod p";

// ANCHOR: client
/// The client's side, with a private key for this connection.
///
/// # Errors
/// [`HandshakeError`].
pub fn client<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
) -> Result<SharedSecret, HandshakeError> {
    wire.send(
        "ClientHello",
        &ClientHello {
            prime: prime().to_vec(),
            generator: GENERATOR.to_vec(),
            public_value: ours.public_value().to_wire().to_vec(),
        },
    )?;
    let ServerHello { public_value } = wire.recv("ServerHello")?;
    let theirs = honest(wire, "ServerHello", &public_value)?;
    let secret = ours.agree(&theirs);
    wire.agreed(AGREEMENT, &secret);
    Ok(secret)
}
// ANCHOR_END: client

// ANCHOR: server
/// The server's side. It calculates in one group only, and compares before it calculates.
///
/// # Errors
/// [`HandshakeError`].
pub fn server<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    ours: PrivateKey,
) -> Result<SharedSecret, HandshakeError> {
    let ClientHello { prime: p, generator: g, public_value } = wire.recv("ClientHello")?;
    let is_known = p == prime() && g == GENERATOR;
    wire.check(
        "p and g are those of group 14",
        is_known.then_some(()).ok_or(HandshakeError::WrongGroup),
    )?;
    let theirs = honest(wire, "ClientHello", &public_value)?;
    wire.send(
        "ServerHello",
        &ServerHello { public_value: ours.public_value().to_wire().to_vec() },
    )?;
    let secret = ours.agree(&theirs);
    wire.agreed(AGREEMENT, &secret);
    Ok(secret)
}
// ANCHOR_END: server

/// Takes a public value if an honest side can have sent it.
fn honest<T: Read + Write + Clone>(
    wire: &mut Wire<T>,
    message: &'static str,
    public_value: &[u8],
) -> Result<PublicValue, HandshakeError> {
    let value =
        PublicValue::from_wire(public_value).ok_or(HandshakeError::BadPublicValue { message });
    wire.check("its public value is from 2 to p - 2 and a power of g", value)
}
