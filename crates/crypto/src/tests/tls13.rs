//! What TLS 1.3 needs beside the rest gives the answers that its standards print, and accepts and rejects what project
//! Wycheproof says it should: with either engine.

use serde::Deserialize;

use super::{hex, vectors};
use crate::primitives::tls13::{
    Aead, AeadKind, EcdsaP256, Ed25519, HashKind, MAX_HASH_LEN, MlKem768, P256, verify_ecdsa_p256,
    verify_ecdsa_p384, verify_ed25519,
};
use crate::secret::SharedSecret;
use crate::tls13::group::{Group, KeyShare};
use crate::tls13::scheme::{Scheme, SigningKey};
use crate::tls13::secret::Secret;
use crate::tls13::suite::Suite;
use crate::tls13::transcript::Transcript;

#[derive(Deserialize)]
struct Wycheproof<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct AeadCase {
    id: u32,
    #[serde(with = "hex")]
    key: Vec<u8>,
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

/// Seals and opens each, and counts how many are valid, and how many are not.
fn aead(kind: AeadKind, Wycheproof { cases }: Wycheproof<AeadCase>) -> [usize; 2] {
    let mut counts = [0, 0];
    for AeadCase { id, key, iv, aad, msg, ct, tag, valid } in cases {
        let aead = Aead::new(kind, &key).unwrap();
        let (nonce, tag) = (iv.try_into().unwrap(), tag.try_into().unwrap());
        let mut data = msg.clone();
        let made = aead.seal(&nonce, &aad, &mut data).unwrap();
        assert_eq!((&data, made) == (&ct, tag), valid, "case {id}");
        let mut data = ct.clone();
        assert_eq!(aead.open(&nonce, &aad, &mut data, &tag), valid, "case {id}");
        // AWS-LC decrypts while it authenticates; what a wrong tag leaves behind is wiped.
        let refused = if cfg!(feature = "aws-lc-rs") { vec![0; ct.len()] } else { ct };
        assert_eq!(data, if valid { msg } else { refused }, "case {id}");
        counts[usize::from(!valid)] += 1;
    }
    counts
}

#[test]
fn wycheproof_and_rfc_8439_section_2_8_2_chacha20_poly1305_45_valid_60_invalid() {
    let vectors: Wycheproof<AeadCase> = vectors!("wycheproof_chacha20_poly1305.json");
    // The RFC's own example.
    assert_eq!(hex::encode(&vectors.cases[0].tag), "1ae10b594f09e26a7e902ecbd0600691");
    assert_eq!(aead(AeadKind::ChaCha20Poly1305, vectors), [45, 60]);
}

#[test]
fn wycheproof_aes_128_gcm_31_valid_27_invalid() {
    assert_eq!(aead(AeadKind::Aes128Gcm, vectors!("wycheproof_aes_128_gcm.json")), [31, 27]);
}

#[test]
fn wycheproof_aes_256_gcm_39_valid_27_invalid() {
    assert_eq!(aead(AeadKind::Aes256Gcm, vectors!("wycheproof_aes_256_gcm.json")), [39, 27]);
}

#[test]
fn an_aead_takes_a_key_of_its_length_and_no_other() {
    for kind in [AeadKind::Aes128Gcm, AeadKind::Aes256Gcm, AeadKind::ChaCha20Poly1305] {
        for len in 0..=64 {
            assert_eq!(Aead::new(kind, &vec![7; len]).is_some(), len == kind.key_len(), "{kind:?}");
        }
    }
}

fn hkdf(hash: HashKind, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> (String, String) {
    let mut prk = [0; MAX_HASH_LEN];
    hash.extract(salt, secret, &mut prk);
    let prk = &prk[..hash.len()];
    let mut okm = vec![0; len];
    let (front, back) = info.split_at(info.len() / 2);
    hash.expand(prk, &[front, back], &mut okm);
    (hex::encode(prk), hex::encode(okm))
}

#[test]
fn rfc_5869_appendix_a_1_and_a_3_hkdf_sha256() {
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let (prk, okm) = hkdf(HashKind::Sha256, &salt, &[0x0b; 22], &info, 42);
    assert_eq!(prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    assert_eq!(
        okm,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );
    let (_, okm) = hkdf(HashKind::Sha256, b"", &[0x0b; 22], b"", 42);
    assert_eq!(
        okm,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    );
}

#[derive(Deserialize)]
struct HkdfCase {
    id: u32,
    #[serde(with = "hex")]
    ikm: Vec<u8>,
    #[serde(with = "hex")]
    salt: Vec<u8>,
    #[serde(with = "hex")]
    info: Vec<u8>,
    okm: String,
}

#[test]
fn wycheproof_hkdf_sha384() {
    let Wycheproof::<HkdfCase> { cases } = vectors!("wycheproof_hkdf_sha384.json");
    assert!(cases.len() > 50, "{}", cases.len());
    for HkdfCase { id, ikm, salt, info, okm } in cases {
        let made = hkdf(HashKind::Sha384, &salt, &ikm, &info, okm.len() / 2).1;
        assert_eq!(made, okm, "case {id}");
    }
}

/// RFC 4231, section 4.3: the tag, and no other, whatever its length.
#[test]
fn rfc_4231_hmac_sha384_is_made_and_verified() {
    let (key, data) = (b"Jefe", b"what do ya want for nothing?");
    let mut tag = [0; MAX_HASH_LEN];
    HashKind::Sha384.hmac(key, data, &mut tag);
    assert_eq!(
        hex::encode(tag),
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
    );
    for hash in [HashKind::Sha256, HashKind::Sha384] {
        hash.hmac(key, data, &mut tag);
        let good = &tag[..hash.len()];
        assert!(hash.verify_hmac(key, data, good));
        assert!(!hash.verify_hmac(key, b"something else", good));
        assert!(!hash.verify_hmac(b"another key", data, good));
        for len in 0..hash.len() {
            assert!(!hash.verify_hmac(key, data, &good[..len]), "{len} bytes");
        }
        assert!(!hash.verify_hmac(key, data, &[good, &[0]].concat()));
        for at in 0..hash.len() {
            let mut changed = good.to_vec();
            changed[at] ^= 1;
            assert!(!hash.verify_hmac(key, data, &changed), "byte {at}");
        }
    }
}

/// The key schedule down its left side, figure by figure.
#[test]
fn rfc_8448_the_secrets_of_the_schedule_come_out_of_each_other() {
    let vectors: serde_json::Value =
        super::parse(include_str!("../../../tls/tests/vectors/rfc8448.json"));
    let suite = Suite::Aes128GcmSha256;
    for trace in vectors["traces"].as_array().unwrap() {
        let of = |name: &str| trace["secrets"][name].as_str().unwrap().to_owned();
        let is = |secret: &Secret, name: &str| {
            assert_eq!(hex::encode(secret.bytes()), of(name), "{}", trace["name"]);
        };
        let psk = trace["psk"].as_str().map(|psk| SharedSecret::guessed(&hex(psk)));
        let early = Secret::extract(suite, None, psk.as_ref());
        is(&early, "early");
        let shared = SharedSecret::guessed(&hex(&of("shared")));
        let handshake = Secret::extract(suite, Some(&early.derived()), Some(&shared));
        is(&handshake, "handshake");
        is(&Secret::extract(suite, Some(&handshake.derived()), None), "master");
    }
}

/// RFC 8448, section 3: the key, the iv and the key of Finished of the server's handshake.
#[test]
fn rfc_8448_keys_come_out_of_a_traffic_secret_by_their_labels() {
    let digits = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
    let secret = Secret::known(Suite::Aes128GcmSha256, &hex(digits));
    let labelled = |label: &str, len: usize| {
        let mut out = vec![0; len];
        secret.expand_label(label, &[], &mut out);
        hex::encode(out)
    };
    assert_eq!(labelled("key", 16), "3fce516009c21727d0f2e4e86ee403bc");
    assert_eq!(labelled("iv", 12), "5d313eb2671276ee13000b30");
    assert_eq!(
        labelled("finished", 32),
        "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8"
    );
}

fn p256(private: &str) -> P256 {
    P256::from_bytes(&hex(private).try_into().unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Agreement {
    id: u32,
    #[serde(with = "hex")]
    public: Vec<u8>,
    private: String,
    shared: String,
    result: String,
}

/// "Acceptable" is the one whose point is compressed: TLS 1.3 has no such form.
#[test]
fn wycheproof_p256_111_valid_24_invalid_1_compressed() {
    let Wycheproof::<Agreement> { cases } = vectors!("wycheproof_p256.json");
    let mut counts = [0, 0, 0];
    for Agreement { id, public, private, shared, result } in cases {
        let secret = p256(&private).agree(&public);
        let secret = secret.map(|secret| hex::encode(*secret));
        match &*result {
            "valid" => assert_eq!(secret, Some(shared), "case {id}"),
            _ => assert_eq!(secret, None, "case {id}"),
        }
        counts[["valid", "invalid", "acceptable"].iter().position(|it| *it == result).unwrap()] +=
            1;
    }
    assert_eq!(counts, [111, 24, 1]);
}

const P256_I: &str = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";
const P256_I_PUBLIC: &str = "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180\
                             5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3";

#[test]
fn rfc_5903_section_8_1_agreement_on_p256() {
    let ours = p256(P256_I);
    let theirs = p256("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
    let their_public = "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63\
                        56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab";
    assert_eq!(hex::encode(ours.public_key()), P256_I_PUBLIC);
    assert_eq!(hex::encode(theirs.public_key()), their_public);
    let secret = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
    assert_eq!(hex::encode(*ours.agree(&hex(their_public)).unwrap()), secret);
    assert_eq!(hex::encode(*theirs.agree(&hex(P256_I_PUBLIC)).unwrap()), secret);
}

/// RFC 8448, section 5: the only trace that agrees on P-256.
#[test]
fn rfc_8448_agreement_on_p256() {
    let vectors: serde_json::Value =
        super::parse(include_str!("../../../tls/tests/vectors/rfc8448.json"));
    let traces = vectors["traces"].as_array().unwrap();
    let trace = traces.iter().find(|trace| trace["group"] == "secp256r1").unwrap();
    let [client, server] =
        ["client_private", "server_private"].map(|side| p256(trace[side].as_str().unwrap()));
    let shared = trace["secrets"]["shared"].as_str().unwrap();
    assert_eq!(hex::encode(*client.agree(&server.public_key()).unwrap()), shared);
    assert_eq!(hex::encode(*server.agree(&client.public_key()).unwrap()), shared);
}

#[test]
fn a_private_key_of_p256_is_from_1_to_the_order_minus_1() {
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let order: [u8; 32] = order.try_into().unwrap();
    let (mut below, mut one) = (order, [0; 32]);
    (below[31], one[31]) = (order[31] - 1, 1);
    for good in [one, below] {
        assert!(P256::from_bytes(&good).is_some());
    }
    for bad in [[0; 32], order, [0xff; 32]] {
        assert!(P256::from_bytes(&bad).is_none(), "{bad:?}");
    }
}

#[test]
fn a_point_of_p256_that_is_none_is_refused() {
    let ours = p256(P256_I);
    let good = hex(P256_I_PUBLIC);
    assert!(ours.agree(&good).is_some());
    let changed = |at: usize, to: u8| {
        let mut point = good.clone();
        point[at] = to;
        point
    };
    let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    // x = 0 is on the curve with the root of b for y; x = p is that point in another form.
    let root = hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
    let zero = [&[4][..], &[0; 32], &root].concat();
    assert!(ours.agree(&zero).is_some());
    for bad in [
        // Off the curve, and at the other coordinates' places.
        changed(64, good[64] ^ 1),
        changed(1, good[1] ^ 1),
        [&[4], &good[33..], &good[1..33]].concat(),
        [&[4][..], &[0; 64]].concat(),
        [&[4][..], &[0xff; 64]].concat(),
        // Not reduced.
        [&[4][..], &p, &root].concat(),
        // Infinity, compressed, hybrid, and of no form at all.
        vec![0],
        vec![0; 65],
        [&[2 + (good[64] & 1)], &good[1..33]].concat(),
        changed(0, 6 + (good[64] & 1)),
        changed(0, 5),
        // Too short, too long, and the key of another format.
        vec![],
        good[1..].to_vec(),
        good[..64].to_vec(),
        [&good[..], &[0]].concat(),
        [&hex("3059301306072a8648ce3d020106082a8648ce3d030107034200")[..], &good].concat(),
    ] {
        assert!(ours.agree(&bad).is_none(), "{}", hex::encode(bad));
        assert!(Group::Secp256r1.respond(&bad).unwrap().is_none());
    }
}

#[derive(Deserialize)]
struct SignatureCase {
    id: u32,
    comment: String,
    #[serde(with = "hex")]
    key: Vec<u8>,
    #[serde(with = "hex")]
    msg: Vec<u8>,
    #[serde(with = "hex")]
    sig: Vec<u8>,
    valid: bool,
}

fn signatures(scheme: Scheme, Wycheproof { cases }: Wycheproof<SignatureCase>) -> [usize; 2] {
    let mut counts = [0, 0];
    for SignatureCase { id, comment, key, msg, sig, valid } in cases {
        assert_eq!(scheme.verify(&key, &msg, &sig), valid, "case {id}: {comment}");
        counts[usize::from(!valid)] += 1;
    }
    counts
}

#[test]
fn wycheproof_ecdsa_p256_36_valid_55_invalid() {
    let vectors = vectors!("wycheproof_ecdsa_p256.json");
    assert_eq!(signatures(Scheme::EcdsaP256Sha256, vectors), [36, 55]);
}

#[test]
fn wycheproof_ecdsa_p384_36_valid_55_invalid() {
    let vectors = vectors!("wycheproof_ecdsa_p384.json");
    assert_eq!(signatures(Scheme::EcdsaP384Sha384, vectors), [36, 55]);
}

/// Signatures that could be changed into others are among the invalid ones.
#[test]
fn wycheproof_ed25519_85_valid_63_invalid() {
    assert_eq!(signatures(Scheme::Ed25519, vectors!("wycheproof_ed25519.json")), [85, 63]);
}

/// Two numbers as an ECDSA signature in DER.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len() - 1);
        let number = &number[start..];
        let sign: &[u8] = if number[0] < 0x80 { &[] } else { &[0] };
        let len = u8::try_from(sign.len() + number.len()).unwrap();
        [&[2, len], sign, number].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()], &both[..]].concat()
}

/// Key, signature, the other s of the same signature, and the order of the group.
struct Sample {
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    key: &'static str,
    r: &'static str,
    s: &'static str,
    other_s: &'static str,
    order: &'static str,
}

const SAMPLES: [Sample; 2] = [
    Sample {
        verify: verify_ecdsa_p256,
        key: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
              7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        r: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        s: "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        other_s: "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9",
        order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    },
    Sample {
        verify: verify_ecdsa_p384,
        key: "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13\
              8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        r: "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
        s: "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
        other_s: "6610b514ea0e87315e01bf24d9fcec70ecf18bf5e69dbad9a727ea302393848fb4f04c6cd0423fdc7169525094629eab",
        order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    },
];

/// RFC 6979, appendices A.2.5 and A.2.6: the signatures over "sample".
#[test]
fn rfc_6979_ecdsa_signatures_verify_and_so_does_the_other_s_but_no_number_outside_of_the_group() {
    for Sample { verify, key, r, s, other_s, order } in SAMPLES {
        let key = hex(key);
        let [r, s, other_s, order] = [r, s, other_s, order].map(hex);
        let good = der(&r, &s);
        let verifies = |signature: &[u8]| verify(&key, b"sample", signature);
        assert!(verifies(&good));
        // SEC 1 allows both; nobody takes signatures for names here.
        assert!(verifies(&der(&r, &other_s)));
        assert!(!verify(&key, b"samples", &good));
        let zero = [0];
        for (r, s) in [(&zero[..], &s[..]), (&r, &zero), (&zero, &zero), (&order, &s), (&r, &order)]
        {
            assert!(!verifies(&der(r, s)));
        }
        assert!(!verifies(&[&r[..], &s].concat()), "not in DER");
        assert!(!verifies(&[&good[..], &[0]].concat()), "something behind it");
        for at in 0..good.len() {
            assert!(!verifies(&good[..at]), "cut at {at}");
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(!verifies(&changed), "byte {at}");
        }
        let is_refused = |key: &[u8]| assert!(!verify(key, b"sample", &good));
        is_refused(&[]);
        is_refused(&[0]);
        is_refused(&key[1..]);
        is_refused(&[&key[..], &[0]].concat());
        let half = key.len() / 2;
        is_refused(&[&[2 + (key[key.len() - 1] & 1)], &key[1..=half]].concat());
        let mut off = key.clone();
        off[half] ^= 1;
        is_refused(&off);
    }
}

/// RFC 8032, section 7.1, test 3.
#[test]
fn rfc_8032_ed25519_signs_and_refuses_what_could_be_changed() {
    let key = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
    let public = hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    let expected = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                    18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    let message = [0xaf, 0x82];
    let key = Ed25519::from_pkcs8(&hex(&format!("302e020100300506032b657004220420{key}"))).unwrap();
    assert!(key.to_public_key_info().unwrap().ends_with(&public));
    let signature = key.sign(&message).unwrap();
    assert_eq!(hex::encode(&signature), expected);
    assert!(verify_ed25519(&public, &message, &signature));
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 1;
        assert!(!verify_ed25519(&public, &message, &changed), "byte {at}");
        assert!(!verify_ed25519(&public, &message, &signature[..at]), "cut at {at}");
    }
    // s + L is s again, and not below L: section 5.1.7 has it refused.
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let (mut malleable, mut carry) = (signature.clone(), 0);
    for (byte, add) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(!verify_ed25519(&public, &message, &malleable));
    for key in [&public[1..], &[&public[..], &[0]].concat(), &[], &[0xff; 32]] {
        assert!(!verify_ed25519(key, &message, &signature));
    }
}

#[test]
fn keys_that_sign_are_read_from_pkcs_8_and_from_nothing_else() {
    let vectors: serde_json::Value =
        super::parse(include_str!("../../../handshake/tests/vectors/handshakes.json"));
    let private = |name: &str| hex(vectors["keys"][name].as_str().unwrap());
    for (name, scheme, point_len) in
        [("ec", Scheme::EcdsaP256Sha256, 65), ("ed25519", Scheme::Ed25519, 32)]
    {
        let pkcs8 = private(name);
        let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(key.scheme(), scheme);
        let info = key.public_key_info();
        let public = &info[info.len() - point_len..];
        let signature = key.sign(b"a message").unwrap();
        for verifying in Scheme::ALL {
            let verifies = verifying.verify(public, b"a message", &signature);
            assert_eq!(verifies, verifying == scheme, "{verifying:?}");
        }
        assert!(!scheme.verify(public, b"another", &signature));
        // The whole of SubjectPublicKeyInfo is no key.
        assert!(!scheme.verify(&info, b"a message", &signature));
        for none in [&pkcs8[1..], &pkcs8[..pkcs8.len() - 1], &info, b""] {
            assert!(SigningKey::from_pkcs8(none).is_err());
        }
    }
    assert!(EcdsaP256::from_pkcs8(&private("ed25519")).is_none());
    assert!(EcdsaP256::from_pkcs8(&private("server")).is_none());
    assert!(Ed25519::from_pkcs8(&private("ec")).is_none());
    assert!(Ed25519::from_pkcs8(&private("server")).is_none());
}

#[derive(Deserialize)]
struct Kem {
    id: u32,
    #[serde(with = "hex")]
    private: Vec<u8>,
    #[serde(with = "hex")]
    public: Vec<u8>,
    #[serde(with = "hex")]
    ct: Vec<u8>,
    shared: String,
}

/// Two of them have a changed ciphertext, which gives a secret of its own (FIPS 203, section 6.3).
#[test]
fn wycheproof_ml_kem_768_3_secrets() {
    let Wycheproof::<Kem> { cases } = vectors!("wycheproof_ml_kem_768.json");
    assert_eq!(cases.len(), 3);
    for Kem { id, private, public, ct, shared } in cases {
        let key = MlKem768::from_expanded(&private);
        assert_eq!(hex::encode(*key.decapsulate(&ct).unwrap()), shared, "case {id}");
        let (ciphertext, secret) = MlKem768::encapsulate(&public).unwrap();
        assert_eq!(*key.decapsulate(&ciphertext).unwrap(), *secret, "case {id}");
        for len in [0, 1, ct.len() - 1] {
            assert!(key.decapsulate(&ct[..len]).is_none());
        }
        assert!(key.decapsulate(&[&ct[..], &[0]].concat()).is_none());
    }
}

#[test]
fn a_key_of_ml_kem_makes_one_secret_for_both_and_a_changed_ciphertext_another() {
    let key = MlKem768::random().unwrap();
    let public = key.public_key();
    assert_eq!(public.len(), MlKem768::PUBLIC_KEY_LEN);
    assert_ne!(MlKem768::random().unwrap().public_key(), public);
    let (mut ciphertext, secret) = MlKem768::encapsulate(&public).unwrap();
    assert_eq!(ciphertext.len(), MlKem768::CIPHERTEXT_LEN);
    assert_ne!(MlKem768::encapsulate(&public).unwrap().0, ciphertext);
    assert_eq!(*key.decapsulate(&ciphertext).unwrap(), *secret);
    ciphertext[700] ^= 1;
    assert_ne!(*key.decapsulate(&ciphertext).unwrap(), *secret);
}

/// FIPS 203, section 7.2: 12 bits a number, each below 3,329; 32 bytes of a seed behind them.
#[test]
fn a_public_key_of_ml_kem_with_a_number_that_is_not_reduced_is_refused() {
    let good = MlKem768::random().unwrap().public_key();
    let with = |index: usize, number: u16| {
        let mut key = good.clone();
        let [low, high] = number.to_le_bytes();
        let at = index / 2 * 3;
        if index.is_multiple_of(2) {
            key[at] = low;
            key[at + 1] = key[at + 1] & 0xf0 | high;
        } else {
            key[at + 1] = key[at + 1] & 0x0f | low << 4;
            key[at + 2] = low >> 4 | high << 4;
        }
        key
    };
    for index in [0, 1, 255, 256, 511, 766, 767] {
        assert!(MlKem768::encapsulate(&with(index, 3_328)).is_some(), "{index}");
        for number in [3_329, 3_330, 4_095] {
            assert!(MlKem768::encapsulate(&with(index, number)).is_none(), "{index}: {number}");
        }
    }
    for len in [0, 1, 1_183] {
        assert!(MlKem768::encapsulate(&good[..len]).is_none());
    }
    assert!(MlKem768::encapsulate(&[&good[..], &[0]].concat()).is_none());
}

/// The other engine's half of the exchange, in both directions.
#[test]
#[cfg(feature = "aws-lc-rs")]
fn ml_kem_of_both_engines_agrees() {
    use ml_kem::kem::{Decapsulate, Encapsulate, Generate, KeyExport};
    use ml_kem::{DecapsulationKey768, EncapsulationKey768};
    let here = MlKem768::random().unwrap();
    let public = EncapsulationKey768::new(here.public_key()[..].try_into().unwrap()).unwrap();
    let (ciphertext, secret) = public.encapsulate();
    assert_eq!(here.decapsulate(&ciphertext).unwrap()[..], secret[..]);

    let there = DecapsulationKey768::generate();
    let public = there.encapsulation_key().to_bytes();
    let (ciphertext, secret) = MlKem768::encapsulate(&public).unwrap();
    assert_eq!(there.decapsulate(ciphertext[..].try_into().unwrap())[..], secret[..]);
}

#[test]
fn both_sides_of_every_group_agree_and_keys_have_the_length_of_their_group() {
    for (group, client_len, server_len, secret_len) in [
        (Group::X25519, 32, 32, 32),
        (Group::Secp256r1, 65, 65, 32),
        (Group::X25519MlKem768, 1_216, 1_120, 64),
    ] {
        let client = KeyShare::random(group).unwrap();
        assert_eq!(client.public.len(), client_len);
        let (public, secret) = group.respond(&client.public).unwrap().unwrap();
        assert_eq!((public.len(), secret.bytes().len()), (server_len, secret_len));
        assert_eq!(client.agree(&public).unwrap().bytes(), secret.bytes());
        assert_ne!(KeyShare::random(group).unwrap().public, client.public);
        for len in [0, 1, 31, 33, 64, 66, 1_119, 1_121, 1_215, 1_217] {
            assert!(client.agree(&vec![4; len]).is_none(), "{group:?}: {len}");
            assert!(group.respond(&vec![4; len]).unwrap().is_none(), "{group:?}: {len}");
        }
    }
}

/// The points of low order of RFC 7748, section 6.1: 0, 1, and p - 1 to p + 1.
#[test]
fn an_x25519_key_that_makes_the_secret_zero_is_refused_alone_and_in_the_hybrid() {
    let near_p = |last: u8| [&[last][..], &[0xff; 30], &[0x7f]].concat();
    let mut one = vec![0; 32];
    one[0] = 1;
    for low in [vec![0; 32], one, near_p(0xec), near_p(0xed), near_p(0xee)] {
        let client = KeyShare::random(Group::X25519).unwrap();
        assert!(client.agree(&low).is_none());
        assert!(Group::X25519.respond(&low).unwrap().is_none());
        let hybrid = KeyShare::random(Group::X25519MlKem768).unwrap();
        let (public, _) = Group::X25519MlKem768.respond(&hybrid.public).unwrap().unwrap();
        assert!(hybrid.agree(&[&public[..1_088], &low].concat()).is_none());
        let theirs = [&hybrid.public[..1_184], &low].concat();
        assert!(Group::X25519MlKem768.respond(&theirs).unwrap().is_none());
    }
}

/// ML-KEM's secret stands in front, as its share does.
#[test]
fn the_hybrid_secret_is_that_of_ml_kem_and_then_that_of_x25519() {
    let client = KeyShare::random(Group::X25519MlKem768).unwrap();
    let (public, secret) = Group::X25519MlKem768.respond(&client.public).unwrap().unwrap();
    let mut other = public.clone();
    other[0] ^= 1;
    let changed = client.agree(&other).unwrap();
    assert_ne!(changed.bytes()[..32], secret.bytes()[..32]);
    assert_eq!(changed.bytes()[32..], secret.bytes()[32..]);
    let mut other = public;
    other[1_119] ^= 1;
    let changed = client.agree(&other).unwrap();
    assert_eq!(changed.bytes()[..32], secret.bytes()[..32]);
    assert_ne!(changed.bytes()[32..], secret.bytes()[32..]);
}

/// SHA-256 and SHA-384 of "abc" (FIPS 180-4); what was hashed goes on being hashed.
#[test]
fn a_transcript_is_hashed_as_it_grows() {
    for (suite, abc) in [
        (
            Suite::Chacha20Poly1305Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Suite::Aes256GcmSha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
    ] {
        let mut transcript = Transcript::new(suite);
        transcript.add(b"a");
        let before = transcript.hash();
        transcript.add(b"bc");
        assert_eq!(hex::encode(&*transcript.hash()), abc);
        assert_ne!(*before, *transcript.hash());
        // message_hash (RFC 8446, section 4.4.1).
        transcript.retry();
        let mut by_hand = Transcript::new(suite);
        let len = u8::try_from(suite.hash_len()).unwrap();
        by_hand.add(&[&[254, 0, 0, len], &hex(abc)[..]].concat());
        assert_eq!(*transcript.hash(), *by_hand.hash());
    }
}
