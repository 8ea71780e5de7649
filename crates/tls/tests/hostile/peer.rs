//! A client and a server that follow the RFC but where a hook says otherwise. Their records are made here, so that they
//! can be wrong in any way.

use std::io::{Read as _, Write as _};

use aes_gcm::{AeadInOut as _, Aes128Gcm, KeyInit as _};
use crypto::tls13::group::{Group, KeyShare};
use crypto::tls13::record::Opener;
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::certificate::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify,
};
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{ClientHello, HandshakeMessage, ServerHello};
use tls::Role;
use tls::schedule::{Handshake, signed};

use crate::credentials;
use crate::pipe::End;

pub const CHANGE: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const DATA: u8 = 23;

const SUITE: Suite = Suite::Aes128GcmSha256;

/// Called with each message that is due: the honest one is there to be sent, changed or left out. A server's first call
/// is for the ClientHello that has arrived, "hello"; the last call, behind the handshake, is for "data".
pub type Hook = dyn Fn(&mut Peer, &'static str, HandshakeMessage) + Sync;

/// Does what the RFC says, but for one message.
pub fn at(
    name: &'static str,
    act: impl Fn(&mut Peer, HandshakeMessage) + Sync + 'static,
) -> Box<Hook> {
    Box::new(move |peer, due, message| {
        if due == name {
            act(peer, message);
        } else {
            honest(peer, due, message);
        }
    })
}

#[allow(clippy::needless_pass_by_value, reason = "it is a hook")]
pub fn honest(peer: &mut Peer, due: &'static str, message: HandshakeMessage) {
    if !matches!(due, "hello" | "data") {
        peer.say(&message.encode());
    }
}

/// Keys of one direction.
struct Keys {
    aead: Aes128Gcm,
    iv: [u8; 12],
    seq: u64,
}

impl Keys {
    fn new(secret: &Secret) -> Self {
        let (mut key, mut iv) = ([0; 16], [0; 12]);
        secret.expand_label("key", &[], &mut key);
        secret.expand_label("iv", &[], &mut iv);
        Self { aead: Aes128Gcm::new(&key.into()), iv, seq: 0 }
    }
}

pub struct Peer {
    stream: End,
    transcript: Transcript,
    sealer: Option<Keys>,
    opener: Option<Opener>,
    /// That of the application that this side seals under.
    secret: Option<Secret>,
    /// Messages that have arrived and were not taken.
    heard: Vec<u8>,
    /// The most bytes of a message that go into one record.
    pub fragment: usize,
    /// Whether the messages of a flight wait for its end, to go out in as few records as can be.
    pub gathers: bool,
    gathered: Vec<u8>,
    /// The group that a server asks for by a HelloRetryRequest.
    pub retry: Option<Group>,
    /// Whether a server wants a certificate.
    pub wants_certificate: bool,
    /// What a client signs with if it is asked to.
    pub leaf: &'static str,
    /// Data that was heard, how much stood in each record with its type and padding, and every `ClientHello`.
    pub data: Vec<u8>,
    pub lens: Vec<usize>,
    pub hellos: Vec<ClientHello>,
}

/// What was heard instead of a message: an alert, or the end.
type Over = Option<u8>;

impl Peer {
    pub fn new(stream: End) -> Self {
        Self {
            stream,
            transcript: Transcript::new(SUITE),
            sealer: None,
            opener: None,
            secret: None,
            heard: Vec::new(),
            fragment: 1 << 14,
            gathers: false,
            gathered: Vec::new(),
            retry: None,
            wants_certificate: false,
            leaf: "client",
            data: Vec::new(),
            lens: Vec::new(),
            hellos: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a record, sealed if there are keys.
    pub fn record(&mut self, kind: u8, plaintext: &[u8]) {
        if self.sealer.is_some() {
            self.inner(&[plaintext, &[kind]].concat());
        } else {
            self.plain(kind, plaintext);
        }
    }

    /// Sends a record under no key.
    pub fn plain(&mut self, kind: u8, plaintext: &[u8]) {
        let len = u16::try_from(plaintext.len()).unwrap().to_be_bytes();
        self.raw(&[&[kind, 3, 3], &len[..], plaintext].concat());
    }

    /// Seals and sends what stands inside a record: plaintext, type, padding.
    pub fn inner(&mut self, inner: &[u8]) {
        let record = self.sealed(inner);
        self.raw(&record);
    }

    pub fn sealed(&mut self, inner: &[u8]) -> Vec<u8> {
        let keys = self.sealer.as_mut().unwrap();
        let mut nonce = keys.iv;
        nonce.iter_mut().skip(4).zip(keys.seq.to_be_bytes()).for_each(|(it, seq)| *it ^= seq);
        keys.seq += 1;
        let len = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
        let mut record = [&[DATA, 3, 3], &len[..], inner].concat();
        let (header, payload) = record.split_at_mut(5);
        let tag = keys.aead.encrypt_inout_detached(&nonce.into(), header, payload.into()).unwrap();
        record.extend_from_slice(&tag);
        record
    }

    /// Sends a message, which counts.
    pub fn say(&mut self, message: &[u8]) {
        self.transcript.add(message);
        self.gathered.extend_from_slice(message);
        if !self.gathers {
            self.flush();
        }
    }

    pub fn flush(&mut self) {
        for part in std::mem::take(&mut self.gathered).chunks(self.fragment) {
            self.record(HANDSHAKE, part);
        }
    }

    /// Says nothing any more.
    pub fn close(&mut self) {
        self.stream.close();
    }

    /// Counts a message that is sent by other means.
    pub fn transcript_add(&mut self, message: &[u8]) {
        self.transcript.add(message);
    }

    /// What a CertificateVerify signs now.
    pub fn signed_as(&self, who: Role) -> Vec<u8> {
        signed(who, &self.transcript)
    }

    /// Says KeyUpdate, and means it.
    pub fn update_keys(&mut self, update_requested: bool) {
        self.say(&HandshakeMessage::KeyUpdate { update_requested }.encode());
        let next = self.secret.as_ref().unwrap().next();
        self.seal_under(&next);
        self.secret = Some(next);
    }

    /// Seals with these keys from now on.
    fn seal_under(&mut self, secret: &Secret) {
        self.flush();
        self.sealer = Some(Keys::new(secret));
    }

    /// Reads a record: its true type and its plaintext. None at the end.
    fn hear_record(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header).ok()?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        self.stream.read_exact(&mut payload).ok()?;
        match &mut self.opener {
            Some(opener) if header[0] == DATA => {
                self.lens.push(payload.len() - 16);
                let (kind, plaintext) = opener.open(&header, &mut payload).unwrap();
                Some((kind.unwrap().number(), plaintext.to_vec()))
            }
            _ => Some((header[0], payload)),
        }
    }

    fn hear(&mut self) -> Result<HandshakeMessage, Over> {
        loop {
            if let Some([_, a, b, c]) = self.heard.first_chunk() {
                let len = 4 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
                if self.heard.len() >= len {
                    let message: Vec<_> = self.heard.drain(..len).collect();
                    self.transcript.add(&message);
                    return Ok(HandshakeMessage::decode(&message).unwrap());
                }
            }
            match self.hear_record().ok_or(None)? {
                (HANDSHAKE, part) => self.heard.extend(part),
                (ALERT, alert) => return Err(Some(alert[1])),
                (DATA, data) => self.data.extend(data),
                _ => {}
            }
        }
    }

    /// Waits for so much data.
    pub fn hear_data(&mut self, len: usize) {
        while self.data.len() < len {
            match self.hear_record() {
                Some((DATA, data)) => self.data.extend(data),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits for the alert that ends the connection.
    fn hear_end(&mut self) -> Over {
        loop {
            if let Err(over) = self.hear() {
                return over;
            }
        }
    }

    /// Plays the server. Returns the alert that was heard in the end.
    pub fn serve(mut self, hook: &Hook) -> Option<u8> {
        self.run_server(hook).unwrap_or_else(|over| over)
    }

    fn hear_client_hello(&mut self) -> Result<ClientHello, Over> {
        match self.hear()? {
            HandshakeMessage::ClientHello(hello) => {
                self.hellos.push(hello.clone());
                Ok(hello)
            }
            other => panic!("{other:?}"),
        }
    }

    fn run_server(&mut self, hook: &Hook) -> Result<Option<u8>, Over> {
        let mut hello = self.hear_client_hello()?;
        hook(self, "hello", HandshakeMessage::ClientHello(hello.clone()));
        let session_id = hello.legacy_session_id.clone();
        let answer = |random, key| ServerHello {
            legacy_version: 0x0303,
            random,
            legacy_session_id_echo: session_id.clone(),
            cipher_suite: SUITE.id(),
            legacy_compression_method: 0,
            extensions: vec![Extension::SelectedVersion(0x0304), key],
        };
        if let Some(group) = self.retry {
            self.transcript.retry();
            let request = answer(RETRY_RANDOM, Extension::SelectedGroup(group.id()));
            hook(self, "HelloRetryRequest", HandshakeMessage::ServerHello(request));
            self.flush();
            hello = self.hear_client_hello()?;
        }
        let shares = hello.extensions.iter().find_map(|extension| match extension {
            Extension::KeyShares(shares) => Some(shares.clone()),
            _ => None,
        });
        let share = &shares.unwrap()[0];
        let group = Group::find(share.group).unwrap();
        let (key_exchange, agreed) = group.respond(&share.key_exchange).unwrap().unwrap();
        let share = Extension::KeyShare(KeyShareEntry { group: group.id(), key_exchange });
        hook(self, "ServerHello", HandshakeMessage::ServerHello(answer([7; 32], share)));

        let schedule = Handshake::new(SUITE, &agreed, &self.transcript.hash());
        self.seal_under(&schedule.traffic.server);
        self.opener = Some(Opener::new(&schedule.traffic.client));
        hook(self, "EncryptedExtensions", HandshakeMessage::EncryptedExtensions(Vec::new()));
        if self.wants_certificate {
            let extensions = vec![Extension::SignatureAlgorithms(vec![0x0807, 0x0403])];
            let request = CertificateRequest { context: Vec::new(), extensions };
            hook(self, "CertificateRequest", HandshakeMessage::CertificateRequest(request));
        }
        self.authenticate(hook, Role::Server, "server");
        let tag = schedule.traffic.server.finished(&self.transcript.hash()).to_vec();
        hook(self, "Finished", HandshakeMessage::Finished(tag));
        let application = schedule.application(&self.transcript.hash());
        self.seal_under(&application.traffic.server);
        self.secret = Some(application.traffic.server);
        while !matches!(self.hear()?, HandshakeMessage::Finished(_)) {}
        self.opener = Some(Opener::new(&application.traffic.client));
        hook(self, "data", HandshakeMessage::KeyUpdate { update_requested: false });
        Ok(self.hear_end())
    }

    fn authenticate(&mut self, hook: &Hook, who: Role, leaf: &'static str) {
        let ours = credentials(leaf, if leaf == "server_p256" { "p256" } else { "ed25519" });
        let der = ours.certificates[0].clone();
        let certificates = vec![CertificateEntry { der, extensions: Vec::new() }];
        let certificate = Certificate { context: Vec::new(), certificates };
        hook(self, "Certificate", HandshakeMessage::Certificate(certificate));
        let signature = ours.key.sign(&signed(who, &self.transcript)).unwrap();
        let verify = CertificateVerify { scheme: ours.key.scheme().id(), signature };
        hook(self, "CertificateVerify", HandshakeMessage::CertificateVerify(verify));
    }

    /// Plays the client.
    pub fn call(mut self, hook: &Hook) -> Option<u8> {
        self.run_client(hook).unwrap_or_else(|over| over)
    }

    fn run_client(&mut self, hook: &Hook) -> Result<Option<u8>, Over> {
        let mut ours = KeyShare::random(Group::X25519).unwrap();
        let share = |group: Group, share: &KeyShare| {
            let key_exchange = share.public.clone();
            Extension::KeyShares(vec![KeyShareEntry { group: group.id(), key_exchange }])
        };
        let mut hello = ClientHello {
            legacy_version: 0x0303,
            random: [9; 32],
            legacy_session_id: vec![5; 32],
            cipher_suites: vec![SUITE.id()],
            legacy_compression_methods: vec![0],
            extensions: vec![
                Extension::SupportedVersions(vec![0x0304]),
                Extension::SupportedGroups(vec![Group::X25519.id(), Group::Secp256r1.id()]),
                Extension::SignatureAlgorithms(vec![0x0807, 0x0403]),
                share(Group::X25519, &ours),
            ],
        };
        hook(self, "ClientHello", HandshakeMessage::ClientHello(hello.clone()));
        self.flush();
        let HandshakeMessage::ServerHello(mut answer) = self.hear()? else { panic!("no Hello") };
        if answer.is_retry_request() {
            self.transcript = transcript_of_retry(&hello, &answer);
            ours = KeyShare::random(Group::Secp256r1).unwrap();
            hello.extensions[3] = share(Group::Secp256r1, &ours);
            hook(self, "second ClientHello", HandshakeMessage::ClientHello(hello.clone()));
            self.flush();
            let HandshakeMessage::ServerHello(second) = self.hear()? else { panic!("no Hello") };
            answer = second;
        }
        let theirs = answer.extensions.iter().find_map(|extension| match extension {
            Extension::KeyShare(share) => Some(share.key_exchange.clone()),
            _ => None,
        });
        let agreed = ours.agree(&theirs.unwrap()).unwrap();
        let schedule = Handshake::new(SUITE, &agreed, &self.transcript.hash());
        self.opener = Some(Opener::new(&schedule.traffic.server));
        self.seal_under(&schedule.traffic.client);
        let mut is_asked = false;
        loop {
            match self.hear()? {
                HandshakeMessage::CertificateRequest(_) => is_asked = true,
                HandshakeMessage::Finished(_) => break,
                _ => {}
            }
        }
        let application = schedule.application(&self.transcript.hash());
        self.opener = Some(Opener::new(&application.traffic.server));
        if is_asked {
            self.authenticate(hook, Role::Client, self.leaf);
        }
        let tag = schedule.traffic.client.finished(&self.transcript.hash()).to_vec();
        hook(self, "Finished", HandshakeMessage::Finished(tag));
        self.seal_under(&application.traffic.client);
        self.secret = Some(application.traffic.client);
        hook(self, "data", HandshakeMessage::KeyUpdate { update_requested: false });
        Ok(self.hear_end())
    }
}

fn transcript_of_retry(first: &ClientHello, request: &ServerHello) -> Transcript {
    let mut transcript = Transcript::new(SUITE);
    transcript.add(&HandshakeMessage::ClientHello(first.clone()).encode());
    transcript.retry();
    transcript.add(&HandshakeMessage::ServerHello(request.clone()).encode());
    transcript
}

/// Changes a ServerHello or HelloRetryRequest.
pub fn server_hello(message: HandshakeMessage, change: impl Fn(&mut ServerHello)) -> Vec<u8> {
    let HandshakeMessage::ServerHello(mut hello) = message else { panic!("{message:?}") };
    change(&mut hello);
    HandshakeMessage::ServerHello(hello).encode()
}

/// Changes a ClientHello.
pub fn client_hello(message: HandshakeMessage, change: impl Fn(&mut ClientHello)) -> Vec<u8> {
    let HandshakeMessage::ClientHello(mut hello) = message else { panic!("{message:?}") };
    change(&mut hello);
    HandshakeMessage::ClientHello(hello).encode()
}

/// Changes a Certificate.
pub fn certificate(message: HandshakeMessage, change: impl Fn(&mut Certificate)) -> Vec<u8> {
    let HandshakeMessage::Certificate(mut certificate) = message else { panic!("{message:?}") };
    change(&mut certificate);
    HandshakeMessage::Certificate(certificate).encode()
}

/// Changes a CertificateVerify.
pub fn verify(message: HandshakeMessage, change: impl Fn(&mut CertificateVerify)) -> Vec<u8> {
    let HandshakeMessage::CertificateVerify(mut verify) = message else { panic!("{message:?}") };
    change(&mut verify);
    HandshakeMessage::CertificateVerify(verify).encode()
}

/// Changes the bytes of a message.
pub fn changed(message: &HandshakeMessage, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = message.encode();
    change(&mut bytes);
    bytes
}

/// A message of any kind with this body.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &len[1..], body].concat()
}

/// An extension that nobody looks into.
pub fn other(kind: u16) -> Extension {
    Extension::Other { kind, body: Vec::new() }
}
