//! Exercise 12, solved: recover a request from a nonce used twice.
//!
//! One key and one nonce make one keystream. Ciphertext xor plaintext is that keystream, and it decrypts
//! everything else under the nonce as far as it goes. No key was needed, and none was found.

use std::iter::zip;
use std::process::ExitCode;

/// Length of the nonce in bytes.
const NONCE_LEN: usize = 16;

/// Returns what `other` says, from the payloads `one` and `other` and the plaintext of `one`.
fn decrypt_second(one: &[u8], other: &[u8], plaintext_of_one: &[u8]) -> Vec<u8> {
    let (one, other) = (&one[NONCE_LEN..], &other[NONCE_LEN..]);

    let keystream = zip(one, plaintext_of_one).map(|(sealed, plain)| sealed ^ plain);
    zip(other, keystream).map(|(sealed, key)| sealed ^ key).collect()
}

fn main() -> ExitCode {
    harness::nonce_reuse::run(decrypt_second)
}
