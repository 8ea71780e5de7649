//! The writer of a program's events.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::{Event, text};

/// The form that events are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A person: a few lines an event, coloured on a terminal.
    Text,
    /// A program: one JSON object a line.
    Json,
}

/// Writes events to standard output, each at once and whole, from any thread.
#[derive(Debug)]
pub struct EventWriter {
    format: Format,
    /// What stopped the writing, once something has.
    out: Mutex<io::Result<anstream::Stdout>>,
}

impl EventWriter {
    /// Writes in `format`.
    pub fn new(format: Format) -> Self {
        Self { format, out: Mutex::new(Ok(anstream::stdout())) }
    }

    /// Writes one event. When standard output is closed, the program goes on in silence: what it does
    /// matters more than who watches.
    pub fn write(&self, event: &Event) {
        match self.format {
            Format::Text => self.write_text(&text::event(event)),
            Format::Json => match serde_json::to_string(event) {
                Ok(line) => self.write_text(&(line + "\n")),
                Err(error) => unreachable!("an event is always valid JSON: {error}"),
            },
        }
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
    /// The one that stopped the writing, a closed pipe included.
    pub fn finish(self) -> io::Result<()> {
        self.out.into_inner().unwrap_or_else(PoisonError::into_inner).map(|_| ())
    }
}

fn write_at_once(out: &mut anstream::Stdout, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
