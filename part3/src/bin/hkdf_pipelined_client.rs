//! A client of stage `part3-hkdf` for the lab: sends all its requests before it reads the first answer, so that someone
//! on the path has several records in hand.

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
