//! Exercise 1 with a mistake that the checker must catch: it knows how long the articles' records are.

use std::io::Read;
use std::process::ExitCode;

use framing::FrameError;

const LENGTH_LEN: usize = 4;
const PAYLOAD_LEN: usize = 97;

fn next_payload(stream: &mut dyn Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut record = [0; LENGTH_LEN + PAYLOAD_LEN];
    let mut got = 0;
    while got < record.len() {
        match stream.read(&mut record[got..])? {
            0 if got == 0 => return Ok(None),
            0 => return Err(FrameError::Truncated { got, wanted: record.len() }),
            more => got += more,
        }
    }
    Ok(Some(record[LENGTH_LEN..].to_vec()))
}

fn main() -> ExitCode {
    harness::record_reader::run(next_payload)
}
