//! Exercise 14: compute Finished.
//!
//! **You have** what client and server have said so far, when one of them is about to send its Finished, and the secret of
//! that side, its `handshake_traffic_secret`. Each side's records are in the order in which it sent them, opened:
//!
//! ```text
//! record.kind                    22 for the handshake (HANDSHAKE), 20 for a ChangeCipherSpec
//! record.content                 a message of the handshake, several, or a part of one
//!
//! hmac(key, message)             HMAC-SHA256
//! sha256(bytes)                  SHA-256
//! expand_label(secret, label)    HKDF-Expand-Label with an empty context
//! messages(bytes)                the messages that stand behind each other in these bytes, each with its header
//! ```
//!
//! This is the order of a handshake, both sides together. What is in brackets is there if the server wants a certificate
//! of the client.
//!
//! ```text
//! client   ClientHello
//! server   ServerHello, EncryptedExtensions, [CertificateRequest], Certificate, CertificateVerify, Finished
//! client   [Certificate, CertificateVerify], Finished
//! ```
//!
//! **You want** the 32 bytes in Finished, those of either side.
//!
//! **Write** the function `finished`.
//!
//! **The checker**, `cargo xtask exercise 14`, gives it the handshake of RFC 8448, section 3, and one that the real
//! `tls13_client` and `tls13_server` make on the spot, and compares with the Finished that they sent.

use std::process::ExitCode;

use harness::finished::{HANDSHAKE, LEN, Record, expand_label, hmac, messages, sha256};

/// Returns what the side with this secret sends in its Finished, after all that the two have said.
fn finished(secret: &[u8; LEN], client: &[Record], server: &[Record]) -> [u8; LEN] {
    // Your turn. This is a tag over nothing.
    let _ = (client, server, HANDSHAKE, messages, expand_label);
    hmac(secret, &sha256(b""))
}

fn main() -> ExitCode {
    harness::finished::run(finished)
}
