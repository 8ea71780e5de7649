//! Stage `part2-hmac`, the client: sends its requests and reads an answer to each.

use std::process::ExitCode;

use crypto::hmac::{Opener, Sealer};
use program::NoAnswer;
use stages::PART2_HMAC;

fn main() -> ExitCode {
    program::client(&PART2_HMAC, |connection, requests| {
        let keys = demo_keys::hmac();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
