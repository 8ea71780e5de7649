//! Exercise 4 with a mistake that the checker must catch: the same number stays due.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    let got = record.seq();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    Ok(record.decrypt())
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
