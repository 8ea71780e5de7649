//! Exercise 11, solved: bind the certificate too.
//!
//! Under the signature stands all that was said, so that the client knows that the server has heard it and has said it.
//! That is not enough: anybody may sign what somebody else said, with his own name in it. What nobody can do without
//! the secret is make the keys. So the same goes into them, and a record opens only between two who have heard the same.

use std::process::ExitCode;

use harness::bound::{Design, Said};

/// Returns every message with its length in front, so that none of them can end elsewhere.
fn transcript(said: &Said) -> Vec<u8> {
    let mut transcript = Vec::new();
    for message in [&said.client_hello, &said.server_hello, &said.certificates] {
        transcript.extend((message.len() as u64).to_be_bytes());
        transcript.extend(message);
    }
    transcript
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: transcript, in_the_keys: transcript })
}
