//! What the messages of a handshake settle, and the checks that they allow.

use std::time::Duration;

use certificates::{ServerName, Terms, has_signed_by};
use crypto::tls13::scheme::Scheme;
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use framing::Direction;
use messages::tls13::{
    Certificate, CertificateVerify, ClientHello, Extension, HandshakeMessage, ServerHello, names,
};
use tls::schedule::signed;
use transcript::{EventKind, Outcome, Role};

use super::Known;
use super::keys::Keys;
use crate::keylog::Secrets;

/// Version 1.3, as it stands in supported_versions.
const TLS13: u16 = 0x0304;

/// How far a handshake has come.
pub struct Handshake<'k> {
    known: Known<'k>,
    /// The time at which certificates have to be valid.
    now: Duration,
    secrets: Option<&'k Secrets>,
    /// Messages until the suite is known, and so the hash.
    said: Vec<u8>,
    transcript: Option<Transcript>,
    suite: Option<Suite>,
    /// The name that the client asked for.
    name: Option<String>,
    /// The chain of each side: of the client, of the server.
    chains: [Vec<Vec<u8>>; 2],
    is_done: bool,
}

/// The keys of the client's direction and of the server's.
type Both<'a> = [&'a mut Keys; 2];

impl<'k> Handshake<'k> {
    /// A handshake that begins.
    pub fn new(known: Known<'k>, now: Duration) -> Self {
        Self {
            known,
            now,
            secrets: None,
            said: Vec::new(),
            transcript: None,
            suite: None,
            name: None,
            chains: Default::default(),
            is_done: false,
        }
    }

    /// Takes a whole message, type and length in front, from whoever sends in this direction. Returns what it settles,
    /// and what was checked.
    pub fn take(
        &mut self,
        direction: Direction,
        message: &[u8],
        keys: &mut Both<'_>,
    ) -> Vec<EventKind> {
        let from = Role::sender(direction);
        let events = match HandshakeMessage::decode(message) {
            Ok(HandshakeMessage::ClientHello(hello)) => self.client_hello(&hello),
            Ok(HandshakeMessage::ServerHello(hello)) if hello.is_retry_request() => {
                self.begin(&hello);
                if let Some(transcript) = &mut self.transcript {
                    transcript.retry();
                }
                Vec::new()
            }
            Ok(HandshakeMessage::ServerHello(hello)) => {
                self.begin(&hello);
                self.add(message);
                return self.server_hello(&hello, keys);
            }
            Ok(HandshakeMessage::Certificate(certificate)) => self.certificate(from, certificate),
            Ok(HandshakeMessage::CertificateVerify(verify)) => {
                vec![self.certificate_verify(from, &verify)]
            }
            Ok(HandshakeMessage::Finished(verify_data)) => {
                let check = self.finished(from, &verify_data, keys);
                self.add(message);
                let mut events = vec![check];
                if from == Role::Server {
                    events.extend(self.application(keys));
                } else {
                    self.is_done = true;
                }
                if let Some(keys) = keys.get_mut(direction as usize) {
                    keys.advance();
                }
                return events;
            }
            _ => Vec::new(),
        };
        self.add(message);
        events
    }

    /// Adds a message to the hash of all that was said. What comes behind the client's Finished is not in it.
    fn add(&mut self, message: &[u8]) {
        match &mut self.transcript {
            _ if self.is_done => {}
            Some(transcript) => transcript.add(message),
            None => self.said.extend_from_slice(message),
        }
    }

    fn client_hello(&mut self, hello: &ClientHello) -> Vec<EventKind> {
        self.name = hello.extensions.iter().find_map(|extension| match extension {
            Extension::ServerName(name) => name.clone(),
            _ => None,
        });
        self.secrets = self.known.keylog.of(&hello.random);
        Vec::new()
    }

    /// The server has chosen the suite, and so the hash.
    fn begin(&mut self, hello: &ServerHello) {
        self.suite = Suite::find(hello.cipher_suite);
        if let (None, Some(suite)) = (&self.transcript, self.suite) {
            let mut transcript = Transcript::new(suite);
            transcript.add(&std::mem::take(&mut self.said));
            self.transcript = Some(transcript);
        }
    }

    fn server_hello(&mut self, hello: &ServerHello, keys: &mut Both<'_>) -> Vec<EventKind> {
        let is_tls13 = hello.extensions.iter().any(|it| *it == Extension::SelectedVersion(TLS13));
        if !is_tls13 {
            let version = names::version(hello.legacy_version);
            let message =
                format!("{version} was agreed on. It is recognised here, and not explained");
            return vec![check(None, "version", Outcome::NotMade, message)];
        }
        let from = "made of the Handshake Secret, which no key log has, and the hash of ClientHello to ServerHello";
        self.derive(keys, "handshake_traffic_secret", "HANDSHAKE_TRAFFIC_SECRET", from)
    }

    fn application(&mut self, keys: &mut Both<'_>) -> Vec<EventKind> {
        let from = "made of the Master Secret, which no key log has, and the hash of ClientHello to the server's Finished";
        self.derive(keys, "application_traffic_secret_0", "TRAFFIC_SECRET_0", from)
    }

    /// Takes the secret of both directions out of the key log.
    fn derive(&self, keys: &mut Both<'_>, name: &str, label: &str, from: &str) -> Vec<EventKind> {
        let mut events = Vec::new();
        for (keys, direction) in keys.iter_mut().zip([Direction::ToServer, Direction::ToClient]) {
            let side = Role::sender(direction);
            let label = format!("{}_{label}", side.to_string().to_uppercase());
            let name = format!("{side}_{name}");
            let logged = self.secrets.and_then(|secrets| secrets.get(&label));
            let secret =
                logged.zip(self.suite).and_then(|(it, suite)| Secret::from_key_log(suite, it));
            if secret.is_some() {
                events.push(EventKind::Derived {
                    label: name.clone(),
                    from: format!("{label} in the key log; {from}"),
                    direction: Some(direction),
                    fingerprint: None,
                });
            }
            if self.secrets.is_some() {
                keys.add(&name, secret);
            }
        }
        events
    }

    fn certificate(&mut self, from: Role, certificate: Certificate) -> Vec<EventKind> {
        let chain: Vec<_> = certificate.certificates.into_iter().map(|entry| entry.der).collect();
        let terms = if from == Role::Server { Terms::TLS13_SERVER } else { Terms::TLS13_CLIENT };
        let name = self.name.as_deref().filter(|_| from == Role::Server);
        let wanted = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let (outcome, message) = match self.known.roots {
            _ if chain.is_empty() => (Outcome::NotMade, "no certificate was sent".to_owned()),
            None => {
                (Outcome::NotMade, "no roots were given to check it against: --roots".to_owned())
            }
            Some(roots) => match roots.verify(&terms, wanted.as_ref(), &chain, self.now) {
                Ok(_) => {
                    let for_whom =
                        name.map(|name| format!(", and it is for {name}")).unwrap_or_default();
                    (Outcome::Holds, format!("a path leads from it to one of the roots{for_whom}"))
                }
                Err(error) => (Outcome::Fails, error.to_string()),
            },
        };
        if let Some(place) = self.chains.get_mut(usize::from(from == Role::Server)) {
            *place = chain;
        }
        vec![check(Some(from), "Certificate", outcome, message)]
    }

    fn certificate_verify(&self, from: Role, verify: &CertificateVerify) -> EventKind {
        let what = "CertificateVerify";
        let leaf =
            self.chains.get(usize::from(from == Role::Server)).and_then(|chain| chain.first());
        let (Some(leaf), Some(transcript)) = (leaf, &self.transcript) else {
            return check(
                Some(from),
                what,
                Outcome::NotMade,
                "the messages before it are not known".to_owned(),
            );
        };
        let scheme = names::scheme(verify.scheme);
        let Some(found) = Scheme::find(verify.scheme) else {
            let message = format!("{scheme} is not among the schemes that can be checked here");
            return check(Some(from), what, Outcome::NotMade, message);
        };
        let who = if from == Role::Client { tls::Role::Client } else { tls::Role::Server };
        if has_signed_by(leaf, found, &signed(who, transcript), &verify.signature) {
            let message = format!(
                "{scheme} by the key of its certificate, over the hash of all that was said"
            );
            check(Some(from), what, Outcome::Holds, message)
        } else {
            let message = format!(
                "{scheme}: the signature is not one by the key of its certificate over what was said"
            );
            check(Some(from), what, Outcome::Fails, message)
        }
    }

    fn finished(&self, from: Role, verify_data: &[u8], keys: &Both<'_>) -> EventKind {
        let keys = keys.get(usize::from(from == Role::Server));
        let (Some(secret), Some(transcript)) =
            (keys.and_then(|keys| keys.secret()), &self.transcript)
        else {
            let message = "the secret of its key is not in the key log".to_owned();
            return check(Some(from), "Finished", Outcome::NotMade, message);
        };
        if secret.verify_finished(&transcript.hash(), verify_data) {
            let message = format!(
                "made again, it is the same: HMAC with the finished_key of {from}_handshake_traffic_secret over the hash \
                 of all that was said"
            );
            check(Some(from), "Finished", Outcome::Holds, message)
        } else {
            let message =
                "made again, it is another: the sides did not see the same handshake".to_owned();
            check(Some(from), "Finished", Outcome::Fails, message)
        }
    }
}

fn check(of: Option<Role>, what: &str, outcome: Outcome, message: String) -> EventKind {
    EventKind::Check { of, what: what.to_owned(), outcome, message }
}
