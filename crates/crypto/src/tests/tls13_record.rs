//! The record of TLS 1.3: its nonce, its padding and its true type byte by byte, and where it has to stop.

use super::hex;
use crate::sequence::Sequence;
use crate::tls13::record::{ContentType, MAX_RECORDS, OVERHEAD, Opener, Sealer};
use crate::tls13::secret::Secret;
use crate::tls13::suite::Suite;
use crate::{OpenError, SealError};

const HEADER: [u8; 5] = [23, 3, 3, 0, 0];

fn secret(suite: Suite) -> Secret {
    Secret::known(suite, &vec![7; suite.hash_len()])
}

fn pair(suite: Suite) -> (Sealer, Opener) {
    (Sealer::new(&secret(suite)), Opener::new(&secret(suite)))
}

fn sealed(sealer: &mut Sealer, kind: ContentType, plaintext: &[u8], padding: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    sealer.seal(&HEADER, (kind, plaintext), padding, &mut payload).unwrap();
    payload
}

/// RFC 8448, section 3: the client's application traffic secret makes the iv `5b78923d ee08579033e523d9`.
#[test]
fn the_nonce_is_the_iv_and_its_last_8_bytes_xor_the_number() {
    let digits = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    let mut opener = Opener::new(&Secret::known(Suite::Aes128GcmSha256, &hex(digits)));
    for (number, nonce) in [
        (0, "5b78923dee08579033e523d9"),
        (1, "5b78923dee08579033e523d8"),
        (0x0102_0304_0506_0708, "5b78923def0a549436e324d1"),
        (u64::MAX, "5b78923d11f7a86fcc1adc26"),
    ] {
        opener.0.sequence = Sequence::starting_at(number);
        assert_eq!(opener.0.nonce().map(hex::encode).as_deref(), Some(nonce));
    }
    opener.0.sequence.advance();
    assert_eq!(opener.0.nonce(), None);
}

#[test]
fn every_type_and_length_of_padding_opens_to_what_was_sealed() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        for kind in [ContentType::Alert, ContentType::Handshake, ContentType::ApplicationData] {
            for plaintext in [&b""[..], b"\0", b"ends in zeros\0\0\0", &[7; 300]] {
                for padding in [0, 1, 15, 16, 255] {
                    let mut payload = sealed(&mut sealer, kind, plaintext, padding);
                    assert_eq!(payload.len(), plaintext.len() + padding + OVERHEAD);
                    let opened = opener.open(&HEADER, &mut payload).unwrap();
                    assert_eq!(opened, (Some(kind), &mut plaintext.to_vec()[..]));
                }
            }
        }
    }
    assert_eq!(OVERHEAD, 17);
}

/// What others may seal, and ours never does: nothing but zeros, no byte at all, types that nobody knows.
#[test]
fn a_record_without_a_true_type_or_of_an_unknown_one_opens_to_no_type() {
    for suite in Suite::ALL {
        let (sealer, mut opener) = pair(suite);
        for (inside, plaintext) in [
            (&[][..], &[][..]),
            (&[0], &[]),
            (&[0; 40], &[]),
            (&[1, 2, 3, 99], &[1, 2, 3]),
            (&[1, 2, 3, 19, 0, 0], &[1, 2, 3]),
            (&[24], &[]),
        ] {
            let nonce = opener.0.nonce().unwrap();
            let mut payload = inside.to_vec();
            let tag = sealer.0.aead.seal(&nonce, &HEADER, &mut payload).unwrap();
            payload.extend(tag);
            let (kind, opened) = opener.open(&HEADER, &mut payload).unwrap();
            assert_eq!((kind, &*opened), (None, plaintext), "{inside:?}");
        }
    }
}

#[test]
fn a_byte_changed_anywhere_is_refused_leaves_no_plaintext_and_uses_up_no_number() {
    const PLAINTEXT: &[u8] = b"a plaintext that nobody may see";
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        let good = sealed(&mut sealer, ContentType::ApplicationData, PLAINTEXT, 3);
        let mut refused = |header: &[u8], mut payload: Vec<u8>| {
            assert_eq!(opener.open(header, &mut payload), Err(OpenError::BadTag));
            let shows = |part: &[u8]| payload.windows(part.len()).any(|window| window == part);
            assert!(!PLAINTEXT.windows(4).any(shows));
        };
        for at in 0..good.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = good.clone();
                changed[at] ^= change;
                refused(&HEADER, changed);
            }
        }
        for at in 0..HEADER.len() {
            let mut header = HEADER;
            header[at] ^= 1;
            refused(&header, good.clone());
        }
        refused(&[], good.clone());
        refused(&HEADER, good[1..].to_vec());
        refused(&HEADER, good[..good.len() - 1].to_vec());
        refused(&HEADER, [&good[..], &[0]].concat());
        // Another number, another key, the other direction.
        refused(&HEADER, sealed(&mut sealer, ContentType::ApplicationData, PLAINTEXT, 3));
        let mut other = Sealer::new(&secret(suite).next());
        refused(&HEADER, sealed(&mut other, ContentType::ApplicationData, PLAINTEXT, 3));
        for len in 0..16 {
            let outcome = opener.open(&HEADER, &mut good.clone()[..len]).map(|_| ());
            assert_eq!(outcome, Err(OpenError::TooShort { len, min: OVERHEAD }));
        }
        let opened = opener.open(&HEADER, &mut good.clone()).unwrap().1.to_vec();
        assert_eq!(opened, PLAINTEXT);
        // Once, and not twice.
        assert_eq!(opener.open(&HEADER, &mut good.clone()), Err(OpenError::BadTag));
    }
}

#[test]
fn the_last_number_seals_and_opens_and_then_both_sides_are_exhausted() {
    let (mut sealer, mut opener) = pair(Suite::Aes256GcmSha384);
    sealer.0.sequence = Sequence::starting_at(u64::MAX);
    opener.0.sequence = Sequence::starting_at(u64::MAX);
    let good = sealed(&mut sealer, ContentType::Alert, b"the last", 0);
    assert_eq!(opener.open(&HEADER, &mut good.clone()).unwrap().1, b"the last");
    let mut payload = b"here before".to_vec();
    for _ in 0..2 {
        let outcome = sealer.seal(&HEADER, (ContentType::Alert, b"more"), 0, &mut payload);
        assert_eq!(outcome, Err(SealError::SequenceExhausted));
        assert_eq!(payload, b"here before");
        let outcome = opener.open(&HEADER, &mut good.clone()).map(|_| ());
        assert_eq!(outcome, Err(OpenError::SequenceExhausted));
    }
    assert!(sealer.is_worn());
}

/// RFC 8446, section 5.5: about 2^24.5 full records.
#[test]
fn a_key_is_worn_after_2_to_the_24_records() {
    let (mut sealer, _) = pair(Suite::Aes128GcmSha256);
    assert!(!sealer.is_worn());
    sealer.0.sequence = Sequence::starting_at((1 << 24) - 1);
    assert!(!sealer.is_worn());
    sealed(&mut sealer, ContentType::ApplicationData, b"the last before a new key", 0);
    assert!(sealer.is_worn());
    assert_eq!(MAX_RECORDS, 1 << 24);
}
