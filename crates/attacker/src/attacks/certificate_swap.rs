//! Puts another certificate for the same key in the place of the one that the server sent.
//!
//! **Needs** such a certificate: whoever renews one often keeps the key, and all certificates are public. **Uses** that
//! the signature covers both X25519 keys, and not the certificate: with the same key it fits as before. The client may
//! thus rely on what the server did not say: on an older certificate, or one with other names. TLS signs a hash of all
//! that was said, the certificates included (RFC 8446, section 4.4.3), and encrypts them: whoever knows both can still turn
//! one into the other in the ciphertext, as in `forge`, and the tag tells.

use std::io;
use std::iter::zip;

use messages::Message as _;
use messages::cert::ServerAuth;
use messages::tls13::{Certificate, CertificateEntry, HandshakeMessage};
use stages::{PART1_PLAIN, PART3_DH, PART4_CERT, PART5_TLS13};

use super::NO_CERTIFICATES;
use super::Outcome::{Refused, Succeeds};
use crate::own_key::decode;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "certificate-swap",
    tries: "exchange the certificate for another on the same key",
    property: "a signature over the certificate",
    closed_by: "part5-tls13: a certificate that is encrypted, under a signature over all that was said",
    outcomes: &[
        (&PART1_PLAIN, NO_CERTIFICATES),
        (&PART3_DH, NO_CERTIFICATES),
        (&PART4_CERT, Succeeds),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    // Whoever refuses it ends the handshake early.
    let changed = session.change_handshake(|message| {
        if message.has_certificates() {
            let certificates = path.credentials()?.renewed.clone();
            if message.is_sealed() {
                let [known, wanted] =
                    [&path.credentials()?.known, &certificates].map(|it| as_sent(it));
                for (byte, (known, wanted)) in zip(message.text()?, zip(known, wanted)) {
                    *byte ^= known ^ wanted;
                }
                return Ok(());
            }
            let swapped = ServerAuth { certificates, ..decode(message)? };
            message.replace_payload(&swapped.encode());
        }
        Ok(())
    });
    if !path.server_stage().has_types() {
        changed?;
    }
    session.relay();
    Ok(())
}

/// The message of TLS with these certificates.
fn as_sent(certificates: &[Vec<u8>]) -> Vec<u8> {
    let entry = |der: &Vec<u8>| CertificateEntry { der: der.clone(), extensions: Vec::new() };
    let certificates = certificates.iter().map(entry).collect();
    HandshakeMessage::Certificate(Certificate { context: Vec::new(), certificates }).encode()
}
