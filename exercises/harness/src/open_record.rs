//! Gives an exercise a record of TLS 1.3 and its keys, and reports what it finds in it.

use std::env;
use std::process::ExitCode;

use serde_json::from_str;
use stages::PART5_TLS13;
use transcript::{Event, EventKind, EventWriter, Format, Hex, Record, Role};

pub use crypto::by_hand::open_aes_128_gcm;

/// Length of the header of a record, in bytes.
pub const HEADER_LEN: usize = 5;

/// What protects the records of one direction.
#[derive(Clone, Copy)]
pub struct Keys {
    /// The key.
    pub key: [u8; 16],
    /// The iv.
    pub iv: [u8; 12],
}

/// What was in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The true type.
    pub kind: u8,
    /// What it carries.
    pub content: Vec<u8>,
}

/// Takes four things from the command line: key, iv, the record's number, and the record. Reports what `open` finds in
/// it, with the true type in front, or that it refuses it.
pub fn run(open: fn(&Keys, u64, &[u8]) -> Option<Opened>) -> ExitCode {
    crate::begin(crate::LIMIT);
    let given: Vec<_> = env::args().skip(1).take(4).collect();
    let Some((keys, number, record)) = read(&given) else {
        eprintln!("{given:?} is not a key, an iv, a number and a record");
        return ExitCode::from(2);
    };
    let kind = match open(&keys, number, &record) {
        Some(Opened { kind, content }) => {
            let found = [&[kind], &content[..]].concat();
            EventKind::Received(Record::new(&PART5_TLS13, number, &found, &record))
        }
        None => EventKind::Rejected {
            index: number,
            step: None,
            error: "refused".to_owned(),
            message: "refused".to_owned(),
            expected_seq: None,
            record: None,
        },
    };
    let event = Event { role: Role::Wire, stage: &PART5_TLS13, kind };
    EventWriter::new(Format::Json).write(&event);
    ExitCode::SUCCESS
}

fn read(given: &[String]) -> Option<(Keys, u64, Hex)> {
    let [key, iv, number, record] = given else { return None };
    let hex = |text: &str| from_str::<Hex>(&format!("{text:?}")).ok();
    let keys = Keys { key: (*hex(key)?).try_into().ok()?, iv: (*hex(iv)?).try_into().ok()? };
    Some((keys, number.parse().ok()?, hex(record)?))
}
