//! Exercise 4 with a mistake that the checker must catch: it decrypts, and passes on what the
//! articles' client says.

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
    *expected += 1;
    record.decrypt();
    Ok(b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec())
}

fn main() -> ExitCode {
    harness::receiver_check::run(accept)
}
