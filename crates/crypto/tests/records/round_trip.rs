//! What is sealed opens, and looks as its diagram says.

use std::collections::HashSet;

use crypto::SEQ_LEN;
use crypto::Seal;

use crate::stages::{REQUEST, Stage};
use crate::{open, seal};

fn every_length_opens_to_what_was_sealed_and_takes_only_the_overhead_more_at<S: Stage>(
    overhead: usize,
) {
    let (mut sealer, mut opener) = (S::sealer(), S::opener());
    for len in (0..=300).chain([16_383, 16_384, 16_385]) {
        let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        let payload = seal(&mut sealer, &plaintext);
        assert_eq!(payload.len(), len + overhead);
        assert_eq!(open(&mut opener, &payload).unwrap(), plaintext);
    }
}
at! {
    every_length_opens_to_what_was_sealed_and_takes_only_the_overhead_more_at:
    ctr(16), hmac(48), hmac_seq(56), aead(36)
}

fn a_payload_is_appended_behind_what_is_there_at<S: Stage>() {
    let mut buffer = b"length".to_vec();
    S::sealer().seal(REQUEST, &mut buffer).unwrap();
    let payload = buffer.strip_prefix(b"length").unwrap();
    assert_eq!(open(&mut S::opener(), payload).unwrap(), REQUEST);
}
at! { a_payload_is_appended_behind_what_is_there_at: ctr(), hmac(), hmac_seq(), aead() }

/// More of them than a sealer draws from the operating system at once.
fn a_hundred_records_have_a_hundred_nonces_at<S: Stage>(start: usize, len: usize) {
    let mut sealer = S::sealer();
    let mut nonce = || seal(&mut sealer, REQUEST)[start..start + len].to_vec();
    let nonces: HashSet<_> = (0..100).map(|_| nonce()).collect();
    assert_eq!(nonces.len(), 100);
}
at! {
    a_hundred_records_have_a_hundred_nonces_at: ctr(0, 16), hmac(0, 16), hmac_seq(8, 16), aead(8, 12)
}

fn records_are_numbered_from_0_in_clear_at<S: Stage>() {
    let mut sealer = S::sealer();
    for seq in 0..300_u64 {
        assert_eq!(seal(&mut sealer, REQUEST)[..SEQ_LEN], seq.to_be_bytes());
    }
}
at! { records_are_numbered_from_0_in_clear_at: hmac_seq(), aead() }
