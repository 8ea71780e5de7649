//! Exercise 13: open the record of RFC 8448.
//!
//! **You have** a record of TLS 1.3, the keys of its direction, and its number: how many records were sealed under
//! these keys before. The suite is `TLS_AES_128_GCM_SHA256`.
//!
//! ```text
//!   1      2        2              N + 1 + padding               16
//! +------+---------+--------+------------------------------+--------+
//! | type | version | length | content, true type, zeros    | tag    |
//! +------+---------+--------+------------------------------+--------+
//! |<------- header -------->|<--------- encrypted -------->|
//!
//! keys.key, keys.iv       16 bytes, and 12
//! number                  0 for the first record; it does not stand in the record
//!
//! open_aes_128_gcm(&key, &nonce, associated_data, ciphertext_and_tag)      the plaintext, or None
//! ```
//!
//! **You want** what the record carries, and its true type; `None` if nobody who has the keys sealed it just so, in this
//! place, or if it has no type.
//!
//! **Write** the function `open_record`.
//!
//! **The checker**, `cargo xtask exercise 13`, gives it records of the connection that RFC 8448 prints in section 3, and
//! some more: padded, empty, changed, and in the wrong place.

use std::process::ExitCode;

use harness::open_record::{HEADER_LEN, Keys, Opened, open_aes_128_gcm};

/// Returns what is in record `number` under these keys, or `None` if it is to be refused.
fn open_record(keys: &Keys, number: u64, record: &[u8]) -> Option<Opened> {
    let (header, payload) = record.split_at(HEADER_LEN);

    // Your turn. This opens nothing: the nonce is wrong for most records, and nothing is associated.
    let _ = (number, header);
    let content = open_aes_128_gcm(&keys.key, &keys.iv, &[], payload)?;
    Some(Opened { kind: record[0], content })
}

fn main() -> ExitCode {
    harness::open_record::run(open_record)
}
