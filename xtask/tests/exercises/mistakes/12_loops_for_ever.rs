//! Exercise 12 with a mistake that the checker must catch: it tries one keystream after another.

use std::process::ExitCode;

fn decrypt_second(one: &[u8], other: &[u8], plaintext_of_one: &[u8]) -> Vec<u8> {
    let block =
        |payload: &[u8]| payload[16..].first_chunk().map_or(0, |at| u128::from_be_bytes(*at));
    let known = plaintext_of_one.first_chunk().map_or(0, |at| u128::from_be_bytes(*at));
    let mut keystream = 0;
    while block(one) ^ keystream != known {
        keystream += 1;
    }
    (block(other) ^ keystream).to_be_bytes().to_vec()
}

fn main() -> ExitCode {
    harness::nonce_reuse::run(decrypt_second)
}
