//! Two sides agree on a secret, and make keys of it, as the standards print it and project Wycheproof tries it.

use crypto_bigint::{NonZero, U2048};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::ZeroizeOnDrop;

use super::{hex, vectors};
use crate::keys::MacKey;
use crate::primitives::{HkdfSha256, HmacSha256, X25519, group14};
use crate::secret::SharedSecret;
use crate::{dh, x25519};

fn bytes<const LEN: usize>(hex_digits: &str) -> [u8; LEN] {
    hex(hex_digits).try_into().unwrap()
}

fn x25519(private: &str, public: &str) -> String {
    hex::encode(*X25519::agree(&bytes(private), &bytes(public)).unwrap())
}

#[test]
fn rfc_7748_section_5_2_two_inputs() {
    assert_eq!(
        x25519(
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"
        ),
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    );
    // The top bit of this public key is set, and does not count.
    assert_eq!(
        x25519(
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"
        ),
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    );
}

#[test]
fn rfc_7748_section_5_2_a_thousand_iterations() {
    let mut private = [0; X25519::KEY_LEN];
    private[0] = 9;
    let mut public = private;
    for iteration in 1..=1_000 {
        let secret = *X25519::agree(&private, &public).unwrap();
        (private, public) = (secret, private);
        if iteration == 1 {
            assert_eq!(
                hex::encode(private),
                "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
            );
        }
    }
    assert_eq!(
        hex::encode(private),
        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    );
}

#[test]
fn rfc_7748_section_6_1_alice_and_bob() {
    let alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    let bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    let (of_alice, of_bob) = (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    );
    assert_eq!(hex::encode(X25519::public_key(&bytes(alice))), of_alice);
    assert_eq!(hex::encode(X25519::public_key(&bytes(bob))), of_bob);
    let secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    assert_eq!(x25519(alice, of_bob), secret);
    assert_eq!(x25519(bob, of_alice), secret);
}

#[derive(Deserialize)]
struct Wycheproof {
    cases: Vec<Agreement>,
}

#[derive(Deserialize)]
struct Agreement {
    id: u32,
    public: String,
    private: String,
    shared: String,
    result: String,
}

/// "Acceptable" are points on the twist, numbers that are not reduced, and public keys of low order. All are taken
/// as RFC 7748 says, but for the last, whose secret is zero.
#[test]
fn wycheproof_x25519_264_valid_223_acceptable_31_of_low_order_refused() {
    let Wycheproof { cases } = vectors!("wycheproof_x25519.json");
    let (mut valid, mut acceptable, mut refused) = (0, 0, 0);
    for Agreement { id, public, private, shared, result } in cases {
        let secret = X25519::agree(&bytes(&private), &bytes(&public));
        if shared == "00".repeat(X25519::KEY_LEN) {
            assert!(secret.is_none(), "case {id}");
            refused += 1;
        } else {
            assert_eq!(secret.map(|secret| hex::encode(*secret)), Some(shared), "case {id}");
            *(if result == "valid" { &mut valid } else { &mut acceptable }) += 1;
        }
    }
    assert_eq!((valid, acceptable, refused), (264, 223, 31));
}

fn assert_hkdf(secret: &[u8], salt: &[u8], info: &[u8], prk: &str, okm: &str) {
    let extracted = HmacSha256::new(&MacKey::from(salt.to_vec())).tag(&[secret]);
    assert_eq!(hex::encode(extracted), prk);
    let mut key = vec![0; okm.len() / 2];
    HkdfSha256::extract(salt, secret).expand(info, &mut key);
    assert_eq!(hex::encode(key), okm);
}

#[test]
fn rfc_5869_appendix_a_1_to_a_3_hkdf_sha256() {
    let count_up = |from: u8, to: u8| (from..=to).collect::<Vec<_>>();
    assert_hkdf(
        &[0x0b; 22],
        &count_up(0x00, 0x0c),
        &count_up(0xf0, 0xf9),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
    assert_hkdf(
        &count_up(0x00, 0x4f),
        &count_up(0x60, 0xaf),
        &count_up(0xb0, 0xff),
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
         59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
         cc30c58179ec3e87c14c01d5c1f3434f1d87",
    );
    assert_hkdf(
        &[0x0b; 22],
        b"",
        b"",
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
}

#[test]
fn group_14_has_the_prime_of_rfc_3526_section_3_by_its_sha_256() {
    assert_eq!(
        hex::encode(Sha256::digest(dh::prime())),
        "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e"
    );
}

/// The arc tangent of 1/`n`, times 2^1984.
fn arctan_of_one_over(n: u64) -> U2048 {
    let by = |number: U2048, n: u64| number.wrapping_div(&NonZero::new(U2048::from(n)).unwrap());
    let mut power = by(U2048::ONE.shl_vartime(1984), n);
    let mut sum = power;
    for odd in (3..).step_by(2) {
        power = by(power, n * n);
        if power == U2048::ZERO {
            break;
        }
        let term = by(power, odd);
        sum = if odd % 4 == 3 { sum.wrapping_sub(&term) } else { sum.wrapping_add(&term) };
    }
    sum
}

/// p = 2^2048 - 2^1984 - 1 + 2^64 * ([2^1918 pi] + 124476), with pi by Machin's formula. There is no room for 2^2048
/// in 2,048 bits, nor need for it.
#[test]
fn group_14_has_the_prime_of_rfc_3526_section_3_by_its_formula() {
    let four = |number: U2048| number.wrapping_shl_vartime(2);
    let quarter = four(arctan_of_one_over(5)).wrapping_sub(&arctan_of_one_over(239));
    let pi = four(quarter).shr_vartime(1984 - 1918);
    let prime = pi
        .wrapping_add(&U2048::from(124_476_u32))
        .wrapping_shl_vartime(64)
        .wrapping_sub(&U2048::ONE.shl_vartime(1984))
        .wrapping_sub(&U2048::ONE);
    assert_eq!(prime, U2048::from_be_slice(&dh::prime()));
}

/// They are those whose Legendre symbol is 1.
#[test]
fn of_the_numbers_up_to_20_those_that_are_squares_mod_p_are_in_the_subgroup() {
    let taken = |number: u8| {
        let mut value = [0; dh::MAX_LEN];
        value[dh::MAX_LEN - 1] = number;
        group14::is_public_value(&value)
    };
    let squares = (0..=20).filter(|number| taken(*number)).collect::<Vec<_>>();
    assert_eq!(squares, [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 19, 20]);
}

/// A number as it stands on the wire.
fn wire(number: U2048) -> Vec<u8> {
    let number: [u8; dh::MAX_LEN] = number.to_be_bytes().into();
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}

#[test]
fn public_values_are_taken_from_2_to_p_minus_2_if_they_are_powers_of_2_and_have_no_zero_in_front() {
    let p = U2048::from_be_slice(&dh::prime());
    let minus = |number: u8| wire(p.wrapping_sub(&U2048::from(number)));
    let plus = |number: u8| wire(p.wrapping_add(&U2048::from(number)));
    let half = wire(p.wrapping_add(&U2048::ONE).shr_vartime(1));
    let taken = |bytes: &[u8]| dh::PublicValue::from_wire(bytes);

    // 2, 4, and 2 to the power of -1.
    for good in [vec![2], vec![4], half] {
        assert_eq!(taken(&good).unwrap().to_wire(), good);
    }
    // 0 and 1, and -1, 0 and 1 again a p further on; with p beside them, 2 and 4 would pass too.
    for bad in [vec![], vec![1], minus(1), minus(0), plus(1), plus(2), plus(4), vec![0xff; 256]] {
        assert_eq!(taken(&bad), None, "{bad:?}");
    }
    // Outside the subgroup: -2, -4, and the least number that is no square.
    for bad in [minus(2), minus(4), vec![11]] {
        assert_eq!(taken(&bad), None, "{bad:?}");
    }
    // A zero in front, as one byte, up to the full length, and beyond.
    for zeros in [1, 255, 256] {
        assert_eq!(taken(&[vec![0; zeros], vec![4]].concat()), None, "{zeros} zeros");
    }
    assert_eq!(taken(&[0]), None);
    assert_eq!(taken(&[2; 257]), None);
    assert_eq!(taken(&vec![2; 65_535]), None);
}

#[test]
fn a_public_value_goes_out_as_short_as_it_is() {
    let mut exponent = [0; dh::PrivateKey::LEN];
    for (power, value) in
        [(1, vec![2]), (7, vec![128]), (8, vec![1, 0]), (255, [&[128][..], &[0; 31]].concat())]
    {
        exponent[dh::PrivateKey::LEN - 1] = power;
        assert_eq!(dh::PrivateKey::from(exponent).public_value().to_wire(), value);
    }
}

#[test]
fn private_keys_are_random() {
    let of_dh = || dh::PrivateKey::random().unwrap().public_value();
    assert_ne!(of_dh(), of_dh());
    let of_x25519 = || x25519::PrivateKey::random().unwrap().public_key();
    assert_ne!(of_x25519(), of_x25519());
}

/// HMAC-SHA256("rebuilding-tls fingerprint", "secret"), by another program.
#[test]
fn a_fingerprint_is_the_start_of_a_hash() {
    assert_eq!(hex::encode(SharedSecret::new(b"secret").fingerprint()), "03669c5c");
}

/// Compiles only while everything that holds a secret here is wiped when it is dropped.
#[test]
fn every_secret_is_wiped_when_it_is_dropped() {
    fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
    is_wiped(&dh::PrivateKey::from([7; 32]).0);
    is_wiped(&x25519::PrivateKey::from([7; 32]).0);
    is_wiped(&SharedSecret::new(&[7; 32]).0);
    is_wiped(&X25519::agree(&[7; 32], &[9; 32]).unwrap());
    is_wiped(&group14::power_of(&[7; 256], &[7; 32]));
}
