//! Certificates and keys of the vectors, as the articles' own programs made them: most are valid from 2026 to 2046.

use std::fs;
use std::sync::LazyLock;

use crypto::signature::IdentityKey;
use serde_json::Value;

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let file = "/../crates/handshake/tests/vectors/handshakes.json";
    let vectors = fs::read(format!("{}{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    serde_json::from_slice(&vectors).unwrap()
});

/// A certificate in DER.
pub fn certificate(name: &str) -> Vec<u8> {
    hex::decode(VECTORS["certificates"][name]["der"].as_str().unwrap()).unwrap()
}

/// A certificate in PEM.
pub fn certificate_pem(name: &str) -> String {
    pem("CERTIFICATE", &certificate(name))
}

/// A private key.
pub fn key(name: &str) -> IdentityKey {
    IdentityKey::from_pkcs8(&key_der(name)).unwrap()
}

/// A private key in PKCS #8, as PEM.
pub fn key_pem(name: &str) -> String {
    pem("PRIVATE KEY", &key_der(name))
}

/// A private key in PKCS #8.
pub fn key_der(name: &str) -> Vec<u8> {
    hex::decode(VECTORS["keys"][name].as_str().unwrap()).unwrap()
}

/// Base64 (RFC 4648, section 4) between two lines (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----");
    for (index, three) in der.chunks(3).enumerate() {
        if index % 16 == 0 {
            text.push('\n');
        }
        let byte = |at| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            let is_filling = digit > three.len();
            text.push(if is_filling { '=' } else { DIGITS[value as usize].into() });
        }
    }
    text + &format!("\n-----END {label}-----\n")
}
