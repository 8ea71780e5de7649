//! What the messages of a handshake settle, and the checks that they allow.

use std::time::Duration;

use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use framing::Direction;
use messages::tls13::{
    Certificate, CertificateRequest, CertificateVerify, ClientHello, Extension, HandshakeMessage,
    HandshakeType, ServerHello, names,
};
use transcript::{EventKind, Role};

use super::check::{either, fails, not_made};
use super::identity::Chain;
use super::keys::{Epoch, Key, Keys};
use super::sides::Sides;
use super::{Known, binders, hellos};
use crate::keylog::Secrets;

/// `EndOfEarlyData`, which is always the same.
const END_OF_EARLY_DATA: [u8; 4] = [5, 0, 0, 0];

/// The number of a `CompressedCertificate`.
const COMPRESSED: u8 = 25;

/// The most questions for a client's certificate after the handshake that are remembered.
const MAX_REQUESTS: usize = 16;

/// The most Hellos of a client that are listened to: the first, and the one that was asked for.
const MAX_HELLOS: usize = 2;

/// How far a handshake has come.
pub struct Handshake<'k> {
    known: Known<'k>,
    /// The time at which certificates have to be valid.
    now: Duration,
    secrets: Option<&'k Secrets>,
    /// ClientHello, and the second one if there is one.
    hellos: Vec<ClientHello>,
    retry: Option<ServerHello>,
    /// The ClientHello until the suite is known, and so the hash.
    said: Vec<u8>,
    transcript: Option<Transcript>,
    /// The reason that the hash of all that was said is not known.
    torn: Option<&'static str>,
    suite: Option<u16>,
    /// What is known of the version: `None` before the ServerHello.
    is_tls13: Option<bool>,
    /// Whether the keys of both directions are there.
    has_keys: bool,
    /// Whether the server takes early data, and the client has not said yet that this is over.
    is_early: bool,
    /// Whether the client, the server sends a bare key for a certificate.
    has_raw_key: Sides<bool>,
    /// What the client, the server sent.
    chains: Sides<Chain>,
    /// Whether the client, the server has said Finished.
    is_done: Sides<bool>,
    /// The contexts of questions for a certificate after the handshake, and all that was said for each.
    requests: Vec<(Vec<u8>, Transcript)>,
    /// The place among them of the one that is being answered.
    answering: Option<usize>,
}

/// The keys of what the client, the server sends.
pub type Both = Sides<Keys>;

impl<'k> Handshake<'k> {
    /// A handshake that begins.
    pub fn new(known: Known<'k>, now: Duration) -> Self {
        Self {
            known,
            now,
            secrets: None,
            hellos: Vec::new(),
            retry: None,
            said: Vec::new(),
            transcript: None,
            torn: None,
            suite: None,
            is_tls13: None,
            has_keys: false,
            is_early: false,
            has_raw_key: Sides::default(),
            chains: Sides::default(),
            is_done: Sides::default(),
            requests: Vec::new(),
            answering: None,
        }
    }

    /// Returns whether TLS 1.3 was agreed on; `None` before that is known.
    pub fn is_tls13(&self) -> Option<bool> {
        self.is_tls13
    }

    /// Takes note that messages of the handshake are not known, and why.
    pub fn tear(&mut self, why: &'static str) {
        if !(self.is_done.client && self.is_done.server) {
            self.torn.get_or_insert(why);
        }
    }

    /// Takes a whole message, type and length in front, from whoever sends in this direction. `is_sealed` says whether it
    /// was encrypted. Returns what it settles, and what was checked.
    pub fn take(
        &mut self,
        direction: Direction,
        message: &[u8],
        is_sealed: bool,
        keys: &mut Both,
    ) -> Vec<EventKind> {
        let from = Role::sender(direction);
        let kind = message.first().copied().unwrap_or_default();
        let name = HandshakeType(kind).name();
        if is_sealed == matches!(kind, 1 | 2) {
            let how = if is_sealed { "encrypted" } else { "in the clear" };
            let message =
                format!("it came {how}: nobody may send it so, and a receiver has to refuse it");
            return vec![fails(from, name, message)];
        }
        let is_from_server = matches!(kind, 2 | 4 | 8 | 13);
        if (is_from_server && from == Role::Client)
            || (matches!(kind, 1 | 5) && from == Role::Server)
        {
            let message = format!("the {from} may not send it: a receiver has to refuse it");
            return vec![fails(from, name, message)];
        }
        match HandshakeMessage::decode(message) {
            Ok(decoded) => self.decoded(from, decoded, message, keys),
            Err(_) if message == END_OF_EARLY_DATA => {
                self.is_early = false;
                self.add(from, message);
                keys.of_mut(from).advance_from(Epoch::Early);
                Vec::new()
            }
            Err(_) if kind == COMPRESSED => {
                self.add(from, message);
                *self.chains.of_mut(from) = Chain::Compressed;
                vec![self.check_chain(from)]
            }
            Err(error) => {
                self.add(from, message);
                vec![fails(from, name, format!("{error}: a receiver has to refuse it"))]
            }
        }
    }

    fn decoded(
        &mut self,
        from: Role,
        decoded: HandshakeMessage,
        message: &[u8],
        keys: &mut Both,
    ) -> Vec<EventKind> {
        // The client ends its early data under a key that need not be in the key log: what it says is known all the same.
        if from == Role::Client && std::mem::take(&mut self.is_early) {
            self.add(from, &END_OF_EARLY_DATA);
        }
        let events = match decoded {
            HandshakeMessage::ClientHello(hello) => {
                return self.client_hello(hello, message, keys);
            }
            HandshakeMessage::ServerHello(hello) if hello.is_retry_request() => {
                return self.retry(hello, message);
            }
            HandshakeMessage::ServerHello(hello) => {
                return self.server_hello(&hello, message, keys);
            }
            HandshakeMessage::CertificateRequest(request) if self.is_done.client => {
                self.late_request(&request, message);
                return Vec::new();
            }
            HandshakeMessage::Finished(verify_data) => {
                return self.finished(from, &verify_data, message, keys);
            }
            // They are no part of the handshake, whenever they come.
            HandshakeMessage::NewSessionTicket(_) => return Vec::new(),
            HandshakeMessage::KeyUpdate { .. } => return update(from, keys),
            HandshakeMessage::EncryptedExtensions(extensions) => {
                self.encrypted_extensions(&extensions);
                Vec::new()
            }
            HandshakeMessage::Certificate(certificate) => {
                self.certificate(from, certificate);
                vec![self.check_chain(from)]
            }
            HandshakeMessage::CertificateVerify(verify) => vec![self.signature(from, &verify)],
            HandshakeMessage::CertificateRequest(_) => Vec::new(),
        };
        self.add(from, message);
        events
    }

    /// Adds a message to the hash of all that was said: up to a side's Finished, and to an answer after that.
    fn add(&mut self, from: Role, message: &[u8]) {
        if *self.is_done.of(from) {
            let answered = self.answering.and_then(|index| self.requests.get_mut(index));
            if let (Role::Client, Some((_, transcript))) = (from, answered) {
                transcript.add(message);
            }
            return;
        }
        match &mut self.transcript {
            Some(transcript) => transcript.add(message),
            None => self.said.extend_from_slice(message),
        }
    }

    fn client_hello(
        &mut self,
        hello: ClientHello,
        message: &[u8],
        keys: &mut Both,
    ) -> Vec<EventKind> {
        let is_second = self.retry.is_some();
        if self.hellos.len() != usize::from(is_second) || self.hellos.len() >= MAX_HELLOS {
            let message = "nobody has asked for another: a receiver has to refuse it";
            return vec![fails(Role::Client, "ClientHello", message)];
        }
        let mut events = Vec::new();
        if let (Some(first), Some(retry)) = (self.hellos.first(), &self.retry) {
            events.push(hellos::second(&hello, first, retry));
            keys.of_mut(Role::Client).advance_from(Epoch::Early);
        }
        events.extend(binders::check(&hello, message, self.transcript.as_ref(), self.known.psks));
        self.secrets = self.known.keylog.of(&hello.random);
        self.add(Role::Client, message);
        let has_early = hellos::has_early_data(&hello.extensions);
        self.hellos.push(hello);
        if has_early && !is_second && self.secrets.is_some() {
            let key = self.key(Role::Client, Epoch::Early);
            let from = "made of the Early Secret (of the key from before), which no key log has, and the hash of the ClientHello";
            events.extend(derived(&key, Direction::ToServer, from));
            keys.of_mut(Role::Client).add(key);
        }
        events
    }

    /// The server asks for another ClientHello. It has chosen the suite, and so the hash.
    fn retry(&mut self, hello: ServerHello, message: &[u8]) -> Vec<EventKind> {
        let Some(client) = self.hellos.first() else { return self.without_client_hello() };
        if self.retry.is_some() || self.is_tls13.is_some() {
            let message = "there may be one at most: a receiver has to refuse it";
            return vec![fails(Role::Server, "HelloRetryRequest", message)];
        }
        let events = hellos::answer(&hello, client);
        self.begin(&hello);
        if let Some(transcript) = &mut self.transcript {
            transcript.retry();
        }
        self.retry = Some(hello);
        self.add(Role::Server, message);
        events
    }

    fn server_hello(
        &mut self,
        hello: &ServerHello,
        message: &[u8],
        keys: &mut Both,
    ) -> Vec<EventKind> {
        if self.is_tls13.is_some() {
            let message = "there may be one: a receiver has to refuse it";
            return vec![fails(Role::Server, "ServerHello", message)];
        }
        let version = hellos::version(hello);
        self.is_tls13 = Some(version == names::TLS13);
        if version != names::TLS13 {
            let version = names::version(version);
            let message =
                format!("{version} was agreed on. It is recognised here, and not explained");
            let mut events = vec![not_made(None, "version", message)];
            events.extend(self.hellos.last().map(|client| hellos::downgrade(hello, client)));
            return events;
        }
        let Some(client) = self.hellos.last() else { return self.without_client_hello() };
        let mut events = hellos::answer(hello, client);
        events.extend(self.retry.as_ref().map(|retry| hellos::after_retry(hello, retry)));
        self.begin(hello);
        self.add(Role::Server, message);
        if Suite::find(hello.cipher_suite).is_none() {
            let suite = names::suite(hello.cipher_suite);
            let message = format!(
                "{suite} is not among the suites that can be opened here: its records stay closed"
            );
            events.push(not_made(None, "cipher suite", message));
            return events;
        }
        events.extend(self.handshake_keys(hello, keys));
        events
    }

    fn without_client_hello(&mut self) -> Vec<EventKind> {
        self.tear("there is no ClientHello in the capture");
        Vec::new()
    }

    fn begin(&mut self, hello: &ServerHello) {
        self.suite = Some(hello.cipher_suite);
        if let (None, Some(suite)) = (&self.transcript, Suite::find(hello.cipher_suite)) {
            let mut transcript = Transcript::new(suite);
            transcript.add(&std::mem::take(&mut self.said));
            self.transcript = Some(transcript);
        }
    }

    /// The keys that a key log has, once it is known for which suite.
    fn handshake_keys(&mut self, hello: &ServerHello, keys: &mut Both) -> Vec<EventKind> {
        let has_psk = hellos::has(&hello.extensions, messages::tls13::psk::PRE_SHARED_KEY);
        let of = match (hellos::has(&hello.extensions, 51), has_psk) {
            (true, true) => "the ECDHE secret and a key from before",
            (false, true) => "a key from before alone",
            _ => "the ECDHE secret",
        };
        let from = format!(
            "made of the Handshake Secret (of {of}), which no key log has, and the hash of ClientHello to ServerHello"
        );
        let mut events = Vec::new();
        if self.secrets.is_some() && !std::mem::replace(&mut self.has_keys, true) {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let side = Role::sender(direction);
                let key = self.key(side, Epoch::Handshake);
                events.extend(derived(&key, direction, &from));
                let later = self.key(side, Epoch::Application(0));
                keys.of_mut(side).add(key);
                keys.of_mut(side).add(later);
            }
        }
        events
    }

    /// Makes the keys of both directions for whatever suite the server may have chosen, where its ServerHello is not in
    /// the capture: the tag of a record tells which it is.
    pub fn guess(&mut self, keys: &mut Both) -> Vec<EventKind> {
        if self.is_tls13.is_some() || self.has_keys || self.secrets.is_none() {
            return Vec::new();
        }
        self.has_keys = true;
        self.torn = Some("the ServerHello is not in the capture");
        for side in [Role::Client, Role::Server] {
            for epoch in [Epoch::Handshake, Epoch::Application(0)] {
                let key = self.key(side, epoch);
                keys.of_mut(side).add(key);
            }
        }
        let message = "it is not in the capture: which suite was chosen is found out by trying those that were offered";
        vec![not_made(Role::Server, "ServerHello", message)]
    }

    /// A key of the key log, for the suite that was chosen, or for each that was offered.
    fn key(&self, side: Role, epoch: Epoch) -> Key {
        let (name, label) = match epoch {
            Epoch::Early => ("early_traffic_secret", "EARLY_TRAFFIC_SECRET"),
            Epoch::Handshake => ("handshake_traffic_secret", "HANDSHAKE_TRAFFIC_SECRET"),
            Epoch::Application(_) => ("application_traffic_secret_0", "TRAFFIC_SECRET_0"),
        };
        let label = format!("{}_{label}", side.to_string().to_uppercase());
        let secrets = self.secrets(&label).collect();
        Key::new(format!("{side}_{name}"), label, epoch, secrets)
    }

    fn secrets<'s>(&'s self, label: &str) -> impl Iterator<Item = Secret> + 's {
        let logged = self.secrets.and_then(|secrets| secrets.get(label));
        let offered = self.hellos.last().map_or(&[][..], |hello| &hello.cipher_suites);
        let may_be = move |suite: &Suite| match self.suite {
            Some(chosen) => suite.id() == chosen,
            None => offered.contains(&suite.id()),
        };
        let suites = Suite::ALL.into_iter().filter(may_be);
        suites.filter_map(move |suite| Secret::from_key_log(suite, logged?))
    }

    fn encrypted_extensions(&mut self, extensions: &[Extension]) {
        self.is_early = hellos::has_early_data(extensions);
        let chose_raw = |kind| extensions.contains(&Extension::Other { kind, body: vec![2] });
        self.has_raw_key = Sides { client: chose_raw(19), server: chose_raw(20) };
    }

    fn certificate(&mut self, from: Role, certificate: Certificate) {
        if *self.is_done.of(from) {
            let is_it = |(context, _): &(Vec<u8>, _)| *context == certificate.context;
            self.answering = self.requests.iter().position(is_it);
        }
        let chain = certificate.certificates.into_iter().map(|entry| entry.der).collect();
        let is_raw = *self.has_raw_key.of(from);
        *self.chains.of_mut(from) = if is_raw { Chain::RawKey } else { Chain::Certificates(chain) };
    }

    fn check_chain(&self, from: Role) -> EventKind {
        let name = self.hellos.last().and_then(hellos::server_name);
        let name = name.as_deref().filter(|_| from == Role::Server);
        self.chains.of(from).check(from, name, self.known.roots, self.now)
    }

    /// A question for a certificate after the handshake is the first message of an answer's hash (section 4.4).
    fn late_request(&mut self, request: &CertificateRequest, message: &[u8]) {
        if let (Some(transcript), true) = (&self.transcript, self.requests.len() < MAX_REQUESTS) {
            let mut transcript = transcript.clone();
            transcript.add(message);
            self.requests.push((request.context.clone(), transcript));
        }
    }

    /// Returns all that was said before a message of this side; else why that is not known.
    fn said_to(&self, from: Role) -> Result<&Transcript, &'static str> {
        let unknown = "the messages before it are not known";
        let is_late = *self.is_done.of(from);
        let transcript = match self.answering.and_then(|index| self.requests.get(index)) {
            Some((_, transcript)) if is_late => Some(transcript),
            _ if is_late => None,
            // It comes behind the server's Finished, which is not in the capture or comes out of order.
            _ if from == Role::Client && !*self.is_done.of(Role::Server) => None,
            _ => self.transcript.as_ref(),
        };
        self.torn.map_or_else(|| transcript.ok_or(unknown), Err)
    }

    fn signature(&self, from: Role, verify: &CertificateVerify) -> EventKind {
        match self.said_to(from) {
            Ok(transcript) => self.chains.of(from).check_signature(from, verify, transcript),
            Err(why) => not_made(from, "CertificateVerify", why),
        }
    }

    fn finished(
        &mut self,
        from: Role,
        verify_data: &[u8],
        message: &[u8],
        keys: &mut Both,
    ) -> Vec<EventKind> {
        let is_late = *self.is_done.of(from);
        let label = format!("{}_HANDSHAKE_TRAFFIC_SECRET", from.to_string().to_uppercase());
        let logged = self.secrets(&label).next();
        let in_use = keys.of(from).secret();
        let secret = if is_late { in_use } else { logged.as_ref() };
        let check = match (self.said_to(from), secret) {
            (Err(why), _) => not_made(from, "Finished", why),
            (_, None) => not_made(from, "Finished", format!("the key log has no {label}")),
            (Ok(transcript), Some(secret)) => {
                let good = format!(
                    "made again, it is the same: HMAC with the finished_key of {from}_handshake_traffic_secret over the \
                     hash of all that was said"
                );
                let bad = "made again, it is another: the sides did not see the same handshake, or it was changed";
                let is_good = secret.verify_finished(&transcript.hash(), verify_data);
                either(from, "Finished", is_good, [&good, bad])
            }
        };
        self.add(from, message);
        if is_late {
            self.answering = None;
            return vec![check];
        }
        *self.is_done.of_mut(from) = true;
        let mut events = vec![check];
        if from == Role::Server {
            events.extend(self.application_keys());
        }
        keys.of_mut(from).advance_from(Epoch::Handshake);
        events
    }

    /// Tells the secrets of data, which stand behind the server's Finished.
    fn application_keys(&self) -> Vec<EventKind> {
        let from = "made of the Master Secret, which no key log has, and the hash of ClientHello to the server's Finished";
        let both = [Direction::ToServer, Direction::ToClient];
        let tell = |direction| {
            derived(&self.key(Role::sender(direction), Epoch::Application(0)), direction, from)
        };
        both.into_iter().filter_map(tell).collect()
    }

    /// Says why there are no keys at all.
    pub fn why_no_keys(&self) -> String {
        let Some(hello) = self.hellos.last() else {
            return "the capture has no ClientHello of this connection, whose random finds its secrets in a key log: its \
                    records stay closed"
                .to_owned();
        };
        if self.known.keylog.is_empty() {
            return "there is no key log, neither given nor in the capture: what is shown is what anyone on the way sees, \
                    and that is all"
                .to_owned();
        }
        if self.secrets.is_none() {
            let random = hex::encode(hello.random);
            let hidden = if hellos::has(&hello.extensions, 65_037) {
                "; or the ClientHello that counts is the one hidden in encrypted_client_hello"
            } else {
                ""
            };
            return format!(
                "the key log has no line for this connection, whose client random is {random}: it was written by another \
                 run, or by the programs of other connections, and this program does not heed SSLKEYLOGFILE{hidden}"
            );
        }
        "there are no keys for it yet: what comes before it in the session is not in the capture"
            .to_owned()
    }

    /// Returns whether records are closed for a reason that was said with the suite.
    pub fn is_suite_unknown(&self) -> bool {
        self.suite.is_some_and(|suite| Suite::find(suite).is_none())
    }
}

/// Goes on to the next key of a direction.
fn update(from: Role, keys: &mut Both) -> Vec<EventKind> {
    let Some((old, new)) = keys.of_mut(from).update() else { return Vec::new() };
    let direction = if from == Role::Client { Direction::ToServer } else { Direction::ToClient };
    vec![EventKind::Derived {
        label: new,
        from: format!("{old}, after a KeyUpdate"),
        direction: Some(direction),
        fingerprint: None,
    }]
}

fn derived(key: &Key, direction: Direction, from: &str) -> Option<EventKind> {
    key.is_known().then(|| EventKind::Derived {
        label: key.name.clone(),
        from: format!("{} in the key log; {from}", key.label),
        direction: Some(direction),
        fingerprint: None,
    })
}
