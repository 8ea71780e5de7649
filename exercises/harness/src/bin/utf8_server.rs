//! A server of ctr that behaves like the articles': it answers text, and closes on anything else.

use std::process::ExitCode;
use std::str;

use crypto::ctr::{Opener, Sealer};
use program::RESPONSE;
use stages::PART1_CTR;

fn main() -> ExitCode {
    program::server(&PART1_CTR, |connection| {
        let keys = demo_keys::ctr();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while let Some(request) = channel.recv()? {
            if str::from_utf8(request).is_err() {
                break;
            }
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
