//! Stage `part3-dh`, the client: agrees on a secret by classic Diffie-Hellman, and ends.

use std::process::ExitCode;

use crypto::dh::PrivateKey;
use handshake::dh;
use stages::PART3_DH;

fn main() -> ExitCode {
    program::client(&PART3_DH, |connection, _| {
        dh::client(&mut connection.handshake(), PrivateKey::random()?)?;
        Ok(())
    })
}
