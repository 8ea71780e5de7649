//! What a refused record leaves behind: the number that is due, and no plaintext.

use std::ops::Range;

use crypto::{OpenError, SEQ_LEN, aead};

use crate::stages::{REQUEST, Stage};
use crate::{open, seal};

/// Two records, and the second one changed in its last byte.
fn two_records_and_a_changed_one<S: Stage>() -> [Vec<u8>; 3] {
    let mut sealer = S::sealer();
    let [first, second] = [seal(&mut sealer, b"first"), seal(&mut sealer, REQUEST)];
    let mut changed = second.clone();
    *changed.last_mut().unwrap() ^= 1;
    [first, second, changed]
}

fn the_number_due_stays_through_a_bad_tag_and_a_wrong_number_and_then_opens_at<S: Stage>() {
    let [first, second, changed] = two_records_and_a_changed_one::<S>();
    let mut opener = S::opener();
    assert_eq!(opener.expected_seq(), Some(0));
    let refusals = [
        (&changed, OpenError::BadTag),
        (&second, OpenError::OutOfOrder { expected: 0, got: 1 }),
        (&Vec::new(), OpenError::TooShort { len: 0, min: S::OVERHEAD }),
    ];
    for (payload, refusal) in refusals {
        assert_eq!(open(&mut opener, payload), Err(refusal));
        assert_eq!(opener.expected_seq(), Some(0));
    }
    assert_eq!(open(&mut opener, &first).unwrap(), b"first");
    assert_eq!(opener.expected_seq(), Some(1));

    assert_eq!(open(&mut opener, &changed), Err(OpenError::BadTag));
    let replay = OpenError::OutOfOrder { expected: 1, got: 0 };
    assert_eq!(open(&mut opener, &first), Err(replay));
    assert_eq!(opener.expected_seq(), Some(1));
    assert_eq!(open(&mut opener, &second).unwrap(), REQUEST);
    assert_eq!(opener.expected_seq(), Some(2));
}
at! {
    the_number_due_stays_through_a_bad_tag_and_a_wrong_number_and_then_opens_at:
    hmac_seq(), aead()
}

fn no_number_is_due_at<S: Stage>() {
    assert_eq!(S::opener().expected_seq(), None);
}
at! { no_number_is_due_at: ctr(), hmac() }

/// As it was: but for AWS-LC's GCM, which decrypts while it authenticates, and is wiped.
fn a_bad_tag_leaves_nothing_decrypted_at<S: Stage>(wiped: Range<usize>) {
    let [_, _, changed] = two_records_and_a_changed_one::<S>();
    let mut payload = changed.clone();
    assert_eq!(S::opener().open(&mut payload), Err(OpenError::BadTag));
    let mut expected = changed;
    if cfg!(feature = "aws-lc-rs") {
        expected[wiped].fill(0);
    }
    assert_eq!(payload, expected);
}
at! { a_bad_tag_leaves_nothing_decrypted_at: hmac(0..0), hmac_seq(0..0), aead(20..20 + 61) }

/// hmac-seq has not decrypted yet; aead has, and wipes.
fn a_wrong_number_leaves_no_plaintext_at<S: Stage>(wiped: Range<usize>) {
    let [_, second, _] = two_records_and_a_changed_one::<S>();
    let mut payload = second.clone();
    let refusal = OpenError::OutOfOrder { expected: 0, got: 1 };
    assert_eq!(S::opener().open(&mut payload), Err(refusal));
    let mut expected = second;
    expected[wiped].fill(0);
    assert_eq!(payload, expected);
}
const AEAD_CIPHERTEXT: Range<usize> = {
    let start = SEQ_LEN + aead::NONCE_LEN;
    start..start + REQUEST.len()
};
at! { a_wrong_number_leaves_no_plaintext_at: hmac_seq(0..0), aead(super::AEAD_CIPHERTEXT) }
