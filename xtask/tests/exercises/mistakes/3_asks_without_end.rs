//! Exercise 3 with a mistake that the checker must catch: it asks the same thing for ever.

use std::process::ExitCode;

use harness::oracle::Oracle;

fn overhear(oracle: &mut Oracle, payload: &[u8]) -> Vec<u8> {
    while oracle.answers(payload) {}
    Vec::new()
}

fn main() -> ExitCode {
    harness::oracle::run(overhear)
}
