//! Exercise 8 with a mistake that the checker must catch: the label of the server's key is that of part 4.

use std::process::ExitCode;

use harness::key_schedule::{Keys, LEN, hmac};

fn keys_of(secret: &[u8; LEN]) -> Keys {
    let even = hmac(&[0; LEN], secret);
    let key = |label: &[u8]| hmac(&even, &[label, &[1]].concat());
    Keys {
        client_write: key(b"part3 client write key"),
        server_write: key(b"part4 server write key"),
    }
}

fn main() -> ExitCode {
    harness::key_schedule::run(keys_of)
}
