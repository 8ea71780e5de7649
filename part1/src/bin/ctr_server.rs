//! Stage `part1-ctr`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::ctr::{Keys, Opener, Sealer};
use framing::stage::PART1_CTR;
use program::RESPONSE;

fn main() -> ExitCode {
    program::server(&PART1_CTR, |connection| {
        let keys = Keys::demo();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
