//! Exercise 12: recover a request from a nonce used twice.
//!
//! **You have** two payloads of `part1-ctr`, and you know what the first one says. A client sealed
//! both under one key, which you do not have, and under one nonce, which it should not have used
//! twice:
//!
//! ```text
//!   16             N
//! +-------+------------------+
//! | nonce | ciphertext       |      ciphertext = plaintext xor keystream(key, nonce)
//! +-------+------------------+
//! ```
//!
//! **You want** what the second one says, up to the length of the first.
//!
//! **Write** the function `recover`. The requests and their lengths differ each time.
//!
//! **The checker**, `cargo xtask exercise 12`, has the real client of the nonce lab seal requests, and
//! compares what you recover with what it says it sealed.

use std::process::ExitCode;

/// Length of the nonce in bytes.
const NONCE_LEN: usize = 16;

/// Returns what `other` says, from the payloads `one` and `other` and the plaintext of `one`.
fn recover(one: &[u8], other: &[u8], plaintext_of_one: &[u8]) -> Vec<u8> {
    let (one, other) = (&one[NONCE_LEN..], &other[NONCE_LEN..]);

    // Your turn. This is the second ciphertext, unchanged.
    let _ = (one, plaintext_of_one);
    other.to_vec()
}

fn main() -> ExitCode {
    harness::nonce_reuse::run(recover)
}
