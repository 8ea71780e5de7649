//! The reporter, through which a program reports what happens.

use std::io::{self, Write};
use std::process::ExitCode;

use stages::Stage;
use transcript::{Event, EventKind, EventWriter, Role, output, visible};

use crate::exit::exit_code;

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

impl Reporter {
    /// Completes the output. Returns the code to end with: `code`, or 3 in place of success if not all could be
    /// written.
    pub fn finish(self, code: ExitCode) -> ExitCode {
        let Self { role, stage, events } = self;
        match output::all(events.finish()) {
            Err(error) => {
                say(stage, role, &error.to_string());
                if code == ExitCode::SUCCESS { exit_code(false) } else { code }
            }
            Ok(()) => code,
        }
    }
}

fn say(stage: &Stage, role: Role, what: &str) {
    let line = format!("{} {role}: {}\n", stage.name, visible(what));
    _ = io::stderr().write_all(line.as_bytes());
}

impl Report for Reporter {
    fn report(&self, kind: EventKind) {
        let event = Event { role: self.role, stage: self.stage, kind };
        self.events.write(&event);
    }

    fn say(&self, what: &str) {
        say(self.stage, self.role, what);
    }
}
