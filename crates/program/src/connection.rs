//! A connection that is observed and timed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, ensure};
use channel::{Channel, Observed};
use crypto::{Open, Seal};
use handshake::{Told, Wire};
use stages::Stage;
use transcript::{EventKind, HandshakeMessage, Record, Way};

use crate::exit::Failure;
use crate::reporter::Reporter;
use crate::serve::Stop;
use crate::stream::TimedStream;

/// One connection of a program, from its `connected` event to its `closed`.
pub struct Connection {
    stream: TimedStream,
    reporter: Arc<Reporter>,
    tally: Mutex<Tally>,
}

/// Counts of a connection so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sent: u64,
    received: u64,
    rejected: bool,
    /// Messages of the handshake that were received.
    messages: u64,
}

/// Lets the exchange end where the next message would begin: at once if the connection is waiting
/// for one, and within its deadlines if one is under way.
impl Stop for Connection {
    fn stop(&self) {
        self.stream.stop();
    }
}

impl Connection {
    pub(crate) fn new(stream: TimedStream, reporter: Arc<Reporter>) -> anyhow::Result<Arc<Self>> {
        let peer = stream.peer_addr().context("the peer disconnected at once")?;
        reporter.report(EventKind::Connected { peer });
        Ok(Arc::new(Self { stream, reporter, tally: Mutex::default() }))
    }

    /// A channel over this connection. Each record it sends, receives or refuses is reported, and
    /// begins a new step with a deadline of its own.
    pub fn channel<S: Seal, O: Open>(
        self: &Arc<Self>,
        sealer: S,
        opener: O,
    ) -> Channel<&TimedStream, S, O> {
        let connection = self.clone();
        Channel::new(&self.stream, self.reporter.stage.header(), sealer, opener)
            .observed_by(Arc::new(move |seen| connection.record(seen)))
    }

    /// The wire for a handshake over this connection. It has to be over within 5 s, however steadily its bytes
    /// come: until then nobody knows what the peer is.
    pub fn handshake(self: &Arc<Self>) -> Wire<&TimedStream> {
        self.stream.begin_handshake();
        let connection = self.clone();
        Wire::new(&self.stream).observed_by(Arc::new(move |told| connection.step(told)))
    }

    /// Ends the handshake: a channel over this connection, under the keys that were agreed on. Reports as
    /// [`channel`](Self::channel) does.
    pub fn secured<'c, S: Seal, O: Open>(
        self: &'c Arc<Self>,
        wire: Wire<&'c TimedStream>,
        sealer: S,
        opener: O,
    ) -> Channel<&'c TimedStream, S, O> {
        self.stream.end_handshake();
        let connection = self.clone();
        wire.secure(sealer, opener).observed_by(Arc::new(move |seen| connection.record(seen)))
    }

    /// The stream itself, for a stage that has no records.
    pub fn stream(&self) -> &TimedStream {
        &self.stream
    }

    /// Reports what happened to a record. [`channel`](Self::channel) does this by itself.
    pub fn record(&self, seen: &Observed<'_>) {
        let record =
            |index, plaintext, payload| Record::new(self.reporter.stage, index, plaintext, payload);
        self.report(match *seen {
            Observed::Sent { index, plaintext, payload } => {
                EventKind::Sent(record(index, plaintext, payload))
            }
            Observed::Received { index, plaintext, payload } => {
                EventKind::Received(record(index, plaintext, payload))
            }
            Observed::Rejected { index, error, expected_seq, payload } => EventKind::Rejected {
                index,
                step: None,
                error: error.rejection().unwrap_or("failed").to_owned(),
                message: error.to_string(),
                expected_seq,
                record: payload.map(Into::into),
            },
        });
    }

    /// Reports what happened in the handshake.
    fn step(&self, told: &Told<'_>) {
        self.report(match *told {
            Told::Sent { message, payload } => {
                EventKind::Handshake(HandshakeMessage::new(message, Way::Sent, payload, &[]))
            }
            Told::Received { message, payload, checked } => EventKind::Handshake(
                HandshakeMessage::new(message, Way::Received, payload, checked),
            ),
            Told::Rejected { message, error, payload } => EventKind::Rejected {
                index: self.received().1,
                step: Some(message.to_owned()),
                error: error.rejection().unwrap_or("failed").to_owned(),
                message: error.to_string(),
                expected_seq: None,
                record: payload.map(Into::into),
            },
            Told::Derived { label, from, direction, fingerprint } => EventKind::Derived {
                label: label.to_owned(),
                from: from.to_owned(),
                direction,
                fingerprint: fingerprint.map(|it| it.as_slice().into()),
            },
        });
    }

    /// Reports an event. With a record of data a new step begins; a handshake is one step.
    pub fn report(&self, kind: EventKind) {
        let mut tally = self.tally();
        let mut is_data = false;
        match &kind {
            EventKind::Sent(_) => (tally.sent, is_data) = (tally.sent + 1, true),
            EventKind::Received(_) => (tally.received, is_data) = (tally.received + 1, true),
            EventKind::Handshake(message) if message.direction == Way::Received => {
                tally.messages += 1;
            }
            EventKind::Rejected { .. } => tally.rejected = true,
            _ => {}
        }
        drop(tally);
        self.reporter.report(kind);
        if is_data {
            self.stream.restart();
        }
    }

    /// Counts the records of data that were received, and the messages beside them.
    pub fn received(&self) -> (u64, u64) {
        let Tally { received, messages, .. } = *self.tally();
        (received, messages)
    }

    /// Counts the records of data that were sent.
    pub fn sent(&self) -> u64 {
        self.tally().sent
    }

    /// The stage of the program.
    pub fn stage(&self) -> &'static Stage {
        self.reporter.stage
    }

    /// Ends the connection after `exchanged`, reports that, and passes the outcome on.
    pub(crate) fn close(&self, exchanged: anyhow::Result<()>) -> Result<(), Failure> {
        let Tally { sent, received, rejected, .. } = *self.tally();
        self.stream.close();
        self.reporter.report(EventKind::Closed {
            clean: exchanged.is_ok(),
            records_sent: sent,
            records_received: received,
        });
        exchanged.map_err(|error| Failure { error, rejected })
    }

    /// Fails if nothing was received on the connection.
    pub(crate) fn was_used(&self) -> anyhow::Result<()> {
        let (received, messages) = self.received();
        ensure!(received + messages > 0, "the client closed without sending anything");
        Ok(())
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
