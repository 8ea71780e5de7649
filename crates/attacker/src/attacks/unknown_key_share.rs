//! Says that the bank's key is its own: a client that wants the attacker is led to the bank, and neither side knows.
//!
//! **Needs** a certificate for its own name, and a client that wants this name: the attacker is an honest server to it.
//! It has no secret of this connection, and can neither read nor change a record. **Uses** that anyone may sign the
//! bank's X25519 key: the signature covers two keys, and neither the certificate nor the name. TLS signs a hash of all
//! that was said, the certificates included, and Finished confirms it under the new keys (RFC 8446, section 4.4).

use std::io;

use messages::Message as _;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::NO_CERTIFICATES;
use super::Outcome::Succeeds;
use crate::own_key::{auth, signed};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "unknown-key-share",
    tries: "sign the bank's key as one's own, for a client of one's own",
    property: "a signature over the signer's name",
    closed_by: "none: a signature over all that was said, as in TLS",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Succeeds),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let client_hello = session.requests.take()?;
    session.requests.send(&client_hello)?;
    let server_hello = session.answers.take()?;
    session.answers.send(&server_hello)?;

    let theirs = session.answers.take()?;
    let own = &path.credentials()?.own;
    let both = signed(client_hello.payload(), server_hello.payload())?;
    let proof = auth(&own.certificates, &own.key, &both)?;
    session.answers.make(&proof.encode(), Some(&theirs), None)?;
    session.relay();
    Ok(())
}
