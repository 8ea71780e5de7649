//! A handshake: what its messages settle, and the checks that they allow.
//!
//! - `agreement`: of the Hellos, which anyone reads.
//! - `logged`: the secrets that a key log has.

mod agreement;
mod logged;

use std::time::Duration;

use crypto::tls13::transcript::Transcript;
use framing::Direction;
use messages::tls13::{
    Certificate, CertificateRequest, CertificateVerify, ClientHello, Extension, HandshakeMessage,
    HandshakeType, ServerHello,
};
use transcript::{EventKind, Role};

use super::check::{Findings, either, fails, not_made, reader};
use super::identity::Chain;
use super::keys::{Epoch, Keys};
use super::sides::Sides;
use super::{Known, hellos};
use crate::keylog::Secrets;

/// `EndOfEarlyData`, which is always the same.
const END_OF_EARLY_DATA: [u8; 4] = [5, 0, 0, 0];

/// The number of a `CompressedCertificate`.
const COMPRESSED: u8 = 25;

/// The most questions for a client's certificate after the handshake that are remembered.
const MAX_REQUESTS: usize = 16;

/// The state of a handshake.
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
    /// Whether the version is TLS 1.3: `None` before the ServerHello.
    is_tls13: Option<bool>,
    /// Whether the keys of both directions are there.
    has_keys: bool,
    /// Whether the server takes early data, and the client has not said yet that this is over.
    is_early: bool,
    /// Whether the client, the server sends a bare key for a certificate.
    has_raw_key: Sides<bool>,
    /// The certificates that the client, the server sent.
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
    /// was encrypted. Adds what it settles, and what was checked.
    pub fn take(
        &mut self,
        direction: Direction,
        message: &[u8],
        is_sealed: bool,
        keys: &mut Both,
        findings: &mut Findings,
    ) {
        let from = Role::sender(direction);
        let kind = message.first().copied().unwrap_or_default();
        let name = HandshakeType(kind).name();
        if is_sealed == matches!(kind, 1 | 2) {
            let how = if is_sealed { "encrypted" } else { "in the clear" };
            let message =
                format!("it came {how}: nobody may send it so, and a receiver has to refuse it");
            return findings.add(reader(is_sealed), [fails(from, name, message)]);
        }
        let is_from_server = matches!(kind, 2 | 4 | 8 | 13);
        if (is_from_server && from == Role::Client)
            || (matches!(kind, 1 | 5) && from == Role::Server)
        {
            let message = format!("the {from} may not send it: a receiver has to refuse it");
            return findings.add(reader(is_sealed), [fails(from, name, message)]);
        }
        match HandshakeMessage::decode(message) {
            Ok(decoded) => self.decoded(from, decoded, message, keys, findings),
            Err(_) if message == END_OF_EARLY_DATA => {
                self.is_early = false;
                self.add(from, message);
                keys.of_mut(from).advance_from(Epoch::Early);
            }
            Err(_) if kind == COMPRESSED => {
                self.add(from, message);
                *self.chains.of_mut(from) = Chain::Compressed;
                findings.add(Role::KeyLog, [self.check_chain(from)]);
            }
            Err(error) => {
                self.add(from, message);
                let message = format!("{error}: a receiver has to refuse it");
                findings.add(reader(is_sealed), [fails(from, name, message)]);
            }
        }
    }

    fn decoded(
        &mut self,
        from: Role,
        decoded: HandshakeMessage,
        message: &[u8],
        keys: &mut Both,
        findings: &mut Findings,
    ) {
        // The client ends its early data under a key that need not be in the key log: what it says is known all the same.
        if from == Role::Client && std::mem::take(&mut self.is_early) {
            self.add(from, &END_OF_EARLY_DATA);
        }
        match decoded {
            HandshakeMessage::ClientHello(hello) => {
                return self.client_hello(hello, message, keys, findings);
            }
            HandshakeMessage::ServerHello(hello) if hello.is_retry_request() => {
                return self.retry(hello, message, findings);
            }
            HandshakeMessage::ServerHello(hello) => {
                return self.server_hello(&hello, message, keys, findings);
            }
            HandshakeMessage::CertificateRequest(request) if self.is_done.client => {
                return self.late_request(&request, message);
            }
            HandshakeMessage::Finished(verify_data) => {
                return self.finished(from, &verify_data, message, keys, findings);
            }
            // They are no part of the handshake, whenever they come.
            HandshakeMessage::NewSessionTicket(_) => return,
            HandshakeMessage::KeyUpdate { .. } => {
                return findings.add(Role::KeyLog, logged::update(from, keys));
            }
            HandshakeMessage::EncryptedExtensions(extensions) => {
                self.encrypted_extensions(&extensions);
            }
            HandshakeMessage::Certificate(certificate) => {
                self.certificate(from, certificate);
                findings.add(Role::KeyLog, [self.check_chain(from)]);
            }
            HandshakeMessage::CertificateVerify(verify) => {
                findings.add(Role::KeyLog, [self.signature(from, &verify)]);
            }
            HandshakeMessage::CertificateRequest(_) => {}
        }
        self.add(from, message);
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
        let name = self.hellos.last().and_then(ClientHello::server_name);
        let name = name.filter(|_| from == Role::Server);
        self.chains.of(from).check(from, name, self.known.roots, self.now)
    }

    /// Takes note of a question for a certificate after the handshake: it is the first message of an answer's hash (section 4.4).
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
        findings: &mut Findings,
    ) {
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
        findings.add(Role::KeyLog, [check]);
        if is_late {
            self.answering = None;
            return;
        }
        *self.is_done.of_mut(from) = true;
        if from == Role::Server {
            findings.add(Role::KeyLog, self.application_keys());
        }
        keys.of_mut(from).advance_from(Epoch::Handshake);
    }
}
