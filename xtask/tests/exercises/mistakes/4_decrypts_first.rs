//! Exercise 4 with a mistake that the checker must catch: a record is decrypted before its tag is verified.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    let plaintext = record.decrypt();
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    let got = record.seq();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    *expected += 1;
    Ok(plaintext)
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
