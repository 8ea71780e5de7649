//! Records at every stage: what opens, what is refused, and what someone without the key gets through.
//! The last is asserted as firmly as what a stage stops.

#[macro_use]
mod stages;
mod after_failure;
mod changed;
mod foreign;
mod keys;
mod misplaced;
mod round_trip;

use crypto::{Open, OpenError, Seal};
use stages::{REQUEST, Stage};

/// The payload a sealer makes.
fn seal(sealer: &mut impl Seal, plaintext: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    sealer.seal(plaintext, &mut payload).unwrap();
    payload
}

/// The payload of the request, record 0 of a connection.
fn request<S: Stage>() -> Vec<u8> {
    seal(&mut S::sealer(), REQUEST)
}

/// What an opener makes of a payload, which stays as it is.
fn open(opener: &mut impl Open, payload: &[u8]) -> Result<Vec<u8>, OpenError> {
    opener.open(&mut payload.to_vec()).map(|plaintext| plaintext.to_vec())
}
