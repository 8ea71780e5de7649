//! Stage `part2-hmac`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::hmac::{Opener, Sealer};
use program::RESPONSE;
use stages::PART2_HMAC;

fn main() -> ExitCode {
    program::server(&PART2_HMAC, |connection| {
        let keys = demo_keys::hmac();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
