//! Stage `part4-cert`, the server: agrees on a secret, says who it is and proves it, and answers each request until the
//! client closes.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use crypto::{hkdf, x25519::PrivateKey};
use handshake::cert;
use program::RESPONSE;
use stages::PART4_CERT;

fn main() -> ExitCode {
    program::identified_server(&PART4_CERT, |connection, identity| {
        let mut wire = connection.handshake();
        let secret = cert::server(&mut wire, PrivateKey::random()?, identity)?;
        let keys = wire.derive(&secret, &hkdf::PART4);
        let (sealer, opener) = (Sealer::new(&keys.server), Opener::new(&keys.client));
        let mut channel = connection.secured(wire, sealer, opener);

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
