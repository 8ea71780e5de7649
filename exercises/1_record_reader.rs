//! Exercise 1: find the planted bug in a record reader.
//!
//! **You have** a reader of records that works, until somebody cuts the connection. Then this
//! server takes half a conversation for the whole one, and ends as if all were well:
//!
//! ```text
//!   4             `length`
//! +-------------+------------------+
//! | length      | payload          |
//! +-------------+------------------+
//! ```
//!
//! **You want** a stream that ends between two records to be a clean end, `Ok(None)`, and one that
//! ends anywhere else to be an error, `FrameError::Truncated { got, wanted }`: of the `wanted`
//! bytes needed to read on, only `got` arrived. Both count from the record's first byte, including
//! the four bytes of length: cut 10 bytes into a payload of 97, that is 14 of 101.
//!
//! **Write** `read_record` and `fill` anew, or repair them. The lengths differ each time.
//!
//! **The checker**, `cargo xtask exercise 1`, turns this into a server, lets the real `aead_client`
//! talk to it one byte at a time, then cuts what that client sent at every byte, and compares each
//! answer with that of the real `aead_server`.

use std::io::{self, ErrorKind, Read};
use std::process::ExitCode;

use framing::{FrameError, Limits};
use stages::PART2_AEAD;

/// Size of the length in front of a payload, in bytes.
const LENGTH_LEN: usize = 4;

/// Returns the next record's payload, or `None` at a clean end.
fn read_record(stream: &mut dyn Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = [0; LENGTH_LEN];
    if !fill(stream, &mut length)? {
        return Ok(None);
    }
    let len = u32::from_be_bytes(length) as usize;
    let Limits { min, max } = PART2_AEAD.limits();
    if len > max {
        return Err(FrameError::TooLong { len, max });
    }
    if len < min {
        return Err(FrameError::TooShort { len, min });
    }
    let mut payload = vec![0; len];
    if !fill(stream, &mut payload)? {
        return Ok(None);
    }
    Ok(Some(payload))
}

/// Reads until `buffer` is full. Returns `false` if the stream has ended.
fn fill(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<bool> {
    match stream.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn main() -> ExitCode {
    harness::record_reader::run(read_record)
}
