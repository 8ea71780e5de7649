//! Exercise 11 with a mistake that the checker must catch: the keys are the same whatever certificate was sent.

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

fn hellos(said: &Said) -> Vec<u8> {
    [said.client_hello.as_slice(), &said.server_hello].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: transcript, in_the_keys: hellos })
}
