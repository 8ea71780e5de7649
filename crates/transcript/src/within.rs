//! What is within a record of a connection out of a capture, as far as it is told before the record passes by: its
//! bytes alone do not show that a message begins in one record and ends in another, nor how many of them are padding.

use framing::cutter::Cut;
use stages::{Field, Part, Stage, field};

use crate::wire::parts;
use crate::{Direction, Event, EventKind, Opened, Role};

/// Where a message, or a part of one, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It begins a record.
    Own,
    /// It goes on in a record.
    Rest,
    /// It stands behind another in the same record.
    Behind,
}

/// Collects what is told of the next record.
#[derive(Debug, Default)]
pub(crate) struct Within {
    pub(crate) is_captured: bool,
    /// Bytes of the message that goes on in the next record of each side.
    begun: [usize; 2],
    next: Told,
}

/// What was told of a record.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The messages in it: their names, how many of their bytes it has, and whether these are all.
    messages: Vec<(String, usize, bool)>,
    padding: usize,
    is_captured: bool,
}

/// Messages of a record that are told: only a stranger's file has more.
const MAX_MESSAGES: usize = 64;

/// The field that stands for a part of a message: what it says is told once it is whole.
const PART: Field = Field {
    name: "part",
    len: None,
    role: field::Role::Plaintext,
    is_covered: false,
    what: "",
    readers: "",
    protection: "",
};

/// The field that stands for what is in a record of another version.
const UNTOLD: Field = Field { name: "unexplained", ..PART };

impl Within {
    /// Takes what tells of the next record. Returns where that is.
    pub(crate) fn event(&mut self, event: &Event) -> Place {
        let [client, server] = &mut self.begun;
        let begun = if event.role == Role::Server { server } else { client };
        let before = *begun;
        let (name, len, is_whole, opened) = match &event.kind {
            EventKind::Captured { .. } => {
                *self = Self { is_captured: true, ..Self::default() };
                return Place::Own;
            }
            EventKind::Handshake(it) if self.is_captured => {
                *begun = 0;
                (&it.step, it.message.len().saturating_sub(before), before == 0, &it.opened)
            }
            EventKind::Fragment { step, bytes, opened, .. } => {
                *begun = before.saturating_add(bytes.len());
                (step, bytes.len(), false, opened)
            }
            EventKind::Sent(record) => {
                self.open(record.opened.as_ref());
                return Place::Own;
            }
            _ => return Place::Own,
        };
        let place = match (before, &*self.next.messages) {
            (0, []) => Place::Own,
            (0, _) => Place::Behind,
            _ => Place::Rest,
        };
        if self.next.messages.len() < MAX_MESSAGES {
            self.next.messages.push((name.clone(), len, is_whole));
        }
        self.open(opened.as_ref());
        place
    }

    fn open(&mut self, opened: Option<&Opened>) {
        self.next.padding += opened.map_or(0, |opened| opened.padding);
    }

    /// Returns what was told of the record that passes by.
    pub(crate) fn take(&mut self) -> Told {
        Told { is_captured: self.is_captured, ..std::mem::take(&mut self.next) }
    }
}

impl Told {
    /// Returns whether the record carries anything else than one whole message.
    pub(crate) fn is_cut(&self) -> bool {
        !matches!(&*self.messages, [] | [(_, _, true)])
    }

    /// Returns whether nothing was told of a record that says of itself that it is not encrypted. It is of another version,
    /// which is not explained, and may be encrypted all the same.
    pub(crate) fn is_untold(&self) -> bool {
        self.is_captured && self.messages.is_empty()
    }

    /// Names what it carries.
    pub(crate) fn names(&self) -> String {
        let names = self.messages.iter().map(|(name, _, is_whole)| {
            if *is_whole { name.clone() } else { format!("a part of {name}") }
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Cuts what passed by into fields, which tile it from end to end.
    pub(crate) fn parts<'b>(
        &self,
        stage: &Stage,
        direction: Direction,
        cut: &'b Cut,
    ) -> Vec<Part<'b>> {
        let mut all = match cut {
            Cut::Record { bytes, .. } if self.padding > 0 => {
                stage.split_opened(bytes, self.padding).unwrap_or_default()
            }
            _ => parts(stage, direction, cut),
        };
        let carrier = all.pop_if(|part| {
            (self.is_cut() || self.is_untold()) && part.field.role == field::Role::Message
        });
        let Some(Part { field, mut offset, bytes: mut rest }) = carrier else { return all };
        if self.is_untold() {
            all.push(Part { field: &UNTOLD, offset, bytes: rest });
            return all;
        }
        for (_, len, is_whole) in &self.messages {
            let (bytes, behind) = rest.split_at_checked(*len).unwrap_or((rest, &[]));
            let field = if *is_whole { field } else { &PART };
            all.push(Part { field, offset, bytes });
            offset += bytes.len();
            rest = behind;
        }
        if !rest.is_empty() {
            all.push(Part { field: &PART, offset, bytes: rest });
        }
        all
    }
}
