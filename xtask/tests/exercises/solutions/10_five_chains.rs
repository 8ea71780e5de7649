//! Exercise 10, solved: find what is wrong with five chains.
//!
//! A certificate is a claim. What makes it worth something is the one behind it: the signature, the right to sign, the
//! time. So each is looked at together with its issuer, as far as the root, which nobody sent.

use std::iter::zip;
use std::process::ExitCode;

use harness::chains::{Certificate, Client, Fault};

/// Returns what is wrong with a chain, or `None` if the client may believe it.
fn first_broken_link(chain: &[Certificate], client: &Client) -> Option<Fault> {
    let issuers = chain.iter().skip(1).chain([&client.root]);
    for (certificate, issuer) in zip(chain, issuers) {
        if certificate.issuer != issuer.subject {
            return Some(Fault::UnknownIssuer);
        }
        if !certificate.is_signed_by(issuer) {
            return Some(Fault::BadSignature);
        }
        if !issuer.is_authority {
            return Some(Fault::NotAnAuthority);
        }
    }
    for certificate in chain.iter().chain([&client.root]) {
        if client.now < certificate.not_before {
            return Some(Fault::NotYetValid);
        }
        if client.now > certificate.not_after {
            return Some(Fault::Expired);
        }
    }
    let is_for = |server: &Certificate| server.names.contains(&client.name);
    if chain.first().is_some_and(is_for) { None } else { Some(Fault::WrongName) }
}

fn main() -> ExitCode {
    harness::chains::run(first_broken_link)
}
