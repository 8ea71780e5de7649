//! Stage `part2-hmac-seq`, the server: answers each request until the client closes.

use std::process::ExitCode;

use crypto::hmac_seq::{Keys, Opener, Sealer};
use framing::stage::PART2_HMAC_SEQ;
use program::RESPONSE;

fn main() -> ExitCode {
    program::server(&PART2_HMAC_SEQ, |connection| {
        let keys = Keys::demo();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}
