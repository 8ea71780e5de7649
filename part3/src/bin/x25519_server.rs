//! Stage `part3-x25519`, the server: agrees on a secret by X25519, and ends.

use std::process::ExitCode;

use crypto::x25519::PrivateKey;
use handshake::x25519;
use stages::PART3_X25519;

fn main() -> ExitCode {
    program::server(&PART3_X25519, |connection| {
        x25519::server(&mut connection.handshake(), PrivateKey::random()?)?;
        Ok(())
    })
}
