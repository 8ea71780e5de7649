//! What `cargo xtask` does, and what the tests of the programs are made of.
//!
//! No stage is linked in: the programs are built by cargo, started as the processes they are, and
//! understood by their events.
//!
//! - [`programs`]: builds the clients and servers, and knows where they are.
//! - [`process`]: one of them running.
//! - [`pair`]: a client and a server of one stage, from the first event to both exit codes.
//! - [`run`], [`show`], [`list`], [`layout`], [`diff`]: the commands.
//! - [`gauge`]: what a process uses of memory, threads and descriptors.
//! - [`lab`]: every attack, tried on real programs; [`nonce_lab`]: what a nonce used twice gives away.
//! - [`exercise`]: what a reader wrote, tried on real programs.
//! - [`bench`](mod@bench): what the stages cost, beside what they can be compared with.
//! - [`soak`]: a server under load, good clients and every fault at once.
//! - [`tunnel`]: both ends of one, around a service that runs already.
//! - [`view`]: what they make of a run: text, JSON, files.
//! - [`capture`]: the file that Wireshark opens.
//! - [`page`]: the file that a browser opens.
//! - [`book`]: the book, checked against all of this.
//! - [`mask`]: what no two runs have in common; [`table`]: a table, for a terminal or as Markdown.

pub mod bench;
pub mod book;
pub mod capture;
pub mod diff;
pub mod exercise;
pub mod gauge;
pub mod lab;
pub mod layout;
pub mod list;
pub mod mask;
pub mod nonce_lab;
pub mod page;
pub mod pair;
pub mod process;
pub mod programs;
pub mod run;
pub mod show;
pub mod soak;
pub mod table;
pub mod tunnel;
pub mod view;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;

/// Prints text to standard output, styled where a terminal wants it.
///
/// # Errors
/// When standard output fails; that nobody reads it to the end is no failure.
pub fn print(text: &str) -> Result<ExitCode> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
