//! Exercise 8 with a mistake that the checker must catch: the secret is the key of the first HMAC.

use std::process::ExitCode;

use harness::key_schedule::{Keys, LEN, hmac};

fn keys_of(secret: &[u8; LEN]) -> Keys {
    let even = hmac(secret, &[0; LEN]);
    let key = |label: &[u8]| hmac(&even, &[label, &[1]].concat());
    Keys {
        client_write: key(b"part3 client write key"),
        server_write: key(b"part3 server write key"),
    }
}

fn main() -> ExitCode {
    harness::key_schedule::run(keys_of)
}
