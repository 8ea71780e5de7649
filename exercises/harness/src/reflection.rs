//! A client of aead that asks an exercise about every record.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use channel::Observed;
use crypto::aead::{Opener, Sealer};
use program::{Connection, NoAnswer};
use stages::PART2_AEAD;
use transcript::EventKind;

/// What an exercise keeps of the records, in the order in which it was put there.
pub type Memory = VecDeque<Vec<u8>>;

/// What an exercise wants to know of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Called with each payload that is about to be sent.
    pub remember: fn(&mut Memory, &[u8]),
    /// Called with each payload that arrived with a right tag and the seq that was due. Returns
    /// whether it is one of those that this side sent.
    pub is_own: fn(&mut Memory, &[u8]) -> bool,
    /// What the memory takes.
    pub cost: Cost,
}

/// Number of bytes a memory holds, at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// None.
    Nothing,
    /// This many for each record sent.
    PerRecordSent(usize),
    /// This many for each record sent and not answered yet.
    PerRecordInFlight(usize),
}

impl Cost {
    fn after(self, sent: usize, received: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::PerRecordSent(bytes) => bytes * sent,
            Self::PerRecordInFlight(bytes) => bytes * sent.saturating_sub(received),
        }
    }
}

/// Runs the client.
pub fn run(guard: Guard) -> ExitCode {
    crate::begin(crate::LIMIT);
    program::client(&PART2_AEAD, |connection, requests| {
        let keys = demo_keys::aead();
        let watch = Arc::new(Mutex::new(Watch::new(guard)));
        let (observed, observer) = (connection.clone(), watch.clone());
        let mut channel = connection
            .channel(Sealer::new(&keys), Opener::new(&keys))
            .observed_by(Arc::new(move |seen| lock(&observer).see(&observed, seen)));

        let mut unanswered = 0;
        for request in requests {
            channel.queue(request)?;
            unanswered += 1;
        }
        channel.flush()?;

        for _ in 0..unanswered {
            channel.recv()?.ok_or(NoAnswer)?;
            if let Some(refusal) = &lock(&watch).refusal {
                bail!("{refusal}");
            }
        }
        Ok(())
    })
}

/// What a guard has seen of a connection.
struct Watch {
    guard: Guard,
    memory: Memory,
    sent: usize,
    received: usize,
    refusal: Option<String>,
}

impl Watch {
    fn new(guard: Guard) -> Self {
        Self { guard, memory: Memory::new(), sent: 0, received: 0, refusal: None }
    }

    fn see(&mut self, connection: &Connection, seen: &Observed<'_>) {
        match *seen {
            Observed::Sent { payload, .. } => {
                (self.guard.remember)(&mut self.memory, payload);
                self.sent += 1;
            }
            Observed::Received { index, payload, .. } => {
                if (self.guard.is_own)(&mut self.memory, payload) {
                    let message = format!(
                        "record {index} refused: its tag is valid and its seq is due, but it is a \
                         record of our own, sent back to us"
                    );
                    self.refusal = Some(message.clone());
                    return connection.report(EventKind::Rejected {
                        index,
                        error: "reflected".to_owned(),
                        message,
                        step: None,
                        expected_seq: Some(index),
                        record: Some(payload.into()),
                    });
                }
                self.received += 1;
            }
            Observed::Rejected { .. } => {}
        }
        connection.record(seen);
        self.check_cost();
    }

    /// Compares what the exercise says it costs with what it keeps.
    fn check_cost(&self) {
        let Self { guard: Guard { cost, .. }, sent, received, .. } = *self;
        let kept: usize = self.memory.iter().map(Vec::len).sum();
        let said = cost.after(sent, received);
        if kept != said {
            crate::fault(&format!(
                "after {sent} records sent and {received} received, the memory holds {kept} bytes: \
                 COST says {said}"
            ));
        }
    }
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
