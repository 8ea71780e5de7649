//! The files that are named on the command line, and what they are if they are not what they should be.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use anyhow::{Result, bail};
use xtask::WrongArgument;

use sessions::{capture, keylog};

/// Bytes at the beginning of a file that tell what it is.
const HEAD_LEN: u64 = 4096;

/// The kind of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Capture,
    Gzip,
    KeyLog,
    Run,
    Unknown,
}

/// A capture, and its length in bytes.
pub struct CaptureFile {
    file: File,
    /// Its length.
    pub len: u64,
}

impl CaptureFile {
    /// Opens a capture. It is read more than once, so it has to be a file.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        // It is asked before it is opened, for a pipe that nobody writes to never opens.
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            wrong(format!("{name} is a folder: which capture in it?"))?;
        }
        if !metadata.is_file() {
            wrong(format!(
                "{name} is no file, and cannot be read twice: write the capture into a file first"
            ))?;
        }
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        match kind(&head(&mut file).map_err(|error| unreadable(path, &error))?) {
            Kind::Capture => {}
            Kind::Empty => wrong(format!("{name} is empty: it holds no packet"))?,
            Kind::Gzip => wrong(format!("{name} is compressed: unpack it first, with gunzip"))?,
            Kind::KeyLog => wrong(format!(
                "{name} is a key log, not a capture: cargo xtask explain CAPTURE --keylog {name}"
            ))?,
            Kind::Run => wrong(format!("{name} is a run that was saved: cargo xtask show {name}"))?,
            Kind::Unknown => wrong(format!(
                "{name} is no packet capture: neither pcapng nor pcap begins like this"
            ))?,
        }
        Ok(Self { file, len: metadata.len() })
    }

    /// Goes back to the beginning, and returns the file.
    ///
    /// # Errors
    /// When it cannot be read from there.
    pub fn rewound(&mut self) -> Result<&mut File> {
        self.file.rewind()?;
        Ok(&mut self.file)
    }
}

/// Opens a key log. It is read once, so it may be a pipe.
///
/// # Errors
/// When it cannot be read, or is something else.
pub fn open_key_log(path: &Path) -> Result<impl Read> {
    let name = path.display();
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        wrong(format!("{name} is a folder: which key log in it?"))?;
    }
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let head = head_of(&mut file).map_err(|error| unreadable(path, &error))?;
    match kind(&head) {
        Kind::Empty => wrong(format!(
            "{name} is empty: the program that was to write its secrets there has not done so"
        ))?,
        Kind::Capture => wrong(format!(
            "{name} is a capture, not a key log: cargo xtask explain {name} --keylog FILE"
        ))?,
        _ => {}
    }
    Ok(Cursor::new(head).chain(file))
}

/// Returns an error about a file that cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> WrongArgument {
    WrongArgument(format!("cannot read {}: {error}", path.display()))
}

/// Reads the beginning of a file, and goes back to it.
fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let head = head_of(file)?;
    file.rewind()?;
    Ok(head)
}

fn head_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEAD_LEN).read_to_end(&mut head)?;
    Ok(head)
}

fn kind(head: &[u8]) -> Kind {
    match head {
        [] => Kind::Empty,
        _ if capture::is_one(head) => Kind::Capture,
        [0x1f, 0x8b, ..] => Kind::Gzip,
        _ if head.starts_with(br#"{"role":"#) => Kind::Run,
        _ if keylog::is_one(head) => Kind::KeyLog,
        _ => Kind::Unknown,
    }
}

fn wrong(message: String) -> Result<()> {
    bail!(WrongArgument(message))
}
