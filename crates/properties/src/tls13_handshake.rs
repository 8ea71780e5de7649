use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use certificates::{Roots, ServerName};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::SigningKey;
use crypto::tls13::suite::Suite;
use messages::tls13::HandshakeMessage;
use tls::{Agreed, ClientConfig, Credentials, ServerConfig, TlsError, TlsStream};

use crate::Choices;
use crate::certificates::{KNOWN, VECTORS};

/// The most that either side sends in bytes: its certificates and a few records.
const MAX_SENT: usize = 16 * 1_024;
/// What the client says, and what the server answers.
const PING: &[u8] = b"ping";
const PONG: &[u8] = b"pong";
/// Length of a record's header in bytes.
const HEADER_LEN: usize = 5;
/// A record that means nothing during the handshake.
const CHANGE: [u8; 6] = [20, 3, 3, 0, 1, 1];

static ROOTS: LazyLock<Roots> =
    LazyLock::new(|| Roots::from_der(vec![KNOWN[2].clone()]).expect("a root"));
static ED25519: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials("ed leaf", "ed25519"));
static P256: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials("ec leaf", "ec"));
/// One that does not say that it is for servers only. It is an RSA key, which takes long.
static OF_CLIENT: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials("no eku", "server"));

fn credentials(leaf: &str, key: &str) -> Arc<Credentials> {
    let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap_or_default());
    let leaf = bytes(&VECTORS["certificates"][leaf]["der"]).expect("it is hex");
    let key = bytes(&VECTORS["keys"][key]).expect("it is hex");
    let key = SigningKey::from_pkcs8(&key).expect("a key");
    Arc::new(Credentials { certificates: vec![leaf, KNOWN[1].clone()], key })
}

/// A client and a server make a connection and say a word each, and someone between them changes their records, drops,
/// repeats, swaps and cuts them, and puts in others. Or there is only one of them, and the other's bytes are any.
///
/// Who says that it went well got every word of the other, and agreed with it on everything. Nothing that was changed in a
/// way that counts goes through at the one it was sent to, and whatever does not count, like the edges of records in the
/// clear, is no reason to fail. Nobody waits for ever, or sends without end.
///
/// # Panics
/// Where that does not hold.
pub fn tls13_handshake(input: &[u8]) {
    let mut choices = Choices::new(input);
    let setup = Setup::new(&mut choices);
    match choices.below(4) {
        0 => alone(&setup, &mut choices),
        _ => between(&setup, &mut choices),
    }
}

/// What the two sides have beforehand.
struct Setup {
    client: ClientConfig,
    server: ServerConfig,
}

impl Setup {
    fn new(choices: &mut Choices<'_>) -> Self {
        let bits = choices.byte();
        let key = if bits & 1 == 0 { &ED25519 } else { &P256 };
        let mut client = ClientConfig::new(ROOTS.clone());
        let mut server = ServerConfig::new(LazyLock::force(key).clone());
        client.suites = vec![Suite::ALL[usize::from(bits >> 1 & 3) % Suite::ALL.len()]];
        // Least often those that take long; and once without a key for the group that the server wants.
        (client.groups, server.groups) = match bits >> 3 & 7 {
            0..=3 => (vec![Group::X25519], vec![Group::X25519]),
            4 => (Group::ALL.to_vec(), vec![Group::Secp256r1]),
            5 => (vec![Group::Secp256r1], vec![Group::Secp256r1]),
            6 => (vec![Group::X25519, Group::Secp256r1], vec![Group::Secp256r1]),
            _ => (Group::ALL.to_vec(), Group::ALL.to_vec()),
        };
        if bits & 0x40 > 0 {
            client.protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            server.protocols = vec![b"http/1.1".to_vec()];
        }
        if bits >> 5 == 7 {
            server.client_roots = Some(ROOTS.clone());
            client.credentials = Some(OF_CLIENT.clone());
        }
        Self { client, server }
    }

    fn client(&self, stream: Stream) -> Outcome {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut stream = tls::connect(stream, &name, &self.client)?;
        stream.write(PING)?;
        stream.update_keys(true)?;
        stream.write(PING)?;
        assert_eq!(read_to_end(&mut stream)?, [PONG, PONG].concat());
        stream.close()?;
        Ok(finished(stream))
    }

    fn server(&self, stream: Stream) -> Outcome {
        let mut stream = tls::accept(stream, &self.server)?;
        for _ in 0..2 {
            let mut word = [0; 100];
            let len = stream.read(&mut word)?;
            assert_eq!(word.get(..len), Some(PING));
            stream.write(PONG)?;
        }
        stream.close()?;
        assert_eq!(read_to_end(&mut stream)?, b"");
        Ok(finished(stream))
    }
}

/// What a side agreed on, and a key that both can export.
type Outcome = Result<(Agreed, [u8; 32]), TlsError>;

fn finished(stream: TlsStream<Stream>) -> (Agreed, [u8; 32]) {
    let mut key = [0; 32];
    stream.export("EXPORTER-property", b"", &mut key);
    (stream.agreed, key)
}

fn read_to_end(stream: &mut TlsStream<Stream>) -> Result<Vec<u8>, TlsError> {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(all),
            len => all.extend_from_slice(&buffer[..len]),
        }
    }
}

/// One side, and a peer that sends any bytes: records in the clear of any content, or none at all.
fn alone(setup: &Setup, choices: &mut Choices<'_>) {
    let is_client = choices.below(3) == 0;
    let mut incoming = Vec::new();
    for _ in 0..choices.below(5) {
        let (kind, payload) = match choices.below(5) {
            0 => (choices.byte(), choices.bytes(20).to_vec()),
            1 => (CHANGE[0], vec![1]),
            2 => (21, choices.bytes(2).to_vec()),
            _ => (22, crate::tls13_messages::message(choices)),
        };
        let len = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
        incoming.extend([&[kind, 3, choices.byte()][..], &len, &payload].concat());
    }
    incoming.extend(choices.rest());
    let net = Arc::new(Net::default());
    net.lock().queues[usize::from(!is_client)].extend(&incoming);
    net.lock().is_gone[usize::from(is_client)] = true;
    let stream = Stream { net: net.clone(), side: usize::from(!is_client) };
    let outcome = if is_client { setup.client(stream) } else { setup.server(stream) };
    // No such peer has a key.
    let error = outcome.expect_err("it cannot go through");
    assert!(!error.to_string().is_empty());
    assert_sent(&net.lock().sent[usize::from(!is_client)], error.alert());
}

/// Makes sure that a side that has failed sent whole records of known types, and at the end why.
fn assert_sent(mut sent: &[u8], alert: Option<u8>) {
    assert!(sent.len() <= MAX_SENT);
    let mut last = None;
    while let Some((record, rest)) = first(sent) {
        assert!((20..=23).contains(&record[0]) && record[1..3] == [3, 3]);
        (last, sent) = (Some(record), rest);
    }
    assert!(sent.is_empty());
    let last = last.unwrap_or_default();
    match alert {
        Some(alert) => assert!(last[HEADER_LEN..] == [2, alert] || last[0] == 23),
        None => assert!(last.is_empty() || last[0] != 21),
    }
}

/// The first record of these bytes, header and all, and what stands behind it.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = u16::from_be_bytes([*bytes.get(3)?, *bytes.get(4)?]);
    bytes.split_at_checked(HEADER_LEN + usize::from(len))
}

/// Both sides, each in a thread, and someone between them.
fn between(setup: &Setup, choices: &mut Choices<'_>) {
    let changes: Vec<_> = (0..choices.below(3)).map(|_| Change::new(choices)).collect();
    let net = Arc::new(Net::default());
    net.lock().changes = changes;
    let [client, server] = [0, 1].map(|side| Stream { net: net.clone(), side });
    let (client, server) = thread::scope(|scope| {
        let server = scope.spawn(|| {
            let outcome = setup.server(server);
            net.leave(1);
            outcome
        });
        let client = setup.client(client);
        net.leave(0);
        (client, server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let state = net.lock();
    assert!(state.sent.iter().all(|sent| sent.len() <= MAX_SENT));
    let [to_server, to_client] = state.marks;
    assert!(client.is_err() || to_client < Mark::Counts, "{:?}", state.changes);
    assert!(server.is_err() || to_server < Mark::Counts, "{:?}", state.changes);
    if to_server < Mark::MayCount && to_client < Mark::MayCount {
        assert!(client.is_ok() && server.is_ok(), "{:?} {:?}", client.err(), server.err());
    }
    if let (Ok((ours, our_key)), Ok((theirs, their_key))) = (client, server) {
        assert_eq!(our_key, their_key);
        assert_eq!((ours.suite, ours.group), (theirs.suite, theirs.group));
        assert_eq!((ours.scheme, ours.retried), (theirs.scheme, theirs.retried));
        assert_eq!((ours.protocol, ours.name), (theirs.protocol, theirs.name));
        assert_eq!(ours.certificates, setup.server.credentials.certificates);
        let of_client = setup.server.client_roots.is_some().then_some(&OF_CLIENT.certificates);
        assert_eq!(theirs.certificates, of_client.cloned().unwrap_or_default());
    }
}

/// How much what was done to a direction counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// Nothing was done.
    #[default]
    Untouched,
    /// Nothing that matters.
    Harmless,
    /// It depends.
    MayCount,
    /// It must not go through.
    Counts,
}

/// What is done to one record of a direction.
#[derive(Clone, Debug)]
struct Change {
    direction: usize,
    number: usize,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    Flip(usize, u8),
    Drop,
    Repeat,
    Split(usize),
    Cut(usize),
    Insert(Vec<u8>),
    /// Sends it behind the next one.
    Hold,
}

impl Change {
    fn new(choices: &mut Choices<'_>) -> Self {
        let (direction, number) = (choices.below(2), choices.below(12));
        let at = choices.number();
        let act = match choices.below(8) {
            0 | 1 => Act::Flip(at, choices.byte()),
            2 => Act::Drop,
            3 => Act::Repeat,
            4 => Act::Split(at),
            5 => Act::Cut(at),
            6 => {
                let len = choices.byte() % 64;
                Act::Insert(choices.bytes(len.into()).to_vec())
            }
            _ => Act::Hold,
        };
        Self { direction, number, act }
    }

    /// Does it to a record. Returns what arrives instead, and how much that counts.
    fn apply(&self, record: &[u8], state: &mut Between) -> (Vec<u8>, Mark) {
        let is_change = record == CHANGE;
        let is_clear = record[0] == 22;
        // An alert: there may be nobody who reads on behind it.
        let may_be_last = record[0] == 21 || record.len() == HEADER_LEN + 2 + 1 + 16;
        let counts = if is_change { Mark::Harmless } else { Mark::Counts };
        let may_count = |it| if it { Mark::MayCount } else { Mark::Counts };
        match &self.act {
            Act::Flip(_, 0) => (record.to_vec(), Mark::Untouched),
            Act::Flip(at, change) => {
                let mut record = record.to_vec();
                let at = at % record.len();
                record[at] ^= change;
                // The version of a record in the clear says nothing; an alert in the clear nobody can vouch for.
                let is_version = (1..3).contains(&at) && (is_clear || is_change);
                let mark = if is_version { Mark::Harmless } else { may_count(record[0] == 21) };
                (record, if is_change && !is_version { Mark::MayCount } else { mark })
            }
            Act::Drop => (vec![], if record[0] == 21 { Mark::MayCount } else { counts }),
            Act::Repeat => {
                let mark = if is_change { Mark::Harmless } else { may_count(may_be_last) };
                (record.repeat(2), mark)
            }
            Act::Split(at) => {
                let payload = &record[HEADER_LEN..];
                let (front, back) = payload.split_at(at % (payload.len() + 1));
                let parts = [front, back].map(|part| {
                    let len = u16::try_from(part.len()).unwrap_or_default().to_be_bytes();
                    [&record[..3], &len, part].concat()
                });
                let has_both = !front.is_empty() && !back.is_empty();
                let is_harmless = is_clear && has_both && is_message(payload);
                let mark = if is_harmless { Mark::Harmless } else { Mark::MayCount };
                (parts.concat(), if record[0] == 23 { Mark::Counts } else { mark })
            }
            Act::Cut(at) => {
                state.is_cut[self.direction] = true;
                let len = at % record.len();
                // Behind the last record nothing is missing.
                (record[..len].to_vec(), may_count(record[0] == 21))
            }
            Act::Insert(bytes) if bytes.is_empty() => (record.to_vec(), Mark::Untouched),
            Act::Insert(bytes) => ([bytes, record].concat(), Mark::MayCount),
            Act::Hold => {
                state.held[self.direction] = record.to_vec();
                (vec![], Mark::MayCount)
            }
        }
    }
}

/// Returns whether bytes in the clear are a message from its first to its last.
fn is_message(payload: &[u8]) -> bool {
    HandshakeMessage::decode(payload).is_ok()
}

/// Whoever is between the two, and what it has seen.
#[derive(Default)]
struct Between {
    changes: Vec<Change>,
    /// What has arrived for the server, and for the client: that is, by who reads it.
    queues: [VecDeque<u8>; 2],
    /// By who wrote it: everything, bytes of a record that is not over, records so far.
    sent: [Vec<u8>; 2],
    partial: [Vec<u8>; 2],
    numbers: [usize; 2],
    marks: [Mark; 2],
    held: [Vec<u8>; 2],
    is_cut: [bool; 2],
    /// By side: whether it waits for bytes, and whether it reads and writes no more.
    is_waiting: [bool; 2],
    is_gone: [bool; 2],
}

impl Between {
    /// Passes on what a side has written, record by record.
    fn pass(&mut self, side: usize, bytes: &[u8]) {
        self.sent[side].extend(bytes);
        self.partial[side].extend(bytes);
        loop {
            let partial = std::mem::take(&mut self.partial[side]);
            let Some((record, rest)) = first(&partial) else {
                self.partial[side] = partial;
                break;
            };
            self.partial[side] = rest.to_vec();
            let number = self.numbers[side];
            self.numbers[side] += 1;
            let held = std::mem::take(&mut self.held[side]);
            let arrives = self.changed(side, number, record);
            self.deliver(side, &arrives);
            self.deliver(side, &held);
        }
    }

    fn changed(&mut self, side: usize, number: usize, record: &[u8]) -> Vec<u8> {
        if self.is_cut[side] {
            return vec![];
        }
        let mut changes = self.changes.clone().into_iter();
        let Some(change) = changes.find(|it| (it.direction, it.number) == (side, number)) else {
            return record.to_vec();
        };
        let (arrives, mark) = change.apply(record, self);
        self.marks[side] = self.marks[side].max(mark);
        arrives
    }

    fn deliver(&mut self, from: usize, bytes: &[u8]) {
        self.queues[1 - from].extend(bytes);
    }
}

/// A stream between two threads that ends where both would wait for ever.
#[derive(Default)]
struct Net {
    state: Mutex<Between>,
    changed: Condvar,
}

impl Net {
    fn lock(&self) -> MutexGuard<'_, Between> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a side reads and writes no more.
    fn leave(&self, side: usize) {
        self.lock().is_gone[side] = true;
        self.changed.notify_all();
    }
}

/// The end of one side: 0 is the client, 1 the server.
struct Stream {
    net: Arc<Net>,
    side: usize,
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        Self { net: self.net.clone(), side: self.side }
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let (side, peer) = (self.side, 1 - self.side);
        let mut state = self.net.lock();
        state.is_waiting[side] = true;
        self.net.changed.notify_all();
        loop {
            if !state.queues[side].is_empty() {
                state.is_waiting[side] = false;
                return state.queues[side].read(room);
            }
            // What is held comes when nothing else does any more.
            let peer_waits = state.is_waiting[peer] && state.queues[peer].is_empty();
            if state.is_gone[peer] || peer_waits {
                let held = std::mem::take(&mut state.held[peer]);
                if held.is_empty() {
                    state.is_waiting[side] = false;
                    return Ok(0);
                }
                state.queues[side].extend(held);
                continue;
            }
            state = self.net.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.net.lock().pass(self.side, bytes);
        self.net.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
