//! Stage `part3-dh`, the server: agrees on a secret by classic Diffie-Hellman, and ends.

use std::process::ExitCode;

use crypto::dh::PrivateKey;
use handshake::dh;
use stages::PART3_DH;

fn main() -> ExitCode {
    program::server(&PART3_DH, |connection| {
        dh::server(&mut connection.handshake(), PrivateKey::random()?)?;
        Ok(())
    })
}
