//! What passes on the wire in a run, as events, and captures of it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use framing::{LENGTH_LEN, Stage};
use transcript::{Direction, Event, Role, What};
use xtask::capture::Capture;

pub const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

/// One connection: every chunk that passed, in order, and the end of both directions.
#[derive(Clone, Debug)]
pub struct Wire {
    pub stage: &'static Stage,
    pub chunks: Vec<(Direction, Vec<u8>)>,
}

impl Wire {
    /// Of a run's records, each a chunk.
    pub fn of(stage: &'static Stage, events: &[Event]) -> Self {
        let chunk = |event: &Event| match (&event.what, event.role) {
            (What::Sent(sent), Role::Client) => {
                Some((Direction::ToServer, framed(stage, &sent.record)))
            }
            (What::Sent(sent), _) => Some((Direction::ToClient, framed(stage, &sent.record))),
            _ => None,
        };
        Self { stage, chunks: events.iter().filter_map(chunk).collect() }
    }

    /// The same bytes in chunks of no more than `len`.
    pub fn in_pieces(&self, len: usize) -> Self {
        let pieces = self.chunks.iter().flat_map(|(direction, bytes)| {
            bytes.chunks(len).map(|piece| (*direction, piece.to_vec()))
        });
        Self { stage: self.stage, chunks: pieces.collect() }
    }

    /// All bytes of a direction in one chunk.
    pub fn at_once(&self) -> Self {
        let chunks = BOTH.map(|direction| (direction, self.stream(direction))).to_vec();
        Self { stage: self.stage, chunks }
    }

    /// The bytes that pass in this direction.
    pub fn stream(&self, direction: Direction) -> Vec<u8> {
        let this_way = self.chunks.iter().filter(|(to, _)| *to == direction);
        this_way.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    pub fn events(&self) -> Vec<Event> {
        let chunk = |(at, (direction, bytes)): (u64, &(Direction, Vec<u8>))| What::Chunk {
            direction: *direction,
            micros: 100 * at,
            bytes: bytes.as_slice().into(),
        };
        let end = |direction| What::End { direction, micros: 100 * self.chunks.len() as u64 };
        let whats = (0..).zip(&self.chunks).map(chunk).chain(BOTH.map(end));
        whats.map(|what| Event { role: Role::Wire, stage: self.stage, what }).collect()
    }
}

/// A record as it stands on the wire.
pub fn framed(stage: &Stage, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let length = if stage.has_records { &length[..LENGTH_LEN] } else { &[] };
    [length, payload].concat()
}

/// A capture of these events.
pub fn capture(events: impl IntoIterator<Item = Event>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut capture = Capture::new(&mut file).unwrap();
    for event in events {
        capture.event(&event).unwrap();
    }
    capture.finish().unwrap();
    file
}
