//! Records at every stage: what opens, what is refused, and what someone without the key gets through.
//! The last is asserted as firmly as what a stage stops.

mod after_failure;
mod changed;
mod common;
mod foreign;
mod misplaced;
mod round_trip;

use std::ops::Range;

use common::{REQUEST, sealer};
use crypto::{Open, OpenError, Seal};
use stages::{Role, Stage};

/// The payload a sealer makes.
fn seal(sealer: &mut impl Seal, plaintext: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    sealer.seal(&[], plaintext, &mut payload).unwrap();
    payload
}

/// The payload of the request, record 0 of a connection.
fn request(stage: &Stage) -> Vec<u8> {
    seal(&mut sealer(stage), REQUEST)
}

/// What an opener makes of a payload, which stays as it is.
fn open(opener: &mut impl Open, payload: &[u8]) -> Result<Vec<u8>, OpenError> {
    opener.open(&[], &mut payload.to_vec()).map(|plaintext| plaintext.to_vec())
}

/// Where the field of this role lies in a payload.
fn range(stage: &Stage, role: Role, payload: &[u8]) -> Range<usize> {
    let parts = stage.split_payload(payload).unwrap();
    let part = parts.iter().find(|part| part.field.role == role).unwrap();
    part.offset..part.offset + part.bytes.len()
}
