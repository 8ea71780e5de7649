//! One connection: its records, the messages in them, and what a key log opens, as the events of a transcript.
//!
//! - [`Session`]: the bytes of both directions, in the order in which they passed by, and the events that tell them.
//! - [`keys`]: which secret opens the next record of a direction.
//! - [`handshake`]: what the messages settle, and the checks that they allow.

pub mod handshake;
pub mod keys;

use std::net::SocketAddr;
use std::time::Duration;

use certificates::Roots;
use crypto::tls13::record::ContentType;
use framing::Cutter;
use framing::Direction;
use framing::cutter::Cut;
use messages::tls13::handshake::HEADER_LEN;
use messages::tls13::{name, names};
use stages::{PART5_TLS13, Stage};
use transcript::event::EventKind;
use transcript::{Event, HandshakeMessage, Hex, Opened, Outcome, Record, Role, Way};

use crate::keylog::KeyLog;
use handshake::Handshake;
use keys::Keys;

/// The stage whose records and messages a session has.
const STAGE: &Stage = &PART5_TLS13;

/// The number of an encrypted record.
const ENCRYPTED: u8 = 23;

/// What someone who explains a session has beside its bytes.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// The key log.
    pub keylog: &'k KeyLog,
    /// The roots to check chains against, if there are any.
    pub roots: Option<&'k Roots>,
}

/// A connection.
pub struct Session<'k> {
    began: Duration,
    flows: [Flow; 2],
    handshake: Handshake<'k>,
    tell: Box<dyn FnMut(Event) + 'k>,
}

/// One direction.
struct Flow {
    cutter: Cutter,
    keys: Keys,
    /// The beginning of a message that goes on in another record.
    begun: Vec<u8>,
    /// Records of data so far.
    records: u64,
    /// Whether what comes next cannot be told: it is no TLS, or bytes are missing.
    is_lost: bool,
    /// Whether it was told that records cannot be opened.
    is_closed: bool,
}

/// Something that travelled in a record, and how that was opened if it was encrypted.
struct Inside<'r> {
    kind: Option<ContentType>,
    content: &'r [u8],
    /// Payload of the record, and how it was opened.
    sealed: Option<(&'r [u8], Opened)>,
}

impl Flow {
    fn new(direction: Direction) -> Self {
        Self {
            cutter: STAGE.cutter(direction),
            keys: Keys::default(),
            begun: Vec::new(),
            records: 0,
            is_lost: false,
            is_closed: false,
        }
    }
}

impl<'k> Session<'k> {
    /// A connection between these two, which began at `began`. `tell` takes its events.
    pub fn new(
        [client, server]: [SocketAddr; 2],
        began: Duration,
        known: Known<'k>,
        tell: impl FnMut(Event) + 'k,
    ) -> Self {
        let flows = [Direction::ToServer, Direction::ToClient].map(Flow::new);
        let handshake = Handshake::new(known, began);
        let mut session = Self { began, flows, handshake, tell: Box::new(tell) };
        let unix_micros = u64::try_from(began.as_micros()).unwrap_or(u64::MAX);
        session.tell(Role::Wire, EventKind::Captured { client, server, unix_micros });
        session
    }

    /// Takes the next bytes of a direction.
    pub fn bytes(&mut self, direction: Direction, at: Duration, bytes: &[u8]) {
        let Some(flow) = self.flows.get_mut(direction as usize) else { return };
        if flow.is_lost {
            return self.passed(direction, at, bytes);
        }
        let mut cuts = Vec::new();
        flow.cutter.push(bytes, |cut| cuts.push(cut));
        for cut in cuts {
            self.cut(direction, at, cut);
        }
    }

    /// Takes note that bytes of a direction are not in the capture.
    pub fn missing(&mut self, direction: Direction, at: Duration, bytes: Option<u64>) {
        let micros = self.micros(at);
        if let Some(flow) = self.flows.get_mut(direction as usize) {
            flow.is_lost = true;
            if let Some(Cut::Loose(bytes)) = flow.cutter.end() {
                self.passed(direction, at, &bytes);
            }
        }
        self.tell(Role::Wire, EventKind::Missing { direction, micros, bytes });
    }

    /// Takes note that a direction is over.
    pub fn end(&mut self, direction: Direction, at: Duration) {
        let rest = self.flows.get_mut(direction as usize).and_then(|flow| flow.cutter.end());
        if let Some(Cut::Loose(bytes)) = rest {
            self.passed(direction, at, &bytes);
        }
        let micros = self.micros(at);
        self.tell(Role::Wire, EventKind::End { direction, micros });
    }

    fn cut(&mut self, direction: Direction, at: Duration, cut: Cut) {
        match cut {
            Cut::Loose(bytes) => {
                self.lose(direction);
                self.passed(direction, at, &bytes);
            }
            Cut::Record { mut bytes, .. } => {
                // What was sent is told, then what passed by, then what one makes of it.
                let wire = bytes.clone();
                let checks = self.record(direction, &mut bytes);
                self.passed(direction, at, &wire);
                for check in checks {
                    self.tell(Role::KeyLog, check);
                }
            }
        }
    }

    /// Tells a record. Returns what is to be told behind its bytes.
    fn record(&mut self, direction: Direction, bytes: &mut [u8]) -> Vec<EventKind> {
        let Some((header, payload)) = bytes.split_at_mut_checked(STAGE.header().len()) else {
            return Vec::new();
        };
        let Some(flow) = self.flows.get_mut(direction as usize) else { return Vec::new() };
        match header.first() {
            Some(&ENCRYPTED) => {
                let sealed = payload.to_vec();
                match flow.keys.open(header, payload) {
                    Ok((kind, content, opened)) => {
                        let content = &*content;
                        self.inside(
                            direction,
                            &Inside { kind, content, sealed: Some((&sealed, opened)) },
                        )
                    }
                    Err(why) => self.unopened(direction, why),
                }
            }
            Some(kind) => match ContentType::find(*kind) {
                Some(kind) => self.inside(
                    direction,
                    &Inside { kind: Some(kind), content: payload, sealed: None },
                ),
                None => {
                    self.lose(direction);
                    Vec::new()
                }
            },
            None => Vec::new(),
        }
    }

    /// Tells what was in a record.
    fn inside(&mut self, direction: Direction, inside: &Inside<'_>) -> Vec<EventKind> {
        let content = inside.content;
        match inside.kind {
            Some(ContentType::Handshake) => self.messages(direction, inside),
            Some(ContentType::ChangeCipherSpec) => {
                self.message(direction, "ChangeCipherSpec", content, Some(inside));
                Vec::new()
            }
            Some(ContentType::Alert) => {
                let alert = content.last().copied().unwrap_or_default();
                let step = format!("Alert {}", names::alert(alert));
                self.message(direction, &step, content, Some(inside));
                Vec::new()
            }
            Some(ContentType::ApplicationData) | None => {
                let Some(flow) = self.flows.get_mut(direction as usize) else { return Vec::new() };
                let index = flow.records;
                flow.records += 1;
                let (payload, opened) = match &inside.sealed {
                    Some((payload, opened)) => (*payload, Some(opened.clone())),
                    None => (content, None),
                };
                let record = Record { opened, ..Record::new(STAGE, index, content, payload) };
                self.tell(Role::sender(direction), EventKind::Sent(record));
                Vec::new()
            }
        }
    }

    /// Tells the messages of a handshake that a record completes, and the part of one that goes on in the next.
    fn messages(&mut self, direction: Direction, inside: &Inside<'_>) -> Vec<EventKind> {
        let Some(flow) = self.flows.get_mut(direction as usize) else { return Vec::new() };
        let mut stream = std::mem::take(&mut flow.begun);
        stream.extend_from_slice(inside.content);
        let (mut rest, mut checks, mut carrier) = (&*stream, Vec::new(), Some(inside));
        while let Some((message, behind)) = split_message(rest) {
            rest = behind;
            let step = name(message);
            self.message(direction, step, message, carrier.take());
            checks.extend(self.handshake.take(
                direction,
                message,
                &mut self.flows.each_mut().map(|flow| &mut flow.keys),
            ));
        }
        if !rest.is_empty() {
            let step =
                messages::tls13::HandshakeType(rest.first().copied().unwrap_or_default()).name();
            let bytes =
                rest.get(rest.len().saturating_sub(inside.content.len())..).unwrap_or_default();
            let sealed = carrier.and_then(|inside| inside.sealed.as_ref());
            let kind = EventKind::Fragment {
                direction,
                step: step.to_owned(),
                bytes: bytes.into(),
                record: sealed.map(|(payload, _)| Hex::from(*payload)),
                opened: sealed.map(|(_, opened)| opened.clone()),
            };
            self.tell(Role::sender(direction), kind);
        }
        if let Some(flow) = self.flows.get_mut(direction as usize) {
            flow.begun = rest.to_vec();
        }
        checks
    }

    fn message(
        &mut self,
        direction: Direction,
        step: &str,
        message: &[u8],
        inside: Option<&Inside<'_>>,
    ) {
        let sealed = inside.and_then(|inside| inside.sealed.as_ref());
        let told = HandshakeMessage {
            opened: sealed.map(|(_, opened)| opened.clone()),
            ..HandshakeMessage::new(step, Way::Sent, message, &[])
                .sealed_in(sealed.map(|(payload, _)| *payload))
        };
        self.tell(Role::sender(direction), EventKind::Handshake(told));
    }

    /// A record that could not be opened: why is told once.
    fn unopened(&mut self, direction: Direction, why: keys::Closed) -> Vec<EventKind> {
        let Some(flow) = self.flows.get_mut(direction as usize) else { return Vec::new() };
        if std::mem::replace(&mut flow.is_closed, true) {
            return Vec::new();
        }
        let outcome = if why.is_refused() { Outcome::Fails } else { Outcome::NotMade };
        vec![EventKind::Check {
            of: Some(Role::sender(direction)),
            what: "records".to_owned(),
            outcome,
            message: why.to_string(),
        }]
    }

    fn lose(&mut self, direction: Direction) {
        if let Some(flow) = self.flows.get_mut(direction as usize) {
            flow.is_lost = true;
        }
    }

    fn passed(&mut self, direction: Direction, at: Duration, bytes: &[u8]) {
        let micros = self.micros(at);
        self.tell(Role::Wire, EventKind::Chunk { direction, micros, bytes: bytes.into() });
    }

    fn micros(&self, at: Duration) -> u64 {
        u64::try_from(at.saturating_sub(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn tell(&mut self, role: Role, kind: EventKind) {
        (self.tell)(Event { role, stage: STAGE, kind });
    }
}

/// Splits the first message off, type and length in front, if it is whole.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [_, a, b, c, ..] = bytes else { return None };
    let len = u32::from_be_bytes([0, *a, *b, *c]);
    bytes.split_at_checked(HEADER_LEN + usize::try_from(len).ok()?)
}
