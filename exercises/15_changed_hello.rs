//! Exercise 15: find what a changed ClientHello breaks.
//!
//! **You have** a client and a server of TLS 1.3, and somebody on the path who changes the ClientHello. Nothing protects
//! it when it is sent. The changes are:
//!
//! ```text
//! Change::Random        one bit of the random is flipped
//! Change::ServerName    the last letter of the server's name is another one
//! Change::SessionId     one bit of the session id is flipped
//! Change::Version       TLS 1.2 stands in place of TLS 1.3
//! Change::BestSuite     the suite that both like best is taken out; the others stay
//! Change::KeyShares     all public keys are taken out; the list of groups stays
//! Change::OtherKey      the attacker's X25519 key stands in place of all of the client's
//! Change::Schemes       all signature schemes are taken out but ed25519; the server's key is for ECDSA
//! Change::Cut           nothing is changed, but the message is cut into two records
//! ```
//!
//! **You want** to know who notices it first, and by which check:
//!
//! ```text
//! Side::Client, Side::Server
//!
//! Check::RecordTag      the tag of an encrypted record
//! Check::Signature      the signature in CertificateVerify
//! Check::Finished       the tag in Finished
//! Check::Value          a value in a message that may not stand there
//! Check::Version        there is no version that both have
//! Check::Choice         there is no suite, group or scheme that both have
//! ```
//!
//! **Write** the function `noticed`. Where nobody notices anything, and the connection works, it says `None`.
//!
//! **The checker**, `cargo xtask exercise 15`, makes these changes between the real `tls13_client` and the real
//! `tls13_server`, and compares with what the two report.

use std::process::ExitCode;

use harness::changed_hello::{Change, Check, Side};

/// Returns who notices this change first, and by which check.
fn noticed(change: Change) -> Option<(Side, Check)> {
    // Your turn. This says that two changes are noticed, the second by the wrong check, and the others never.
    match change {
        Change::Version => Some((Side::Server, Check::Version)),
        Change::BestSuite => Some((Side::Client, Check::Finished)),
        _ => None,
    }
}

fn main() -> ExitCode {
    harness::changed_hello::run(noticed)
}
