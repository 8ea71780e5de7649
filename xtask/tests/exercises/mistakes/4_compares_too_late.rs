//! Exercise 4 with a mistake that the checker must catch: the number is read in time, and compared too late.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    let got = record.seq();
    let plaintext = record.decrypt();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    *expected += 1;
    Ok(plaintext)
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
