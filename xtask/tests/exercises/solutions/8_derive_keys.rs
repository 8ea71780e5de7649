//! Exercise 8, solved: derive the keys of a connection from its secret.
//!
//! A secret is not a key: extract makes an even one of it, and expand as many as there are labels. Neither tells
//! anything about the other.

use std::process::ExitCode;

use harness::key_schedule::{Keys, LEN, hmac};

/// Returns the keys of the connection whose sides share this secret.
fn keys_of(secret: &[u8; LEN]) -> Keys {
    let even = hmac(&[0; LEN], secret);
    let key = |label: &[u8]| hmac(&even, &[label, &[1]].concat());
    Keys {
        client_write: key(b"part3 client write key"),
        server_write: key(b"part3 server write key"),
    }
}

fn main() -> ExitCode {
    harness::key_schedule::run(keys_of)
}
