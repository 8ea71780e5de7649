//! Exercise 2: change the amount of a transfer at ctr.
//!
//! **You have** the client's record in your hands, on its way to the server, and no key. You know what the
//! client asks for, since requests are often alike:
//!
//! ```text
//!   4        16      N
//! +--------+-------+----------------------------------------------------------------------+
//! | length | nonce | GET /transfer?to=NAME&amount=NNN HTTP/1.1\r\nHost: NAME\r\n\r\n      |
//! +--------+-------+----------------------------------------------------------------------+
//!                    encrypted: each byte xor a byte of keystream
//! ```
//!
//! **You want** the server to receive the same request with another amount, of as many digits.
//!
//! **Write** the function `change`. The request and the amount differ each time.
//!
//! **The checker**, `cargo xtask exercise 2`, puts you between the real `ctr_client` and the real
//! `ctr_server`, and asks the server what it received.

use std::process::ExitCode;

use stages::PART1_CTR;

/// Changes a record on its way. All of its bytes are here, encrypted or not. It carries `request`,
/// and `amount` is to replace the amount in it.
fn change(record: &mut [u8], request: &str, amount: &str) {
    // Your turn. This changes nothing.
    let _ = (record, request, amount);
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, change)
}
