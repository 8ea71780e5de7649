//! Where a sealer or an opener has to stop: no randomness left, no number left.

use std::sync::atomic::Ordering;

use super::keys;
use crate::nonce::Nonces;
use crate::sequence::Sequence;
use crate::{Open, OpenError, SEQ_LEN, Seal, SealError, aead, ctr, hmac, hmac_seq};

/// Makes a test of each stage named, `$check::$stage`, for a fresh sealer and opener of it.
macro_rules! at {
    ($check:ident: $($stage:ident)*, |$sealer:ident, $opener:ident| $body:block) => {
        mod $check {
            use super::*;
            $(
                #[test]
                fn $stage() {
                    let keys = keys::$stage();
                    let mut $sealer = $stage::Sealer::new(&keys);
                    let mut $opener = $stage::Opener::new(&keys);
                    $body
                }
            )*
        }
    };
}

at! { without_randomness_nothing_is_sealed_and_no_number_is_used_up_at:
    ctr hmac hmac_seq aead, |sealer, opener| {
        let mut payload = b"here before".to_vec();
        sealer.nonces = Nonces::unavailable();
        let no_randomness = SealError::NoRandomness(getrandom::Error::UNSUPPORTED);
        assert_eq!(sealer.seal(&[], b"hello", &mut payload), Err(no_randomness));
        assert_eq!(payload, b"here before");

        payload.clear();
        sealer.nonces = Nonces::random();
        sealer.seal(&[], b"hello", &mut payload).unwrap();
        assert_eq!(opener.open(&[], &mut payload).unwrap(), b"hello");
    }
}

at! { the_last_number_seals_and_opens_and_then_both_sides_are_exhausted_at:
    hmac_seq aead, |sealer, opener| {
        let last = u64::MAX;
        sealer.sequence = Sequence::starting_at(last);
        opener.sequence = Sequence::starting_at(last);
        let mut payload = Vec::new();
        sealer.seal(&[], b"the last", &mut payload).unwrap();
        assert_eq!(payload[..SEQ_LEN], last.to_be_bytes());
        let (mut replay, mut changed) = (payload.clone(), payload.clone());
        assert_eq!(opener.open(&[], &mut payload).unwrap(), b"the last");

        // Randomness is not asked for either: that error would come instead.
        sealer.nonces = Nonces::unavailable();
        let mut payload = b"here before".to_vec();
        for _ in 0..2 {
            let sealed = sealer.seal(&[], b"one more", &mut payload);
            assert_eq!(sealed, Err(SealError::SequenceExhausted));
            assert_eq!(payload, b"here before");
        }

        assert_eq!(opener.expected_seq(), None);
        assert_eq!(opener.open(&[], &mut replay), Err(OpenError::SequenceExhausted));
        changed[SEQ_LEN] ^= 1;
        assert_eq!(opener.open(&[], &mut changed), Err(OpenError::BadTag));
    }
}

#[test]
fn a_key_seals_half_of_2_to_the_32_records_in_all_connections_and_not_one_more() {
    let keys = keys::aead();
    let (mut one, mut other) = (aead::Sealer::new(&keys), aead::Sealer::new(&keys));
    keys.sealed.store(aead::MAX_RECORDS - 2, Ordering::Relaxed);
    let mut payload = Vec::new();
    one.seal(&[], b"the last but one", &mut payload).unwrap();
    payload.clear();
    other.seal(&[], b"the last", &mut payload).unwrap();
    assert_eq!(aead::Opener::new(&keys).open(&[], &mut payload).unwrap(), b"the last");

    let mut payload = b"here before".to_vec();
    for sealer in [&mut one, &mut other, &mut aead::Sealer::new(&keys)] {
        // Randomness is not asked for: that error would come instead.
        sealer.nonces = Nonces::unavailable();
        assert_eq!(sealer.seal(&[], b"one more", &mut payload), Err(SealError::KeyExhausted));
        assert_eq!(payload, b"here before");
    }
    assert_eq!(2 * aead::MAX_RECORDS, 1 << 32);
}
