//! Exercise 11 with a mistake that the checker must catch: the two sides do not sign the same.

use std::process::ExitCode;

use harness::bound::{Design, Said};

fn transcript(said: &Said) -> Vec<u8> {
    let mut transcript = Vec::new();
    for message in [&said.client_hello, &said.server_hello, &said.certificates] {
        transcript.extend((message.len() as u64).to_be_bytes());
        transcript.extend(message);
    }
    transcript
}

fn with_salt(said: &Said) -> Vec<u8> {
    let salt = std::process::id().to_be_bytes();
    [transcript(said), salt.to_vec()].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: with_salt, in_the_keys: transcript })
}
