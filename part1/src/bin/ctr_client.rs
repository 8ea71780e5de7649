//! Stage `part1-ctr`, the client: sends its requests and reads an answer to each.

use std::process::ExitCode;

use crypto::ctr::{Keys, Opener, Sealer};
use framing::stage::PART1_CTR;
use program::NoAnswer;

fn main() -> ExitCode {
    program::client(&PART1_CTR, |connection, batches| {
        let keys = Keys::demo();
        let mut channel = connection.channel(Sealer::new(&keys), Opener::new(&keys));

        // A batch is one request, or with `--pipeline` all of them.
        for requests in batches {
            for request in &requests {
                channel.queue(request)?;
            }
            channel.flush()?;

            for _ in &requests {
                channel.recv()?.ok_or(NoAnswer)?;
            }
        }
        Ok(())
    })
}
