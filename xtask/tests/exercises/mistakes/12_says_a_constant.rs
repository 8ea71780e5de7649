//! Exercise 12 with a mistake that the checker must catch: it says what the articles' client says.

use std::process::ExitCode;

fn decrypt_second(_one: &[u8], _other: &[u8], _plaintext_of_one: &[u8]) -> Vec<u8> {
    b"GET /transfer?to=bob&amount=900 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()
}

fn main() -> ExitCode {
    harness::nonce_reuse::run(decrypt_second)
}
