use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crypto::tls13::record::{ContentType, OVERHEAD, Sealer};
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use framing::Direction;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{ClientHello, Extension, HandshakeMessage, KeyShareEntry, ServerHello};
use sessions::capture::Ending;
use sessions::keylog::KeyLog;
use sessions::session::{Known, Session};
use transcript::{Event, EventKind, Opened, Role};

use crate::Choices;
use crate::tls13_messages::message;

/// The most pieces that a session comes in.
const MAX_PIECES: usize = 64;

/// Length of a record's header in bytes.
const HEADER_LEN: usize = 5;

/// The random of every ClientHello that the key log knows.
const RANDOM: [u8; 32] = [7; 32];

/// The labels of the secrets that a key log may have.
const LABELS: [&str; 5] = [
    "CLIENT_EARLY_TRAFFIC_SECRET",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];

/// The types of records, those that a sealed one may have inside.
const KINDS: [ContentType; 4] = [
    ContentType::Handshake,
    ContentType::ApplicationData,
    ContentType::Alert,
    ContentType::ChangeCipherSpec,
];

/// Explains a connection, each direction in any pieces: any bytes, records in the clear of any type, Hellos that agree on a
/// suite, records sealed under the secrets of a key log or under others. Any of them may be cut and have bits flipped, and
/// any may be missing.
///
/// It begins once. Every byte that passed by is told once and in its order; the spans of a message tile it; an opened
/// record is as long as what is told of it; and no more is told than there is in the bytes.
///
/// # Panics
/// Where that does not hold.
pub fn explain_session(input: &[u8]) {
    let mut choices = Choices::new(input);
    let suite = Suite::ALL[choices.below(Suite::ALL.len())];
    let bits = choices.byte();
    let keylog = keylog(suite, bits);
    let psks = if bits & 0x40 > 0 { vec![vec![9; 32].into()] } else { Vec::new() };
    let known = Known { keylog: &keylog, roots: None, psks: &psks };
    let pieces = Script::new(suite).pieces(&mut choices, bits & 0x80 > 0);

    let addr = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (mut told, mut given) = (Told::default(), Given::default());
    let tell = |event: Event| told.take(&event);
    let mut session = Session::new([addr(1), addr(2)], Duration::ZERO, known, tell);
    for (at, piece) in (0..).zip(&pieces) {
        let at = Duration::from_millis(at);
        match piece {
            Piece::Bytes(direction, bytes) => {
                given.bytes[*direction as usize].extend(bytes);
                session.bytes(*direction, at, bytes);
            }
            Piece::Missing(direction) => session.missing(*direction, at, None),
            Piece::End(direction) => session.end(*direction, at, Ending::Closed),
        }
        given.pieces += 1;
    }
    session.finish();
    told.assert_is(&given);
}

/// A key log with those of the secrets whose bits are set.
fn keylog(suite: Suite, bits: u8) -> KeyLog {
    let mut keylog = KeyLog::default();
    let random = hex::encode(RANDOM);
    for (number, label) in (0_u8..).zip(LABELS).filter(|(number, _)| bits >> number & 1 == 0) {
        let secret = hex::encode(bytes_of(suite, number));
        keylog.add(format!("{label} {random} {secret}\n").as_bytes());
    }
    keylog
}

/// The secret of a label, by its place.
fn bytes_of(suite: Suite, number: u8) -> Vec<u8> {
    vec![number + 1; suite.hash_len()]
}

/// A piece of a capture.
enum Piece {
    Bytes(Direction, Vec<u8>),
    Missing(Direction),
    End(Direction),
}

/// The maker of the pieces.
struct Script {
    suite: Suite,
    /// Of each secret of the key log, of the two of data after a `KeyUpdate`, and one of nobody.
    sealers: Vec<Sealer>,
}

impl Script {
    fn new(suite: Suite) -> Self {
        let secret = |number| {
            Secret::from_key_log(suite, &bytes_of(suite, number)).expect("it is as long as a hash")
        };
        let logged = (0..5).map(secret);
        let secrets = logged.chain([secret(3).next(), secret(4).next(), secret(5)]);
        Self { suite, sealers: secrets.map(|secret| Sealer::new(&secret)).collect() }
    }

    fn pieces(&mut self, choices: &mut Choices<'_>, is_agreed: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if is_agreed {
            let hellos = [self.client_hello(0), self.server_hello(0)].map(|hello| hello.encode());
            let [client, server] = hellos.map(|hello| record(22, &hello));
            pieces.push(Piece::Bytes(Direction::ToServer, client));
            pieces.push(Piece::Bytes(Direction::ToClient, server));
        }
        while pieces.len() < MAX_PIECES && !choices.is_empty() {
            let bits = choices.byte();
            let direction = if bits & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
            let mut bytes = match bits >> 1 & 7 {
                0 => some(choices).to_vec(),
                1 => record(choices.byte(), some(choices)),
                2 => record(22, &message(choices)),
                3 => record(22, &self.hello(direction, choices.byte())),
                4 | 5 => self.sealed(choices, |choices| some(choices).to_vec()),
                6 => self.sealed(choices, message),
                _ if bits & 0x10 > 0 => {
                    pieces.push(Piece::End(direction));
                    continue;
                }
                _ => {
                    pieces.push(Piece::Missing(direction));
                    continue;
                }
            };
            match bits >> 4 {
                12 => {
                    let at = choices.number();
                    let at = at.checked_rem(bytes.len()).unwrap_or_default();
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8));
                }
                13 => bytes.truncate(choices.number()),
                14 => {
                    let rest = bytes.split_off(choices.number().min(bytes.len()));
                    pieces.push(Piece::Bytes(direction, bytes));
                    bytes = rest;
                }
                15 => {
                    // A record of the other direction comes in the middle of it.
                    let rest = bytes.split_off(bytes.len() / 2);
                    let other = Role::sender(direction) == Role::Client;
                    let other = if other { Direction::ToClient } else { Direction::ToServer };
                    pieces.push(Piece::Bytes(direction, bytes));
                    let hello = self.hello(other, choices.byte());
                    pieces.push(Piece::Bytes(other, record(22, &hello)));
                    bytes = rest;
                }
                _ => {}
            }
            pieces.push(Piece::Bytes(direction, bytes));
        }
        pieces
    }

    /// The Hello of a side.
    fn hello(&self, direction: Direction, bits: u8) -> Vec<u8> {
        match direction {
            Direction::ToServer => self.client_hello(bits).encode(),
            Direction::ToClient => self.server_hello(bits).encode(),
        }
    }

    fn client_hello(&self, bits: u8) -> HandshakeMessage {
        let group = if bits & 1 == 0 { 29 } else { 23 };
        let mut extensions = vec![
            Extension::ServerName(Some("localhost".to_owned())),
            Extension::SupportedVersions(vec![0x0304]),
            Extension::SupportedGroups(vec![29, 23]),
            Extension::KeyShares(vec![share(group)]),
        ];
        if bits & 2 > 0 {
            extensions.push(Extension::Other { kind: 42, body: Vec::new() });
        }
        if bits & 4 > 0 {
            let binder = vec![8; self.suite.hash_len()];
            let len = u8::try_from(binder.len()).unwrap_or_default();
            let identity = [0, 7, 0, 1, b'a', 0, 0, 0, 0];
            let body = [&identity[..], &[0, len + 1, len], &binder].concat();
            extensions.push(Extension::Other { kind: 41, body });
        }
        let random = if bits & 8 > 0 { [8; 32] } else { RANDOM };
        HandshakeMessage::ClientHello(ClientHello {
            legacy_version: 0x0303,
            random,
            legacy_session_id: vec![bits >> 7; 4],
            cipher_suites: Suite::ALL.map(Suite::id).to_vec(),
            legacy_compression_methods: vec![0],
            extensions,
        })
    }

    fn server_hello(&self, bits: u8) -> HandshakeMessage {
        let version = if bits & 8 > 0 { 0x0303 } else { 0x0304 };
        let mut extensions = vec![Extension::SelectedVersion(version)];
        let group = if bits & 1 == 0 { 29 } else { 23 };
        let is_retry = bits & 2 > 0;
        extensions.push(if is_retry {
            Extension::SelectedGroup(group)
        } else {
            Extension::KeyShare(share(group))
        });
        HandshakeMessage::ServerHello(ServerHello {
            legacy_version: 0x0303,
            random: if is_retry { RETRY_RANDOM } else { [6; 32] },
            legacy_session_id_echo: vec![bits >> 7; 4],
            cipher_suite: if bits & 4 > 0 { u16::from(bits) } else { self.suite.id() },
            legacy_compression_method: 0,
            extensions,
        })
    }

    fn sealed(
        &mut self,
        choices: &mut Choices<'_>,
        content: impl Fn(&mut Choices<'_>) -> Vec<u8>,
    ) -> Vec<u8> {
        let sealer = choices.below(self.sealers.len());
        let kind = KINDS[choices.below(KINDS.len())];
        let padding = choices.below(8);
        let content = content(choices);
        let len = content.len() + padding + OVERHEAD;
        let mut record = [&[23, 3, 3][..], &length(len)].concat();
        let header = record.clone();
        let sealed = self.sealers[sealer].seal(&header, (kind, &content), padding, &mut record);
        sealed.expect("it is short");
        record
    }
}

fn share(group: u16) -> KeyShareEntry {
    KeyShareEntry { group, key_exchange: vec![5; 32] }
}

/// Takes as many bytes as the first says, or as are left.
fn some<'i>(choices: &mut Choices<'i>) -> &'i [u8] {
    let len = choices.byte();
    choices.bytes(len.into())
}

fn length(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("it is short").to_be_bytes()
}

/// A record in the clear.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &length(content.len())[..], content].concat()
}

/// The input: all pieces, and the bytes of each direction.
#[derive(Default)]
struct Given {
    pieces: usize,
    bytes: [Vec<u8>; 2],
}

/// The output: all that is told.
#[derive(Default)]
struct Told {
    events: usize,
    /// Bytes that are told, those of records and of what is in them.
    len: usize,
    passed: [Vec<u8>; 2],
    /// Whether a part of a message was told last, by who sent it.
    has_begun: [bool; 2],
    /// The record that is being told, of either side.
    record: Option<OpenedRecord>,
}

/// An opened record, as it is told.
struct OpenedRecord {
    sender: Role,
    payload: Vec<u8>,
    padding: usize,
    /// Bytes of its first message, and whether some of them may be in the records before.
    first: usize,
    may_go_on: bool,
    /// Bytes of what is behind it.
    behind: usize,
}

impl Told {
    fn take(&mut self, event: &Event) {
        let is_first = self.events == 0;
        self.events += 1;
        assert_eq!(is_first, matches!(event.kind, EventKind::Captured { .. }));
        let role = event.role;
        match &event.kind {
            EventKind::Handshake(told) => {
                let end = told.spans.iter().fold(0, |at, span| {
                    assert_eq!(span.offset, at, "{}", told.step);
                    at + span.len
                });
                assert_eq!(end, told.message.len(), "{}", told.step);
                self.content(role, &told.message, told.record.as_deref(), told.opened.as_ref());
                self.has_begun[role as usize] = false;
            }
            EventKind::Fragment { bytes, record, opened, .. } => {
                self.has_begun[role as usize] &= record.is_none();
                self.content(role, bytes, record.as_deref(), opened.as_ref());
                self.has_begun[role as usize] = true;
            }
            EventKind::Sent(told) => {
                let payload = told.opened.as_ref().map(|_| &*told.record);
                self.has_begun[role as usize] = false;
                self.content(role, &told.plaintext, payload, told.opened.as_ref());
            }
            EventKind::Chunk { direction, bytes, .. } => {
                self.len += bytes.len();
                self.passed[*direction as usize].extend(&**bytes);
                if let Some(record) = self.record.take() {
                    record.assert_is(Role::sender(*direction), bytes);
                }
            }
            EventKind::Rejected { record, .. } => {
                self.len += record.as_ref().map_or(0, |record| record.len());
            }
            EventKind::Derived { .. }
            | EventKind::Captured { .. }
            | EventKind::Check { .. }
            | EventKind::Missing { .. }
            | EventKind::End { .. } => {
                assert!(self.record.is_none(), "it stands between a record and what is in it");
            }
            other => panic!("nobody can know it: {other:?}"),
        }
    }

    /// Takes what is in a record.
    fn content(
        &mut self,
        sender: Role,
        content: &[u8],
        payload: Option<&[u8]>,
        opened: Option<&Opened>,
    ) {
        self.len += content.len() + payload.map_or(0, <[u8]>::len);
        assert_eq!(payload.is_some(), opened.is_some());
        match (&mut self.record, payload.zip(opened)) {
            (Some(record), None) => {
                assert_eq!(record.sender, sender);
                record.behind += content.len();
            }
            (None, Some((payload, opened))) => {
                self.record = Some(OpenedRecord {
                    sender,
                    payload: payload.to_vec(),
                    padding: opened.padding,
                    first: content.len(),
                    may_go_on: self.has_begun[sender as usize],
                    behind: 0,
                });
            }
            (None, None) => {}
            (Some(_), Some(_)) => panic!("two records, and only one can pass by next"),
        }
    }

    fn assert_is(&self, given: &Given) {
        assert!(self.record.is_none());
        assert_eq!(self.passed, given.bytes);
        let len: usize = given.bytes.iter().map(Vec::len).sum();
        // A message is four bytes long at least, and a record five. Neither is told in more than two events, but once.
        let most = 16 + 4 * given.pieces + len / 2;
        assert!(self.events <= most, "{} events of {len} bytes", self.events);
        // As a part of a message and as a whole one, as a record, and as it passed by.
        assert!(self.len <= 4 * len, "{} bytes out of {len}", self.len);
    }
}

impl OpenedRecord {
    /// Makes sure that it is as long as what is in it.
    fn assert_is(&self, sender: Role, wire: &[u8]) {
        assert_eq!(self.sender, sender);
        assert_eq!(wire.get(HEADER_LEN..), Some(&self.payload[..]));
        let least = self.behind + self.padding + OVERHEAD;
        if self.may_go_on {
            assert!((least..=least + self.first).contains(&self.payload.len()));
        } else {
            assert_eq!(self.payload.len(), least + self.first);
        }
    }
}
