//! A key, and what holds one, cannot be shown or copied by accident.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use crypto::keys::{self, AesKey, MacKey};
use crypto::secret::SharedSecret;
use crypto::signature::IdentityKey;
use crypto::{aead, ctr, dh, hkdf, hmac, hmac_seq, x25519};

/// Which of the traits that would let a key escape `T` has: [`Escapes::FOUND`] where `T` has one of
/// them, [`No::FOUND`] otherwise. Resolved by the compiler, which prefers the inherent constant.
struct Escapes<Trait, T>(PhantomData<(Trait, T)>);
struct Shown;
struct Displayed;
struct Copied;
struct Compared;

trait No {
    const FOUND: bool = false;
}
impl<Trait, T> No for Escapes<Trait, T> {}
impl<T: Debug> Escapes<Shown, T> {
    const FOUND: bool = true;
}
impl<T: Display> Escapes<Displayed, T> {
    const FOUND: bool = true;
}
impl<T: Clone> Escapes<Copied, T> {
    const FOUND: bool = true;
}
impl<T: PartialEq> Escapes<Compared, T> {
    const FOUND: bool = true;
}

/// Whether `$type` is `Debug`, `Display`, `Clone` and `PartialEq`.
macro_rules! escapes {
    ($type:ty) => {
        [
            Escapes::<Shown, $type>::FOUND,
            Escapes::<Displayed, $type>::FOUND,
            Escapes::<Copied, $type>::FOUND,
            Escapes::<Compared, $type>::FOUND,
        ]
    };
}

#[test]
fn no_key_and_nothing_that_holds_one_can_be_printed_cloned_or_compared() {
    assert_eq!(escapes!(String), [true; 4], "the question can be answered with yes");
    assert_eq!(escapes!(AesKey), [false; 4]);
    assert_eq!(escapes!(MacKey), [false; 4]);
    assert_eq!(escapes!(ctr::Keys), [false; 4]);
    assert_eq!(escapes!(hmac::Keys), [false; 4]);
    assert_eq!(escapes!(hmac_seq::Keys), [false; 4]);
    assert_eq!(escapes!(aead::Keys), [false; 4]);
    assert_eq!(escapes!(ctr::Sealer), [false; 4]);
    assert_eq!(escapes!(hmac::Sealer), [false; 4]);
    assert_eq!(escapes!(hmac_seq::Sealer), [false; 4]);
    assert_eq!(escapes!(aead::Sealer), [false; 4]);
    assert_eq!(escapes!(ctr::Opener), [false; 4]);
    assert_eq!(escapes!(hmac::Opener), [false; 4]);
    assert_eq!(escapes!(hmac_seq::Opener), [false; 4]);
    assert_eq!(escapes!(aead::Opener), [false; 4]);
    assert_eq!(escapes!(dh::PrivateKey), [false; 4]);
    assert_eq!(escapes!(x25519::PrivateKey), [false; 4]);
    assert_eq!(escapes!(SharedSecret), [false; 4]);
    assert_eq!(escapes!(hkdf::WriteKeys), [false; 4]);
    assert_eq!(escapes!(IdentityKey), [false; 4]);
}

#[test]
fn a_new_key_is_random() {
    let [one, other] = [(); 2].map(|()| keys::random().unwrap());
    assert_ne!(*one, *other);
    assert!(one.iter().any(|byte| *byte != one[0]));
}
