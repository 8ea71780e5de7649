//! The stages, seen alike by tests that hold at several of them. The tests of `channel` use this too.

use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};

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
