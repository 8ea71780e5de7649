//! The keys from before that a ClientHello offers (RFC 8446, section 4.2.11), for someone who checks their binders.

use super::ClientHello;
use super::extension::Extension;
use crate::decoder::Decoder;

/// The type of `pre_shared_key`.
pub const PRE_SHARED_KEY: u16 = 41;

/// The offer: a proof for each key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The binders, in the order of the identities.
    pub binders: Vec<Vec<u8>>,
    /// Bytes at the end of the ClientHello that the binders do not cover: their list, its length included.
    pub uncovered: usize,
}

impl Offered {
    /// Finds the offer of a ClientHello. `None` if it has none that can be read, as its last extension.
    pub fn find(hello: &ClientHello) -> Option<Self> {
        let Extension::Other { kind: PRE_SHARED_KEY, body } = hello.extensions.last()? else {
            return None;
        };
        let mut decoder = Decoder::new(body);
        decoder.opaque(2, "identities", "").ok()?;
        let uncovered = decoder.rest().len();
        let binder =
            |decoder: &mut Decoder<'_>| decoder.some_opaque(1, "binder", "").map(<[u8]>::to_vec);
        let binders = decoder.some_list(2, "binders", "", binder).ok()?;
        decoder.is_done().then_some(Self { binders, uncovered })
    }
}
