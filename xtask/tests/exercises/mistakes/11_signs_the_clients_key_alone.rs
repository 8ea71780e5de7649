//! Exercise 11 with a mistake that the checker must catch: whoever stands in the middle puts his own key in the server's place.

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

fn of_the_client(said: &Said) -> Vec<u8> {
    [said.client_hello.as_slice(), &said.certificates].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: of_the_client, in_the_keys: transcript })
}
