//! Secrets computed by a side that takes a weak public value, without the check that ours make.

use attacker::attacks::weak_keys::{Weak, weak_values};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U64, U2048};
use proptest::prelude::*;
use stages::{PART3_DH, PART3_X25519};

/// A number, big-endian, to the power of another modulo the prime of the stage, without zero bytes in front.
fn power(base: &[u8], exponent: u64) -> Vec<u8> {
    let mut padded = vec![0; U2048::BYTES - base.len()];
    padded.extend_from_slice(base);
    let modulus = Odd::new(U2048::from_be_slice(&crypto::dh::prime())).unwrap();
    let params = FixedMontyParams::new_vartime(modulus);
    let base = FixedMontyForm::new(&U2048::from_be_slice(&padded), &params);
    let power = base.pow(&U64::from(exponent)).retrieve().to_be_bytes();
    power.as_ref().iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[test]
fn at_classic_diffie_hellman_any_exponent_makes_the_secret_that_is_known() {
    for Weak { value, secret, .. } in weak_values(&PART3_DH) {
        for exponent in [2, 0x1234_5678_9abc_def0] {
            assert_eq!(power(&value, exponent), secret);
            let odd = power(&value, exponent + 1);
            assert!(odd == secret || odd == value);
        }
    }
}

proptest! {
    #[test]
    fn at_x25519_any_private_key_makes_the_secret_that_is_known(private: [u8; 32]) {
        for Weak { value, secret, .. } in weak_values(&PART3_X25519) {
            let value = value.try_into().unwrap();
            prop_assert_eq!(x25519_dalek::x25519(private, value).to_vec(), secret);
        }
    }
}

#[test]
fn the_powers_here_are_those_of_the_group() {
    let two = crypto::dh::GENERATOR;
    assert_eq!(power(two, 10), [4, 0]);
}
