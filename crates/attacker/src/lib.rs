//! What someone on the path between client and server can do, without a key.
//!
//! That there is no key is vouched for by the compiler: this crate depends on `framing`, which knows
//! how bytes become records, and not on `crypto`, which knows how to open one.
//!
//! - [`tap`]: sits between the two, passes everything on and watches.
//! - [`path`]: the same place, to take messages from, change, keep and repeat them.
//! - [`attacks`]: what can be done there, one file an attack.
//! - [`nonce_reuse`]: what two records with one nonce give away; [`gf128`]: the field it computes in.

pub mod attacks;
pub mod gf128;
pub mod nonce_reuse;
pub mod path;
pub mod tap;

pub use attacks::{ATTACKS, Attack};
pub use path::{Message, Notes, Passing, Path, Session, Step};
pub use tap::{Seen, Tap};
