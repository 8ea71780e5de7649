//! Tests that need what the public interface hides: a chosen nonce, a chosen number, a bare primitive.

mod golden;
mod known_answers;
mod limits;
mod nonce_reuse;

use serde::de::DeserializeOwned;

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
