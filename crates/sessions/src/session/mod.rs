//! One connection: its records, the messages in them, and what a key log opens, as the events of a transcript.
//!
//! - [`Session`]: the bytes of both directions, in the order in which they passed by, and the events that tell them.
//! - `records`: what of them is a record.
//! - `foreign`: what they are if they are no TLS.
//! - `flow`: how far a direction has come.
//! - `inside`: what is in a record; `opening`: in one that is encrypted.
//! - `keys`: which secret opens the next record of a direction.
//! - `handshake`: what the messages settle, and the checks that they allow: of `hellos`, of `binders`, of a side's
//!   `identity`, of Finished.
//!
//! However long a session is, what is kept of it is bounded: a record and a message of each direction, two Hellos,
//! two chains.

mod binders;
mod check;
mod flow;
mod foreign;
mod handshake;
mod hellos;
mod identity;
mod inside;
mod keys;
mod opening;
mod records;
mod sides;

use std::net::SocketAddr;
use std::time::Duration;

use certificates::Roots;
use crypto::tls13::record::ContentType;
use framing::Direction;
use stages::{PART5_TLS13, Stage};
use transcript::event::EventKind;
use transcript::{Event, Hex, Role};
use zeroize::Zeroizing;

use crate::capture::Ending;
use crate::keylog::KeyLog;
use check::{Findings, fails, not_made};
use flow::{Flow, State};
use handshake::Handshake;
use inside::Inside;
use keys::Keys;
use records::{Next, Records};
use sides::Sides;

/// The stage whose records and messages a session has.
const STAGE: &Stage = &PART5_TLS13;

/// The number of an encrypted record.
const ENCRYPTED: u8 = 23;

/// The things that someone who explains a session has beside its bytes.
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
    /// The time at which something last happened.
    now: Duration,
    flows: Sides<Flow>,
    keys: Sides<Keys>,
    handshake: Handshake<'k>,
    /// Whether it was told that there are no keys, that this is no TLS.
    has_told_no_keys: bool,
    has_told_foreign: bool,
    tell: Box<dyn FnMut(Event) + 'k>,
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
            // Other protocols agree on TLS in the middle of a connection.
            State::Foreign if records::begins_hello(bytes) => flow.state = State::Whole,
            State::Gap if records::begins_sealed(bytes) => flow.state = State::Behind,
            State::Foreign | State::Gap | State::Lost => {
                // The other direction may have ended what can be told of this one, in the middle of a record.
                self.rest(direction);
                return self.passed(direction, bytes.into());
            }
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

    /// Takes note that a direction is over, or only that the capture is.
    pub fn end(&mut self, direction: Direction, at: Duration, ending: Ending) {
        self.now = at;
        self.rest(direction);
        self.settle(direction);
        let (micros, sender) = (self.micros(), Role::sender(direction));
        let is_seen = ending != Ending::Unseen;
        if is_seen {
            self.tell(Role::Wire, EventKind::End { direction, micros });
        }
        let is_tls13 = self.handshake.is_tls13() == Some(true);
        let check = self.flows.of(sender).end(sender, is_seen);
        if let Some(check) = check.filter(|_| is_tls13) {
            self.tell(check::reader(self.flows.of(sender).opened > 0), check);
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
        if let Some(check) = check {
            self.tell(Role::Wire, check);
        }
    }

    /// Tells a record: what was sent, then what passed by, then what one makes of it.
    fn record(&mut self, direction: Direction, bytes: &mut [u8]) {
        let wire = Hex::from(&*bytes);
        let sender = Role::sender(direction);
        let mut findings = Findings::default();
        self.flows.of_mut(sender).seen += 1;
        let Some((header, payload)) = bytes.split_at_mut_checked(records::HEADER_LEN) else {
            return;
        };
        match header.first() {
            Some(&ENCRYPTED) => self.sealed(direction, header, payload, &mut findings),
            Some(_) if self.flows.of(sender).state == State::Behind => {}
            Some(kind) => {
                let inside = |kind| Inside { kind, content: payload, sealed: None };
                if let Some(kind) = ContentType::find(*kind) {
                    self.inside(direction, inside(Some(kind)), &mut findings);
                } else {
                    let message = format!(
                        "a record of type {kind}, which TLS 1.3 has not: it is passed over"
                    );
                    findings.add(Role::Wire, [not_made(sender, "records", message)]);
                }
            }
            None => {}
        }
        self.passed(direction, wire);
        for (by, found) in findings {
            self.tell(by, found);
        }
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
