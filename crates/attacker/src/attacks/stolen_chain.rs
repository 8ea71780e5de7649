//! Stands in the middle, with the server's certificates and a signature of its own.
//!
//! **Needs** the server's certificates, which are public: the server sends them to everyone. **Would use** a client that
//! takes a certificate for a proof. It says which key belongs to a name, and not who has the key.

use std::io;

use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::NO_CERTIFICATES;
use super::Outcome::Refused;
use super::mitm::{speak_between, stand_between};
use crate::own_key::auth;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "stolen-chain",
    tries: "show the server's certificates, and sign with another key",
    property: "proof that the server has the key",
    closed_by: "part4-cert: the certificate names the key that has to sign",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Refused("bad_signature")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    if path.server_stage().has_types() {
        return speak_between(path);
    }
    let own = &path.credentials()?.own;
    stand_between(path, |theirs, signed| auth(&theirs.certificates, &own.key, signed))
}
