//! Leads a client to a server of another stage: of `part2-hmac-seq` to `part2-hmac`, of `part2-aead` to `part3-hkdf`.
//!
//! **Needs** a place on the path. **Uses** that both stages have the same keys and authenticate the same
//! bytes: what is `seq · nonce` to one is the beginning of the nonce and of the ciphertext to the other.
//! Nothing under the tag says which protocol it belongs to. The records of `part2-aead` and of `part3-hkdf` are even
//! alike, and the attacker goes through the handshake, which the client knows nothing of.

use std::io;

use stages::{PART1_PLAIN, PART2_HMAC, PART2_HMAC_SEQ, PART3_HKDF};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, OwnKey, Path};

/// A column of the table is the server's stage.
const OTHER_SERVER: super::Outcome =
    NotApplicable("it leads clients of hmac-seq to hmac, and of aead to hkdf");

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cross-stage",
    tries: "lead a client to a server of another stage",
    property: "separation of protocols",
    closed_by: "part3-hkdf: fresh keys for each connection",
    outcomes: &[
        (&PART1_PLAIN, OTHER_SERVER),
        (&PART2_HMAC, Succeeds),
        (&PART2_HMAC_SEQ, OTHER_SERVER),
        (&PART3_HKDF, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    OwnKey::meet(&mut session)?;
    session.relay();
    Ok(())
}
