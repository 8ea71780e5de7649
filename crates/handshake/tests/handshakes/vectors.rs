//! The file of vectors, whatever stands in it: another of the same form may be put in its place.

use std::collections::HashMap;
use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use certificates::{Identity, Roots, ServerName, Verifier};
use crypto::signature::IdentityKey;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Vectors {
    pub handshakes: Vec<Handshake>,
    pub records: Vec<Record>,
    pub fed: Vec<Case>,
    certificates: HashMap<String, Certificate>,
    keys: HashMap<String, Bytes>,
    chains: Chains,
}

#[derive(Deserialize)]
pub struct Handshake {
    pub stage: String,
    pub name: String,
    pub client_private: Bytes,
    pub server_private: Bytes,
    pub client_hello: Bytes,
    pub server_hello: Bytes,
    pub server_auth: Option<Bytes>,
    pub shared_secret: Bytes,
    pub client_write_key: Option<Bytes>,
    pub server_write_key: Option<Bytes>,
}

#[derive(Deserialize)]
pub struct Record {
    pub stage: String,
    pub handshake: String,
    pub direction: String,
    pub seq: u64,
    pub plaintext: Bytes,
    #[serde(rename = "record")]
    pub payload: Bytes,
}

/// Messages that one side was fed with, and what their program made of them.
#[derive(Deserialize)]
pub struct Case {
    pub stage: String,
    pub role: String,
    pub name: String,
    pub private: Bytes,
    pub fed: Vec<String>,
    pub outcome: String,
    pub error: Option<String>,
    /// At part 4 a message can be the name of one, and not its bytes.
    pub sent: Vec<String>,
    pub shared_secret: Option<Bytes>,
    pub client_write_key: Option<Bytes>,
    pub server_write_key: Option<Bytes>,
}

#[derive(Deserialize)]
struct Certificate {
    der: Bytes,
}

#[derive(Deserialize)]
struct Chains {
    validation_time: String,
}

/// Bytes that stand in the file as hexadecimal digits.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "hex")] pub Vec<u8>);

impl Bytes {
    /// A private key, or one for the records.
    pub fn key(&self) -> [u8; 32] {
        self.0[..].try_into().unwrap()
    }
}

pub static VECTORS: LazyLock<Vectors> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/handshakes.json");
    let vectors: Vectors = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        !vectors.handshakes.is_empty() && !vectors.records.is_empty() && !vectors.fed.is_empty()
    );
    vectors
});

/// A certificate in DER.
pub fn certificate(name: &str) -> Vec<u8> {
    VECTORS.certificates[name].der.0.clone()
}

/// A private key of RSA in PKCS #8.
pub fn identity_key(name: &str) -> Vec<u8> {
    VECTORS.keys[name].0.clone()
}

/// The time at which the certificates are valid, since 1970.
pub fn now() -> Duration {
    assert_eq!(VECTORS.chains.validation_time, "2027-06-01T00:00:00Z");
    Duration::from_secs(1_811_808_000)
}

/// Whoever holds this key, with these certificates.
pub fn identity(certificates: &[&str], key: &str) -> Identity {
    Identity {
        certificates: certificates.iter().map(|name| certificate(name)).collect(),
        key: IdentityKey::from_pkcs8(&identity_key(key)).unwrap(),
    }
}

/// The server of the articles.
pub static SERVER: LazyLock<Identity> =
    LazyLock::new(|| identity(&["server", "intermediate"], "server"));

/// What a client of the articles has beforehand, but for the name that it wants.
pub fn wanted(name: &'static str) -> Verifier {
    let roots = Roots::from_der(vec![certificate("root")]).unwrap();
    Verifier { roots, name: ServerName::try_from(name).unwrap() }
}
