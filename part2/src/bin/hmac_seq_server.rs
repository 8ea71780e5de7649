//! Stage `part2-hmac-seq`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::hmac_seq::{Opener, Sealer};
use program::RESPONSE;
use stages::PART2_HMAC_SEQ;

fn main() -> ExitCode {
    program::server(&PART2_HMAC_SEQ, |connection| {
        let keys = demo_keys::hmac_seq();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
