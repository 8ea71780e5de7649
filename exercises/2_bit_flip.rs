//! Exercise 2: turn 100 into 900 at ctr.
//!
//! **You have** the client's record in your hands, on its way to the server, and no key. You guess what
//! is in it, for requests are often alike:
//!
//! ```text
//!   4        16      61
//! +--------+-------+-----------------------------------------------------------------------+
//! | length | nonce | "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n" |
//! +--------+-------+-----------------------------------------------------------------------+
//!                    encrypted: each byte xor a byte of keystream
//! ```
//!
//! **You want** the server to receive a request for 900, and not another byte of it changed.
//!
//! **The checker**, `cargo xtask exercise 2`, puts you between the real `ctr_client` and the real
//! `ctr_server`, and asks the server what it received.

use std::process::ExitCode;

use stages::PART1_CTR;

/// What you guess that the record says.
const GUESS: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Changes a record on its way. All of its bytes are here, in clear or not.
fn change(record: &mut [u8]) {
    // Your turn. This changes nothing.
    let _ = (record, GUESS);
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, change)
}
