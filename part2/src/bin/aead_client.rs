//! Stage `part2-aead`, the client: sends its requests and reads an answer to each.

use std::process::ExitCode;

use crypto::aead::{Opener, Sealer};
use program::NoAnswer;
use stages::PART2_AEAD;

fn main() -> ExitCode {
    program::client(&PART2_AEAD, |connection, requests| {
        let keys = demo_keys::aead();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
