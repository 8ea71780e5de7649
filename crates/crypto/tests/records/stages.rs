//! The stages, seen alike by tests that hold at several of them.

use crypto::{Open, OpenError, Seal, aead, ctr, hmac, hmac_seq};

/// The request of the articles: 61 bytes.
pub const REQUEST: &[u8; 61] =
    b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A stage under the articles' keys, named by its opener.
pub trait Stage: Open {
    /// The other half.
    type Sealer: Seal;

    /// A fresh sealer, as at the start of a connection.
    fn sealer() -> Self::Sealer;

    /// A fresh opener, as at the start of a connection.
    fn opener() -> Self;
}

macro_rules! stages {
    ($($stage:ident)*) => { $(
        impl Stage for $stage::Opener {
            type Sealer = $stage::Sealer;

            fn sealer() -> Self::Sealer {
                $stage::Sealer::new(&$stage::Keys::demo())
            }

            fn opener() -> Self {
                $stage::Opener::new(&$stage::Keys::demo())
            }
        }
    )* };
}
stages! { ctr hmac hmac_seq aead }

/// Makes a test of each stage named: `at! { this_holds_at: hmac(2), aead(3) }` calls the function
/// `this_holds_at::<S>` with 2 and with 3, in tests called `this_holds_at::hmac` and so on.
macro_rules! at {
    ($check:ident: $($stage:ident($($argument:expr),*)),* $(,)?) => {
        mod $check {
            $(
                #[test]
                fn $stage() {
                    super::$check::<crypto::$stage::Opener>($($argument),*);
                }
            )*
        }
    };
}

/// The payload a sealer makes.
pub fn seal(sealer: &mut impl Seal, plaintext: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    sealer.seal(plaintext, &mut payload).unwrap();
    payload
}

/// The payload of the request, record 0 of a connection.
pub fn request<S: Stage>() -> Vec<u8> {
    seal(&mut S::sealer(), REQUEST)
}

/// What an opener makes of a payload, which stays as it is.
pub fn open(opener: &mut impl Open, payload: &[u8]) -> Result<Vec<u8>, OpenError> {
    opener.open(&mut payload.to_vec()).map(|plaintext| plaintext.to_vec())
}
