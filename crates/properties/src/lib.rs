//! What must hold for any bytes at all. Each function here takes any input, acts on it and panics
//! where our code does not do what it promises.
//!
//! They are called by the fuzzer, which looks for inputs that reach new code (`checks/fuzz/`, one
//! call per target), and by `cargo test`, with the inputs the fuzzer has found worth keeping and
//! with random ones.
//!
//! Read in this order:
//!
//! - [`Choices`]: an input as a series of decisions, from front to back.
//! - [`deframing()`]: a stream is cut into the same records by everyone who cuts it.
//! - [`opening()`]: what an opener accepts was sealed; what it refuses leaves no plaintext.
//! - [`session()`]: two parties, with someone between them who may do anything.
//! - [`messages()`]: a message is explained as it is decoded.
//! - [`certificates()`]: no chain is believed but a good one.
//! - [`handshakes()`]: either side of a handshake, and a peer that sends anything.
//! - [`tls13_messages()`]: the same as at [`messages()`], of TLS 1.3.
//! - [`tls13_record()`]: an opener takes the next record of TLS 1.3, and nothing else.
//! - [`tls13_handshake()`]: a client and a server of TLS 1.3, with someone between them who may change anything.
//! - [`explain_capture()`]: captures and key logs of others are read as what they are.
//! - [`explain_session()`]: whatever bytes a connection has, all of them are told, and what is in them.
//! - [`run_file()`] and [`transcript()`]: events, and how they look to a person.

mod certificates;
mod choices;
mod deframing;
mod events;
mod explain_capture;
mod explain_session;
mod handshakes;
mod messages;
mod opening;
mod session;
mod tls13_handshake;
mod tls13_messages;
mod tls13_record;

use std::sync::LazyLock;

use crypto::{Open, Seal};
use stages::Stage;

pub use certificates::certificates;
pub use choices::Choices;
pub use deframing::deframing;
pub use events::{run_file, transcript};
pub use explain_capture::explain_capture;
pub use explain_session::explain_session;
pub use handshakes::handshakes;
pub use messages::messages;
pub use opening::opening;
pub use session::session;
pub use tls13_handshake::tls13_handshake;
pub use tls13_messages::tls13_messages;
pub use tls13_record::tls13_record;

/// The stages whose records the demo keys seal and open. The first byte of an input to
/// [`opening()`] or [`session()`] selects one of them, counted from 0.
pub static STAGES: LazyLock<Vec<&'static Stage>> = LazyLock::new(|| {
    let has_keys = |stage: &&Stage| demo_keys::sealer_and_opener(stage).is_some();
    stages::STAGES.iter().copied().filter(has_keys).collect()
});

/// A fresh sealer of one of [`STAGES`], as at the start of a connection.
fn sealer(stage: &Stage) -> Box<dyn Seal + Send> {
    demo_keys::sealer_and_opener(stage).expect("it has keys").0
}

/// A fresh opener of one of [`STAGES`], as at the start of a connection.
fn opener(stage: &Stage) -> Box<dyn Open + Send> {
    demo_keys::sealer_and_opener(stage).expect("it has keys").1
}
