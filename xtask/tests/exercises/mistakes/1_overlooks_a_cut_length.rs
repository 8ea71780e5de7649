//! Exercise 1 with a mistake that the checker must catch: a cut payload is noticed, a cut length is not.

use std::io::{ErrorKind, Read};
use std::process::ExitCode;

use framing::FrameError;

const LENGTH_LEN: usize = 4;

fn next_payload(stream: &mut dyn Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = [0; LENGTH_LEN];
    match stream.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let len = u32::from_be_bytes(length);
    let mut payload = Vec::new();
    stream.take(len.into()).read_to_end(&mut payload)?;
    let (got, wanted) = (LENGTH_LEN + payload.len(), LENGTH_LEN + len as usize);
    if got < wanted { Err(FrameError::Truncated { got, wanted }) } else { Ok(Some(payload)) }
}

fn main() -> ExitCode {
    harness::record_reader::run(next_payload)
}
