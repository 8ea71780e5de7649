//! Exercise 4 with a mistake that the checker must catch: a refused record counts as received.

use std::process::ExitCode;

use harness::receiver_check::{Arrived, OpenError};

fn accept(record: &mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError> {
    if !record.tag_is_right() {
        return Err(OpenError::BadTag);
    }
    let (due, got) = (*expected, record.seq());
    *expected += 1;
    if got != due {
        return Err(OpenError::OutOfOrder { expected: due, got });
    }
    Ok(record.decrypt())
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
