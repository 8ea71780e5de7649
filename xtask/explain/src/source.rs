//! The source of an explanation: a capture in a file, or connections that were recorded just now.

use std::io::{self, Read};

use anyhow::Result;
use xtask::views::Progress;

use crate::files::CaptureFile;
use crate::record::Recorded;
use sessions::capture::{self, Besides, Wanted};

/// A source, which is read from its beginning to its end, more than once.
pub enum Source {
    /// A capture, and its name.
    File(String, CaptureFile),
    /// A recording.
    Recorded(Box<Recorded>),
}

impl Source {
    /// Returns its name.
    pub fn name(&self) -> &str {
        match self {
            Self::File(name, _) => name,
            Self::Recorded(_) => "the recording",
        }
    }

    /// Returns how many bytes reading it takes, where that is of interest: in a file.
    pub fn len(&self) -> u64 {
        match self {
            Self::File(_, file) => file.len,
            Self::Recorded(_) => 0,
        }
    }

    /// Returns what chooses another connection of it.
    pub fn choose(&self) -> String {
        match self {
            Self::File(name, _) => format!("choose one: cargo xtask explain {name} --connection N"),
            Self::Recorded(_) => "choose one, and record again: --connection N".to_owned(),
        }
    }

    /// Reads it, as [`capture::read`] reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self, progress: &mut Progress, wanted: &mut Wanted<'_>) -> Result<Besides> {
        match self {
            Self::File(_, file) => Ok(capture::read(Watched(file.rewound()?, progress), wanted)?),
            Self::Recorded(recorded) => {
                recorded.recording.read(wanted);
                Ok(Besides::default())
            }
        }
    }
}

/// A file whose reading is watched.
struct Watched<'p, R>(R, &'p mut Progress);

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = self.0.read(bytes)?;
        self.1.advance(u64::try_from(len).unwrap_or_default());
        Ok(len)
    }
}
