//! Folds the many records of a connection out of a capture: text and page show the first ones of each direction, and say
//! how many more there are.

use crate::{Direction, Event, EventKind, Role};

/// Records of a direction that are shown, or pieces of what is no record.
const SHOWN: u64 = 64;

/// Passes events on, and folds some. Those of a run pass through.
#[derive(Debug, Default)]
pub struct Fold {
    /// The beginning of the connection out of a capture, if one has begun.
    captured: Option<Event>,
    /// Whether something was told of the next record.
    is_told: bool,
    /// To the server, to the client.
    directions: [Folding; 2],
}

#[derive(Debug, Default)]
struct Folding {
    shown: u64,
    records: u64,
    bytes: u64,
    /// Whether the next record is folded already.
    is_next: bool,
}

impl Fold {
    /// Takes the next event, and passes on what is to be shown now.
    pub fn take(&mut self, event: &Event, mut pass: impl FnMut(&Event)) {
        if let EventKind::Captured { .. } = event.kind {
            self.finish(&mut pass);
            *self = Self { captured: Some(event.clone()), ..Self::default() };
            return pass(event);
        }
        if self.captured.is_none() {
            return pass(event);
        }
        match &event.kind {
            EventKind::Sent(record) => {
                let folding = self.folding(sent_by(event.role));
                if folding.add(1, record.plaintext.len()) {
                    folding.is_next = true;
                    return;
                }
                self.is_told = true;
            }
            EventKind::Handshake(_) | EventKind::Fragment { .. } => {
                self.unfold(sent_by(event.role), &mut pass);
                self.is_told = true;
            }
            EventKind::Chunk { direction, bytes, .. } => {
                let is_told = std::mem::take(&mut self.is_told);
                let folding = self.folding(*direction);
                if std::mem::take(&mut folding.is_next) {
                    return;
                }
                let is_record = event.stage.header().payload_len(bytes).is_some()
                    && !event.stage.is_open(bytes);
                let overhead = if is_record { event.stage.record_overhead() } else { 0 };
                let within = bytes.len().saturating_sub(overhead);
                if !is_told && folding.add(u64::from(is_record), within) {
                    return;
                }
            }
            EventKind::End { direction, .. } | EventKind::Missing { direction, .. } => {
                self.unfold(*direction, &mut pass);
            }
            _ => {}
        }
        pass(event);
    }

    /// Passes on what is folded still.
    pub fn finish(&mut self, mut pass: impl FnMut(&Event)) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.unfold(direction, &mut pass);
        }
    }

    fn folding(&mut self, direction: Direction) -> &mut Folding {
        let [to_server, to_client] = &mut self.directions;
        if direction == Direction::ToServer { to_server } else { to_client }
    }

    fn unfold(&mut self, direction: Direction, pass: &mut impl FnMut(&Event)) {
        let folding = self.folding(direction);
        let (records, bytes) =
            (std::mem::take(&mut folding.records), std::mem::take(&mut folding.bytes));
        let Some(captured) = self.captured.as_ref().filter(|_| records > 0 || bytes > 0) else {
            return;
        };
        let kind = EventKind::Folded { direction, records, bytes };
        pass(&Event { role: Role::Wire, stage: captured.stage, kind });
    }
}

impl Folding {
    /// Adds to what is folded, once enough is shown. Returns whether it is folded.
    fn add(&mut self, records: u64, bytes: usize) -> bool {
        self.shown += 1;
        let is_folded = self.shown > SHOWN;
        if is_folded {
            self.records += records;
            self.bytes += bytes as u64;
        }
        is_folded
    }
}

/// Returns the direction in which a side sends.
fn sent_by(role: Role) -> Direction {
    if role == Role::Server { Direction::ToClient } else { Direction::ToServer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Opened, Record};
    use stages::PART5_TLS13;

    fn event(role: Role, kind: EventKind) -> Event {
        Event { role, stage: &PART5_TLS13, kind }
    }

    fn captured() -> Event {
        let addr = ([127, 0, 0, 1], 1).into();
        event(Role::Wire, EventKind::Captured { client: addr, server: addr, unix_micros: 0 })
    }

    fn chunk(bytes: &[u8]) -> Event {
        let direction = Direction::ToClient;
        event(Role::Wire, EventKind::Chunk { direction, micros: 0, bytes: bytes.into() })
    }

    fn end() -> Event {
        event(Role::Wire, EventKind::End { direction: Direction::ToClient, micros: 0 })
    }

    /// A record of data and what passed by.
    fn data(index: u64, payload: &[u8]) -> [Event; 2] {
        let opened = Opened {
            key: "key".to_owned(),
            seq: index,
            nonce: [0; 12].as_slice().into(),
            padding: 0,
        };
        let record = Record::new(&PART5_TLS13, index, &[7; 10], payload);
        let sent = event(Role::Server, EventKind::Sent(Record { opened: Some(opened), ..record }));
        [sent, chunk(&PART5_TLS13.record(payload))]
    }

    fn folded(events: &[Event]) -> Vec<Event> {
        let (mut fold, mut passed) = (Fold::default(), Vec::new());
        for event in events {
            fold.take(event, |event| passed.push(event.clone()));
        }
        fold.finish(|event| passed.push(event.clone()));
        passed
    }

    fn fold_of(records: u64, bytes: u64) -> Event {
        let direction = Direction::ToClient;
        event(Role::Wire, EventKind::Folded { direction, records, bytes })
    }

    #[test]
    fn records_behind_the_first_are_counted_where_they_can_be_opened_and_where_not() {
        let payload = [9; 27];
        let opened: Vec<_> = (0..70).flat_map(|index| data(index, &payload)).collect();
        let expected = [&opened[..128], &[fold_of(6, 60), end()]].concat();
        let events = [opened, vec![end()]].concat();
        assert_eq!(folded(&[vec![captured()], events.clone()].concat())[1..], expected);
        // A run has no beginning of a connection out of a capture, and passes through.
        assert_eq!(folded(&events), events);

        let closed = vec![chunk(&PART5_TLS13.record(&payload)); 70];
        let expected = [&closed[..64], &[fold_of(6, 60)]].concat();
        assert_eq!(folded(&[vec![captured()], closed].concat())[1..], expected);
    }

    #[test]
    fn what_is_no_record_is_folded_too_and_a_message_never_is() {
        let loose = vec![chunk(&[22; 3]); 100];
        let passed = folded(&[vec![captured()], loose].concat());
        assert_eq!((passed.len(), &passed[65]), (66, &fold_of(0, 36 * 3)));

        let message =
            crate::HandshakeMessage::new("KeyUpdate", crate::Way::Sent, &[24, 0, 0, 1, 0], &[]);
        let message = event(Role::Server, EventKind::Handshake(message));
        let closed = chunk(&PART5_TLS13.record(&[9; 27]));
        let events = [
            vec![captured()],
            vec![closed.clone(); 65],
            vec![message.clone(), closed.clone(), closed.clone()],
        ]
        .concat();
        let passed = folded(&events);
        assert_eq!(passed[65..], [fold_of(1, 10), message, closed, fold_of(1, 10)]);
    }
}
