//! A server of aead whose every record is read by an exercise.

use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::Arc;

use channel::{ChannelError, Observed, Sender};
use crypto::Open;
use crypto::aead::{Opener, Sealer};
use framing::FrameError;
use program::{Connection, RESPONSE};
use stages::PART2_AEAD;

/// A function that returns the next record's payload, or `None` at a clean end.
pub type ReadRecord = fn(&mut dyn Read) -> Result<Option<Vec<u8>>, FrameError>;

/// Runs the server.
pub fn run(read_record: ReadRecord) -> ExitCode {
    crate::begin(crate::LIMIT);
    program::server(&PART2_AEAD, |connection| {
        let keys = demo_keys::aead();
        let mut sender = Sender::new(connection.stream(), PART2_AEAD.header(), Sealer::new(&keys));
        let observer = connection.clone();
        sender.observe(Arc::new(move |seen| observer.record(seen)));
        let mut opener = Opener::new(&keys);

        for index in 0.. {
            let payload = match read_record(&mut ByteByByte(connection.stream())) {
                Ok(Some(payload)) => payload,
                Ok(None) => break,
                Err(FrameError::Io(error)) => return Err(error.into()),
                Err(error) => {
                    return Err(refuse(connection, index, ChannelError::Frame { index, error }));
                }
            };
            let mut opened = payload.clone();
            match opener.open(&[], &mut opened) {
                Ok(plaintext) => {
                    connection.record(&Observed::Received { index, plaintext, payload: &payload });
                }
                Err(error) => {
                    return Err(refuse(connection, index, ChannelError::Open { index, error }));
                }
            }
            sender.send(RESPONSE)?;
        }
        Ok(())
    })
}

/// A stream that gives one byte at a time, as any stream may.
struct ByteByByte<R>(R);

impl<R: Read> Read for ByteByByte<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(1);
        self.0.read(&mut buffer[..len])
    }
}

/// Reports that a record was refused, and passes the reason on.
fn refuse(connection: &Connection, index: u64, error: ChannelError) -> anyhow::Error {
    let (expected_seq, payload) = (Some(index), None);
    connection.record(&Observed::Rejected { index, error: &error, expected_seq, payload });
    error.into()
}
