//! The events a program reports, and how they look to a person.
//!
//! Everything said about a run comes from these events: the text on the screen, the JSON, the
//! merged transcript of two programs. Nothing parses prose.
//!
//! - [`event`]: what can happen, and its JSON.
//! - [`text`]: an event as a person reads it, a margin telling who speaks; [`wire`]: the same for what
//!   passed by between the two.
//! - [`outline`]: a message as a tree; [`certified`]: what it tells about its sender by certificates.
//! - [`summary`]: a run at a glance; [`overview`]: a connection out of a capture at a glance.
//! - [`writer`]: where a program writes its events.
//! - [`read`]: events read back from a file.
//! - [`visible`](mod@visible): strangers' text, made harmless; [`output`]: text of any kind on standard output.
//! - [`merge`]: the events of a client, a server and the wire in one causal order.

mod agreed;
pub mod certified;
pub mod event;
pub mod lines;
pub mod merge;
pub mod outline;
pub mod output;
pub mod overview;
pub mod read;
pub mod schedule;
pub mod summary;
pub mod text;
pub mod visible;
pub mod wire;
pub mod writer;

pub use framing::Direction;

pub use agreed::Agreed;
pub use event::{Event, EventKind, HandshakeMessage, Hex, Opened, Outcome, Record, Role, Way};
pub use merge::Merge;
pub use overview::Overview;
pub use read::EventReader;
pub use summary::Summary;
pub use visible::{visible, visible_lines};
pub use wire::{Detail, WireLane};
pub use writer::{EventWriter, Format};
