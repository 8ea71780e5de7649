//! A connection out of a capture at a glance: who talks, what was agreed, how long each step took, from where on what
//! is protected, what was checked, and how it ended. The text and the page begin with it.

mod tell;

use std::net::SocketAddr;
use std::time::Duration;

use framing::cutter::Cut;

pub(crate) use tell::{counted, verdict};

use crate::certified::{sender, subject};
use crate::wire::{Cutters, message};
use crate::{Agreed, Event, EventKind, HandshakeMessage, Outcome, Role};

/// Keys of a side that are listed: only a stranger's file has more.
const MAX_KEYS: usize = 16;
/// Checks of one outcome that are listed: only a stranger's file has more.
const MAX_CHECKS: usize = 32;

/// The year 1994, in which there was no SSL yet: a clock that is behind it was never set. That of the captures that are
/// made of a run is.
pub const FIRST_SESSION: Duration = Duration::from_secs((1994 - 1970) * 365 * 24 * 60 * 60);

/// A connection at a glance, as far as its events have been taken.
#[derive(Debug, Default)]
pub struct Overview {
    /// When its first packet passed by, in microseconds since 1970. `None` if no connection out of a capture has begun.
    pub began: Option<u64>,
    /// What the client sent.
    pub client: Side,
    /// What the server sent.
    pub server: Side,
    /// What the two agreed on, and the name that the client asked for.
    pub agreed: Agreed,
    /// What was done for the first time, in order.
    pub steps: Vec<Step>,
    /// What was checked, as it was told.
    checks: Vec<Check>,
    /// Checks that are not listed.
    checks_left_out: u64,
    wire: Cutters,
    /// What the next record brings, whose time is not known before that.
    due: Due,
}

/// What one side sent.
#[derive(Debug, Default)]
pub struct Side {
    /// Its address.
    pub addr: Option<SocketAddr>,
    /// The names that its own certificate is for, or its subject: what it claims, whether or not it was checked.
    pub certified: Option<String>,
    /// Its records, encrypted or not.
    pub records: u64,
    /// Those that are encrypted and were not opened.
    pub closed: u64,
    /// Its bytes that passed by, the headers of records included.
    pub bytes: u64,
    /// Bytes that are no record.
    pub loose: u64,
    /// Opened records of data.
    pub data_records: u64,
    /// Bytes of data in them.
    pub data: u64,
    /// What its records are encrypted with, in order.
    pub keys: Vec<KeyInUse>,
    /// Whether bytes of it are not in the capture.
    pub has_gap: bool,
    /// Their number, as far as that is known.
    pub missing: u64,
    /// The last alert that it sent, if one can be read.
    pub alert: Option<String>,
    /// Whether its direction came to an end.
    pub has_ended: bool,
}

/// What protects the records of a side from one of them on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInUse {
    /// The name of the secret that the key is made of. `None` if nobody here has it.
    pub secret: Option<String>,
    /// The first record under it, from 0, among all of its side.
    pub first: u64,
    /// The number of records that it protects.
    pub records: u64,
}

/// Something that was done for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub what: &'static str,
    /// Who did it.
    pub by: Role,
    /// When, in microseconds since the connection was made.
    pub micros: u64,
}

/// A check, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whose claim it is, if it is one side's.
    pub of: Option<Role>,
    /// What was checked.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What it was checked with, what was found, and what that means.
    pub message: String,
}

/// How a side's direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'o> {
    /// Bytes of it are missing, and what was said in them is unknown.
    Unknown,
    /// It said that no more follows.
    Said,
    /// It broke off with this alert.
    Alert(&'o str),
    /// TCP ended, and nothing said that no more follows: it may have been cut off.
    Cut,
    /// TCP ended. Whether the end was said is encrypted.
    Encrypted,
    /// The capture ends before it does.
    Open,
}

/// What is told of a record before its bytes are.
#[derive(Debug, Default)]
struct Due {
    steps: Vec<&'static str>,
    secret: Option<String>,
}

impl Overview {
    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Captured { client, server, unix_micros } => {
                *self = Self { began: Some(*unix_micros), ..Self::default() };
                self.client.addr = Some(*client);
                self.server.addr = Some(*server);
            }
            EventKind::Handshake(message) => self.handshake(event.role, message),
            EventKind::Fragment { opened, .. } => {
                self.due.secret = opened.as_ref().map(|it| it.key.clone());
            }
            EventKind::Sent(record) => {
                let len = record.plaintext.len() as u64;
                self.due.secret = record.opened.as_ref().map(|it| it.key.clone());
                self.due.steps.push("first data");
                let side = self.side_mut(event.role);
                side.data_records += 1;
                side.data += len;
            }
            EventKind::Folded { direction, records, bytes } => {
                let overhead = event.stage.record_overhead() as u64;
                self.side_mut(Role::sender(*direction)).fold(*records, *bytes, overhead);
            }
            EventKind::Check { of, what, outcome, message } => {
                let check = Check {
                    of: *of,
                    what: what.clone(),
                    outcome: *outcome,
                    message: message.clone(),
                };
                if self.checks_with(*outcome).count() < MAX_CHECKS {
                    self.checks.push(check);
                } else {
                    self.checks_left_out += 1;
                }
            }
            EventKind::Missing { direction, bytes, .. } => {
                let side = self.side_mut(Role::sender(*direction));
                side.has_gap = true;
                side.missing = side.missing.saturating_add(bytes.unwrap_or_default());
            }
            _ => {}
        }
        self.passes(event);
    }

    fn handshake(&mut self, role: Role, message: &HandshakeMessage) {
        let HandshakeMessage { step, message: bytes, opened, .. } = message;
        let is_from_server = role == Role::Server;
        if let Some(opened) = opened {
            self.due.secret = Some(opened.key.clone());
        }
        self.agreed.take(bytes, is_from_server);
        self.due.steps.extend(match (&**bytes, step.as_str()) {
            ([_, _], _) => Some("end"),
            (_, "ClientHello") if self.has(Role::Client, "ClientHello") => {
                Some("second ClientHello")
            }
            (_, "ClientHello") => Some("ClientHello"),
            (_, "HelloRetryRequest") => Some("HelloRetryRequest"),
            (_, "ServerHello") => Some("ServerHello"),
            (_, "Finished") => Some("Finished"),
            _ => None,
        });
        let certified = if is_from_server { sender(bytes) } else { subject(bytes) };
        let side = self.side_mut(role);
        side.certified = certified.or(side.certified.take());
        if let [_, alert] = **bytes {
            side.alert = Some(messages::tls13::names::alert(alert));
        }
    }

    /// Takes what anyone on the path sees.
    fn passes(&mut self, event: &Event) {
        let mut wire = std::mem::take(&mut self.wire);
        wire.event(event, |direction, micros, cut| {
            let role = Role::sender(direction);
            let Due { steps, secret } = std::mem::take(&mut self.due);
            let is_encrypted = message(event.stage, direction, cut).is_none();
            let side = self.side_mut(role);
            match cut {
                Cut::Loose(bytes) => {
                    side.bytes += bytes.len() as u64;
                    side.loose += bytes.len() as u64;
                }
                Cut::Record { bytes, .. } => {
                    side.bytes += bytes.len() as u64;
                    if is_encrypted {
                        side.closed += u64::from(secret.is_none());
                        side.seal(secret.clone());
                    }
                    side.records += 1;
                    if is_encrypted && secret.is_none() {
                        self.step("first encrypted record", role, micros);
                    }
                }
            }
            for step in steps {
                self.step(step, role, micros);
            }
        });
        self.wire = wire;
        if let EventKind::End { direction, micros } = &event.kind {
            let role = Role::sender(*direction);
            self.step("end", role, *micros);
            self.side_mut(role).has_ended = true;
        }
    }

    fn has(&self, by: Role, what: &str) -> bool {
        self.steps.iter().any(|step| (step.by, step.what) == (by, what))
    }

    fn step(&mut self, what: &'static str, by: Role, micros: u64) {
        if !self.has(by, what) {
            self.steps.push(Step { what, by, micros });
        }
    }

    fn side_mut(&mut self, role: Role) -> &mut Side {
        if role == Role::Server { &mut self.server } else { &mut self.client }
    }

    /// Returns when it began, since 1970, unless the capture has no date of its own.
    pub fn date(&self) -> Option<Duration> {
        self.began.map(Duration::from_micros).filter(|date| *date >= FIRST_SESSION)
    }

    /// Returns both sides, the client first.
    pub fn sides(&self) -> [(Role, &Side); 2] {
        [(Role::Client, &self.client), (Role::Server, &self.server)]
    }

    /// Lists the checks of which this came.
    pub fn checks_with(&self, outcome: Outcome) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.outcome == outcome)
    }

    /// Returns whether something is encrypted and nothing of it was opened: all that is told is what an eavesdropper
    /// sees.
    pub fn is_eavesdropped(&self) -> bool {
        let mut keys = self.sides().into_iter().flat_map(|(_, side)| &side.keys).peekable();
        keys.peek().is_some() && keys.all(|key| key.secret.is_none())
    }
}

impl Side {
    /// Counts a record under this key.
    fn seal(&mut self, secret: Option<String>) {
        let Self { keys, records: first, .. } = self;
        let goes_on = keys.last_mut().filter(|key| key.secret == secret);
        if let Some(key) = goes_on {
            key.records += 1;
        } else if keys.len() < MAX_KEYS {
            keys.push(KeyInUse { secret, first: *first, records: 1 });
        }
    }

    /// Counts records that are told in one line: of data, or such as nobody here opens, or bytes that are no record.
    fn fold(&mut self, records: u64, bytes: u64, overhead: u64) {
        self.records += records;
        self.bytes += bytes + records * overhead;
        let Some(key) = self.keys.last_mut().filter(|_| records > 0) else {
            self.loose += bytes;
            return;
        };
        key.records += records;
        if key.secret.is_some() {
            self.data_records += records;
            self.data += bytes;
        } else {
            self.closed += records;
        }
    }

    /// Returns how its direction ended.
    pub fn end(&self) -> End<'_> {
        match &self.alert {
            Some(alert) if alert == "close_notify" => End::Said,
            Some(alert) => End::Alert(alert),
            None if self.has_gap => End::Unknown,
            None if !self.has_ended => End::Open,
            None if self.closed > 0 => End::Encrypted,
            None => End::Cut,
        }
    }
}

/// Names what was checked, and whose claim it is.
pub fn what_of(what: &str, of: Option<Role>) -> String {
    of.map_or_else(|| what.to_owned(), |role| format!("{what} of the {role}"))
}
