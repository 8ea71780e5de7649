//! Starts the programs of a stage as the processes they are, and understands them by their events.
//!
//! - [`programs`]: builds them, and knows where they are.
//! - [`process`]: one of them running.
//! - [`driver`]: any number of them, from the first event to the last exit code.
//! - [`pair`]: a client and a server of one stage, with the wire between them.
//! - [`clients`]: programs of others that speak TLS, and how each is called; [`guard`]: leaves nothing of them behind.
//! - [`run`], [`tunnel`]: the commands.

pub mod clients;
pub mod driver;
pub mod guard;
pub mod pair;
pub mod process;
pub mod programs;
pub mod run;
pub mod tunnel;

pub use driver::{Driver, Report};
pub use pair::{Pair, Wire};
pub use process::{Output, Process};
pub use programs::Programs;
