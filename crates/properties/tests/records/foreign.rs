//! Records from elsewhere: sealed under another key, or at another stage.

use crypto::keys::{AesKey, MacKey};
use crypto::{OpenError, aead, ctr, hmac, hmac_seq};
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Stage};

use crate::common::{REQUEST, opener};
use crate::{open, request};

const NOT_THE_KEY: [u8; AesKey::LEN] = [7; AesKey::LEN];

#[test]
fn a_wrong_key_garbles_at_ctr_and_nobody_notices() {
    let keys = ctr::Keys { encryption: AesKey::from(NOT_THE_KEY) };
    let plaintext = open(&mut ctr::Opener::new(&keys), &request(&PART1_CTR)).unwrap();
    assert_eq!(plaintext.len(), REQUEST.len());
    assert_ne!(plaintext, REQUEST);
}

#[test]
fn a_wrong_mac_key_is_a_bad_tag_at_hmac_and_hmac_seq() {
    for mac in [b"HMAC_KEY_FOR_PART2_DEMO_1234568".to_vec(), vec![7; 31], vec![]] {
        let keys = hmac::Keys { mac: MacKey::from(mac), ..demo_keys::hmac() };
        let opened = open(&mut hmac::Opener::new(&keys), &request(&PART2_HMAC));
        assert_eq!(opened, Err(OpenError::BadTag));
        let opened = open(&mut hmac_seq::Opener::new(&keys), &request(&PART2_HMAC_SEQ));
        assert_eq!(opened, Err(OpenError::BadTag));
    }
}

/// The tag covers the ciphertext: it says nothing about the key that made it.
#[test]
fn a_wrong_encryption_key_under_the_right_mac_key_garbles_at_hmac_and_hmac_seq() {
    let keys = hmac::Keys { encryption: AesKey::from(NOT_THE_KEY), ..demo_keys::hmac() };
    let garbled = [
        open(&mut hmac::Opener::new(&keys), &request(&PART2_HMAC)).unwrap(),
        open(&mut hmac_seq::Opener::new(&keys), &request(&PART2_HMAC_SEQ)).unwrap(),
    ];
    for plaintext in garbled {
        assert_eq!(plaintext.len(), REQUEST.len());
        assert_ne!(plaintext, REQUEST);
    }
}

#[test]
fn a_wrong_key_is_a_bad_tag_at_aead() {
    let keys = aead::Keys::new(AesKey::from(NOT_THE_KEY));
    let opened = open(&mut aead::Opener::new(&keys), &request(&PART2_AEAD));
    assert_eq!(opened, Err(OpenError::BadTag));
}

/// What the opener of one stage makes of the request sealed at another: the length of a plaintext, or a
/// refusal.
fn request_across(from: &Stage, to: &Stage) -> Result<usize, OpenError> {
    let opened = open(&mut opener(to), &request(from))?;
    assert_ne!(opened, REQUEST, "sealed at another stage, a plaintext is garbled");
    Ok(opened.len())
}

#[test]
fn ctr_takes_the_records_of_every_other_stage_for_its_own_and_garbles_them() {
    assert_eq!(request_across(&PART2_HMAC, &PART1_CTR), Ok(61 + 32));
    assert_eq!(request_across(&PART2_HMAC_SEQ, &PART1_CTR), Ok(61 + 40));
    assert_eq!(request_across(&PART2_AEAD, &PART1_CTR), Ok(61 + 20));
}

/// One tag over the same bytes, under the same key: hmac takes the number as half a nonce.
#[test]
fn hmac_takes_a_record_of_hmac_seq_for_its_own_and_reads_8_bytes_more_of_nonsense() {
    assert_eq!(request_across(&PART2_HMAC_SEQ, &PART2_HMAC), Ok(61 + 8));
}

/// The same again: the tag is valid, and the first half of the nonce is read as a number. Only a nonce that
/// happens to start with the number due, one in 2^64, would get through.
#[test]
fn hmac_seq_finds_the_tag_of_a_record_of_hmac_valid_and_refuses_its_number() {
    let payload = request(&PART2_HMAC);
    let (nonce, _) = payload.split_first_chunk().unwrap();
    let misread = OpenError::OutOfOrder { expected: 0, got: u64::from_be_bytes(*nonce) };
    assert_eq!(open(&mut opener(&PART2_HMAC_SEQ), &payload), Err(misread));
}

#[test]
fn all_other_records_of_another_stage_are_refused_where_there_is_a_tag() {
    let refused = [
        request_across(&PART1_CTR, &PART2_HMAC),
        request_across(&PART2_AEAD, &PART2_HMAC),
        request_across(&PART1_CTR, &PART2_HMAC_SEQ),
        request_across(&PART2_AEAD, &PART2_HMAC_SEQ),
        request_across(&PART1_CTR, &PART2_AEAD),
        request_across(&PART2_HMAC, &PART2_AEAD),
        request_across(&PART2_HMAC_SEQ, &PART2_AEAD),
    ];
    assert_eq!(refused, [Err(OpenError::BadTag); 7]);
}

#[test]
fn a_record_of_hmac_or_hmac_seq_trimmed_to_nonce_and_ciphertext_opens_at_ctr() {
    let (hmac, hmac_seq) = (request(&PART2_HMAC), request(&PART2_HMAC_SEQ));
    let trimmed = [&hmac[..16 + 61], &hmac_seq[8..8 + 16 + 61]];
    for payload in trimmed {
        assert_eq!(open(&mut opener(&PART1_CTR), payload).unwrap(), REQUEST);
    }
}
