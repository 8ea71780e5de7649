//! Stands in the middle, with an honest certificate for a name of its own.
//!
//! **Needs** a name, a key and a certificate, which anyone can have. **Would use** a client that is content with any
//! chain that leads to a root. This one does, and the signature is right: it is the wrong server, and it says so.

use std::io;

use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::NO_CERTIFICATES;
use super::Outcome::Refused;
use super::mitm::{speak_between, stand_between};
use crate::own_key::auth;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "own-chain",
    tries: "show an honest certificate, for another name",
    property: "knowing whose key it is",
    closed_by: "part4-cert: the client knows beforehand which name it wants",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Refused("wrong_name")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    if path.server_stage().has_types() {
        return speak_between(path);
    }
    let own = &path.credentials()?.own;
    stand_between(path, |_, signed| auth(&own.certificates, &own.key, signed))
}
