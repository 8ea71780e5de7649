//! Gives an exercise a secret and what was said, and reports the tag that it makes.

use std::env;
use std::process::ExitCode;

use stages::PART5_TLS13;
use transcript::{Event, EventKind, EventWriter, Format, Hex, Role};

pub use crypto::by_hand::{hmac, sha256};

/// Length of a secret, a hash and a tag where the suite has SHA-256, in bytes.
pub const LEN: usize = 32;

/// The type of a record that carries messages of the handshake, or a part of one.
pub const HANDSHAKE: u8 = 22;

/// A record, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its true type.
    pub kind: u8,
    /// What it carries.
    pub content: Vec<u8>,
}

/// Computes HKDF-Expand-Label with an empty context: what belongs to this label.
pub fn expand_label(secret: &[u8; LEN], label: &str) -> [u8; LEN] {
    const PREFIX: &[u8] = b"tls13 ";
    let [len, label_len] =
        [LEN, PREFIX.len() + label.len()].map(|len| u8::try_from(len).unwrap_or(u8::MAX));
    // The last two bytes: no context, and the number of the block.
    hmac(secret, &[&[0, len, label_len], PREFIX, label.as_bytes(), &[0, 1]].concat())
}

/// Splits what was said into messages, each with its type and length in front.
pub fn messages(mut said: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while !said.is_empty() {
        let len = match said {
            [_, high, middle, low, ..] => {
                4 + u32::from_be_bytes([0, *high, *middle, *low]) as usize
            }
            _ => said.len(),
        };
        let (message, rest) = said.split_at(len.min(said.len()));
        messages.push(message);
        said = rest;
    }
    messages
}

/// A function that is given the secret of the side whose turn it is, and what client and server have said so far.
pub type Finished = fn(&[u8; LEN], &[Record], &[Record]) -> [u8; LEN];

/// Takes the three from the start of the command line, a JSON array: the secret, and the records of each side, each a
/// type and a content. Reports the tag as the message in which it would be sent.
pub fn run(finished: Finished) -> ExitCode {
    type Given = (Hex, Vec<(u8, Hex)>, Vec<(u8, Hex)>);
    crate::begin(crate::LIMIT);
    let given = env::args().nth(1).unwrap_or_default();
    let read = serde_json::from_str::<Given>(&given).ok();
    let read = read.and_then(|(secret, client, server)| {
        Some(((*secret).try_into().ok()?, records(&client), records(&server)))
    });
    let Some((secret, client, server)) = read else {
        eprintln!("{given:?} is not a secret and the records of client and server");
        return ExitCode::from(2);
    };
    let tag = finished(&secret, &client, &server);
    let record = transcript::Record::new(&PART5_TLS13, 0, &tag, &tag);
    let event = Event { role: Role::Wire, stage: &PART5_TLS13, kind: EventKind::Sent(record) };
    EventWriter::new(Format::Json).write(&event);
    ExitCode::SUCCESS
}

fn records(given: &[(u8, Hex)]) -> Vec<Record> {
    given.iter().map(|(kind, content)| Record { kind: *kind, content: content.to_vec() }).collect()
}
