//! Exercise 11 with a mistake that the checker must catch: it reads beyond the end.

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

fn half_of_it(said: &Said) -> Vec<u8> {
    said.client_hello[..64].to_vec()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: half_of_it, in_the_keys: transcript })
}
