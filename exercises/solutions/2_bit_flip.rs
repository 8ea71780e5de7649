//! Exercise 2, solved: turn 100 into 900 at ctr.
//!
//! Ciphertext is plaintext xor keystream, so whatever is xored into the one is xored into the other. What
//! turns a `1` into a `9` is one bit. Encryption hides what a record says, and protects none of it.

use std::process::ExitCode;

use stages::PART1_CTR;

/// Length of the length in front of a payload, in bytes.
const LENGTH_LEN: usize = 4;
/// Length of the nonce in bytes.
const NONCE_LEN: usize = 16;

/// What you guess that the record says.
const GUESS: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Changes a record on its way. All of its bytes are here, in clear or not.
fn change(record: &mut [u8]) {
    if let Some(amount) = GUESS.find("100") {
        record[LENGTH_LEN + NONCE_LEN + amount] ^= b'1' ^ b'9';
    }
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, change)
}
