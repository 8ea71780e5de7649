//! The events a program reports, and how they look to a person.
//!
//! Everything anyone says about a run comes from these events: the text on the screen, the JSON, the
//! merged transcript of two programs. Nothing reads prose.
//!
//! - [`event`]: what can happen, and its JSON.
//! - [`text`]: an event as a person reads it, a margin telling who speaks.
//! - [`report`]: where a program writes its events.
//! - [`merge`]: the events of a client and a server in one causal order.

pub mod event;
pub mod merge;
pub mod report;
pub mod text;

pub use event::{Direction, Event, Hex, Record, Role, What};
pub use merge::Merge;
pub use report::{Format, Reporter};
