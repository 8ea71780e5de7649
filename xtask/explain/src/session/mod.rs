//! One connection: its records, the messages in them, and what a key log opens, as the events of a transcript.
//!
//! - [`Session`]: the bytes of both directions, in the order in which they passed by, and the events that tell them.
//! - [`records`]: what of them is a record.
//! - [`foreign`]: what they are if they are no TLS.
//! - [`flow`]: how far a direction has come.
//! - [`keys`]: which secret opens the next record of a direction.
//! - [`handshake`]: what the messages settle, and the checks that they allow: of [`hellos`], of [`binders`], of a side's
//!   [`identity`], of Finished.
//!
//! However long a session is, what is kept of it is bounded: a record and a message of each direction, two Hellos,
//! two chains.

pub mod binders;
mod check;
mod flow;
mod foreign;
pub mod handshake;
pub mod hellos;
pub mod identity;
pub mod keys;
mod opening;
pub mod records;
pub mod sides;

use std::net::SocketAddr;
use std::time::Duration;

use certificates::Roots;
use crypto::tls13::record::ContentType;
use framing::Direction;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{HandshakeType, handshake::HEADER_LEN, names};
use stages::{PART5_TLS13, Stage};
use transcript::event::EventKind;
use transcript::{Event, HandshakeMessage, Hex, Opened, Record, Role, Way};
use zeroize::Zeroizing;

use crate::keylog::KeyLog;
use check::{fails, not_made};
use flow::{Flow, State};
use handshake::Handshake;
use keys::Keys;
use records::{Next, Records};
use sides::Sides;

/// The stage whose records and messages a session has.
const STAGE: &Stage = &PART5_TLS13;

/// The number of an encrypted record.
const ENCRYPTED: u8 = 23;

/// The longest message that is kept: certificates are far shorter.
const MAX_MESSAGE_LEN: usize = 256 * 1_024;

/// What someone who explains a session has beside its bytes.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// The key log.
    pub keylog: &'k KeyLog,
    /// The roots to check chains against, if there are any.
    pub roots: Option<&'k Roots>,
    /// Keys from before, to check binders with.
    pub psks: &'k [Zeroizing<Vec<u8>>],
}

/// A connection.
pub struct Session<'k> {
    began: Duration,
    /// When something last happened.
    now: Duration,
    flows: Sides<Flow>,
    keys: Sides<Keys>,
    handshake: Handshake<'k>,
    /// Whether it was told that there are no keys, that this is no TLS.
    has_told_no_keys: bool,
    has_told_foreign: bool,
    tell: Box<dyn FnMut(Event) + 'k>,
}

/// Something that travelled in a record, and how that was opened if it was encrypted.
struct Inside<'r> {
    kind: Option<ContentType>,
    content: &'r [u8],
    /// Payload of the record, and how it was opened.
    sealed: Option<(Hex, Opened)>,
}

impl<'k> Session<'k> {
    /// A connection between these two, which began at `began`. `tell` takes its events.
    pub fn new(
        [client, server]: [SocketAddr; 2],
        began: Duration,
        known: Known<'k>,
        tell: impl FnMut(Event) + 'k,
    ) -> Self {
        let mut session = Self {
            began,
            now: began,
            flows: Sides::default(),
            keys: Sides::default(),
            handshake: Handshake::new(known, began),
            has_told_no_keys: false,
            has_told_foreign: false,
            tell: Box::new(tell),
        };
        let unix_micros = u64::try_from(began.as_micros()).unwrap_or(u64::MAX);
        session.tell(Role::Wire, EventKind::Captured { client, server, unix_micros });
        session
    }

    /// Takes the next bytes of a direction.
    pub fn bytes(&mut self, direction: Direction, at: Duration, bytes: &[u8]) {
        self.now = at;
        let flow = self.flows.of_mut(Role::sender(direction));
        match flow.state {
            State::Lost => return self.passed(direction, bytes.into()),
            // Other protocols agree on TLS in the middle of a connection.
            State::Foreign if records::begins_hello(bytes) => flow.state = State::Whole,
            State::Gap if records::begins_sealed(bytes) => flow.state = State::Behind,
            State::Foreign | State::Gap => return self.passed(direction, bytes.into()),
            State::Whole | State::Behind => {}
        }
        flow.records.push(bytes);
        self.cut(direction);
    }

    /// Takes note that bytes of a direction are not in the capture.
    pub fn missing(&mut self, direction: Direction, at: Duration, bytes: Option<u64>) {
        self.now = at;
        self.handshake.tear("the capture lacks bytes of the handshake");
        let micros = self.micros();
        let flow = self.flows.of_mut(Role::sender(direction));
        flow.is_torn |= !flow.begun.is_empty();
        flow.begun = Vec::new();
        if !matches!(flow.state, State::Lost | State::Foreign) {
            flow.state = State::Gap;
        }
        self.rest(direction);
        self.tell(Role::Wire, EventKind::Missing { direction, micros, bytes });
    }

    /// Takes note that a direction is over.
    pub fn end(&mut self, direction: Direction, at: Duration) {
        self.now = at;
        self.rest(direction);
        self.settle(direction);
        let micros = self.micros();
        self.tell(Role::Wire, EventKind::End { direction, micros });
        let sender = Role::sender(direction);
        let is_tls13 = self.handshake.is_tls13() == Some(true);
        if let Some(check) = self.flows.of(sender).end(sender).filter(|_| is_tls13) {
            self.tell(Role::KeyLog, check);
        }
    }

    /// Tells what is left, at the end of the capture.
    pub fn finish(mut self) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.rest(direction);
            self.settle(direction);
        }
    }

    /// Tells what is left of a direction and is no whole record.
    fn rest(&mut self, direction: Direction) {
        let rest = self.flows.of_mut(Role::sender(direction)).records.take();
        if !rest.is_empty() {
            self.passed(direction, rest.as_slice().into());
        }
    }

    /// Tells all records that are whole.
    fn cut(&mut self, direction: Direction) {
        let sender = Role::sender(direction);
        // Taken out, so that a record can be opened where it lies.
        let mut records = std::mem::take(&mut self.flows.of_mut(sender).records);
        loop {
            match records.cut() {
                Next::Record(bytes) => self.record(direction, bytes),
                Next::NoRecord => self.no_record(direction, &mut records),
                Next::More => break,
            }
            if !matches!(self.flows.of(sender).state, State::Whole | State::Behind) {
                let rest = records.take();
                if !rest.is_empty() {
                    self.passed(direction, rest.as_slice().into());
                }
                break;
            }
        }
        self.flows.of_mut(sender).records = records;
    }

    /// Tells bytes that are no record.
    fn no_record(&mut self, direction: Direction, records: &mut Records) {
        let sender = Role::sender(direction);
        let bytes = records.take();
        let flow = self.flows.of_mut(sender);
        let check = if flow.state == State::Behind {
            flow.state = State::Gap;
            None
        } else if flow.seen == 0 {
            flow.state = State::Foreign;
            let message = format!(
                "what the {sender} sends does not begin with a record of TLS: it begins like {}. Either that is spoken in \
                 the clear, or the capture begins in the middle of a record",
                foreign::name(&bytes)
            );
            let is_new = !std::mem::replace(&mut self.has_told_foreign, true);
            is_new.then(|| not_made(None, "TLS", message))
        } else {
            flow.state = State::Lost;
            let header: Vec<u8> = bytes.iter().copied().take(records::HEADER_LEN).collect();
            let message = format!(
                "bytes {} stand where a record has to begin, and are the header of none: where the next one begins is \
                 unknown",
                hex::encode(header)
            );
            Some(fails(sender, "records", message))
        };
        self.passed(direction, bytes.as_slice().into());
        check.into_iter().for_each(|check| self.tell(Role::KeyLog, check));
    }

    /// Tells a record: what was sent, then what passed by, then what one makes of it.
    fn record(&mut self, direction: Direction, bytes: &mut [u8]) {
        let wire = Hex::from(&*bytes);
        let sender = Role::sender(direction);
        let mut checks = Vec::new();
        self.flows.of_mut(sender).seen += 1;
        let Some((header, payload)) = bytes.split_at_mut_checked(records::HEADER_LEN) else {
            return;
        };
        match header.first() {
            Some(&ENCRYPTED) => self.sealed(direction, header, payload, &mut checks),
            Some(_) if self.flows.of(sender).state == State::Behind => {}
            Some(kind) => {
                let inside = |kind| Inside { kind, content: payload, sealed: None };
                match ContentType::find(*kind) {
                    Some(kind) => self.inside(direction, inside(Some(kind)), &mut checks),
                    None => {
                        let message = format!(
                            "a record of type {kind}, which TLS 1.3 has not: it is passed over"
                        );
                        checks.push(not_made(sender, "records", message));
                    }
                }
            }
            None => {}
        }
        self.passed(direction, wire);
        for check in checks {
            self.tell(Role::KeyLog, check);
        }
    }

    /// Tells what was in a record.
    fn inside(&mut self, direction: Direction, inside: Inside<'_>, checks: &mut Vec<EventKind>) {
        let sender = Role::sender(direction);
        let content = inside.content;
        let is_sealed = inside.sealed.is_some();
        if inside.kind != Some(ContentType::Handshake) && is_sealed {
            self.flows.of_mut(sender).is_torn = false;
        }
        match inside.kind {
            Some(ContentType::Handshake) => self.messages(direction, inside, checks),
            Some(ContentType::ChangeCipherSpec) => {
                self.message(direction, "ChangeCipherSpec", content, inside.sealed);
            }
            Some(ContentType::Alert) => {
                let alert = content.last().copied().unwrap_or_default();
                let step = format!("Alert {}", names::alert(alert));
                self.message(direction, &step, content, inside.sealed);
                let flow = self.flows.of_mut(sender);
                flow.is_closed |= is_sealed || self.handshake.is_tls13().is_none();
                if alert == 70 && self.handshake.is_tls13().is_none() {
                    let message = format!(
                        "the {sender} speaks none of the versions that the other side offers"
                    );
                    checks.push(not_made(None, "version", message));
                }
            }
            Some(ContentType::ApplicationData) | None => {
                if inside.kind.is_none() {
                    let message = "the record has no type inside that TLS 1.3 has: a receiver has to refuse it";
                    checks.push(fails(sender, "records", message));
                }
                let flow = self.flows.of_mut(sender);
                let index = flow.data;
                flow.data += 1;
                let (record, opened) = match inside.sealed {
                    Some((record, opened)) => (record, Some(opened)),
                    None => (content.into(), None),
                };
                let record = Record { index, seq: None, plaintext: content.into(), record, opened };
                self.tell(sender, EventKind::Sent(record));
            }
        }
    }

    /// Tells the messages of a handshake that a record completes, and the part of one that goes on in the next.
    fn messages(&mut self, direction: Direction, inside: Inside<'_>, checks: &mut Vec<EventKind>) {
        let sender = Role::sender(direction);
        let is_sealed = inside.sealed.is_some();
        let mut carrier = inside.sealed;
        let flow = self.flows.of_mut(sender);
        if flow.is_torn {
            // It goes on with a message whose beginning is not known.
            return self.fragment(direction, "message", inside.content, carrier);
        }
        let mut stream = std::mem::take(&mut flow.begun);
        let begun = stream.len();
        let content = if begun == 0 {
            inside.content
        } else {
            stream.extend_from_slice(inside.content);
            &stream
        };
        let mut rest = content;
        while let Some((message, behind)) = split_message(rest) {
            rest = behind;
            if matches!(message.first(), Some(0 | 3 | 12 | 14 | 16)) && !is_sealed {
                return self.is_older(checks);
            }
            self.message(direction, name(message), message, carrier.take());
            checks.extend(self.handshake.take(direction, message, is_sealed, &mut self.keys));
            if self.handshake.is_tls13() == Some(false) {
                return self.lose_both();
            }
        }
        if rest.is_empty() {
            return;
        }
        let step = HandshakeType(rest.first().copied().unwrap_or_default()).name();
        let new = rest.get(rest.len().saturating_sub(content.len() - begun)..).unwrap_or_default();
        self.fragment(direction, step, new, carrier);
        let flow = self.flows.of_mut(sender);
        match message_len(rest) {
            Some(len) if len > MAX_MESSAGE_LEN => {
                flow.state = State::Lost;
                let message = format!(
                    "a {step} of {len} bytes begins, and no more than {MAX_MESSAGE_LEN} are kept of one: what the {sender} \
                     sends is not told from here on"
                );
                self.handshake.tear("a message before it is too long to be kept");
                checks.push(not_made(sender, "message", message));
            }
            _ => flow.begun = rest.to_vec(),
        }
    }

    /// Messages that only versions before TLS 1.3 have.
    fn is_older(&mut self, checks: &mut Vec<EventKind>) {
        let message = "these are the messages of TLS 1.2 or of a version before it. It is recognised here, and not explained";
        checks.push(not_made(None, "version", message));
        self.lose_both();
    }

    fn lose_both(&mut self) {
        self.flows.client.state = State::Lost;
        self.flows.server.state = State::Lost;
    }

    fn message(
        &mut self,
        direction: Direction,
        step: &str,
        message: &[u8],
        sealed: Option<(Hex, Opened)>,
    ) {
        let (record, opened) = sealed.unzip();
        let told = HandshakeMessage {
            record,
            opened,
            ..HandshakeMessage::new(step, Way::Sent, message, &[])
        };
        self.tell(Role::sender(direction), EventKind::Handshake(told));
    }

    fn fragment(
        &mut self,
        direction: Direction,
        step: &str,
        bytes: &[u8],
        sealed: Option<(Hex, Opened)>,
    ) {
        let (step, bytes) = (step.to_owned(), bytes.into());
        let (record, opened) = sealed.unzip();
        let kind = EventKind::Fragment { direction, step, bytes, record, opened };
        self.tell(Role::sender(direction), kind);
    }

    fn passed(&mut self, direction: Direction, bytes: Hex) {
        let micros = self.micros();
        self.tell(Role::Wire, EventKind::Chunk { direction, micros, bytes });
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.now.saturating_sub(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn tell(&mut self, role: Role, kind: EventKind) {
        (self.tell)(Event { role, stage: STAGE, kind });
    }
}

/// Returns the length of the message that begins here, type and length in front.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let [_, a, b, c, ..] = bytes else { return None };
    Some(HEADER_LEN + usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?)
}

/// Splits the first message off, type and length in front, if it is whole.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = message_len(bytes)?;
    if len > MAX_MESSAGE_LEN { None } else { bytes.split_at_checked(len) }
}

/// Names a message, whether or not it can be read.
fn name(message: &[u8]) -> &'static str {
    // Type, length and version stand in front of the random.
    let is_retry = message.get(6..).is_some_and(|rest| rest.starts_with(&RETRY_RANDOM));
    match message.first() {
        Some(2) if is_retry => "HelloRetryRequest",
        kind => HandshakeType(kind.copied().unwrap_or_default()).name(),
    }
}
