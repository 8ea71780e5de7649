//! A session recorded while it happens: a command is run, and what it sends passes through a tap on loopback.
//!
//! No packets are captured, so nobody has to be root. The tap is a proxy, which most programs can be told to use.
//!
//! - `options`: the command line.
//! - `command`: the command, and what it is told of the tap and of the key log.
//! - `tap`: passes everything on; `request`: what a client asks of it.
//! - `recording`: what passed by, in bounded memory.

mod command;
mod options;
mod recording;
mod request;
mod tap;

use std::ffi::OsString;
use std::io;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;
use xtask::complain;

use command::Running;
pub use options::RecordOptions;
use recording::Recording;
use tap::Tap;

/// A command's connections, and their secrets.
pub struct Recorded {
    /// The connections that passed through the tap.
    pub recording: Recording,
    /// The key log, which is gone when this is dropped. Its owner alone can read it.
    pub keylog: NamedTempFile,
}

/// Runs a command until it ends, or until Ctrl-C, and records its connections. What a person has to know beside them is
/// written to standard error.
///
/// # Errors
/// When the command cannot be started, or nothing of it passed through the tap.
pub fn record(words: &[OsString], is_json: bool) -> Result<Recorded> {
    let keylog = NamedTempFile::new().context("cannot make a file for the key log")?;
    let tap = Tap::start().context("cannot listen on loopback")?;
    let status = Running::start(words, tap.addr(), keylog.path(), is_json)?.wait()?;
    let recording = tap.finish();
    if !is_json {
        // The command may have left its last line open.
        xtask::print("\n")?;
    }
    if !status.success() {
        complain(&format!("xtask: the command ended with {status}"));
    }
    for note in recording.notes() {
        complain(&format!("xtask: {note}"));
    }
    let seen = recording.connections();
    anyhow::ensure!(
        seen > 0,
        "nothing came through the tap. curl, wget, Python and others use the proxy that https_proxy names; another \
         program may have an option for one: write {{tap}} for its address, as in --proxy-server={{tap}}. Browsers leave \
         localhost out unless they are told otherwise"
    );
    if is_empty(&keylog)? {
        complain(
            "xtask: the command wrote no key log, so this is what an eavesdropper sees. It was asked for by \
             SSLKEYLOGFILE; a program may have an option for it: write {keylog} for its path",
        );
    }
    Ok(Recorded { recording, keylog })
}

/// Asks for the file by its path: a program may have put another in place of ours.
fn is_empty(keylog: &NamedTempFile) -> io::Result<bool> {
    std::fs::metadata(keylog.path()).map(|it| it.len() == 0)
}
