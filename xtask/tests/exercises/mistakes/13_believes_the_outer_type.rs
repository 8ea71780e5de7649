//! Exercise 13 with a mistake that the checker must catch: the type is read where everyone can read it.

use std::iter::zip;
use std::process::ExitCode;

use harness::open_record::{HEADER_LEN, Keys, Opened, open_aes_128_gcm};

/// Returns what is in record `number` under these keys, or `None` if it is to be refused.
fn content_of(keys: &Keys, number: u64, record: &[u8]) -> Option<Opened> {
    let (header, payload) = record.split_at(HEADER_LEN);
    let mut nonce = keys.iv;
    for (byte, number) in zip(&mut nonce[4..], number.to_be_bytes()) {
        *byte ^= number;
    }
    let mut content = open_aes_128_gcm(&keys.key, &nonce, header, payload)?;
    while content.pop_if(|last| *last == 0).is_some() {}
    let kind = record[0];
    content.pop()?;
    Some(Opened { kind, content })
}

fn main() -> ExitCode {
    harness::open_record::run(content_of)
}
