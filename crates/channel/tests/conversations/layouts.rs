//! Framing knows each stage's fields from outside, crypto from inside. Here the two are held together.

use crypto::{Open, SEQ_LEN, aead, ctr, hmac, hmac_seq};
use framing::Stage as Layout;
use framing::stage::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ};

use crate::stages::{REQUEST, Stage};
use crate::wire::{received, sent};

fn assert_fields(layout: &Layout, expected: &[(&str, Option<usize>)]) {
    let fields: Vec<_> = layout.fields.iter().map(|field| (field.name, field.len)).collect();
    assert_eq!(fields, expected);
}

#[test]
fn each_fields_length_is_the_one_the_cryptography_states() {
    let (seq, ciphertext) = (("seq", Some(SEQ_LEN)), ("ciphertext", None));
    assert_fields(&PART1_CTR, &[("nonce", Some(ctr::NONCE_LEN)), ciphertext]);
    let (nonce, tag) = (("nonce", Some(hmac::NONCE_LEN)), ("tag", Some(hmac::TAG_LEN)));
    assert_fields(&PART2_HMAC, &[nonce, ciphertext, tag]);
    let (nonce, tag) = (("nonce", Some(hmac_seq::NONCE_LEN)), ("tag", Some(hmac_seq::TAG_LEN)));
    assert_fields(&PART2_HMAC_SEQ, &[seq, nonce, ciphertext, tag]);
    let (nonce, tag) = (("nonce", Some(aead::NONCE_LEN)), ("tag", Some(aead::TAG_LEN)));
    assert_fields(&PART2_AEAD, &[seq, nonce, ciphertext, tag]);
}

#[test]
fn each_overhead_is_the_one_the_cryptography_states() {
    let layouts = [&PART1_CTR, &PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];
    let stated = [ctr::OVERHEAD, hmac::OVERHEAD, hmac_seq::OVERHEAD, aead::OVERHEAD];
    let opened = [
        ctr::Opener::OVERHEAD,
        hmac::Opener::OVERHEAD,
        hmac_seq::Opener::OVERHEAD,
        aead::Opener::OVERHEAD,
    ];
    assert_eq!(layouts.map(Layout::overhead), stated);
    assert_eq!(opened, stated);
}

/// The request takes 77, 109, 117 and 97 bytes, and 4 more for the length.
fn a_receiver_accepts_payloads_within_the_layouts_limits_at<S: Stage>(layout: &Layout, len: usize) {
    assert_eq!(sent::<S>(&[REQUEST])[0].len(), 4 + len);
    let refusal = |len: usize| {
        let header = u32::try_from(len).unwrap().to_be_bytes();
        received::<S>(&header).1.unwrap_err().rejection()
    };
    let limits = layout.limits();
    assert_eq!(refusal(limits.min - 1), Some("too_short"));
    assert_eq!(refusal(limits.min), Some("truncated"));
    assert_eq!(refusal(limits.max), Some("truncated"));
    assert_eq!(refusal(limits.max + 1), Some("too_long"));
}
at! {
    a_receiver_accepts_payloads_within_the_layouts_limits_at:
    ctr(&framing::stage::PART1_CTR, 77), hmac(&framing::stage::PART2_HMAC, 109),
    hmac_seq(&framing::stage::PART2_HMAC_SEQ, 117), aead(&framing::stage::PART2_AEAD, 97)
}
