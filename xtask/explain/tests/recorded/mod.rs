//! Sessions between programs of others: which there are, how they are recorded, and what is found in each.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod explained;
pub mod found;
pub mod programs;
pub mod readme;
pub mod record;
pub mod running;
pub mod scripts;
pub mod session;
pub mod table;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use session::Session;

/// The folder of the recordings that are in the repository.
pub fn recordings() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions"))
}

/// The file of a recording, in a folder of them.
pub fn capture(folder: &Path, session: &Session) -> PathBuf {
    folder.join(session.name).with_extension(if session.is_pcap { "pcap" } else { "pcapng" })
}

/// A file beside it that has secrets: `keys`, a key log, if its format has no place for one; `psks`, the keys from
/// before, if any program tells them.
pub fn secrets(folder: &Path, session: &Session, kind: &str) -> Option<PathBuf> {
    Some(capture(folder, session).with_extension(kind)).filter(|path| path.exists())
}

/// Does something with each of these, two at a time, as there are cores.
pub fn each<T: Sync>(all: &[T], what: impl Fn(&T) + Sync) {
    let next = Mutex::new(all.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(one) = next.lock().unwrap().next() else { return };
                    what(one);
                }
            });
        }
    });
}
