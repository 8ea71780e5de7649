//! Exercise 1, solved: find the planted bug in a record reader.
//!
//! "The stream has ended" can mean two things: nothing more came, or less came than was begun.
//! `fill` did not tell them apart. Now it says how much came, and only nothing at all, where a
//! record would begin, is a clean end. `crates/framing/src/reader.rs` does the same with one buffer
//! for many records.

use std::io::{self, ErrorKind, Read};
use std::process::ExitCode;

use framing::{FrameError, Limits};
use stages::PART2_AEAD;

/// Size of the length in front of a payload, in bytes.
const LENGTH_LEN: usize = 4;

/// The next record's payload, or `None` at a clean end.
fn next_payload(stream: &mut dyn Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = [0; LENGTH_LEN];
    match fill(stream, &mut length)? {
        0 => return Ok(None),
        LENGTH_LEN => {}
        got => return Err(FrameError::Truncated { got, wanted: LENGTH_LEN }),
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
    let got = fill(stream, &mut payload)?;
    if got < len {
        return Err(FrameError::Truncated { got: LENGTH_LEN + got, wanted: LENGTH_LEN + len });
    }
    Ok(Some(payload))
}

/// Reads until `buffer` is full or the stream ends, and says how many bytes came.
fn fill(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn main() -> ExitCode {
    harness::record_reader::run(next_payload)
}
