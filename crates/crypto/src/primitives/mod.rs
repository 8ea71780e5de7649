//! Every call into somebody else's cryptography, on one page per engine. Both pages have the same
//! items, and make the same bytes from the same input:
//!
//! - `rust_crypto`: the crates of the RustCrypto project. The default: builds everywhere, in seconds.
//! - `aws_lc_rs`: Amazon's fork of BoringSSL, with the feature `aws-lc-rs`. Several times as fast at
//!   AES-GCM where the processor has vector instructions for it; needs a C compiler.
//!
//! [`group14`] is the arithmetic of classic Diffie-Hellman and [`rsa`] makes signatures, for both. `tls13` has the two
//! pages of TLS 1.3.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
pub(crate) mod group14;
pub(crate) mod rsa;
#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto;
#[cfg(feature = "tls13")]
pub(crate) mod tls13;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs::{Aes256Ctr, Aes256Gcm, HkdfSha256, HmacSha256, X25519};
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use rust_crypto::{Aes256Ctr, Aes256Gcm, HkdfSha256, HmacSha256, X25519};

/// Fills `bytes` from the operating system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}
