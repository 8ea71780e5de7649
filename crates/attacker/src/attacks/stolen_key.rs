//! Stands in the middle with the server's identity key.
//!
//! **Needs** that key: a file was copied, or stands in a public repository. **Uses** that whoever has it is the server,
//! as far as anyone can tell. That is no fault of the handshake: no key protects further than it is kept.

use std::io;

use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::NO_CERTIFICATES;
use super::Outcome::Succeeds;
use super::mitm::{speak_between, stand_between};
use crate::own_key::auth;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "stolen-key",
    tries: "be the server, with its stolen identity key",
    property: "an identity key that only its owner has",
    closed_by: "none, nor does TLS: a certificate that ends soon, or is revoked, limits the harm",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Succeeds),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    if path.server_stage().has_types() {
        return speak_between(path);
    }
    let stolen = path.credentials()?.stolen.as_ref().ok_or(io::ErrorKind::NotFound)?;
    stand_between(path, |_, signed| auth(&stolen.certificates, &stolen.key, signed))
}
