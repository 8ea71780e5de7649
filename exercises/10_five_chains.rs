//! Exercise 10: find what is wrong with five chains.
//!
//! **You have** five chains of certificates, `exercises/chains/1.pem` to `5.pem`, as servers might send them, and what a
//! client has before it connects:
//!
//! ```text
//! client.root, client.name, client.now    the certificate that it trusts, the name that it wants, and the time
//!
//! chain[0], chain[1] ...                  the certificates that were sent, the server's own first
//! certificate.subject, .issuer            whose it is, and who signed it, as it says itself
//! certificate.names                       the names of servers that it is for: its subjectAltName
//! certificate.is_authority                whether its subject may sign certificates
//! certificate.not_before, .not_after      the first second at which it is valid, and the last
//! certificate.is_signed_by(&other)        whether its signature was made with the key that the other one names
//! ```
//!
//! `cargo xtask certificates show exercises/chains/1.pem --roots exercises/chains/roots.pem` shows the first.
//!
//! **You want** to believe a chain that leads from the wanted name to the root, and to say of any other what is wrong
//! with it. Each of the five is wrong in one way, and no two in the same:
//!
//! ```text
//! Fault::UnknownIssuer     the issuer of a certificate is not there
//! Fault::BadSignature      a signature was not made with the key of the issuer
//! Fault::NotAnAuthority    an issuer may not sign certificates
//! Fault::Expired           a certificate is not valid any more
//! Fault::NotYetValid       a certificate is not valid yet
//! Fault::WrongName         the server's certificate is for other names
//! ```
//!
//! **Write** the function `fault`. It has to judge other chains too, and good ones are among them.
//!
//! **The checker**, `cargo xtask exercise 10`, gives it the five, the chain of the real server, and chains that you have
//! never seen. It knows what the real client says to each.

use std::process::ExitCode;

use harness::chains::{Certificate, Client, Fault};

/// Returns what is wrong with a chain, or `None` if the client may believe it.
fn fault(chain: &[Certificate], client: &Client) -> Option<Fault> {
    // Your turn. This believes everybody.
    let _ = (chain, client, Fault::UnknownIssuer);
    None
}

fn main() -> ExitCode {
    harness::chains::run(fault)
}
