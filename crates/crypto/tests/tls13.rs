//! The records of TLS 1.3 that the book shows beside ours. RFC 8448, section 3, prints them with the key and
//! the iv of the client's direction.

use aes_gcm::{AeadInOut, Aes128Gcm, Error, KeyInit};
use hex::FromHex;

const KEY: &str = "17422dda596ed5d9acd890e3c63f5051";
const IV: &str = "5b78923dee08579033e523d9";

// ANCHOR: open
/// Opens record number `seq` as RFC 8446, section 5.2 and 5.3, says: the header is the associated data, and
/// the iv xor the number is the nonce.
fn open(seq: u64, record: &str) -> Result<Vec<u8>, Error> {
    let key = <[u8; 16]>::from_hex(KEY).unwrap();
    let mut nonce = <[u8; 12]>::from_hex(IV).unwrap();
    for (byte, number) in nonce.iter_mut().skip(4).zip(seq.to_be_bytes()) {
        *byte ^= number;
    }
    let record = hex::decode(record.replace(char::is_whitespace, "")).unwrap();
    let (header, rest) = record.split_at(5);
    let (ciphertext, tag) = rest.split_last_chunk::<16>().unwrap();
    let mut data = ciphertext.to_vec();
    Aes128Gcm::new(&key.into()).decrypt_inout_detached(
        &nonce.into(),
        header,
        data.as_mut_slice().into(),
        tag.into(),
    )?;
    Ok(data)
}
// ANCHOR_END: open

const DATA: &str = "
    17 03 03 00 43
    a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb
    ef ac ea 42 f9 14 aa 66 bc ab 3f 2b 98 19 a8 a5
    b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a
    62 92 a2
    97 70 14 bd 1e 3d ea e6 3a ee bb 21 69 49 15 e4";

const CLOSE_NOTIFY: &str =
    "17 03 03 00 13  c9 87 27 60 65 56 66 b7 4d 7f f1  15 3e fd 6d b6 d0 b0 e3";

#[test]
fn the_application_data_of_rfc_8448_is_50_bytes_and_their_true_type() {
    let expected: Vec<u8> = (0..50).chain([23]).collect();
    assert_eq!(open(0, DATA).unwrap(), expected);
}

#[test]
fn the_close_notify_of_rfc_8448_is_record_1_a_warning_and_its_true_type() {
    assert_eq!(open(1, CLOSE_NOTIFY).unwrap(), [1, 0, 21]);
}

#[test]
fn a_record_in_the_wrong_place_fails_by_its_tag() {
    assert_eq!(open(1, DATA), Err(Error));
    assert_eq!(open(0, CLOSE_NOTIFY), Err(Error));
}

#[test]
fn a_changed_header_fails_by_the_tag() {
    assert_eq!(open(0, &DATA.replace("17 03 03", "16 03 03")), Err(Error));
}
