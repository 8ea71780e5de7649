//! Nothing of a secret is in anything that can be shown.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use crypto::hkdf;
use handshake::Wire;

use crate::made_again::from_server;
use crate::side::{Side, record};
use crate::stream::Script;
use crate::vectors::{SERVER, VECTORS, identity_key};

/// Which of the traits that would let a secret escape `T` has, as in the tests of `crypto`.
struct Escapes<Trait, T>(PhantomData<(Trait, T)>);
struct Shown;
struct Displayed;
struct Copied;

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

#[test]
fn a_connection_under_handshake_cannot_be_printed_or_cloned() {
    type Connection = Wire<Script>;
    let found = [
        Escapes::<Shown, Connection>::FOUND,
        Escapes::<Displayed, Connection>::FOUND,
        Escapes::<Copied, Connection>::FOUND,
    ];
    assert_eq!(found, [false; 3]);
    let found = [
        Escapes::<Shown, String>::FOUND,
        Escapes::<Displayed, String>::FOUND,
        Escapes::<Copied, String>::FOUND,
    ];
    assert_eq!(found, [true; 3], "the question can be answered with yes");
}

/// Whether four bytes in a row of `secret` stand in `text`, in hexadecimal digits or as Rust shows them.
fn is_in(secret: &[u8], text: &str) -> bool {
    let digits: String = text.to_lowercase();
    secret.windows(4).any(|bytes| {
        let shown = format!("{bytes:?}");
        text.contains(shown.trim_matches(['[', ']'])) || digits.contains(&hex::encode(bytes))
    })
}

#[test]
fn nothing_of_a_secret_is_told_or_in_an_error() {
    assert!(is_in(&[1, 2, 3, 4], "[0, 1, 2, 3, 4]") && is_in(&[1, 2, 0xab, 4], "0102AB04"));
    for handshake in &VECTORS.handshakes {
        for role in ["client", "server"] {
            let (private, fed) = match role {
                "client" => (&handshake.client_private, from_server(handshake)),
                _ => (&handshake.server_private, record(&handshake.client_hello.0)),
            };
            // Four bytes of a private key that is almost all zeros or ones are in everything.
            if private.0.windows(2).filter(|pair| pair[0] == pair[1]).count() > 16 {
                continue;
            }
            let side = Side::of(&handshake.stage, role);
            let mut fed = side.fed(&Script::of([fed]), private.key());
            let error = match fed.outcome {
                Ok(secret) => {
                    _ = fed.wire.derive(&secret, &hkdf::PART3);
                    String::new()
                }
                Err(error) => format!("{error:?} {error}"),
            };
            let shown = fed.told.lock().unwrap().join("\n") + &error;
            assert!(shown.contains("Received") || shown.contains("Rejected"));
            assert!(!is_in(&private.0, &shown), "{shown}");
            assert!(!is_in(&handshake.shared_secret.0, &shown), "{shown}");
            for key in [&handshake.client_write_key, &handshake.server_write_key] {
                assert!(!key.as_ref().is_some_and(|key| is_in(&key.0, &shown)), "{shown}");
            }
        }
    }
}

/// The numbers of the identity key behind its modulus and exponent, which everyone may know.
#[test]
fn nothing_of_the_identity_key_is_told() {
    let handshake = VECTORS.handshakes.iter().find(|it| it.server_auth.is_some()).unwrap();
    let script = Script::of([record(&handshake.client_hello.0)]);
    let fed = Side::CertServer.fed(&script, handshake.server_private.key());
    assert!(fed.outcome.is_ok());
    let shown = fed.told.lock().unwrap().join("\n");
    let key = identity_key("server");
    let modulus = &SERVER.key.public_key_info()[33..289];
    let modulus_at = key.windows(256).position(|it| it == modulus).unwrap();
    assert!(is_in(modulus, &shown), "it is in the certificate");
    let secret = &key[modulus_at + 256 + 5 + 4..];
    for numbers in secret.chunks(64) {
        assert!(!is_in(numbers, &shown), "{shown}");
    }
}
