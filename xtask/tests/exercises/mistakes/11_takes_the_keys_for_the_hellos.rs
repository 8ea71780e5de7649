//! Exercise 11 with a mistake that the checker must catch: what else is in a Hello is not looked at.

use std::process::ExitCode;

use harness::bound::{Design, Said};

fn keys_and_certificates(said: &Said) -> Vec<u8> {
    [&said.client_key, &said.server_key, said.certificates.as_slice()].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design {
        signed: keys_and_certificates,
        in_the_keys: keys_and_certificates,
    })
}
