//! Exercise 2, solved: change the amount of a transfer at ctr.
//!
//! Ciphertext is plaintext xor keystream, so whatever is xored into the one is xored into the other: the digit
//! that is there, xor the digit that is wanted. Encryption hides what a record says, and protects none of it.

use std::iter::zip;
use std::process::ExitCode;

use stages::PART1_CTR;

/// Size of the length in front of a payload, in bytes.
const LENGTH_LEN: usize = 4;
/// Length of the nonce in bytes.
const NONCE_LEN: usize = 16;

/// Changes a record on its way.
fn on_the_way(record: &mut [u8], request: &str, amount: &str) {
    let Some((before, rest)) = request.split_once("amount=") else { return };
    let start = LENGTH_LEN + NONCE_LEN + before.len() + "amount=".len();
    for (byte, (old, new)) in zip(&mut record[start..], zip(rest.bytes(), amount.bytes())) {
        *byte ^= old ^ new;
    }
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}
