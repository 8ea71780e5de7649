//! Exercise 4 with a mistake that the checker must catch: the tag is verified first, but its result
//! is looked at last.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    let genuine = record.tag_is_right();
    let got = record.seq();
    if got != *expected {
        return Err(OpenError::OutOfOrder { expected: *expected, got });
    }
    let plaintext = record.decrypt();
    if !genuine {
        return Err(OpenError::BadTag);
    }
    *expected += 1;
    Ok(plaintext)
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
