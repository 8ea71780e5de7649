//! The agreement that the Hellos make: the version, the suite, and so the hash.

use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use framing::Direction;
use messages::tls13::{ClientHello, ServerHello, names};
use transcript::Role;

use super::super::check::{Findings, fails, not_made};
use super::super::keys::Epoch;
use super::super::{binders, hellos};
use super::logged::derived;
use super::{Both, Handshake};

/// The most Hellos of a client that are listened to: the first, and the one that was asked for.
const MAX_HELLOS: usize = 2;

impl Handshake<'_> {
    pub(super) fn client_hello(
        &mut self,
        hello: ClientHello,
        message: &[u8],
        keys: &mut Both,
        findings: &mut Findings,
    ) {
        let is_second = self.retry.is_some();
        if self.hellos.len() != usize::from(is_second) || self.hellos.len() >= MAX_HELLOS {
            let message = "nobody has asked for another: a receiver has to refuse it";
            return findings.add(Role::Wire, [fails(Role::Client, "ClientHello", message)]);
        }
        if let (Some(first), Some(retry)) = (self.hellos.first(), &self.retry) {
            findings.add(Role::Wire, [hellos::second(&hello, first, retry)]);
            keys.of_mut(Role::Client).advance_from(Epoch::Early);
        }
        let binders = binders::check(&hello, message, self.transcript.as_ref(), self.known.psks);
        findings.add(Role::KeyLog, binders);
        self.secrets = self.known.keylog.of(&hello.random);
        self.add(Role::Client, message);
        let has_early = hellos::has_early_data(&hello.extensions);
        self.hellos.push(hello);
        if has_early && !is_second && self.secrets.is_some() {
            let key = self.key(Role::Client, Epoch::Early);
            let from = "made of the Early Secret (of the key from before), which no key log has, and the hash of the ClientHello";
            findings.add(Role::KeyLog, derived(&key, Direction::ToServer, from));
            keys.of_mut(Role::Client).add(key);
        }
    }

    /// Takes the server's wish for another ClientHello. It has chosen the suite, and so the hash.
    pub(super) fn retry(&mut self, hello: ServerHello, message: &[u8], findings: &mut Findings) {
        let Some(client) = self.hellos.first() else { return self.without_client_hello() };
        if self.retry.is_some() || self.is_tls13.is_some() {
            let message = "there may be one at most: a receiver has to refuse it";
            return findings.add(Role::Wire, [fails(Role::Server, "HelloRetryRequest", message)]);
        }
        findings.add(Role::Wire, hellos::answer(&hello, client));
        self.begin(&hello);
        if let Some(transcript) = &mut self.transcript {
            transcript.retry();
        }
        self.retry = Some(hello);
        self.add(Role::Server, message);
    }

    pub(super) fn server_hello(
        &mut self,
        hello: &ServerHello,
        message: &[u8],
        keys: &mut Both,
        findings: &mut Findings,
    ) {
        if self.is_tls13.is_some() {
            let message = "there may be one: a receiver has to refuse it";
            return findings.add(Role::Wire, [fails(Role::Server, "ServerHello", message)]);
        }
        let version = hello.version();
        self.is_tls13 = Some(version == names::TLS13);
        if version != names::TLS13 {
            let version = names::version(version);
            let message =
                format!("{version} was agreed on. It is recognised here, and not explained");
            findings.add(Role::Wire, [not_made(None, "version", message)]);
            let downgrade = self.hellos.last().map(|client| hellos::downgrade(hello, client));
            return findings.add(Role::Wire, downgrade);
        }
        let Some(client) = self.hellos.last() else { return self.without_client_hello() };
        findings.add(Role::Wire, hellos::answer(hello, client));
        let retry = self.retry.as_ref();
        findings.add(Role::Wire, retry.map(|retry| hellos::after_retry(hello, retry)));
        self.begin(hello);
        self.add(Role::Server, message);
        if Suite::find(hello.cipher_suite).is_none() {
            let suite = names::suite(hello.cipher_suite);
            let message = format!(
                "{suite} is not among the suites that can be opened here: its records stay closed"
            );
            return findings.add(Role::Wire, [not_made(None, "cipher suite", message)]);
        }
        findings.add(Role::KeyLog, self.handshake_keys(hello, keys));
    }

    fn without_client_hello(&mut self) {
        self.tear("there is no ClientHello in the capture");
    }

    fn begin(&mut self, hello: &ServerHello) {
        self.suite = Some(hello.cipher_suite);
        if let (None, Some(suite)) = (&self.transcript, Suite::find(hello.cipher_suite)) {
            let mut transcript = Transcript::new(suite);
            transcript.add(&std::mem::take(&mut self.said));
            self.transcript = Some(transcript);
        }
    }
}
