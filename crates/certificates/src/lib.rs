//! Whom to believe: whether a chain of certificates leads from a root that one trusts to the name that one wants.
//!
//! *For learning. Nothing here knows whether a certificate was revoked.*
//!
//! The path is found and checked by [rustls-webpki](webpki) (RFC 5280, section 6): signatures, validity, names, and
//! what an authority may sign. What that leaves open, or leaves to others, is in [`rules`].
//!
//! - [`Verifier`]: what a client has beforehand, roots and a name. It checks a chain, in this order: every
//!   certificate can be read; a path of signatures leads from the first to a root, each valid now and each signer
//!   allowed to sign; the first is for this name.
//! - [`Terms`]: what else is asked of the chain, at part 4 and at TLS 1.3.
//! - [`Identity`]: what a server has beforehand, or a client at TLS 1.3, a chain and the key that belongs to it.
//! - [`CertificateError`]: which check failed, on which certificate, and what that means.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod algorithms;
mod error;
mod identity;
mod pem;
pub mod rules;
mod terms;
mod verifier;

#[cfg(feature = "tls13")]
pub use algorithms::tls13::SCHEMES;
pub use error::CertificateError;
pub use identity::Identity;
pub use pem::PemError;
pub use terms::Terms;
#[cfg(feature = "tls13")]
pub use verifier::has_signed_by;
pub use verifier::{Believed, Roots, Verifier};

/// The name of a server: a DNS name or an IP address.
pub use pki_types::ServerName;

/// Reads the name of a server as a person types it.
///
/// # Errors
/// The expected form, for the person who typed something else.
pub fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    let name = ServerName::try_from(text.to_owned());
    name.map_err(|_| "expected the name of a server, such as localhost or bank.example".to_owned())
}
