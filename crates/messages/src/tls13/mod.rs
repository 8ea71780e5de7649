//! The structures of TLS 1.3 (RFC 8446, section 4 and appendix B), each with a decoder that names its spans.
//!
//! - [`handshake`]: the form of every message: type, length, body; and which there are.
//! - [`hello`]: ClientHello, ServerHello and HelloRetryRequest.
//! - [`extension`]: what they carry, extension by extension.
//! - [`psk`]: the keys from before that a ClientHello offers.
//! - [`certificate`]: CertificateRequest, Certificate, CertificateVerify.
//! - [`names`]: suites, groups, schemes and alerts by number and name.
//! - [`vector`]: a length and what it counts.

pub mod certificate;
pub mod extension;
pub mod handshake;
pub mod hello;
mod named;
pub mod names;
pub mod psk;
pub mod vector;

pub use certificate::{Certificate, CertificateEntry, CertificateRequest, CertificateVerify};
pub use extension::{Extension, KeyShareEntry};
pub use handshake::{HandshakeMessage, HandshakeType};
pub use hello::{ClientHello, ServerHello};

use crate::decoder::{Decoder, Explained};

/// Returns whether bytes have the form of something that travels outside of data: a message of the handshake, a
/// ChangeCipherSpec or an alert.
pub fn is_one(bytes: &[u8]) -> bool {
    match bytes {
        [1] | [1 | 2, _] => true,
        [kind, a, b, c, body @ ..] if *kind != 0 => {
            u32::from_be_bytes([0, *a, *b, *c]) as usize == body.len()
        }
        _ => false,
    }
}

/// Names such bytes.
pub fn name(bytes: &[u8]) -> &'static str {
    match bytes {
        [1] => "ChangeCipherSpec",
        [_, _] => "Alert",
        _ => HandshakeMessage::decode(bytes).map_or("message", |message| message.name()),
    }
}

/// Tells what such bytes say, span by span, as far as they can be read.
pub fn explain(bytes: &[u8]) -> Explained {
    let mut decoder = Decoder::new(bytes);
    let (level, about) = (
        "Whether the connection goes on: 1 it does, 2 it is over.",
        "What is wrong, or that it is over.",
    );
    let level_name = |level| if level == 1 { "warning" } else { "fatal" }.to_owned();
    _ = match bytes.len() {
        1 => decoder
            .u8("change_cipher_spec", "It means nothing here.", |it| it.to_string())
            .map(drop),
        2 => decoder
            .u8("level", level, level_name)
            .and_then(|_| decoder.u8("description", about, names::alert))
            .map(drop),
        _ => return HandshakeMessage::explain(bytes),
    };
    decoder.give_up("rest", "Bytes that could not be read.");
    decoder.explained()
}
