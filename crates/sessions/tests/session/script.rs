//! Sessions by a script: what no side of ours ever sends. The secrets are drawn out of a hat, as a key log may have them.

use crypto::tls13::record::{ContentType, Sealer};
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use framing::Direction;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ClientHello, Extension,
    HandshakeMessage, KeyShareEntry, ServerHello,
};
use std::time::{SystemTime, UNIX_EPOCH};
use tls::schedule::signed;

use super::pairs::{credentials, roots};
use super::told::{Has, Piece, ToClient, ToServer};

pub const SUITE: Suite = Suite::Aes128GcmSha256;

const LABELS: [(&str, u8); 5] = [
    ("CLIENT_EARLY_TRAFFIC_SECRET", 1),
    ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 2),
    ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 3),
    ("CLIENT_TRAFFIC_SECRET_0", 4),
    ("SERVER_TRAFFIC_SECRET_0", 5),
];

pub fn secret(number: u8) -> Secret {
    Secret::from_key_log(SUITE, &[number; 32]).unwrap()
}

pub struct Script {
    pub transcript: Transcript,
    pub pieces: Vec<Piece>,
    sealers: [Sealer; 2],
}

impl Script {
    pub fn new() -> Self {
        let sealers = [secret(2), secret(3)].map(|secret| Sealer::new(&secret));
        Self { transcript: Transcript::new(SUITE), pieces: Vec::new(), sealers }
    }

    /// Whatever is sealed next in a direction is under this secret.
    pub fn under(&mut self, way: Direction, number: u8) {
        self.sealers[way as usize] = Sealer::new(&secret(number));
    }

    pub fn raw(&mut self, way: Direction, bytes: &[u8]) {
        self.pieces.push(Piece::Bytes(way, bytes.to_vec()));
    }

    /// A record in the clear.
    pub fn clear(&mut self, way: Direction, kind: u8, content: &[u8]) {
        let len = u16::try_from(content.len()).unwrap().to_be_bytes();
        self.raw(way, &[&[kind, 3, 3], &len[..], content].concat());
    }

    /// A sealed record.
    pub fn seal(&mut self, way: Direction, kind: ContentType, content: &[u8]) {
        let len = u16::try_from(content.len() + 17).unwrap().to_be_bytes();
        let mut record = [&[23, 3, 3], &len[..]].concat();
        let header = record.clone();
        self.sealers[way as usize].seal(&header, (kind, content), 0, &mut record).unwrap();
        self.raw(way, &record);
    }

    /// A message in the clear.
    pub fn hello(&mut self, way: Direction, message: &HandshakeMessage) {
        let bytes = message.encode();
        self.clear(way, 22, &bytes);
        self.transcript.add(&bytes);
    }

    /// A sealed message.
    pub fn say(&mut self, way: Direction, message: &HandshakeMessage) {
        self.say_bytes(way, &message.encode());
    }

    pub fn say_bytes(&mut self, way: Direction, bytes: &[u8]) {
        self.seal(way, ContentType::Handshake, bytes);
        self.transcript.add(bytes);
    }

    pub fn data(&mut self, way: Direction, data: &str) {
        self.seal(way, ContentType::ApplicationData, data.as_bytes());
    }

    /// `CertificateVerify` by the key of the server's certificate, as this side.
    pub fn verify(&mut self, way: Direction, change: u8) {
        let who = if way == ToServer { tls::Role::Client } else { tls::Role::Server };
        let key = credentials("server", "server").key;
        let mut signature = key.sign(&signed(who, &self.transcript)).unwrap();
        signature[7] ^= change;
        let verify = CertificateVerify { scheme: key.scheme().id(), signature };
        self.say(way, &HandshakeMessage::CertificateVerify(verify));
    }

    /// Finished, and the keys of data behind it.
    pub fn finish(&mut self, way: Direction, change: u8) {
        let (base, next) = if way == ToServer { (2, 4) } else { (3, 5) };
        self.finish_under(way, base, change);
        self.under(way, next);
    }

    pub fn finish_under(&mut self, way: Direction, base: u8, change: u8) {
        let mut tag = secret(base).finished(&self.transcript.hash()).to_vec();
        tag[7] ^= change;
        self.say(way, &HandshakeMessage::Finished(tag));
    }

    /// Both say that they are done, and are.
    pub fn close(&mut self) {
        for way in [ToServer, ToClient] {
            self.seal(way, ContentType::Alert, &[1, 0]);
            self.pieces.push(Piece::End(way));
        }
    }

    /// From the server's `EncryptedExtensions` to both sides' Finished.
    pub fn rest(&mut self) {
        self.say(ToClient, &HandshakeMessage::EncryptedExtensions(vec![]));
        self.say(ToClient, &certificate("server", &[]));
        self.verify(ToClient, 0);
        self.finish(ToClient, 0);
        self.finish(ToServer, 0);
    }

    /// A handshake without anything special.
    pub fn handshake() -> Self {
        let mut script = Self::new();
        script.hello(ToServer, &client_hello(vec![]));
        script.hello(ToClient, &server_hello(vec![]));
        script.rest();
        script
    }
}

/// What someone has who looks at it.
pub fn has() -> Has {
    let random = "11".repeat(32);
    let line =
        |(label, number): &(&str, u8)| format!("{label} {random} {}\n", hex::encode([*number; 32]));
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let keylog = LABELS.iter().map(line).collect();
    Has { keylog, roots: Some(roots()), psks: String::new(), at }
}

pub fn share(group: u16) -> KeyShareEntry {
    KeyShareEntry { group, key_exchange: vec![7; 32] }
}

pub fn client_hello(more: Vec<Extension>) -> HandshakeMessage {
    HandshakeMessage::ClientHello(plain_client_hello(more))
}

pub fn plain_client_hello(more: Vec<Extension>) -> ClientHello {
    let mut extensions = vec![
        Extension::ServerName(Some("localhost".to_owned())),
        Extension::SupportedVersions(vec![0x0304, 0x0303]),
        Extension::SupportedGroups(vec![0x001d, 0x0017]),
    ];
    if !more.iter().any(|it| it.kind() == 51) {
        extensions.push(Extension::KeyShares(vec![share(0x001d)]));
    }
    extensions.extend(more);
    ClientHello {
        legacy_version: 0x0303,
        random: [0x11; 32],
        legacy_session_id: vec![2; 32],
        cipher_suites: vec![0x1303, 0x1302, 0x1301, 0x1304],
        legacy_compression_methods: vec![0],
        extensions,
    }
}

pub fn server_hello(more: Vec<Extension>) -> HandshakeMessage {
    HandshakeMessage::ServerHello(plain_server_hello(more))
}

pub fn plain_server_hello(more: Vec<Extension>) -> ServerHello {
    let mut extensions =
        vec![Extension::SelectedVersion(0x0304), Extension::KeyShare(share(0x001d))];
    extensions.extend(more);
    ServerHello {
        legacy_version: 0x0303,
        random: [0x22; 32],
        legacy_session_id_echo: vec![2; 32],
        cipher_suite: 0x1301,
        legacy_compression_method: 0,
        extensions,
    }
}

pub fn retry() -> ServerHello {
    let extensions = vec![
        Extension::SelectedVersion(0x0304),
        Extension::SelectedGroup(0x0017),
        Extension::Cookie(vec![5; 9]),
    ];
    ServerHello { random: RETRY_RANDOM, extensions, ..plain_server_hello(vec![]) }
}

pub fn certificate(leaf: &str, context: &[u8]) -> HandshakeMessage {
    let certificates = credentials(leaf, "server").certificates.into_iter();
    let entry = |der| CertificateEntry { der, extensions: vec![] };
    HandshakeMessage::Certificate(Certificate {
        context: context.to_vec(),
        certificates: certificates.map(entry).collect(),
    })
}

pub fn request(context: &[u8]) -> HandshakeMessage {
    HandshakeMessage::CertificateRequest(CertificateRequest {
        context: context.to_vec(),
        extensions: vec![Extension::SignatureAlgorithms(vec![0x0804])],
    })
}

pub fn early_data() -> Extension {
    Extension::Other { kind: 42, body: vec![] }
}
