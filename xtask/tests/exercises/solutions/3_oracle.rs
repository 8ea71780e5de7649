//! Exercise 3, solved: read a recorded request through an oracle.
//!
//! From the end to the beginning: the two bytes after the wanted one are known, so they can be made
//! into any two. `ed 80 80` is a character and `ed a0 80` is not one, and no other first byte
//! behaves like that. A guess at the byte makes it `ed` if it is right, and some other byte if it
//! is wrong: two questions per guess.

use std::process::ExitCode;

use harness::oracle::Oracle;

/// Length of the nonce in bytes.
const NONCE_LEN: usize = 16;
/// End of every request.
const ENDING: &[u8] = b"\r\n\r\n";

/// Reads what `payload` says.
fn overhear(oracle: &mut Oracle, payload: &[u8]) -> Vec<u8> {
    let known = payload.len() - NONCE_LEN - ENDING.len();
    let mut text = vec![0; known];
    text.extend_from_slice(ENDING);
    for at in (0..known).rev() {
        let mut becomes = |guess: u8, second: u8| {
            let mut changed = payload[..NONCE_LEN + at + 3].to_vec();
            changed[NONCE_LEN + at] ^= guess ^ 0xed;
            changed[NONCE_LEN + at + 1] ^= text[at + 1] ^ second;
            changed[NONCE_LEN + at + 2] ^= text[at + 2] ^ 0x80;
            oracle.answers(&changed)
        };
        let mut guesses = (b' '..=b'~').chain([b'\r', b'\n']);
        let right = guesses.find(|guess| becomes(*guess, 0x80) && !becomes(*guess, 0xa0));
        text[at] = right.unwrap_or(b'?');
    }
    text
}

fn main() -> ExitCode {
    harness::oracle::run(overhear)
}
