//! Tests that need what the public interface hides: a chosen nonce, a chosen number, a bare primitive.

mod agreement;
mod golden;
mod handshakes;
mod known_answers;
mod limits;
mod nonce_reuse;
#[cfg(feature = "tls13")]
mod tls13;
#[cfg(feature = "tls13")]
mod tls13_record;

use serde::de::DeserializeOwned;

/// The articles' keys. Those that programs use are in `demo_keys`, which depends on this crate.
mod keys {
    use crate::keys::{AesKey, MacKey};
    use crate::{aead, ctr, hmac};

    fn encryption() -> AesKey {
        AesKey::from(*b"0123456789ABCDEF0123456789ABCDEF")
    }

    pub fn ctr() -> ctr::Keys {
        ctr::Keys { encryption: encryption() }
    }

    pub fn hmac() -> hmac::Keys {
        let mac = MacKey::from(b"HMAC_KEY_FOR_PART2_DEMO_1234567".to_vec());
        hmac::Keys { encryption: encryption(), mac }
    }

    pub use hmac as hmac_seq;

    pub fn aead() -> aead::Keys {
        aead::Keys::new(AesKey::from(*b"AEAD_KEY_PART2_DEMO_FOR_AES_GCM!"))
    }
}

/// The bytes of a hex string.
fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// What a file of `tests/vectors` holds.
macro_rules! vectors {
    ($file:literal) => {
        $crate::tests::parse(include_str!(concat!("../../tests/vectors/", $file)))
    };
}
use vectors;

fn parse<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}
