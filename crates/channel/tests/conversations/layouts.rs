//! The catalogue knows each stage's fields from outside, crypto from inside. Here the two are
//! compared.

use crypto::{SEQ_LEN, aead, ctr, hmac, hmac_seq};
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Role, Stage};

use crate::common::{REQUEST, every_stage, opener, sealer};
use crate::wire::{received, sent};

fn assert_fields(stage: &Stage, expected: &[(Role, Option<usize>)]) {
    let length = (Role::Length, Some(4));
    let fields: Vec<_> = stage.fields.iter().map(|field| (field.role, field.len)).collect();
    assert_eq!(fields, [&[length], expected].concat());
}

#[test]
fn each_fields_length_is_the_one_the_cryptography_states() {
    let (seq, ciphertext) = ((Role::Seq, Some(SEQ_LEN)), (Role::Ciphertext, None));
    let nonce = |len| (Role::Nonce, Some(len));
    let tag = |len| (Role::Tag, Some(len));
    assert_fields(&PART1_CTR, &[nonce(ctr::NONCE_LEN), ciphertext]);
    assert_fields(&PART2_HMAC, &[nonce(hmac::NONCE_LEN), ciphertext, tag(hmac::TAG_LEN)]);
    let fields = [seq, nonce(hmac_seq::NONCE_LEN), ciphertext, tag(hmac_seq::TAG_LEN)];
    assert_fields(&PART2_HMAC_SEQ, &fields);
    assert_fields(&PART2_AEAD, &[seq, nonce(aead::NONCE_LEN), ciphertext, tag(aead::TAG_LEN)]);
}

#[test]
fn each_overhead_is_the_one_the_cryptography_states() {
    for stage in every_stage() {
        let stated = [sealer(stage).overhead(), opener(stage).overhead()];
        assert_eq!(stated, [stage.overhead(); 2]);
    }
    let stages = [&PART1_CTR, &PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];
    let stated = [ctr::OVERHEAD, hmac::OVERHEAD, hmac_seq::OVERHEAD, aead::OVERHEAD];
    assert_eq!(stages.map(Stage::overhead), stated);
}

/// The request takes 77, 109, 117 and 97 bytes, and 4 more for the length.
#[test]
fn a_record_is_as_long_as_the_catalogue_says() {
    let lens = [(&PART1_CTR, 77), (&PART2_HMAC, 109), (&PART2_HMAC_SEQ, 117), (&PART2_AEAD, 97)];
    for (stage, len) in lens {
        assert_eq!(sent(stage, &[REQUEST])[0].len(), 4 + len);
    }
    for stage in every_stage() {
        let [record] = sent(stage, &[REQUEST]).try_into().unwrap();
        assert_eq!(record.len(), stage.record_overhead() + REQUEST.len());
        let (header, payload) = record.split_at(stage.header().len());
        assert_eq!(*header, *stage.header().encode(payload.len()));
    }
}

#[test]
fn a_receiver_accepts_payloads_within_the_catalogues_limits() {
    for stage in every_stage() {
        let refusal =
            |len: usize| received(stage, &stage.header().encode(len)).1.unwrap_err().rejection();
        let limits = stage.limits();
        assert_eq!(refusal(limits.min - 1), Some("too_short"));
        assert_eq!(refusal(limits.min), Some("truncated"));
        assert_eq!(refusal(limits.max), Some("truncated"));
        assert_eq!(refusal(limits.max + 1), Some("too_long"));
    }
}
