//! The reporter, through which a program reports what happens.

use std::io::{self, Write};

use stages::Stage;
use transcript::{Event, EventKind, EventWriter, Role};

/// A place to report to: a [`Reporter`], or a program that draws on the terminal and must make way first.
pub trait Report: Sync {
    /// Reports an event, on standard output.
    fn report(&self, kind: EventKind);

    /// Writes one line to standard error.
    fn say(&self, what: &str);

    /// Writes why something failed, as one line on standard error.
    fn complain(&self, error: &anyhow::Error) {
        self.say(&format!("{error:#}"));
    }
}

/// Writes the events of one program, which knows its role and its stage.
#[derive(Debug)]
pub struct Reporter {
    pub(crate) role: Role,
    pub(crate) stage: &'static Stage,
    pub(crate) events: EventWriter,
}

impl Report for Reporter {
    fn report(&self, kind: EventKind) {
        let event = Event { role: self.role, stage: self.stage, kind };
        self.events.write(&event);
    }

    fn say(&self, what: &str) {
        let line = format!("{} {}: {what}\n", self.stage.name, self.role);
        _ = io::stderr().write_all(line.as_bytes());
    }
}
