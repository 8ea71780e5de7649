//! The reporter, through which a program reports what happens.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use stages::Stage;
use transcript::{Event, EventKind, EventWriter, Format, Role, output, visible};

use crate::exit::exit_code;
use crate::queue::{PATIENCE, Queue};

/// Time that a complaint waits for the events before it, so that a terminal shows them in this order.
const ORDER: Duration = Duration::from_millis(100);

/// Writes the events of one program, which knows its role and its stage, to standard output, and its
/// complaints to standard error.
pub struct Reporter {
    pub(crate) role: Role,
    pub(crate) stage: &'static Stage,
    pub(crate) format: Format,
    events: EventWriter,
    output: Queue,
    complaints: Queue,
}

impl Reporter {
    /// Makes a reporter that writes events in `format` to `output`, and complaints to `errors`.
    /// Each waits for its reader as long as `patience`, and then goes on without it.
    ///
    /// # Errors
    /// When the threads that write cannot be started.
    pub fn new(
        role: Role,
        stage: &'static Stage,
        format: Format,
        patience: Duration,
        output: impl Write + Send + 'static,
        errors: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let dropped =
            move |events| format.lines(&Event { role, stage, kind: EventKind::Dropped { events } });
        let output = Queue::start(output, patience, dropped)?;
        let errors = Behind { events: output.clone(), errors };
        let dropped = |lines| format!("{lines} lines are missing here: nobody read them in time\n");
        let complaints = Queue::start(errors, patience, dropped)?;
        let events = EventWriter::over(format, output.clone());
        Ok(Self { role, stage, format, events, output, complaints })
    }

    /// Reports an event.
    pub fn report(&self, kind: EventKind) {
        self.events.write(&Event { role: self.role, stage: self.stage, kind });
    }

    /// Writes one line to standard error.
    pub fn say(&self, what: &str) {
        let line = format!("{} {}: {}\n", self.stage.name, self.role, visible(what));
        _ = self.complaints.clone().write_all(line.as_bytes());
    }

    /// Writes why something failed, as one line on standard error.
    pub fn complain(&self, error: &anyhow::Error) {
        self.say(&format!("{error:#}"));
    }

    /// Waits until everything is written, but not for a reader that has stopped reading. Returns
    /// the exit code: `code`, or 3 in place of success if not everything could be written.
    pub fn finish(&self, mut code: ExitCode) -> ExitCode {
        match output::all(self.output.settle(PATIENCE)) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                self.say("some events were not written: nobody reads standard output");
            }
            Err(error) => {
                self.say(&error.to_string());
                if code == ExitCode::SUCCESS {
                    code = exit_code(false);
                }
            }
            Ok(()) => {}
        }
        _ = self.complaints.settle(PATIENCE);
        code
    }
}

/// Standard error, each write of which waits for the events before it.
struct Behind<W> {
    events: Queue,
    errors: W,
}

impl<W: Write> Write for Behind<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        _ = self.events.settle(ORDER);
        self.errors.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.errors.flush()
    }
}
