//! Two payloads with one nonce give away what they should, and any other two are recognised as
//! different.

use attacker::gf128::{BLOCK_LEN, Element, ghash};
use attacker::nonce_reuse::{
    AuthenticationKey, NonceReuseError, other_plaintext, xor_of_plaintexts,
};
use proptest::prelude::*;
use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Role, STAGES};

const ONE: &[u8] = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const OTHER: &[u8] = b"GET /transfer?to=bob&amount=900 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const CHOSEN: &[u8] = b"GET /transfer?to=eve&amount=999 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Stands for what AES makes of its key, for one nonce. The attack needs nothing of AES, so any
/// bytes will do.
#[derive(Clone, Debug)]
struct Secrets {
    h: [u8; BLOCK_LEN],
    mask: [u8; BLOCK_LEN],
    keystream: Vec<u8>,
}

impl Secrets {
    fn new(h: [u8; BLOCK_LEN]) -> Self {
        Self { h, mask: *b"the tag's mask..", keystream: (1..=200).collect() }
    }

    fn encrypt(&self, plaintext: &[u8]) -> Vec<u8> {
        assert!(plaintext.len() <= self.keystream.len());
        plaintext.iter().zip(&self.keystream).map(|(byte, key)| byte ^ key).collect()
    }

    /// A payload of aead, its sequence number and nonce made of one byte each.
    fn seal(&self, seq: u8, nonce: u8, plaintext: &[u8]) -> Vec<u8> {
        let (seq, nonce, ciphertext) = ([seq; 8], [nonce; 12], self.encrypt(plaintext));
        let tag = ghash(self.h.into(), &seq, &ciphertext) + self.mask.into();
        [&seq[..], &nonce, &ciphertext, &<[u8; BLOCK_LEN]>::from(tag)].concat()
    }
}

/// A plaintext of zeros, except for one byte in each of `blocks`.
fn marked(len: usize, blocks: &[usize]) -> Vec<u8> {
    let mut plaintext = vec![0; len];
    for block in blocks {
        plaintext[block * BLOCK_LEN] = 1;
    }
    plaintext
}

fn recovered(len: usize, blocks: &[usize]) -> Result<AuthenticationKey, NonceReuseError> {
    let secrets = Secrets::new(*b"no key, just H..");
    let seal = |plaintext: &[u8]| secrets.seal(0, 0, plaintext);
    AuthenticationKey::recover(&seal(&marked(len, &[])), &seal(&marked(len, blocks)))
}

#[test]
fn at_every_stage_with_a_nonce_two_payloads_give_the_xor_and_one_plaintext_the_other() {
    let secrets = Secrets::new([0; BLOCK_LEN]);
    for stage in STAGES.iter().copied().filter(|stage| stage.has_records()) {
        let payload = |plaintext: &[u8]| -> Vec<u8> {
            let bytes = |len: Option<usize>| len.map_or(secrets.encrypt(plaintext), |n| vec![7; n]);
            stage.fields.iter().skip(1).flat_map(|field| bytes(field.len)).collect()
        };
        let xor = xor_of_plaintexts(stage, &payload(ONE), &payload(OTHER)).unwrap();
        let differing: Vec<_> = (0..).zip(&xor).filter(|(_, byte)| **byte != 0).collect();
        assert_eq!((xor.len(), differing), (61, vec![(28, &(b'1' ^ b'9'))]), "{stage:?}");
        assert_eq!(other_plaintext(&xor, ONE), OTHER);
        assert_eq!(other_plaintext(&xor, OTHER), ONE);
        assert_eq!(other_plaintext(&xor, &ONE[..31]), OTHER[..31]);

        let xor = xor_of_plaintexts(stage, &payload(ONE), &payload(&OTHER[..40])).unwrap();
        assert_eq!(xor.len(), 40, "as far as the shorter one goes");
    }
}

#[test]
fn plain_has_no_nonce_and_so_no_lesson() {
    let error = xor_of_plaintexts(&PART1_PLAIN, ONE, OTHER).unwrap_err();
    assert_eq!(error, NonceReuseError::NoField { stage: &PART1_PLAIN, role: Role::Nonce });
    assert_eq!(error.to_string(), "a record of part1-plain has no Nonce");
}

#[test]
fn payloads_too_short_for_their_fields_are_told() {
    for stage in [&PART1_CTR, &PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD] {
        let min = stage.overhead();
        let (short, long) = (vec![0; min - 1], vec![0; min]);
        let too_short = NonceReuseError::TooShort { stage, len: min - 1, min };
        assert_eq!(xor_of_plaintexts(stage, &short, &long), Err(too_short));
        assert_eq!(xor_of_plaintexts(stage, &long, &short), Err(too_short));
        assert_eq!(xor_of_plaintexts(stage, &long, &long), Ok(vec![]));
    }
    let too_short = NonceReuseError::TooShort { stage: &PART2_AEAD, len: 35, min: 36 };
    assert_eq!(AuthenticationKey::recover(&[0; 35], &[0; 36]), Err(too_short));
    assert_eq!(recovered(61, &[1]).unwrap().mask(&[0; 35]), Err(too_short));
}

#[test]
fn the_amount_stands_to_the_fourth_power() {
    let secrets = Secrets::new(*b"no key, just H..");
    let [one, other] = [ONE, OTHER].map(|plaintext| secrets.seal(0, 0, plaintext));
    let key = AuthenticationKey::recover(&one, &other).unwrap();
    assert_eq!((key.block, key.exponent), (1, 4));
    assert_eq!(key.h, secrets.h.into());
    assert_eq!(key.power, key.h.square().square());
}

#[test]
fn the_exponent_follows_from_the_block_and_the_length() {
    for (len, block, exponent) in [
        (1, 0, 2),
        (16, 0, 2),
        (17, 1, 2),
        (33, 0, 4),
        (48, 0, 4),
        (61, 1, 4),
        (61, 3, 2),
        (112, 0, 8),
    ] {
        let key = recovered(len, &[block]).unwrap();
        assert_eq!((key.block, key.exponent), (block, exponent), "{block} of {len} bytes");
        assert_eq!(key.h, Element::from(*b"no key, just H.."));
    }
}

#[test]
fn an_exponent_that_is_no_power_of_two_has_no_simple_root() {
    for (len, block, exponent) in [(17, 0, 3), (61, 0, 5), (61, 2, 3), (96, 0, 7)] {
        let error = NonceReuseError::NoSimpleRoot { block, exponent };
        assert_eq!(recovered(len, &[block]), Err(error));
    }
}

#[test]
fn one_block_must_differ_and_one_only() {
    assert_eq!(recovered(61, &[]), Err(NonceReuseError::NotOneBlock { count: 0 }));
    assert_eq!(recovered(61, &[1, 3]), Err(NonceReuseError::NotOneBlock { count: 2 }));
    assert_eq!(recovered(0, &[]), Err(NonceReuseError::NotOneBlock { count: 0 }));
}

#[test]
fn nonce_seq_and_length_must_be_equal() {
    let secrets = Secrets::new([7; BLOCK_LEN]);
    let one = secrets.seal(0, 0, ONE);
    for (other, error) in [
        (secrets.seal(0, 1, OTHER), NonceReuseError::OtherNonce),
        (secrets.seal(1, 0, OTHER), NonceReuseError::OtherSeq),
        (secrets.seal(0, 0, &OTHER[..60]), NonceReuseError::OtherLength),
    ] {
        assert_eq!(AuthenticationKey::recover(&one, &other), Err(error));
    }
}

#[test]
fn a_forgery_is_as_long_as_the_plaintext_that_is_known_and_no_longer() {
    let secrets = Secrets::new([7; BLOCK_LEN]);
    let sealed = secrets.seal(0, 0, ONE);
    let key = AuthenticationKey::recover(&sealed, &secrets.seal(0, 0, OTHER)).unwrap();
    for len in [0, 1, 16, 60, 61] {
        let forged = key.forge(&sealed, ONE, &CHOSEN[..len]).unwrap();
        assert_eq!(forged, secrets.seal(0, 0, &CHOSEN[..len]));
    }
    let forged = key.forge(&sealed, &ONE[..20], &CHOSEN[..20]).unwrap();
    assert_eq!(forged, secrets.seal(0, 0, &CHOSEN[..20]));
    for (known, max) in [(&ONE[..20], 20), (&[ONE, b"..."].concat(), 61)] {
        let error = NonceReuseError::TooLong { len: max + 1, max };
        assert_eq!(key.forge(&sealed, known, &vec![0; max + 1]), Err(error));
    }
}

/// The key recovered is the key of all records, not only of the two with one nonce.
#[test]
fn a_record_with_a_nonce_of_its_own_is_forged_with_the_same_key() {
    let secrets = Secrets::new([7; BLOCK_LEN]);
    let [one, other] = [ONE, OTHER].map(|plaintext| secrets.seal(0, 0, plaintext));
    let key = AuthenticationKey::recover(&one, &other).unwrap();

    let fresh = Secrets { mask: [9; BLOCK_LEN], keystream: vec![9; 61], ..secrets };
    let sealed = fresh.seal(5, 5, ONE);
    assert_eq!(key.mask(&sealed), Ok(fresh.mask.into()));
    assert_eq!(key.forge(&sealed, ONE, CHOSEN), Ok(fresh.seal(5, 5, CHOSEN)));
}

proptest! {
    #[test]
    fn any_key_is_recovered(
        h in any::<[u8; BLOCK_LEN]>(),
        mask in any::<[u8; BLOCK_LEN]>(),
        keystream in prop::collection::vec(any::<u8>(), 61),
    ) {
        let secrets = Secrets { h, mask, keystream };
        let [one, other] = [ONE, OTHER].map(|plaintext| secrets.seal(0, 0, plaintext));
        let key = AuthenticationKey::recover(&one, &other).unwrap();
        prop_assert_eq!(key.h, h.into());
        prop_assert_eq!([key.mask(&one), key.mask(&other)], [Ok(mask.into()); 2]);
        prop_assert_eq!(key.forge(&one, ONE, CHOSEN), Ok(secrets.seal(0, 0, CHOSEN)));
        prop_assert_eq!(key.forge(&other, OTHER, CHOSEN), Ok(secrets.seal(0, 0, CHOSEN)));
    }

    #[test]
    fn payloads_of_any_kind_never_panic(
        one in prop::collection::vec(any::<u8>(), 0..120),
        flip in any::<prop::sample::Index>(),
    ) {
        let mut other = one.clone();
        if !other.is_empty() {
            other[flip.index(one.len())] ^= 1;
        }
        if let Ok(key) = AuthenticationKey::recover(&one, &other) {
            key.forge(&one, &other, &one).unwrap_err();
        }
    }
}
