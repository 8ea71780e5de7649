//! Stage `part2-aead`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::aead::{Keys, Opener, Sealer};
use framing::stage::PART2_AEAD;
use program::RESPONSE;

fn main() -> ExitCode {
    program::server(&PART2_AEAD, |connection| {
        let keys = Keys::demo();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
