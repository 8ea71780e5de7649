//! The powers of someone on the path between client and server, without a key.
//!
//! The compiler vouches that there is no key: this crate does not depend on `demo_keys`, which has
//! the keys.
//!
//! - [`tap`]: sits between the two, passes everything on and watches.
//! - [`path`]: the same place, from which messages are taken, changed, kept and repeated.
//! - [`attacks`]: what can be done there, one file per attack.
//! - `faults`: what a stranger can do to a server without being on the path.
//! - [`nonce_reuse`]: what two records with one nonce give away; [`gf128`]: the field it computes in.

pub mod attacks;
#[cfg(feature = "faults")]
pub mod faults;
pub mod gf128;
pub mod nonce_reuse;
pub mod path;
pub mod tap;

pub use attacks::{ATTACKS, Attack, Outcome};
pub use path::{AttackLog, Message, Passing, Path, Session, Step};
pub use tap::{Chunk, Tap};
