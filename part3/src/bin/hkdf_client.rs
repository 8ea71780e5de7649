//! Stage `part3-hkdf`, the client: agrees on a secret, makes keys of it, sends its requests and reads an answer to
//! each.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use crypto::{hkdf, x25519::PrivateKey};
use handshake::x25519;
use program::NoAnswer;
use stages::PART3_HKDF;

fn main() -> ExitCode {
    program::client(&PART3_HKDF, |connection, requests| {
        let mut wire = connection.handshake();
        let secret = x25519::client(&mut wire, PrivateKey::random()?)?;
        let keys = wire.derive(&secret, &hkdf::PART3);
        let (sealer, opener) = (Sealer::new(&keys.client), Opener::new(&keys.server));
        let mut channel = connection.secured(wire, sealer, opener);

        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
