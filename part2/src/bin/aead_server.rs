//! Stage `part2-aead`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use program::RESPONSE;
use stages::PART2_AEAD;

fn main() -> ExitCode {
    program::server(&PART2_AEAD, |connection| {
        let keys = demo_keys::aead();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
