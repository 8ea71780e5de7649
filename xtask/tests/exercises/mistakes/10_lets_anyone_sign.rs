//! Exercise 10 with a mistake that the checker must catch: whoever has a certificate may sign others.

use std::iter::zip;
use std::process::ExitCode;

use harness::chains::{Certificate, Client, Fault};

fn first_broken_link(chain: &[Certificate], client: &Client) -> Option<Fault> {
    let issuers = chain.iter().skip(1).chain([&client.root]);
    for (certificate, issuer) in zip(chain, issuers) {
        if certificate.issuer != issuer.subject {
            return Some(Fault::UnknownIssuer);
        }
        if !certificate.is_signed_by(issuer) {
            return Some(Fault::BadSignature);
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
