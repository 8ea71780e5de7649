//! Stage `part1-ctr`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::ctr::{Opener, Sealer};
use program::RESPONSE;
use stages::PART1_CTR;

fn main() -> ExitCode {
    program::server(&PART1_CTR, |connection| {
        let keys = demo_keys::ctr();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
