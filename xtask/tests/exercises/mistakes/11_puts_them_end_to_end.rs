//! Exercise 11 with a mistake that the checker must catch: where one message ends and the next begins is not told.

use std::process::ExitCode;

use harness::bound::{Design, Said};

fn end_to_end(said: &Said) -> Vec<u8> {
    [said.client_hello.as_slice(), &said.server_hello, &said.certificates].concat()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed: end_to_end, in_the_keys: end_to_end })
}
