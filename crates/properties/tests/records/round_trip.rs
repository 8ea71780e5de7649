//! What is sealed opens, and looks as its diagram says.

use std::collections::HashSet;

use crypto::SEQ_LEN;
use stages::Role;

use crate::common::{REQUEST, every_stage, opener, sealer, stages_with};
use crate::{open, range, seal};

#[test]
fn every_length_opens_to_what_was_sealed_and_takes_only_the_overhead_more() {
    for stage in every_stage() {
        let (mut sealer, mut opener) = (sealer(stage), opener(stage));
        for len in (0..=300).chain([16_383, 16_384, 16_385]) {
            let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let payload = seal(&mut sealer, &plaintext);
            assert_eq!(payload.len(), len + stage.overhead());
            assert_eq!(open(&mut opener, &payload).unwrap(), plaintext);
        }
    }
}

#[test]
fn a_payload_is_appended_behind_what_is_there() {
    for stage in every_stage() {
        let mut buffer = b"header".to_vec();
        sealer(stage).seal(b"header", REQUEST, &mut buffer).unwrap();
        let payload = buffer.strip_prefix(b"header").unwrap();
        assert_eq!(open(&mut opener(stage), payload).unwrap(), REQUEST);
    }
}

/// More records than a sealer draws nonces for from the operating system at once.
#[test]
fn a_hundred_records_have_a_hundred_nonces() {
    for stage in stages_with(Role::Nonce) {
        let mut sealer = sealer(stage);
        let mut nonce = || {
            let payload = seal(&mut sealer, REQUEST);
            payload[range(stage, Role::Nonce, &payload)].to_vec()
        };
        let nonces: HashSet<_> = (0..100).map(|_| nonce()).collect();
        assert_eq!(nonces.len(), 100);
    }
}

#[test]
fn records_are_numbered_from_0_in_clear() {
    for stage in stages_with(Role::Seq) {
        let mut sealer = sealer(stage);
        for seq in 0..300_u64 {
            let payload = seal(&mut sealer, REQUEST);
            assert_eq!(payload[..SEQ_LEN], seq.to_be_bytes());
            assert_eq!(stage.seq(&payload), Some(seq));
        }
    }
}
