//! The file of vectors, whatever stands in it: another of the same form may be put in its place.

use std::fs;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Vectors {
    pub handshakes: Vec<Handshake>,
    pub records: Vec<Record>,
    pub fed: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Handshake {
    pub stage: String,
    pub name: String,
    pub client_private: Bytes,
    pub server_private: Bytes,
    pub client_hello: Bytes,
    pub server_hello: Bytes,
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
