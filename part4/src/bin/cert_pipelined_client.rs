//! A client of stage `part4-cert` for the lab: sends all its requests before it reads the first answer, so that someone
//! on the path has several records in hand.

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

        let mut unanswered = 0;
        for request in requests {
            channel.queue(request)?;
            unanswered += 1;
        }
        channel.flush()?;
        for _ in 0..unanswered {
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
