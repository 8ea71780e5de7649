//! Stage `part1-ctr`, the client: sends its requests and reads an answer to each.

use std::process::ExitCode;

use crypto::ctr::{Opener, Sealer};
use program::NoAnswer;
use stages::PART1_CTR;

fn main() -> ExitCode {
    program::client(&PART1_CTR, |connection, requests| {
        let keys = demo_keys::ctr();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
