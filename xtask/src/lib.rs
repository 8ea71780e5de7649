//! What `cargo xtask` does, and what the tests of the programs are made of.
//!
//! No stage is linked in: the programs are built by cargo, started as the processes they are, and
//! understood by their events.
//!
//! - [`programs`]: builds the clients and servers, and knows where they are.
//! - [`process`]: one of them running.
//! - [`pair`]: a client and a server of one stage, from the first event to both exit codes.
//! - [`run`], [`show`], [`list`]: the commands.
//! - [`view`]: what they make of a run: text, JSON, files.
//! - [`capture`]: the file that Wireshark opens.

pub mod capture;
pub mod list;
pub mod pair;
pub mod process;
pub mod programs;
pub mod run;
pub mod show;
pub mod view;
