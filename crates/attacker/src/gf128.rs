//! The field GF(2^128) as GHASH computes in it (NIST SP 800-38D, sections 6.3 and 6.4).
//!
//! An element is a polynomial over the bits, of degree 127 at most. Sums are taken bit by bit, products
//! modulo `x^128 + x^7 + x^2 + x + 1`:
//!
//! ```text
//! bit of the block       0    1    2   ...   127
//! coefficient of         1    x    x^2 ...   x^127      the first bit of the first byte is the 1
//! ```
//!
//! As a big-endian number, then, an element has its constant term *highest*: times x is a shift to the
//! right.
//!
//! GHASH takes its input as the coefficients of a polynomial and evaluates it at a secret point H.
//! That is all it does, and its weakness: anyone who sees two values of it can solve for H. Unlike
//! in a hash function, nothing here is hard to undo. An inverse or a square root is a power.

use std::fmt;
use std::iter;
use std::ops::{Add, Mul};

/// Bytes of an element.
pub const BLOCK_LEN: usize = 16;

/// One element: a block of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element(u128);

/// `x^128` reduced: `1 + x + x^2 + x^7`.
const X_128: u128 = 0b1110_0001 << 120;

impl Element {
    /// The neutral element of addition: no bit.
    pub const ZERO: Self = Self(0);
    /// The neutral element of multiplication: the constant term alone, the first bit.
    pub const ONE: Self = Self(1 << 127);

    fn times_x(self) -> Self {
        let overflow = if self.0 & 1 == 1 { X_128 } else { 0 };
        Self((self.0 >> 1) ^ overflow)
    }

    /// Times itself. Its own cross terms cancel, so that `(a + b)² = a² + b²`.
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    /// The inverse: the power `2^128 - 2`, since every element but 0 to the power of `2^128 - 1`
    /// is 1. That exponent is the sum of `2^1` to `2^127`: the product of as many squares of squares.
    /// 0 has no inverse.
    pub fn inverse(self) -> Option<Self> {
        let squares = iter::successors(Some(self.square()), |power| Some(power.square()));
        (self != Self::ZERO).then(|| squares.take(127).fold(Self::ONE, Self::mul))
    }

    /// The square root: the power `2^127`. Squared once more, that is the power `2^128`, which is
    /// the element itself. So each has exactly one square root, exactly one fourth root, and so on.
    #[must_use]
    pub fn square_root(self) -> Self {
        (0..127).fold(self, |power, _| power.square())
    }
}

#[allow(clippy::suspicious_arithmetic_impl, reason = "sums of bits without a carry")]
impl Add for Element {
    type Output = Self;

    /// The same as subtraction: every element is its own opposite.
    fn add(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl Mul for Element {
    type Output = Self;

    /// Term by term, as on paper. Its running time reveals the factors, which need not trouble an
    /// attacker.
    fn mul(self, other: Self) -> Self {
        let multiples = iter::successors(Some(other), |multiple| Some(multiple.times_x()));
        (0..u128::BITS)
            .zip(multiples)
            .filter(|(degree, _)| (self.0 << degree) >> 127 == 1)
            .fold(Self::ZERO, |sum, (_, multiple)| sum + multiple)
    }
}

impl From<[u8; BLOCK_LEN]> for Element {
    fn from(block: [u8; BLOCK_LEN]) -> Self {
        Self(u128::from_be_bytes(block))
    }
}

impl From<Element> for [u8; BLOCK_LEN] {
    fn from(element: Element) -> Self {
        element.0.to_be_bytes()
    }
}

/// Shows the block's bytes in hexadecimal.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Returns bytes as elements, one per block, the last block filled up with zeros.
pub fn blocks(bytes: &[u8]) -> impl Iterator<Item = Element> {
    bytes.chunks(BLOCK_LEN).map(|chunk| {
        let mut block = [0; BLOCK_LEN];
        block[..chunk.len()].copy_from_slice(chunk);
        block.into()
    })
}

/// Returns GHASH under `h`: the blocks are the coefficients of a polynomial without constant term,
/// evaluated at `h`. The last block holds the lengths in bits of both inputs, and is multiplied by
/// `h` itself, the one before it by `h²`, and so on.
pub fn ghash(h: Element, associated_data: &[u8], ciphertext: &[u8]) -> Element {
    let bits = |bytes: &[u8]| bytes.len() as u128 * 8;
    let lengths = Element(bits(associated_data) << 64 | bits(ciphertext));
    blocks(associated_data)
        .chain(blocks(ciphertext))
        .chain([lengths])
        .fold(Element::ZERO, |sum, block| (sum + block) * h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::ghash::GHash;
    use ::ghash::universal_hash::UniversalHash;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Element> {
        any::<u128>().prop_map(Element)
    }

    /// Returns what the `ghash` crate computes.
    fn by_the_crate(h: Element, associated_data: &[u8], ciphertext: &[u8]) -> Element {
        let mut hash = GHash::new(&<[u8; BLOCK_LEN]>::from(h).into());
        hash.update_padded(associated_data);
        hash.update_padded(ciphertext);
        let bits =
            [associated_data, ciphertext].map(|bytes| (bytes.len() as u64 * 8).to_be_bytes());
        hash.update_padded(&bits.concat());
        Element::from(<[u8; BLOCK_LEN]>::from(hash.finalize()))
    }

    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 2 and 4.
    #[test]
    fn ghash_gives_the_published_answers() {
        let one_block = 0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78_u128.to_be_bytes();
        let h = Element(0x66e9_4bd4_ef8a_2c3b_884c_fa59_ca34_2b2e);
        assert_eq!(ghash(h, &[], &one_block), Element(0xf38c_bb1a_d692_23dc_c345_7ae5_b6b0_f885));

        let associated_data = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let ciphertext = hex::decode(
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        );
        let h = Element(0xb83b_5337_08bf_535d_0aa6_e529_80d5_3b78);
        let expected = Element(0x698e_57f7_0e6e_cc7f_d946_3b72_60a9_ae5f);
        assert_eq!(ghash(h, &associated_data, &ciphertext.unwrap()), expected);
    }

    #[test]
    fn the_first_bit_is_1_and_the_next_one_x() {
        let [one, x] = [1 << 127, 1 << 126].map(Element);
        assert_eq!((one, Element::ONE * x), (Element::ONE, x));
        let x_127 = (0..126).fold(x, |power, _| power * x);
        assert_eq!(x_127, Element(1), "the last bit");
        assert_eq!(x_127 * x, x_127.times_x());
        let [x_2, x_7] = [1 << 125, 1 << 120].map(Element);
        assert_eq!(x_127 * x, Element::ONE + x + x_2 + x_7, "what x^128 is");
    }

    #[test]
    fn zero_has_a_square_root_and_no_inverse() {
        assert_eq!(Element::ZERO.square_root(), Element::ZERO);
        assert_eq!(Element::ZERO.inverse(), None);
        assert_eq!(Element::ONE.inverse(), Some(Element::ONE));
    }

    proptest! {
        #[test]
        fn ghash_is_what_the_ghash_crate_computes(
            h in element(),
            associated_data in prop::collection::vec(any::<u8>(), 0..40),
            ciphertext in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let expected = by_the_crate(h, &associated_data, &ciphertext);
            prop_assert_eq!(ghash(h, &associated_data, &ciphertext), expected);
        }

        #[test]
        fn it_is_a_field(a in element(), b in element(), c in element()) {
            prop_assert_eq!(a * b, b * a);
            prop_assert_eq!((a * b) * c, a * (b * c));
            prop_assert_eq!(a * (b + c), a * b + a * c);
            prop_assert_eq!((a + a, a + Element::ZERO), (Element::ZERO, a));
            prop_assert_eq!((a * Element::ZERO, a * Element::ONE), (Element::ZERO, a));
        }

        #[test]
        fn inverse_and_roots_undo(a in element(), b in element()) {
            prop_assume!(a != Element::ZERO);
            prop_assert_eq!(a.inverse().map(|inverse| a * inverse), Some(Element::ONE));
            prop_assert_eq!(a.inverse().map(|inverse| a * b * inverse), Some(b));
            prop_assert_eq!(a.square().square_root(), a);
            prop_assert_eq!(a.square_root().square(), a);
            prop_assert_eq!((a * a * a * a).square_root().square_root(), a);
            prop_assert_eq!((a + b).square(), a.square() + b.square());
        }
    }
}
