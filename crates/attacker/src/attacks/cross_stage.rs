//! Leads a client to a server of another stage: of `part2-hmac-seq` to `part2-hmac`, of `part2-aead` to `part3-hkdf`,
//! of `part3-hkdf` to `part4-cert`, of `part4-cert` to `part5-tls13`.
//!
//! **Needs** a place on the path. **Uses** that both stages have the same keys and authenticate the same
//! bytes: what is `seq · nonce` to one is the beginning of the nonce and of the ciphertext to the other.
//! Nothing under the tag says which protocol it belongs to. The records of `part2-aead` and of `part3-hkdf` are even
//! alike, and the attacker goes through the handshake, which the client knows nothing of. The Hellos of `part3-hkdf` and
//! of `part4-cert` are alike too, and what the server says of itself is taken out: both sides hold the same secret. TLS has other
//! messages in other records. The attacker exchanges the header, and cannot exchange what no server of TLS understands.

use std::io;

use framing::Direction::ToClient;
use stages::{PART1_PLAIN, PART2_HMAC, PART2_HMAC_SEQ, PART3_HKDF, PART5_TLS13};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, OwnKey, Path};

/// A column of the table is the server's stage.
const OTHER_SERVER: super::Outcome = NotApplicable(
    "it leads clients of hmac-seq to hmac, of aead to hkdf, of hkdf to cert, and of cert to tls13",
);

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cross-stage",
    tries: "lead a client to a server of another stage",
    property: "separation of protocols",
    closed_by: "part3-hkdf: fresh keys for each connection, and at part4-cert other labels",
    outcomes: &[
        (&PART1_PLAIN, OTHER_SERVER),
        (&PART2_HMAC, Succeeds),
        (&PART2_HMAC_SEQ, OTHER_SERVER),
        (&PART3_HKDF, Refused("bad_tag")),
        (&PART5_TLS13, Refused("unexpected_message")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    if path.server_stage().has_types() {
        let mut session = path.intercept()?;
        let mut hello = session.requests.take()?;
        hello.translate(path.server_stage());
        session.requests.send(&hello)?;
        session.relay();
        return Ok(());
    }
    let mut session = path.accept()?;
    if session.client_stage().handshake.is_empty() {
        OwnKey::meet(&mut session)?;
    } else {
        let known = session.client_stage().messages(ToClient);
        for _ in known..session.server_stage().messages(ToClient) {
            let _kept_back = session.answers.take()?;
        }
    }
    session.relay();
    Ok(())
}
