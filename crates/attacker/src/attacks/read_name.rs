//! Reads which server the client wants.
//!
//! **Needs** a place on the path; it need not change anything. **Uses** that somebody says the name before there is a key:
//! at `part4-cert` the server, by its certificate; at TLS the client, so that a server of many names knows which
//! certificate to show (RFC 6066, section 3). The certificate itself is encrypted there. Encrypted ClientHello hides the
//! name too, and this TLS does not have it.

use std::io;

use messages::cert::ServerAuth;
use messages::tls13::extension::Extension;
use messages::x509::Certificate;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::Outcome::{NotApplicable, Succeeds};
use crate::own_key::decode;
use crate::tls13::client_hello;
use crate::{Attack, Path};

const NO_NAME: super::Outcome = NotApplicable("nobody says a name at this stage");

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "read-name",
    tries: "read the name of the server off the wire",
    property: "a name that is encrypted",
    closed_by: "none, nor does TLS by itself: Encrypted ClientHello hides it",
    outcomes: &[(&PART1_PLAIN, NO_NAME), (&PART3_DH, NO_NAME), (&PART4_CERT, Succeeds)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    session.change_handshake(|message| {
        if message.has_certificates() && message.is_open() {
            let certificates = decode::<ServerAuth>(message)?.certificates;
            let leaf = certificates.first().map(|der| Certificate::decode(der));
            if let Some(Ok(leaf)) = leaf {
                path.learn(leaf.subject.text.as_bytes());
            }
        } else if message.has_types() && message.is_open() {
            let hello = client_hello(message).map(|hello| hello.extensions);
            for extension in hello.unwrap_or_default() {
                if let Extension::ServerName(Some(name)) = extension {
                    path.learn(name.as_bytes());
                }
            }
        }
        Ok(())
    })?;
    session.relay();
    Ok(())
}
