//! A connection that is watched and timed.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, ensure};
use channel::{Channel, Seen};
use crypto::{Open, Seal};
use framing::Stage;
use indicatif::ProgressBar;
use transcript::{Event, Record, Reporter, Role, What};

use crate::serve::Stop;
use crate::stream::TimedStream;

/// One connection of a program, from its `connected` event to its `closed`.
pub struct Connection {
    stream: TimedStream,
    voice: Arc<Voice>,
    tally: Mutex<Tally>,
}

/// What a connection amounted to so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sent: u64,
    received: u64,
    rejected: bool,
}

/// A connection, or a whole program, that failed.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: anyhow::Error,
    /// Whether it failed because the peer's bytes were refused.
    pub rejected: bool,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { error, rejected: false }
    }
}

/// Who a program is, and where it says what happens.
#[derive(Debug)]
pub struct Voice {
    pub(crate) role: Role,
    pub(crate) stage: &'static Stage,
    pub(crate) reporter: Reporter,
    /// A line on a terminal that stays below all others. Hidden unless someone asks for it.
    pub line: ProgressBar,
}

impl Voice {
    /// Reports an event, on standard output.
    pub fn report(&self, what: What) {
        let event = Event { role: self.role, stage: self.stage, what };
        self.line.suspend(|| self.reporter.report(&event));
    }

    /// One line on standard error: who failed, at what, and why.
    pub(crate) fn complain(&self, error: &anyhow::Error) {
        self.say(&format!("{error:#}"));
    }

    /// One line on standard error.
    pub fn say(&self, what: &str) {
        let line = format!("{} {}: {what}\n", self.stage.name, self.role);
        self.line.suspend(|| _ = io::stderr().write_all(line.as_bytes()));
    }
}

/// Lets the exchange end where the next message would begin: at once if the connection waits for one, and
/// within its deadlines if it is at one.
impl Stop for Connection {
    fn stop(&self) {
        self.stream.stop();
    }
}

impl Connection {
    pub(crate) fn new(stream: TimedStream, voice: Arc<Voice>) -> anyhow::Result<Arc<Self>> {
        let peer = stream.peer_addr().context("the peer was gone at once")?;
        voice.report(What::Connected { peer });
        Ok(Arc::new(Self { stream, voice, tally: Mutex::default() }))
    }

    /// A channel over this connection. Each record it sends, receives or refuses is reported, and
    /// begins a new step with a deadline of its own.
    pub fn channel<S: Seal, O: Open>(
        self: &Arc<Self>,
        sealer: S,
        opener: O,
    ) -> Channel<&TimedStream, S, O> {
        let connection = self.clone();
        Channel::new(&self.stream, sealer, opener)
            .observed_by(Arc::new(move |seen| connection.record(seen)))
    }

    /// The stream itself, for a stage that has no records.
    pub fn stream(&self) -> &TimedStream {
        &self.stream
    }

    /// Reports what happened to a record. [`channel`](Self::channel) sees to that by itself.
    pub fn record(&self, seen: &Seen<'_>) {
        let record =
            |index, plaintext, payload| Record::new(self.voice.stage, index, plaintext, payload);
        self.report(match *seen {
            Seen::Sent { index, plaintext, payload } => {
                What::Sent(record(index, plaintext, payload))
            }
            Seen::Received { index, plaintext, payload } => {
                What::Received(record(index, plaintext, payload))
            }
            Seen::Rejected { index, error, expected_seq, payload } => What::Rejected {
                index,
                error: error.rejection().unwrap_or("failed").to_owned(),
                message: error.to_string(),
                expected_seq,
                record: payload.map(Into::into),
            },
        });
    }

    /// Reports an event, and begins a new step.
    pub fn report(&self, what: What) {
        let mut tally = self.tally();
        match &what {
            What::Sent(_) => tally.sent += 1,
            What::Received(_) => tally.received += 1,
            What::Rejected { .. } => tally.rejected = true,
            _ => {}
        }
        drop(tally);
        self.voice.report(what);
        self.stream.restart();
    }

    /// Ends the connection after `exchanged`, reports that, and passes the outcome on.
    pub(crate) fn close(&self, exchanged: anyhow::Result<()>) -> Result<(), Failure> {
        let Tally { sent, received, rejected } = *self.tally();
        self.stream.close();
        self.voice.report(What::Closed {
            clean: exchanged.is_ok(),
            records_sent: sent,
            records_received: received,
        });
        exchanged.map_err(|error| Failure { error, rejected })
    }

    /// Makes a failure of a connection on which nothing was received.
    pub(crate) fn was_used(&self) -> anyhow::Result<()> {
        ensure!(self.tally().received > 0, "the client closed without sending anything");
        Ok(())
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
