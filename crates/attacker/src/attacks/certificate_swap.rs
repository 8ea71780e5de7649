//! Puts another certificate for the same key in the place of the one that the server sent.
//!
//! **Needs** such a certificate: whoever renews one often keeps the key, and all certificates are public. **Uses** that
//! the signature covers both X25519 keys, and not the certificate: with the same key it fits as before. The client may
//! thus rely on what the server did not say: on an older certificate, or one with other names. TLS signs a hash of all
//! that was said, the certificates included (RFC 8446, section 4.4.3).

use std::io;

use messages::Message as _;
use messages::cert::ServerAuth;
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT};

use super::NO_CERTIFICATES;
use super::Outcome::Succeeds;
use crate::own_key::decode;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "certificate-swap",
    tries: "exchange the certificate for another on the same key",
    property: "a signature over the certificate",
    closed_by: "none: a signature over the certificate too, as in TLS",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Succeeds),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    session.change_handshake(|message| {
        if message.has_certificates() {
            let certificates = path.credentials()?.renewed.clone();
            let swapped = ServerAuth { certificates, ..decode(message)? };
            message.replace_payload(&swapped.encode());
        }
        Ok(())
    })?;
    session.relay();
    Ok(())
}
