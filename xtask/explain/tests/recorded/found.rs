//! What is found in an explained connection, and what has to be.

use messages::tls13::{Extension, HandshakeMessage, names};
use transcript::Role;

use super::session::Connection;

/// Extensions by number.
const SUPPORTED_VERSIONS: u16 = 43;
const EARLY_DATA: u16 = 42;

/// What is found in a connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub suite: String,
    pub group: String,
    pub scheme: String,
    pub protocol: String,
    pub is_early: bool,
    /// What the client and the server sent.
    pub sent: [String; 2],
    /// The checks that hold, sorted.
    pub holds: Vec<String>,
    /// The others, and why.
    pub not_made: Vec<String>,
}

impl Found {
    /// What has to be found.
    pub fn expected(connection: &Connection) -> Self {
        let Connection { suite, group, scheme, protocol, .. } = connection;
        let [suite, group, scheme, protocol] =
            [suite, group, scheme, protocol].map(|it| (*it).to_owned());
        let Connection { is_early, sent, .. } = *connection;
        let not_made = connection.not_made.iter().map(|&it| it.to_owned()).collect();
        let sent = sent.map(str::to_owned);
        let mut expected =
            Self { suite, group, scheme, protocol, is_early, sent, holds: Vec::new(), not_made };
        if !connection.suite.is_empty() {
            expected.expect_checks(connection);
        }
        expected.holds.sort_unstable();
        expected.not_made.sort_unstable();
        expected
    }

    /// Every message that proves something is checked, and the end of each side.
    fn expect_checks(&mut self, connection: &Connection) {
        let mut check = |side: &str, what: &str| {
            let name = format!("{side} {what}");
            if !connection.not_made.iter().any(|it| it.starts_with(&name)) {
                self.holds.push(name);
            }
        };
        for (side, sent) in ["client", "server"].into_iter().zip(connection.sent) {
            let mut hellos = 0;
            for step in sent.split(' ') {
                match step {
                    "Certificate" | "CertificateVerify" | "Finished" => check(side, step),
                    "HelloRetryRequest" | "ServerHello" => {
                        check(side, step);
                        check(side, "legacy_session_id_echo");
                        check(side, "downgrade");
                        hellos += 1;
                    }
                    "ClientHello" => hellos += 1,
                    "close_notify" => check(side, "end"),
                    _ => {}
                }
            }
            match side {
                "client" if hellos == 2 => check(side, "second ClientHello"),
                "client" if connection.scheme.is_empty() => check(side, "binder"),
                "server" if hellos == 2 => check(side, "hash after HelloRetryRequest"),
                _ => {}
            }
            if !sent.contains("Alert") {
                let why = format!("{side} end not made: the {side} ends without close_notify");
                self.not_made.push(why);
            }
        }
    }

    /// The same without what is said and found of the ends.
    pub fn without_ends(mut self) -> Self {
        let end = " Alert close_notify";
        self.sent = self.sent.map(|it| it.strip_suffix(end).unwrap_or(&it).to_owned());
        self.holds.retain(|it| !it.ends_with(" end"));
        self.not_made.retain(|it| !it.contains(" end not made"));
        self
    }

    /// The same, with each reason cut off where that of another ends if they begin alike.
    pub fn brief_as(mut self, other: &Self) -> Self {
        for (why, brief) in self.not_made.iter_mut().zip(&other.not_made) {
            if why.starts_with(brief) {
                why.truncate(brief.len());
            }
        }
        self
    }

    /// Takes note of what a message settles.
    pub fn read(&mut self, from: Role, message: &[u8]) {
        let Ok(message) = HandshakeMessage::decode(message) else { return };
        match message {
            HandshakeMessage::ServerHello(hello)
                if hello.extensions.iter().any(|it| it.kind() == SUPPORTED_VERSIONS) =>
            {
                self.suite = names::suite(hello.cipher_suite);
                for extension in &hello.extensions {
                    if let Extension::KeyShare(share) = extension {
                        self.group = names::group(share.group);
                    }
                }
            }
            HandshakeMessage::EncryptedExtensions(extensions) => {
                for extension in extensions {
                    match extension {
                        Extension::Alpn(protocols) => {
                            self.protocol = String::from_utf8(protocols[0].clone()).unwrap();
                        }
                        other => self.is_early |= other.kind() == EARLY_DATA,
                    }
                }
            }
            HandshakeMessage::CertificateVerify(verify) if from == Role::Server => {
                self.scheme = names::scheme(verify.scheme);
            }
            _ => {}
        }
    }
}
