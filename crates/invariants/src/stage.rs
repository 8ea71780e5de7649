use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};
use framing::Stage as Layout;
use framing::stage::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ};

/// A stage that has records, under the articles' keys, named by its opener.
pub trait Stage: Open {
    /// The other half.
    type Sealer: Seal;

    /// Where each field lies.
    const LAYOUT: &'static Layout;

    /// A fresh sealer, as at the start of a connection.
    fn sealer() -> Self::Sealer;

    /// A fresh opener, as at the start of a connection.
    fn opener() -> Self;
}

macro_rules! stages {
    ($($stage:ident: $layout:ident),*) => { $(
        impl Stage for $stage::Opener {
            type Sealer = $stage::Sealer;

            const LAYOUT: &'static Layout = &$layout;

            fn sealer() -> Self::Sealer {
                $stage::Sealer::new(&$stage::Keys::demo())
            }

            fn opener() -> Self {
                $stage::Opener::new(&$stage::Keys::demo())
            }
        }
    )* };
}
stages! { ctr: PART1_CTR, hmac: PART2_HMAC, hmac_seq: PART2_HMAC_SEQ, aead: PART2_AEAD }
