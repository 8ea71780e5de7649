//! A client and a server whose records say what an exercise puts into those of aead.

use std::env;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use channel::{Channel, Observed};
use crypto::aead::{Opener, Sealer};
use program::stream::TimedStream;
use program::{Connection, RESPONSE};
use stages::PART2_AEAD;
use transcript::{EventKind, Record};

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Message(Vec<u8>),
    /// The end: there will be no more messages.
    End,
}

/// An exercise's stage on top of aead.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Returns what is sealed for a message.
    pub message: fn(&[u8]) -> Vec<u8>,
    /// Returns what is sealed when there is no more to say, if anything is.
    pub end: fn() -> Option<Vec<u8>>,
    /// Returns what a record that passed all checks of aead says.
    pub read: fn(&[u8]) -> Said,
    /// Returns whether a stream that ends now was meant to end, after all that was said in it.
    pub is_whole: fn(&[Said]) -> bool,
}

/// Runs the client if it is told what to request, and else the server.
pub fn run(design: Design) -> ExitCode {
    crate::begin(crate::LIMIT);
    if env::args().any(|arg| arg == "--request") { client(design) } else { server(design) }
}

fn client(design: Design) -> ExitCode {
    program::client(&PART2_AEAD, |connection, requests| {
        let mut side = Side::new(connection, design);
        let mut unanswered = 0;
        for request in requests {
            side.channel.queue(&(design.message)(request))?;
            unanswered += 1;
        }
        let has_end = (design.end)().is_some();
        side.queue_end()?;
        side.channel.flush()?;

        // The stream stays open as long as an answer may come.
        while has_end || side.said.len() < unanswered {
            match side.next()? {
                Some(Said::Message(_)) => {}
                Some(Said::End) | None => break,
            }
        }
        side.must_be_whole()
    })
}

fn server(design: Design) -> ExitCode {
    program::server(&PART2_AEAD, |connection| {
        design.must_understand_itself();
        let mut side = Side::new(connection, design);
        while let Some(said) = side.next()? {
            match said {
                Said::Message(_) => side.channel.queue(&(design.message)(RESPONSE))?,
                Said::End => side.queue_end()?,
            }
            side.channel.flush()?;
        }
        side.must_be_whole()
    })
}

impl Design {
    /// Finds messages that are not read back as themselves, an end that is not read as one, and an
    /// end that is read from a message.
    fn must_understand_itself(&self) {
        let end = (self.end)();
        if let Some(end) = &end
            && (self.read)(end) != Said::End
        {
            crate::fault("what `end` seals is not read as the end");
        }
        for text in [&[][..], &[0], &[1], RESPONSE].into_iter().chain(end.as_deref()) {
            if (self.read)(&(self.message)(text)) != Said::Message(text.to_vec()) {
                crate::fault(&format!(
                    "the message \"{}\" is not read as itself: someone who can choose what is sent, the \
                     text of a form perhaps, could send it",
                    text.escape_ascii()
                ));
            }
        }
        // Something no attack of the lab can try: only someone with the key can put a message
        // there.
        let believes_all = (self.is_whole)(&[]);
        if !believes_all && (self.is_whole)(&[Said::End, Said::Message(Vec::new())]) {
            crate::fault("`is_whole` accepts a message after the end");
        }
    }
}

/// One side of a conversation.
struct Side<'c> {
    design: Design,
    connection: &'c Arc<Connection>,
    channel: Channel<&'c TimedStream, Sealer, Opener>,
    /// What the other side has said.
    said: Vec<Said>,
    /// What the last record to arrive said, until it is taken.
    arrived: Arc<Mutex<Option<Said>>>,
}

impl<'c> Side<'c> {
    fn new(connection: &'c Arc<Connection>, design: Design) -> Self {
        let keys = demo_keys::aead();
        let arrived = Arc::<Mutex<_>>::default();
        let (reporter, last) = (connection.clone(), arrived.clone());
        let channel = connection.channel(Sealer::new(&keys), Opener::new(&keys)).observed_by(
            Arc::new(move |seen| {
                report(&reporter, design, seen, &mut lock(&last));
            }),
        );
        Self { design, connection, channel, said: Vec::new(), arrived }
    }

    fn queue_end(&mut self) -> anyhow::Result<()> {
        (self.design.end)().map_or(Ok(()), |end| Ok(self.channel.queue(&end)?))
    }

    /// Returns what the next record says, or `None` when the stream has ended.
    fn next(&mut self) -> anyhow::Result<Option<Said>> {
        if self.channel.recv()?.is_none() {
            return Ok(None);
        }
        let said = lock(&self.arrived).take();
        self.said.extend(said.clone());
        Ok(said)
    }

    /// Refuses what was said if it is incomplete.
    fn must_be_whole(&self) -> anyhow::Result<()> {
        if (self.design.is_whole)(&self.said) {
            return Ok(());
        }
        let count = self.said.len();
        let message = format!("the stream ended after {count} records, and is incomplete");
        self.connection.report(EventKind::Rejected {
            index: count as u64,
            error: "truncated".to_owned(),
            message: message.clone(),
            step: None,
            expected_seq: None,
            record: None,
        });
        bail!("{message}")
    }
}

/// Reports the messages by what they say. An end is not a message, but is kept in `arrived` like
/// one.
fn report(
    connection: &Connection,
    design: Design,
    seen: &Observed<'_>,
    arrived: &mut Option<Said>,
) {
    let record = |index, text: &[u8], payload| Record::new(&PART2_AEAD, index, text, payload);
    match *seen {
        Observed::Sent { index, plaintext, payload } => {
            if let Said::Message(text) = (design.read)(plaintext) {
                connection.report(EventKind::Sent(record(index, &text, payload)));
            }
        }
        Observed::Received { index, plaintext, payload } => {
            let said = (design.read)(plaintext);
            if let Said::Message(text) = &said {
                connection.report(EventKind::Received(record(index, text, payload)));
            }
            *arrived = Some(said);
        }
        Observed::Rejected { .. } => connection.record(seen),
    }
}

fn lock(arrived: &Mutex<Option<Said>>) -> MutexGuard<'_, Option<Said>> {
    arrived.lock().unwrap_or_else(PoisonError::into_inner)
}
