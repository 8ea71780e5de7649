//! Leads a client of `part2-hmac-seq` to a server of `part2-hmac`.
//!
//! **Needs** a place on the path. **Uses** that both stages have the same keys and authenticate the
//! same bytes: what is `seq · nonce` to one is the beginning of the nonce and of the ciphertext to
//! the other. Nothing under the tag says which protocol a record belongs to.

use std::io;

use stages::{PART1_PLAIN, PART2_HMAC, PART2_HMAC_SEQ};

use super::Outcome::{NotApplicable, Succeeds};
use crate::{Attack, Path};

/// A column of the table is the server's stage.
const OTHER_SERVER: super::Outcome =
    NotApplicable("it leads a hmac-seq client to a hmac server: part2-hmac");

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cross-stage",
    tries: "lead a client of hmac-seq to a server of hmac",
    property: "separation of protocols",
    closed_by: "none: a key of its own for each protocol",
    outcomes: &[
        (&PART1_PLAIN, OTHER_SERVER),
        (&PART2_HMAC, Succeeds),
        (&PART2_HMAC_SEQ, OTHER_SERVER),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    path.accept()?.relay();
    Ok(())
}
