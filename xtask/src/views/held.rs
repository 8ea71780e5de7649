//! A connection out of a capture, held back until it is over: its overview comes first.

use transcript::{Event, EventKind, Overview};

/// Bytes that are held back, about. The overview does not have what comes behind them.
const MAX_HELD: usize = 64 << 20;
/// Bytes that an event takes, or a span of a message, about.
const SMALL: usize = 256;

/// The events of a connection so far.
#[derive(Default)]
pub struct Held {
    /// The connection so far, at a glance.
    pub overview: Overview,
    /// The events themselves, in order.
    pub events: Vec<Event>,
    len: usize,
}

impl Held {
    /// Holds one more. Returns whether that was the last for which there is room.
    pub fn hold(&mut self, event: &Event) -> bool {
        self.overview.take(event);
        self.events.push(event.clone());
        self.len += len(event);
        self.len > MAX_HELD
    }
}

fn len(event: &Event) -> usize {
    SMALL
        + match &event.kind {
            EventKind::Handshake(message) => {
                let sealed = message.record.as_ref().map_or(0, |record| record.len());
                message.message.len() + sealed + message.spans.len() * SMALL
            }
            EventKind::Sent(record) => record.plaintext.len() + record.record.len(),
            EventKind::Fragment { bytes, record, .. } => {
                bytes.len() + record.as_ref().map_or(0, |record| record.len())
            }
            EventKind::Chunk { bytes, .. } => bytes.len(),
            EventKind::Check { message, .. } => message.len(),
            _ => 0,
        }
}
