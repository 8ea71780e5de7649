//! What someone on the path between client and server can do, without a key.
//!
//! That there is no key is vouched for by the compiler: this crate depends on `framing`, which knows
//! how bytes become records, and not on `crypto`, which knows how to open one.
//!
//! - [`tap`]: sits between the two, passes everything on and watches.

pub mod tap;

pub use tap::{Seen, Tap};
