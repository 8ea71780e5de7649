//! Chains at TLS 1.3, as the servers and clients of the world have them.

mod issue;
mod paths;
mod rules;
mod signatures;
mod system;

use std::time::Duration;

use certificates::{CertificateError, Roots, ServerName, Terms};
use issue::NOW;

/// How many certificates the path of a server's chain has, or the check that refuses it.
fn server(roots: &[Vec<u8>], chain: &[Vec<u8>], name: &str) -> Result<usize, CertificateError> {
    server_at(roots, chain, name, NOW)
}

fn server_at(
    roots: &[Vec<u8>],
    chain: &[Vec<u8>],
    name: &str,
    now: Duration,
) -> Result<usize, CertificateError> {
    let roots = Roots::from_der(roots.to_vec()).unwrap();
    let name = ServerName::try_from(name).unwrap();
    roots.verify(&Terms::TLS13_SERVER, Some(&name), chain, now).map(|believed| believed.path.len())
}

/// The same of a client's.
fn client(roots: &[Vec<u8>], chain: &[Vec<u8>]) -> Result<usize, CertificateError> {
    let roots = Roots::from_der(roots.to_vec()).unwrap();
    roots.verify(&Terms::TLS13_CLIENT, None, chain, NOW).map(|believed| believed.path.len())
}

/// The name of the check that refuses.
fn check<T>(verdict: Result<T, CertificateError>) -> Result<T, &'static str> {
    verdict.map_err(|error| error.name())
}
