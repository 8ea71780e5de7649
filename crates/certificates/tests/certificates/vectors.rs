//! The certificates and keys of the file of vectors.

use std::sync::LazyLock;
use std::time::Duration;

use certificates::{CertificateError, Roots, ServerName, Verifier};
use serde_json::Value;
use x509_cert::der::pem::{LineEnding, encode_string};

/// 2027-06-01 00:00:00 UTC, the vectors' `validation_time`.
pub const NOW: Duration = Duration::from_secs(1_811_808_000);

pub static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../handshake/tests/vectors/handshakes.json")).unwrap()
});

/// A certificate in DER.
pub fn der(name: &str) -> Vec<u8> {
    hex::decode(VECTORS["certificates"][name]["der"].as_str().unwrap()).unwrap()
}

/// A private key in PKCS #8.
pub fn key(name: &str) -> Vec<u8> {
    hex::decode(VECTORS["keys"][name].as_str().unwrap()).unwrap()
}

pub fn pem(label: &str, der: &[u8]) -> String {
    encode_string(label, LineEnding::LF, der).unwrap()
}

/// Certificates as a file has them.
pub fn chain_pem(names: &[&str]) -> String {
    names.iter().map(|name| pem("CERTIFICATE", &der(name))).collect()
}

pub fn verifier(roots: &[&str], name: &str) -> Verifier {
    let roots = Roots::from_der(roots.iter().map(|root| der(root)).collect()).unwrap();
    Verifier { roots, name: ServerName::try_from(name).unwrap().to_owned() }
}

/// How many certificates the path has.
pub fn verify(
    roots: &[&str],
    chain: &[&str],
    name: &str,
    now: Duration,
) -> Result<usize, CertificateError> {
    let chain: Vec<_> = chain.iter().map(|name| der(name)).collect();
    verifier(roots, name).verify(&chain, now).map(|believed| believed.path.len())
}
