//! Fewer events than happened, for people: of many records of data, only the first are told.

use framing::Direction;
use stages::Stage;
use transcript::{Event, EventKind, Role};

/// Records of data that are told in each direction.
const TOLD: u64 = 64;

/// What is left out, so far.
#[derive(Default)]
pub struct Fold {
    flows: [Flow; 2],
}

#[derive(Default)]
struct Flow {
    /// Records of data until now.
    records: u64,
    /// Whether the bytes that pass by next are those of a record that is told.
    is_told: bool,
    /// Whether they are those of a record that is left out.
    is_left_out: bool,
    /// The records that were left out since the last event, and bytes of data in them.
    left_out: (u64, u64),
}

impl Fold {
    /// Takes an event. `tell` takes it, unless it is left out, and before it what was.
    pub fn take(&mut self, event: &Event, mut tell: impl FnMut(&Event)) {
        let direction = match &event.kind {
            EventKind::Sent(record) => {
                let direction = direction(event.role);
                let flow = self.flow(direction);
                flow.records += 1;
                if flow.records > TOLD {
                    flow.leave_out(record.plaintext.len());
                    flow.is_left_out = true;
                    return;
                }
                flow.is_told = true;
                Some(direction)
            }
            EventKind::Chunk { direction, bytes, .. } => {
                let flow = self.flow(*direction);
                if std::mem::take(&mut flow.is_left_out) {
                    return;
                }
                // Nobody could open it.
                if !std::mem::take(&mut flow.is_told) {
                    flow.records += 1;
                    if flow.records > TOLD {
                        flow.leave_out(bytes.len());
                        return;
                    }
                }
                Some(*direction)
            }
            EventKind::Handshake(_) => {
                self.flow(direction(event.role)).is_told = true;
                Some(direction(event.role))
            }
            EventKind::Fragment { direction, .. } => {
                self.flow(*direction).is_told = true;
                Some(*direction)
            }
            EventKind::Missing { direction, .. } | EventKind::End { direction, .. } => {
                Some(*direction)
            }
            _ => None,
        };
        if let Some(direction) = direction {
            self.tell_of(direction, event.stage, &mut tell);
        }
        tell(event);
    }

    /// Tells of what was left out last.
    pub fn finish(&mut self, stage: &'static Stage, mut tell: impl FnMut(&Event)) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.tell_of(direction, stage, &mut tell);
        }
    }

    fn tell_of(
        &mut self,
        direction: Direction,
        stage: &'static Stage,
        tell: &mut impl FnMut(&Event),
    ) {
        let (records, bytes) = std::mem::take(&mut self.flow(direction).left_out);
        if records > 0 {
            let kind = EventKind::Folded { direction, records, bytes };
            tell(&Event { role: Role::sender(direction), stage, kind });
        }
    }

    fn flow(&mut self, direction: Direction) -> &mut Flow {
        let [to_server, to_client] = &mut self.flows;
        match direction {
            Direction::ToServer => to_server,
            Direction::ToClient => to_client,
        }
    }
}

impl Flow {
    fn leave_out(&mut self, bytes: usize) {
        self.left_out.0 += 1;
        self.left_out.1 += u64::try_from(bytes).unwrap_or_default();
    }
}

/// Returns the direction in which a side sends.
fn direction(role: Role) -> Direction {
    if role == Role::Server { Direction::ToClient } else { Direction::ToServer }
}
