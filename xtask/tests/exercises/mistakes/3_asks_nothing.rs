//! Exercise 3 with a mistake that the checker must catch: it says what the articles' client says.

use std::process::ExitCode;

use harness::oracle::Oracle;

fn overhear(_oracle: &mut Oracle, _payload: &[u8]) -> Vec<u8> {
    b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()
}

fn main() -> ExitCode {
    harness::oracle::run(overhear)
}
