//! The options of `--record`.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;

use super::{Recorded, record};

/// A command to record, in place of a capture.
#[derive(Args, Debug)]
pub struct RecordOptions {
    /// Run a command and record its connections, through a proxy on loopback that it is told of by `https_proxy`; in its
    /// arguments, `{tap}` stands for the proxy's address, `{keylog}` for a file to write the key log to
    #[arg(long, requires = "command")]
    record: bool,

    /// The command to record, behind `--`
    #[arg(last = true, requires = "record", value_name = "COMMAND")]
    command: Vec<OsString>,

    /// Explain with an optimised build, for large captures
    // `cargo xtask` has built it by then.
    #[arg(long)]
    release: bool,
}

impl RecordOptions {
    /// Runs the command, and records it.
    ///
    /// # Errors
    /// As [`record`].
    pub fn record(&self, is_json: bool) -> Result<Recorded> {
        record(&self.command, is_json)
    }
}
