//! What passes on the wire in a run, as events, and captures of it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use render::capture::Capture;
use stages::Stage;
use transcript::{Direction, Event, EventKind, Role, Way};

pub const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

/// One connection: every chunk that passed, in order, and the end of both directions.
#[derive(Clone, Debug)]
pub struct Wire {
    pub stage: &'static Stage,
    pub chunks: Vec<(Direction, Vec<u8>)>,
}

impl Wire {
    /// Makes a chunk of each message and each record of a run.
    pub fn of(stage: &'static Stage, events: &[Event]) -> Self {
        let chunk = |event: &Event| {
            let to_server = event.role == Role::Client;
            let direction = if to_server { Direction::ToServer } else { Direction::ToClient };
            let is_open = matches!(&event.kind, EventKind::Handshake(it) if it.record.is_none());
            let payload = payload_sent(event)?;
            let record =
                if is_open { stage.record_of_message(payload) } else { stage.record(payload) };
            Some((direction, record))
        };
        Self { stage, chunks: events.iter().filter_map(chunk).collect() }
    }

    /// Cuts the same bytes into chunks of no more than `len`.
    pub fn in_pieces(&self, len: usize) -> Self {
        let pieces = self.chunks.iter().flat_map(|(direction, bytes)| {
            bytes.chunks(len).map(|piece| (*direction, piece.to_vec()))
        });
        Self { stage: self.stage, chunks: pieces.collect() }
    }

    /// Joins all bytes of a direction in one chunk.
    pub fn at_once(&self) -> Self {
        let chunks = BOTH.map(|direction| (direction, self.stream(direction))).to_vec();
        Self { stage: self.stage, chunks }
    }

    /// Returns the bytes that pass in this direction.
    pub fn stream(&self, direction: Direction) -> Vec<u8> {
        let this_way = self.chunks.iter().filter(|(to, _)| *to == direction);
        this_way.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    pub fn events(&self) -> Vec<Event> {
        let chunk = |(at, (direction, bytes)): (u64, &(Direction, Vec<u8>))| EventKind::Chunk {
            direction: *direction,
            micros: 100 * at,
            bytes: bytes.as_slice().into(),
        };
        let end = |direction| EventKind::End { direction, micros: 100 * self.chunks.len() as u64 };
        let kinds = (0..).zip(&self.chunks).map(chunk).chain(BOTH.map(end));
        kinds.map(|kind| Event { role: Role::Wire, stage: self.stage, kind }).collect()
    }
}

/// The payload of a record that was sent, of the handshake's messages too.
pub fn payload_sent(event: &Event) -> Option<&[u8]> {
    match &event.kind {
        EventKind::Handshake(message) if message.direction == Way::Sent => {
            Some(message.record.as_ref().unwrap_or(&message.message))
        }
        EventKind::Sent(record) => Some(&record.record),
        _ => None,
    }
}

/// Makes a capture of these events.
pub fn capture(events: impl IntoIterator<Item = Event>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut capture = Capture::new(&mut file).unwrap();
    for event in events {
        capture.write(&event).unwrap();
    }
    capture.finish().unwrap();
    file
}
