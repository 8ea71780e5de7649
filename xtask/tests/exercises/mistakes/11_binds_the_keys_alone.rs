//! Exercise 11 with a mistake that the checker must catch: the client has sent its request before anyone notices.

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

fn both_keys(said: &Said) -> Vec<u8> {
    [said.client_key, said.server_key].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: both_keys, in_the_keys: transcript })
}
