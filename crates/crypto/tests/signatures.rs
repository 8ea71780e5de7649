//! Signatures of part 4: those that the articles' programs made, each with one thing changed, and ours; and private
//! keys that are none of ours.

use crypto::signature::{IdentityKey, KeyError, Scheme, verify};
use getrandom::SysRng;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::{PrivateKey, PublicKey, pkcs1v15, pss};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../handshake/tests/vectors/handshakes.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// A private key of the vectors, in PKCS #8.
fn private(name: &str) -> Vec<u8> {
    bytes(&vectors()["keys"][name])
}

/// The public half of an RSA key of 2,048 bits or more: RSAPublicKey, which stands behind 24 bytes of
/// SubjectPublicKeyInfo.
fn public(name: &str) -> Vec<u8> {
    IdentityKey::from_pkcs8(&private(name)).unwrap().public_key_info().split_off(24)
}

/// A SEQUENCE of two INTEGERs, each of fewer than 65,536 bytes.
fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let len = content.len();
        let header = match u8::try_from(len) {
            Ok(len @ ..0x80) => vec![tag, len],
            Ok(len) => vec![tag, 0x81, len],
            Err(_) => [&[tag, 0x82], &u16::try_from(len).unwrap().to_be_bytes()[..]].concat(),
        };
        [&header, content].concat()
    };
    element(0x30, &[element(2, modulus), element(2, exponent)].concat())
}

const SCHEMES: [Scheme; 5] = [
    Scheme::PssLongestSalt,
    Scheme::Pss,
    Scheme::Pkcs1Sha256,
    Scheme::Pkcs1Sha384,
    Scheme::Pkcs1Sha512,
];

/// Signatures that theirs accept and ours do not: their client takes a salt of any length, and their server only ever
/// sends the longest.
const STRICTER: [&str; 5] = [
    "salt of 221 bytes",
    "salt of 64 bytes",
    "salt of 32 bytes",
    "salt of 20 bytes",
    "salt of 0 bytes",
];

#[test]
fn every_signature_of_theirs_has_their_verdict_or_a_salt_that_is_not_the_longest() {
    let (vectors, mut stricter) = (vectors(), Vec::new());
    let (server, server3072) = (public("server"), public("server3072"));
    let cases = vectors["signatures"].as_array().unwrap();
    assert_eq!(cases.len(), 19);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let key = if name.starts_with("RSA-3072") { &server3072 } else { &server };
        let signed = [bytes(&case["client_public"]), bytes(&case["server_public"])].concat();
        let signature = bytes(&case["signature"]);
        let verifies = |scheme: &Scheme| verify(*scheme, key, &signed, &signature);
        match (case["outcome"].as_str().unwrap(), verifies(&Scheme::PssLongestSalt)) {
            ("accepted", false) => stricter.push(name),
            ("accepted", true) | ("refused", false) => {}
            other => panic!("{name}: {other:?}"),
        }
        let others: Vec<_> = SCHEMES[1..].iter().filter(|scheme| verifies(scheme)).collect();
        match name {
            "salt of 32 bytes" => assert_eq!(others, [&Scheme::Pss]),
            "PKCS #1 v1.5" => assert_eq!(others, [&Scheme::Pkcs1Sha256]),
            _ => assert!(others.is_empty(), "{name}: {others:?}"),
        }
    }
    assert_eq!(stricter, STRICTER);
}

#[test]
fn a_signature_is_as_long_as_the_modulus_and_its_salt_as_long_as_there_is_room_for() {
    let message = b"both keys";
    for (name, len, salt_len) in
        [("server", 256, 222), ("server3072", 384, 350), ("server4096", 512, 478)]
    {
        let key = IdentityKey::from_pkcs8(&private(name)).unwrap();
        let signature = key.sign(message).unwrap();
        assert_eq!(signature.len(), len);

        let public = public(name);
        let has_salt_of = |salt_len| {
            let public = PublicKey::from_pkcs1_der(&public).unwrap();
            let key = pss::VerifyingKey::<Sha256>::new_with_salt_len(public, salt_len);
            let signature = pss::Signature::try_from(&*signature).unwrap();
            key.verify(message, &signature).is_ok()
        };
        assert!(has_salt_of(salt_len) && !has_salt_of(salt_len - 1) && !has_salt_of(32));

        let verifying: Vec<_> =
            SCHEMES.iter().filter(|it| verify(**it, &public, message, &signature)).collect();
        assert_eq!(verifying, [&Scheme::PssLongestSalt]);
        assert!(!verify(Scheme::PssLongestSalt, &public, b"other keys", &signature));
        assert!(!verify(Scheme::PssLongestSalt, &self::public("other"), message, &signature));
        assert_ne!(key.sign(message).unwrap(), signature, "the salt is random");
    }
}

/// Each by the scheme that it was made by, and by no other.
#[test]
fn certificates_are_signed_in_four_ways() {
    let key = PrivateKey::from_pkcs8_der(&private("root")).unwrap();
    let (public, message) = (public("root"), b"a statement");
    let signatures = [
        (
            Scheme::Pss,
            pss::SigningKey::<Sha256>::new(key.clone()).sign_with_rng(&mut rng(), message).to_vec(),
        ),
        (
            Scheme::Pkcs1Sha256,
            pkcs1v15::SigningKey::<Sha256>::new(key.clone())
                .sign_with_rng(&mut rng(), message)
                .to_vec(),
        ),
        (
            Scheme::Pkcs1Sha384,
            pkcs1v15::SigningKey::<Sha384>::new(key.clone())
                .sign_with_rng(&mut rng(), message)
                .to_vec(),
        ),
        (
            Scheme::Pkcs1Sha512,
            pkcs1v15::SigningKey::<Sha512>::new(key).sign_with_rng(&mut rng(), message).to_vec(),
        ),
    ];
    for (made_by, signature) in signatures {
        let verifying: Vec<_> =
            SCHEMES.iter().filter(|it| verify(**it, &public, message, &signature)).collect();
        assert_eq!(verifying, [&made_by]);
    }
}

/// A good signature by a key of 1,024 bits; and what is no key at all.
#[test]
fn a_key_that_is_short_or_none_verifies_nothing() {
    let short = PrivateKey::from_pkcs8_der(&private("server1024")).unwrap();
    let public_key = rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(&short.to_public_key()).unwrap();
    let public_key = public_key.as_bytes();
    let signature =
        pss::SigningKey::<Sha256>::new(short).sign_with_rng(&mut rng(), b"a message").to_vec();
    let verifying =
        pss::VerifyingKey::<Sha256>::new(PublicKey::from_pkcs1_der(public_key).unwrap());
    let as_theirs = pss::Signature::try_from(&*signature).unwrap();
    assert!(verifying.verify(b"a message", &as_theirs).is_ok());
    assert!(!verify(Scheme::Pss, public_key, b"a message", &signature));

    let (good, exponent) = (public("server"), [1, 0, 1]);
    let odd = [&[0, 0x80][..], &[0; 254], &[1]].concat();
    let even = [&odd[..256], &[2]].concat();
    let too_long = [&[0, 0x80][..], &[0; 512], &[1]].concat();
    let enormous = [&[0, 0x80][..], &vec![0; 40_000], &[1]].concat();
    let negative = &odd[1..];
    for key in [
        vec![],
        vec![0x30],
        b"no key".to_vec(),
        good[1..].to_vec(),
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        rsa_public_key(&[0], &exponent),
        rsa_public_key(&[], &exponent),
        rsa_public_key(&even, &exponent),
        rsa_public_key(&too_long, &exponent),
        rsa_public_key(&enormous, &exponent),
        rsa_public_key(negative, &exponent),
        rsa_public_key(&odd, &[0]),
        rsa_public_key(&odd, &[1]),
        rsa_public_key(&odd, &odd),
        rsa_public_key(&odd, &exponent),
    ] {
        for scheme in SCHEMES {
            for signature in [&[][..], &[0; 256], &[1; 256], &[0xff; 256], &[1; 257], &[1; 512]] {
                assert!(!verify(scheme, &key, b"a message", signature));
            }
        }
    }
}

#[test]
fn a_private_key_of_another_kind_or_size_is_refused() {
    let refusal = |der: &[u8]| IdentityKey::from_pkcs8(der).err().expect("a refusal");
    for name in ["server1024", "ca1024"] {
        assert_eq!(refusal(&private(name)), KeyError::WrongSize { bits: 1024 });
    }
    assert_eq!(
        KeyError::WrongSize { bits: 1024 }.to_string(),
        "the private key is RSA of 1024 bits, and 2048 to 4096 are accepted"
    );
    let good = private("server");
    let in_pkcs1 = &good[26..];
    assert_eq!(in_pkcs1[0], 0x30);
    for none in [
        &private("ec")[..],
        &private("ed25519"),
        in_pkcs1,
        &public("server"),
        b"",
        b"-----BEGIN PRIVATE KEY-----",
        &good[1..],
        &good[..good.len() - 1],
        &[&good[..], &[0]].concat(),
        &good[..700],
    ] {
        assert_eq!(refusal(none), KeyError::NotRsa);
    }
}

/// The numbers of a key that follow from others are calculated anew.
#[test]
fn a_private_key_with_a_bit_changed_is_refused_or_signs_as_before() {
    let (good, public) = (private("server"), public("server"));
    let mut refused = 0;
    for at in (0..good.len()).step_by(61) {
        let mut changed = good.clone();
        changed[at] ^= 1;
        match IdentityKey::from_pkcs8(&changed) {
            Err(_) => refused += 1,
            Ok(key) => {
                let signature = key.sign(b"a message").unwrap();
                assert!(verify(Scheme::PssLongestSalt, &public, b"a message", &signature), "{at}");
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

fn rng() -> rsa::rand_core::UnwrapErr<SysRng> {
    rsa::rand_core::UnwrapErr(SysRng)
}
