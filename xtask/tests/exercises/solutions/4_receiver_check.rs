//! Exercise 4, solved: write the receiver's check for hmac-seq, in the right order.
//!
//! Before the tag is verified every byte is anyone's, the sequence number among them. Before the number
//! is compared a genuine record may be an old one. And what was refused has not been received, so that
//! the same number is still due. `crates/crypto/src/hmac_seq.rs` does just this.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

/// Opens a record where the sequence number `expected` is due.
fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    let got = record.seq();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    *expected += 1;
    Ok(record.decrypt())
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
