//! Exercise 8 with a mistake that the checker must catch: both directions have the client's label.

use std::process::ExitCode;

use harness::key_schedule::{Keys, LEN, hmac};

fn keys_of(secret: &[u8; LEN]) -> Keys {
    let even = hmac(&[0; LEN], secret);
    let key = |label: &[u8]| hmac(&even, &[label, &[1]].concat());
    Keys {
        client_write: key(b"part3 client write key"),
        server_write: key(b"part3 client write key"),
    }
}

fn main() -> ExitCode {
    harness::key_schedule::run(keys_of)
}
