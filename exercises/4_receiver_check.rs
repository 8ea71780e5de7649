//! Exercise 4: write the receiver's check for hmac-seq, in the right order.
//!
//! **You have** a record that has just come off the wire, and the sequence number that is due. Nobody
//! knows yet who made that record. There are three things to do with it:
//!
//! ```text
//! record.tag_is_right()    whether its tag belongs to its seq, nonce and ciphertext
//! record.seq()             the sequence number it carries
//! record.decrypt()         its plaintext
//! ```
//!
//! **You want** the plaintext of a record that is genuine and in its place. Any other must be
//! refused, with `OpenError::BadTag` or with `OpenError::OutOfOrder { expected, got }`. The order
//! of the steps matters, and so does when `expected` moves on, and when it does not.
//!
//! **Write** the function `open`. The requests, and how many there are, differ each time.
//!
//! **The checker**, `cargo xtask exercise 4`, turns this into a server, lets the real
//! `hmac_seq_client` talk to it, and has the lab attack it.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

/// Opens a record at the point where the sequence number `expected` is due.
fn open(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    // Your turn. This refuses nothing.
    *expected += 1;
    Ok(record.decrypt())
}

fn main() -> ExitCode {
    harness::receiver_check::run(open)
}
