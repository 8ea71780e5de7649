//! Exercise 1 with a mistake that the checker must catch: one read is taken for all there is.

use std::io::Read;
use std::process::ExitCode;

use framing::FrameError;

const LENGTH_LEN: usize = 4;

fn next_payload(stream: &mut dyn Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = [0; LENGTH_LEN];
    match stream.read(&mut length)? {
        0 => return Ok(None),
        LENGTH_LEN => {}
        got => return Err(FrameError::Truncated { got, wanted: LENGTH_LEN }),
    }
    let mut payload = vec![0; u32::from_be_bytes(length) as usize];
    match stream.read(&mut payload)? {
        got if got < payload.len() => {
            Err(FrameError::Truncated { got: LENGTH_LEN + got, wanted: LENGTH_LEN + payload.len() })
        }
        _ => Ok(Some(payload)),
    }
}

fn main() -> ExitCode {
    harness::record_reader::run(next_payload)
}
