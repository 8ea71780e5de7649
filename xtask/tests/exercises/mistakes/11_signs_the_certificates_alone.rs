//! Exercise 11 with a mistake that the checker must catch: a signature is good for every connection.

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

fn certificates(said: &Said) -> Vec<u8> {
    said.certificates.clone()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: certificates, in_the_keys: transcript })
}
