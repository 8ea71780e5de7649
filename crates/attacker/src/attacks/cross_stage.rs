//! Leads a client of `part2-hmac-seq` to a server of `part2-hmac`.
//!
//! **Needs** a place on the path. **Uses** that both stages have the same keys and authenticate the same
//! bytes: what is `seq · nonce` to one is the beginning of the nonce and of the ciphertext to the other.
//! Nothing under the tag says which protocol it belongs to.

use std::io;

use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cross-stage",
    tries: "lead a client of hmac-seq to a server of hmac",
    property: "separation of protocols",
    closed_by: "none: a key of its own for each protocol",
    run,
};

fn run(path: &Path) -> io::Result<()> {
    path.accept()?.relay();
    Ok(())
}
