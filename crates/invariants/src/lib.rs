//! What must hold for any bytes at all. Each function here takes an input, any input, acts on it and
//! panics where our code is not as it promises to be.
//!
//! Two drive them: the fuzzer, which looks for inputs that reach new code (`fuzz/`, one call a target),
//! and `cargo test`, with the inputs the fuzzer has found worth keeping and with random ones.
//!
//! Read in this order:
//!
//! - [`Choices`]: an input as a series of decisions, from front to back.
//! - [`deframing()`]: a stream is cut into the same records by everyone who cuts it.
//! - [`opening()`]: what an opener accepts was sealed; what it refuses leaves no plaintext.
//! - [`session()`]: two parties with someone between them who does anything.
//! - [`run_file()`] and [`transcript()`]: events, and how they look to a person.

mod choices;
mod deframing;
mod events;
mod opening;
mod session;
mod stage;

pub use choices::Choices;
pub use deframing::deframing;
pub use events::{run_file, transcript};
pub use opening::opening;
pub use session::session;
pub use stage::Stage;
