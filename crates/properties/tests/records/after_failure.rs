//! What a refused record leaves behind: the number that is due, and no plaintext.

use crypto::OpenError;
use stages::{PART2_AEAD, Role, Stage};

use crate::common::{REQUEST, opener, sealer, stages_with, stages_without};
use crate::{open, range, seal};

/// Two records, the second one changed in its last byte.
fn two_records_and_a_changed_one(stage: &Stage) -> [Vec<u8>; 3] {
    let mut sealer = sealer(stage);
    let [first, second] = [seal(&mut sealer, b"first"), seal(&mut sealer, REQUEST)];
    let mut changed = second.clone();
    *changed.last_mut().unwrap() ^= 1;
    [first, second, changed]
}

#[test]
fn the_number_due_stays_through_a_bad_tag_and_a_wrong_number_and_then_opens() {
    for stage in stages_with(Role::Seq) {
        let [first, second, changed] = two_records_and_a_changed_one(stage);
        let mut opener = opener(stage);
        assert_eq!(opener.expected_seq(), Some(0));
        let refusals = [
            (&changed, OpenError::BadTag),
            (&second, OpenError::OutOfOrder { expected: 0, got: 1 }),
            (&Vec::new(), OpenError::TooShort { len: 0, min: stage.overhead() }),
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
}

#[test]
fn no_number_is_due_where_records_carry_none() {
    for stage in stages_without(Role::Seq) {
        assert_eq!(opener(stage).expected_seq(), None);
    }
}

/// Unchanged, except with AWS-LC's GCM, which decrypts while it authenticates, and is wiped.
#[test]
fn a_bad_tag_leaves_nothing_decrypted() {
    for stage in stages_with(Role::Tag) {
        let [_, _, changed] = two_records_and_a_changed_one(stage);
        let mut payload = changed.clone();
        assert_eq!(opener(stage).open(&[], &mut payload), Err(OpenError::BadTag));
        let mut expected = changed;
        if cfg!(feature = "aws-lc-rs") && *stage == PART2_AEAD {
            let wiped = range(stage, Role::Ciphertext, &payload);
            assert_eq!(wiped.len(), REQUEST.len());
            expected[wiped].fill(0);
        }
        assert_eq!(payload, expected);
    }
}

/// HMAC has not decrypted yet; aead has, and wipes.
#[test]
fn a_wrong_number_leaves_no_plaintext() {
    for stage in stages_with(Role::Seq) {
        let [_, second, _] = two_records_and_a_changed_one(stage);
        let mut payload = second.clone();
        let refusal = OpenError::OutOfOrder { expected: 0, got: 1 };
        assert_eq!(opener(stage).open(&[], &mut payload), Err(refusal));
        let mut expected = second;
        if *stage == PART2_AEAD {
            let wiped = range(stage, Role::Ciphertext, &payload);
            assert_eq!(wiped.len(), REQUEST.len());
            expected[wiped].fill(0);
        }
        assert_eq!(payload, expected);
    }
}
