//! Each primitive gives the answers its standard prints, and accepts and rejects what project
//! Wycheproof says it should.

use serde::Deserialize;

use super::{hex, vectors};
use crate::keys::{AesKey, MacKey};
use crate::primitives::{Aes256Ctr, Aes256Gcm, HmacSha256};

fn aes_key(hex_digits: &str) -> AesKey {
    AesKey::from(<[u8; AesKey::LEN]>::try_from(hex(hex_digits)).unwrap())
}

/// Counter mode is the same in both directions.
fn assert_ctr(key: &str, counter_block: &str, plaintext: &[u8], ciphertext: &str) {
    let cipher = Aes256Ctr::new(&aes_key(key));
    let nonce = hex(counter_block).try_into().unwrap();
    for (from, to) in [(plaintext, &hex(ciphertext)[..]), (&hex(ciphertext), plaintext)] {
        let mut data = from.to_vec();
        cipher.apply_keystream(&nonce, &mut data);
        assert_eq!(hex::encode(data), hex::encode(to));
    }
}

#[test]
fn nist_sp_800_38a_f_5_5_and_f_5_6_aes_256_ctr() {
    assert_ctr(
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        &hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
              30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"),
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
         2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6",
    );
}

/// The first counter block of RFC 3686 is nonce (4 bytes), iv (8), and 1 as a 32-bit number.
#[test]
fn rfc_3686_section_6_vectors_7_to_9_aes_256_ctr() {
    let count_up: Vec<u8> = (0..36).collect();
    assert_ctr(
        "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104",
        "00000060db5672c97aa8f0b200000001",
        b"Single block msg",
        "145ad01dbf824ec7560863dc71e3e0c0",
    );
    assert_ctr(
        "f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884",
        "00faac24c1585ef15a43d87500000001",
        &count_up[..32],
        "f05e231b3894612c49ee000b804eb2a9b8306b508f839d6a5530831d9344af1c",
    );
    assert_ctr(
        "ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d",
        "001cc5b751a51d70a1c1114800000001",
        &count_up,
        "eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b8",
    );
}

fn assert_hmac(key: &[u8], data: &[u8], tag: &str) {
    let mac = HmacSha256::new(&MacKey::from(key.to_vec()));
    let whole = mac.tag(&[data]);
    assert_eq!(hex::encode(&whole[..tag.len() / 2]), tag);
    assert!(mac.verify(&[data], &whole));
    let (front, back) = data.split_at(data.len() / 2);
    assert_eq!(mac.tag(&[front, back]), whole, "the tag is over the parts as one string");
}

#[test]
fn rfc_4231_sections_4_2_to_4_8_hmac_sha256() {
    let count_up: Vec<u8> = (1..=25).collect();
    assert_hmac(
        &[0x0b; 20],
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    assert_hmac(
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    assert_hmac(
        &[0xaa; 20],
        &[0xdd; 50],
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    );
    assert_hmac(
        &count_up,
        &[0xcd; 50],
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    );
    assert_hmac(&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b");
    assert_hmac(
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
    assert_hmac(
        &[0xaa; 131],
        b"This is a test using a larger than block-size key and a larger than block-size data. \
          The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    );
}

#[derive(Deserialize)]
struct Wycheproof<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct MacCase {
    id: u32,
    #[serde(with = "hex")]
    key: Vec<u8>,
    #[serde(with = "hex")]
    msg: Vec<u8>,
    #[serde(with = "hex")]
    tag: Vec<u8>,
    valid: bool,
}

#[derive(Deserialize)]
struct AeadCase {
    id: u32,
    key: String,
    #[serde(with = "hex")]
    iv: Vec<u8>,
    #[serde(with = "hex")]
    aad: Vec<u8>,
    #[serde(with = "hex")]
    msg: Vec<u8>,
    #[serde(with = "hex")]
    ct: Vec<u8>,
    #[serde(with = "hex")]
    tag: Vec<u8>,
    valid: bool,
}

/// How many were valid, and how many were not.
fn count(verdicts: impl Iterator<Item = bool>) -> (usize, usize) {
    let (valid, invalid): (Vec<_>, Vec<_>) = verdicts.partition(|valid| *valid);
    (valid.len(), invalid.len())
}

#[test]
fn wycheproof_hmac_sha256_33_valid_54_invalid() {
    let Wycheproof::<MacCase> { cases } = vectors!("wycheproof_hmac_sha256.json");
    let verdicts = cases.into_iter().map(|MacCase { id, key, msg, tag, valid }| {
        let mac = HmacSha256::new(&MacKey::from(key));
        let tag = tag.try_into().unwrap();
        assert_eq!(mac.tag(&[&msg]) == tag, valid, "case {id}");
        assert_eq!(mac.verify(&[&msg], &tag), valid, "case {id}");
        valid
    });
    assert_eq!(count(verdicts), (33, 54));
}

#[test]
fn wycheproof_aes_256_gcm_39_valid_27_invalid() {
    let Wycheproof::<AeadCase> { cases } = vectors!("wycheproof_aes_256_gcm.json");
    let verdicts = cases.into_iter().map(|AeadCase { id, key, iv, aad, msg, ct, tag, valid }| {
        let cipher = Aes256Gcm::new(&aes_key(&key));
        let (nonce, tag) = (iv.try_into().unwrap(), tag.try_into().unwrap());

        let mut sealed = vec![0; msg.len()];
        let made = cipher.seal(&nonce, &aad, &msg, &mut sealed).unwrap();
        assert_eq!((&sealed, made) == (&ct, tag), valid, "case {id}");

        let mut opened = ct.clone();
        assert_eq!(cipher.open(&nonce, &aad, &mut opened, &tag), valid, "case {id}");
        // AWS-LC decrypts while it authenticates; what a wrong tag leaves behind is wiped.
        let refused = if cfg!(feature = "aws-lc-rs") { vec![0; ct.len()] } else { ct };
        assert_eq!(opened, if valid { msg } else { refused }, "case {id}");
        valid
    });
    assert_eq!(count(verdicts), (39, 27));
}
