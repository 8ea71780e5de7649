//! Passes the server's X25519 key off as its own: a client that wants the attacker agrees with the server, a bank perhaps,
//! and neither knows.
//!
//! **Needs** a certificate for its own name, and a client that wants this name: to that client, the attacker is an honest
//! server. It does not know the secret of the connection, and can neither read nor change a record. **Uses** that
//! anyone may sign the server's X25519 key, and that nothing under the new keys says whose certificate the client has
//! seen. In TLS the keys, and Finished, depend on a hash of all that was said, the certificate included: the client's
//! hash would not be the server's (RFC 8446, sections 4.4 and 7.1). Nor can the attacker show its certificate there: it would
//! have to encrypt it, under a key of the secret that it does not know. All it can do is pass on the server's.

use std::io;

use messages::Message as _;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT, PART5_TLS13};

use super::NO_CERTIFICATES;
use super::Outcome::{Refused, Succeeds};
use crate::own_key::{auth, signed};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "unknown-key-share",
    tries: "pass the server's key off as one's own",
    property: "agreement on who shares the secret",
    closed_by: "part5-tls13: a certificate that is encrypted, and keys and a Finished that depend on it",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Succeeds),
        (&PART5_TLS13, Refused("wrong_name")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let client_hello = session.requests.take()?;
    session.requests.send(&client_hello)?;
    let server_hello = session.answers.take()?;
    session.answers.send(&server_hello)?;
    if path.server_stage().has_types() {
        session.relay();
        return Ok(());
    }

    let theirs = session.answers.take()?;
    let own = &path.credentials()?.own;
    let both = signed(client_hello.payload(), server_hello.payload())?;
    let proof = auth(&own.certificates, &own.key, &both)?;
    session.answers.make(&proof.encode(), Some(&theirs), None)?;
    session.relay();
    Ok(())
}
