//! Stage `part4-cert`, the client: makes sure that it agrees with the server it wants, sends its requests and reads an
//! answer to each.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use crypto::{hkdf, x25519::PrivateKey};
use handshake::cert;
use program::NoAnswer;
use stages::PART4_CERT;

fn main() -> ExitCode {
    program::verifying_client(&PART4_CERT, |connection, requests, wanted| {
        let mut wire = connection.handshake();
        let secret = cert::client(&mut wire, PrivateKey::random()?, wanted)?;
        let keys = wire.derive(&secret, &hkdf::PART4);
        let (sealer, opener) = (Sealer::new(&keys.client), Opener::new(&keys.server));
        let mut channel = connection.secured(wire, sealer, opener);

        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
