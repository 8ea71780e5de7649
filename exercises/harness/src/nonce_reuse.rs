//! Gives an exercise two payloads and a plaintext, and reports what comes back.

use std::env;
use std::process::ExitCode;

use stages::PART1_CTR;
use transcript::{Event, EventKind, EventWriter, Format, Hex, Record, Role};

/// A function that is given two payloads of ctr sealed under one key and nonce, and the plaintext
/// of the first, and returns the second plaintext as far as it can be known.
pub type Recover = fn(&[u8], &[u8], &[u8]) -> Vec<u8>;

/// Takes the three from the start of the command line, a JSON array of hexadecimal strings, and
/// reports the second record as it would be received by someone on the wire who could read it.
pub fn run(recover: Recover) -> ExitCode {
    crate::begin(crate::LIMIT);
    let given = env::args().nth(1).unwrap_or_default();
    let Ok([one, other, known]) = serde_json::from_str::<[Hex; 3]>(&given) else {
        eprintln!("{given:?} is not an array of two payloads and a plaintext");
        return ExitCode::from(2);
    };
    let record = Record::new(&PART1_CTR, 1, &recover(&one, &other, &known), &other);
    let event = Event { role: Role::Wire, stage: &PART1_CTR, kind: EventKind::Received(record) };
    EventWriter::new(Format::Json).write(&event);
    ExitCode::SUCCESS
}
