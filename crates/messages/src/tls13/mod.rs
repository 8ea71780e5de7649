//! The structures of TLS 1.3 (RFC 8446, section 4 and appendix B), each with a decoder that names its spans.
//!
//! - [`handshake`]: the form of every message: type, length, body; and which there are.
//! - [`hello`]: ClientHello, ServerHello and HelloRetryRequest.
//! - [`extension`]: what they carry, extension by extension.
//! - [`certificate`]: CertificateRequest, Certificate, CertificateVerify.
//! - [`names`]: suites, groups, schemes and alerts by number and name.
//! - [`vector`]: a length and what it counts.

pub mod certificate;
pub mod extension;
pub mod handshake;
pub mod hello;
pub mod names;
pub mod vector;

pub use certificate::{Certificate, CertificateEntry, CertificateRequest, CertificateVerify};
pub use extension::{Extension, KeyShareEntry};
pub use handshake::{HandshakeMessage, HandshakeType};
pub use hello::{ClientHello, ServerHello};
