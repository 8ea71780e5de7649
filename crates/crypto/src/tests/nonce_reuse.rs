//! Why a nonce must never come twice under one key.

use super::keys;
use crate::nonce::Nonces;
use crate::{Open, Seal, aead, ctr};

const ONE: &[u8; 16] = b"to=bob&sum=10000";
const OTHER: &[u8; 16] = b"to=eve&sum=00001";

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

#[test]
fn at_ctr_it_gives_the_xor_of_two_plaintexts() {
    let seal = |plaintext| {
        let mut sealer = ctr::Sealer::new(&keys::ctr());
        sealer.nonces = Nonces::fixed([7; ctr::NONCE_LEN]);
        let mut payload = Vec::new();
        sealer.seal(&[], plaintext, &mut payload).unwrap();
        payload.split_off(ctr::NONCE_LEN)
    };
    assert_eq!(xor(&seal(ONE), &seal(OTHER)), xor(ONE, OTHER));
}

/// Product in the field of GCM (NIST SP 800-38D, section 6.3): the highest bit is the constant term.
fn times(x: u128, mut y: u128) -> u128 {
    let mut product = 0;
    for bit in (0..u128::BITS).rev() {
        product ^= if x >> bit & 1 == 1 { y } else { 0 };
        y = y >> 1 ^ if y & 1 == 1 { 0xe1 << 120 } else { 0 };
    }
    product
}

/// The power 2^128 - 2, which is the sum of 2^1 to 2^127.
fn inverse(x: u128) -> u128 {
    let powers = (1..u128::BITS).scan(x, |power, _| {
        *power = times(*power, *power);
        Some(*power)
    });
    powers.reduce(times).unwrap()
}

/// One block of ciphertext c and the same associated data: tag = c · h² + something equal in both. So
/// two such records give h², the authentication key squared, and with it the tag of any other block.
#[test]
fn at_aead_it_gives_away_the_authentication_key_and_so_a_forgery_the_opener_accepts() {
    let seal = |plaintext| {
        let mut sealer = aead::Sealer::new(&keys::aead());
        sealer.nonces = Nonces::fixed([7; aead::NONCE_LEN]);
        let mut payload = Vec::new();
        sealer.seal(&[], plaintext, &mut payload).unwrap();
        let (payload, tag) = payload.split_last_chunk().unwrap();
        let (head, ciphertext) = payload.split_last_chunk().unwrap();
        (head.to_vec(), u128::from_be_bytes(*ciphertext), u128::from_be_bytes(*tag))
    };
    let (head, ciphertext, tag) = seal(ONE);
    let (_, other_ciphertext, other_tag) = seal(OTHER);
    let key_squared = times(tag ^ other_tag, inverse(ciphertext ^ other_ciphertext));

    let forged = b"to=eve&sum=99999";
    let change = u128::from_be_bytes(*ONE) ^ u128::from_be_bytes(*forged);
    let forged_ciphertext = (ciphertext ^ change).to_be_bytes();
    let forged_tag = (tag ^ times(change, key_squared)).to_be_bytes();
    let mut payload = [&head[..], &forged_ciphertext, &forged_tag].concat();

    let mut opener = aead::Opener::new(&keys::aead());
    assert_eq!(opener.open(&[], &mut payload).unwrap(), forged);
}
