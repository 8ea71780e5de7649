//! Stage `part3-hkdf`, the server: agrees on a secret, makes keys of it, and answers each request until the client
//! closes.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use crypto::{hkdf, x25519::PrivateKey};
use handshake::x25519;
use program::RESPONSE;
use stages::PART3_HKDF;

fn main() -> ExitCode {
    program::server(&PART3_HKDF, |connection| {
        let mut wire = connection.handshake();
        let secret = x25519::server(&mut wire, PrivateKey::random()?)?;
        let keys = wire.derive(&secret, &hkdf::PART3);
        let (sealer, opener) = (Sealer::new(&keys.server), Opener::new(&keys.client));
        let mut channel = connection.secured(wire, sealer, opener);

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
