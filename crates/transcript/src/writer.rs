//! The writer of a program's events.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::{Event, text};

/// The form that events are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A person: a few lines an event, coloured on a terminal.
    Text,
    /// A program: one JSON object per line.
    Json,
}

/// Writes events, each at once and whole, from any thread.
pub struct EventWriter {
    format: Format,
    /// The error that stopped the writing, once there is one.
    out: Mutex<io::Result<Box<dyn Write + Send>>>,
}

impl Format {
    /// Returns the lines of one event, with the end of the last.
    pub fn lines(self, event: &Event) -> String {
        match self {
            Self::Text => text::event(event),
            Self::Json => match serde_json::to_string(event) {
                Ok(line) => line + "\n",
                Err(error) => unreachable!("an event is always valid JSON: {error}"),
            },
        }
    }
}

impl EventWriter {
    /// Writes to standard output, in `format`.
    pub fn new(format: Format) -> Self {
        match format {
            Format::Text => Self::over(format, anstream::stdout()),
            // Nothing in it has to be taken out where colours are not wanted.
            Format::Json => Self::over(format, io::stdout()),
        }
    }

    /// Writes to `out`, in `format`.
    pub fn over(format: Format, out: impl Write + Send + 'static) -> Self {
        Self { format, out: Mutex::new(Ok(Box::new(out))) }
    }

    /// Writes one event. When standard output is closed, the program goes on in silence: what it does
    /// matters more than who watches.
    pub fn write(&self, event: &Event) {
        self.write_text(&self.format.lines(event));
    }

    /// Writes text.
    pub fn write_text(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(open) = &mut *out
            && let Err(error) = write_at_once(open, text)
        {
            *out = Err(error);
        }
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// The error that stopped the writing, including a closed pipe.
    pub fn finish(self) -> io::Result<()> {
        self.out.into_inner().unwrap_or_else(PoisonError::into_inner).map(|_| ())
    }
}

fn write_at_once(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
