//! Powers modulo the prime of RFC 3526's group 14, by crypto-bigint: in constant time, which Diffie-Hellman's
//! secret exponents need. AWS-LC's crate has no such arithmetic, so both engines use this page.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, U2048};
use zeroize::{Zeroize, Zeroizing};

/// Length of the prime, and of a number modulo it, in bytes.
pub(crate) const LEN: usize = 256;

/// Length of a secret exponent in bytes.
pub(crate) const EXPONENT_LEN: usize = 32;

crypto_bigint::const_monty_params!(
    Modulus,
    U2048,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
     4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
     98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
     9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
     e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
     3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff",
    "p = 2^2048 - 2^1984 - 1 + 2^64 * ([2^1918 pi] + 124476) (RFC 3526, section 3)."
);

type Element = ConstMontyForm<Modulus, { U2048::LIMBS }>;

/// The prime, big-endian.
pub(crate) fn prime() -> [u8; LEN] {
    bytes_of(modulus())
}

/// Computes 2^`exponent` mod p.
pub(crate) fn power_of_two(exponent: &[u8; EXPONENT_LEN]) -> [u8; LEN] {
    *power(&U2048::from(2_u8), exponent)
}

/// Computes `base`^`exponent` mod p, for a base that is below p.
pub(crate) fn power_of(base: &[u8; LEN], exponent: &[u8; EXPONENT_LEN]) -> Zeroizing<[u8; LEN]> {
    power(&U2048::from_be_slice(base), exponent)
}

/// Returns whether `value` is from 2 to p - 2 and in the subgroup of order (p - 1)/2 that 2 generates. This is no
/// secret.
pub(crate) fn is_public_value(value: &[u8; LEN]) -> bool {
    let (value, one) = (U2048::from_be_slice(value), U2048::ONE);
    let is_in_range = value > one && value < modulus().wrapping_sub(&one);
    is_in_range && Element::new(&value).pow_vartime(&modulus().shr_vartime(1)) == Element::ONE
}

fn modulus() -> U2048 {
    *<Modulus as crypto_bigint::modular::ConstMontyParams<{ U2048::LIMBS }>>::PARAMS
        .modulus()
        .as_ref()
}

fn power(base: &U2048, exponent: &[u8; EXPONENT_LEN]) -> Zeroizing<[u8; LEN]> {
    let mut exponent = U256::from_be_slice(exponent);
    let mut power = Element::new(base).pow(&exponent);
    let mut number = power.retrieve();
    let bytes = Zeroizing::new(bytes_of(number));
    exponent.zeroize();
    power.zeroize();
    number.zeroize();
    bytes
}

fn bytes_of(number: U2048) -> [u8; LEN] {
    number.to_be_bytes().into()
}
