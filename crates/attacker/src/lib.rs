//! The powers of someone on the path between client and server, without a key of theirs.
//!
//! The compiler vouches that there is no such key: this crate does not depend on `demo_keys`, which has
//! the keys. It knows all the cryptography there is, and makes keys of its own. A certificate for a name of its own
//! it may have too: whoever runs it hands it over.
//!
//! - [`tap`]: sits between the two, passes everything on and watches.
//! - [`path`]: the same place, from which messages are taken, changed, kept and repeated.
//! - [`own_key`]: handshakes with a key of the attacker's own, and with a name of its own; [`tls13`]: what it reads and
//!   writes of those of TLS. Where it has to speak TLS, it runs a program, as anyone can.
//! - [`attacks`]: what can be done there, one file per attack.
//! - `faults`: what a stranger can do to a server without being on the path.
//! - [`nonce_reuse`]: what two records with one nonce give away; [`gf128`]: the field it computes in.

pub mod attacks;
#[cfg(feature = "faults")]
pub mod faults;
pub mod gf128;
pub mod nonce_reuse;
pub mod own_key;
pub mod path;
pub mod tap;
pub mod tls13;

pub use attacks::{ATTACKS, Attack, Outcome};
pub use crypto::secret::Fingerprint;
pub use own_key::OwnKey;
pub use path::{
    AttackLog, Credentials, LeakedKeys, Message, OwnEnd, Passing, Path, Report, Session, Step, Tool,
};
pub use tap::{Chunk, Tap};
