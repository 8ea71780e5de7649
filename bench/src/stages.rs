//! The stages with records, each as a type, for what is measured of all of them alike.

use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};

/// A stage under the articles' keys.
pub trait Stage {
    /// Its sealing half.
    type Sealer: Seal + Send + 'static;
    /// Its opening half.
    type Opener: Open + Send + 'static;

    /// Both halves, as at the start of a connection.
    fn pair() -> (Self::Sealer, Self::Opener);
}

macro_rules! stages {
    ($($name:ident = $module:ident),*) => { $(
        #[doc = concat!("The stage of `", stringify!($module), "`.")]
        pub struct $name;

        impl Stage for $name {
            type Sealer = $module::Sealer;
            type Opener = $module::Opener;

            fn pair() -> (Self::Sealer, Self::Opener) {
                let keys = $module::Keys::demo();
                ($module::Sealer::new(&keys), $module::Opener::new(&keys))
            }
        }
    )* };
}
stages! { Ctr = ctr, Hmac = hmac, HmacSeq = hmac_seq, Aead = aead }
