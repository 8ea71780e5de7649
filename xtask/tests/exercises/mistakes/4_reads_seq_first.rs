//! Exercise 4 with a mistake that the checker must catch: the number is compared before the tag.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    let got = record.seq();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    *expected += 1;
    Ok(record.decrypt())
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
