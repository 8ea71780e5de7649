//! Part 5: what TLS 1.3 is made of (RFC 8446). Bytes in, bytes out.
//!
//! - [`record`]: a record, sealed and opened.
//! - [`secret`]: HKDF-Expand-Label and Derive-Secret, on secrets that cannot be printed.
//! - [`transcript`]: the hash of all that was said.
//! - [`group`]: agreements, the hybrid with ML-KEM among them.
//! - [`scheme`]: how a side signs.
//! - [`suite`]: which of them go together.

pub mod group;
pub mod record;
pub mod scheme;
pub mod secret;
pub mod suite;
pub mod transcript;
