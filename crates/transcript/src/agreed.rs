//! What the messages of TLS tell at a glance: what a client offers, and what the two agree on.

use messages::tls13::{Extension, HandshakeMessage, name, names};

/// Names of a list that are told, followed by how many more there are.
const MAX_LISTED: usize = 4;
/// Columns of a name out of a message that are told.
const MAX_NAME: usize = 64;

/// The extension in which a server chooses a pre-shared key (RFC 8446, section 4.2.11).
const PRE_SHARED_KEY: u16 = 41;

/// What one connection of TLS agreed on, as far as it was told.
#[derive(Debug, Default)]
pub struct Agreed {
    /// The version.
    pub version: Option<String>,
    /// The suite.
    pub suite: Option<String>,
    /// The group of the shared secret.
    pub group: Option<String>,
    /// The scheme of the server's signature.
    pub scheme: Option<String>,
    /// The protocol to speak inside.
    pub protocol: Option<String>,
    /// Whether a HelloRetryRequest came first.
    pub is_retried: bool,
    /// Whether the server took up a key of a session before, in place of a certificate.
    pub is_resumed: bool,
    /// The name that the client asked for.
    pub name: Option<String>,
}

impl Agreed {
    /// Takes from a message what it settles. `is_from_server` says who sent it.
    pub(crate) fn take(&mut self, message: &[u8], is_from_server: bool) {
        match HandshakeMessage::decode(message) {
            Ok(HandshakeMessage::ClientHello(hello)) => self.name = server_name(&hello.extensions),
            Ok(HandshakeMessage::ServerHello(hello)) if hello.is_retry_request() => {
                self.is_retried = true;
            }
            Ok(HandshakeMessage::ServerHello(hello)) => {
                let selected = hello.extensions.iter().find_map(|extension| match extension {
                    Extension::SelectedVersion(version) => Some(*version),
                    _ => None,
                });
                self.version = Some(names::version(selected.unwrap_or(hello.legacy_version)));
                self.suite = Some(names::suite(hello.cipher_suite));
                self.group = group(&hello.extensions);
                self.is_resumed = hello.extensions.iter().any(|it| it.kind() == PRE_SHARED_KEY);
            }
            Ok(HandshakeMessage::EncryptedExtensions(extensions)) => {
                self.protocol = protocols(&extensions).into_iter().next();
            }
            Ok(HandshakeMessage::CertificateVerify(verify)) if is_from_server => {
                self.scheme = Some(names::scheme(verify.scheme));
            }
            _ => {}
        }
    }

    /// Says it in a sentence, if there was an agreement.
    pub(crate) fn told(&self) -> Option<String> {
        let Self { suite, group, scheme, protocol, is_retried, .. } = self;
        let (suite, group) = (suite.as_ref()?, group.as_ref()?);
        let signed = scheme.as_ref().map(|scheme| format!(", signed by {scheme}"));
        let protocol = protocol.as_ref().map(|protocol| format!(", protocol {protocol:?}"));
        let how = if *is_retried { "; after a HelloRetryRequest" } else { "" };
        let [signed, protocol] = [signed, protocol].map(Option::unwrap_or_default);
        Some(format!("agreed: {suite}, {group}{signed}{protocol}{how}"))
    }
}

/// The name of the server in a ClientHello.
pub(crate) fn asked_for(message: &[u8]) -> Option<String> {
    match HandshakeMessage::decode(message) {
        Ok(HandshakeMessage::ClientHello(hello)) => server_name(&hello.extensions),
        _ => None,
    }
}

/// Says what anyone reads in a message of TLS in the clear: its name, and its lists.
pub(crate) fn glimpse(message: &[u8]) -> String {
    let name = name(message);
    let lists = match HandshakeMessage::decode(message) {
        Ok(HandshakeMessage::ClientHello(hello)) => {
            let suites = hello.cipher_suites.iter().map(|suite| names::suite(*suite)).collect();
            let groups = hello.extensions.iter().find_map(|extension| match extension {
                Extension::SupportedGroups(groups) => {
                    Some(groups.iter().map(|group| names::group(*group)).collect())
                }
                _ => None,
            });
            let wanted = server_name(&hello.extensions).map(|name| vec![format!("{name:?}")]);
            let protocols = protocols(&hello.extensions);
            [wanted, Some(suites), groups, Some(protocols)].into_iter().flatten().collect()
        }
        Ok(HandshakeMessage::ServerHello(hello)) => {
            let suite = names::suite(hello.cipher_suite);
            vec![[suite].into_iter().chain(group(&hello.extensions)).collect()]
        }
        _ => match message {
            [_, alert] => vec![vec![names::alert(*alert)]],
            _ => Vec::new(),
        },
    };
    let lists: Vec<_> =
        lists.iter().filter(|list| !list.is_empty()).map(|list| listed(list)).collect();
    if lists.is_empty() { name.to_owned() } else { format!("{name}: {}", lists.join("; ")) }
}

fn listed(names: &[String]) -> String {
    let first = names.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn server_name(extensions: &[Extension]) -> Option<String> {
    extensions.iter().find_map(|extension| match extension {
        Extension::ServerName(Some(name)) => Some(shortened(name)),
        _ => None,
    })
}

fn group(extensions: &[Extension]) -> Option<String> {
    extensions.iter().find_map(|extension| match extension {
        Extension::KeyShare(share) => Some(names::group(share.group)),
        Extension::SelectedGroup(group) => Some(names::group(*group)),
        _ => None,
    })
}

fn protocols(extensions: &[Extension]) -> Vec<String> {
    let protocols = extensions.iter().find_map(|extension| match extension {
        Extension::Alpn(protocols) => Some(protocols),
        _ => None,
    });
    let text = |protocol: &Vec<u8>| shortened(&String::from_utf8_lossy(protocol));
    protocols.into_iter().flatten().map(text).collect()
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Event, EventKind, HandshakeMessage as Told, Role, Summary, Way};
    use messages::tls13::hello::RETRY_RANDOM;
    use messages::tls13::{CertificateVerify, ClientHello, KeyShareEntry, ServerHello};
    use stages::PART5_TLS13;

    fn client_hello(suites: &[u16], extensions: Vec<Extension>) -> Vec<u8> {
        HandshakeMessage::ClientHello(ClientHello {
            legacy_version: 0x0303,
            random: [7; 32],
            legacy_session_id: Vec::new(),
            cipher_suites: suites.to_vec(),
            legacy_compression_methods: vec![0],
            extensions,
        })
        .encode()
    }

    fn server_hello(random: [u8; 32], extension: Extension) -> Vec<u8> {
        HandshakeMessage::ServerHello(ServerHello {
            legacy_version: 0x0303,
            random,
            legacy_session_id_echo: Vec::new(),
            cipher_suite: 0x1303,
            legacy_compression_method: 0,
            extensions: vec![Extension::SelectedVersion(0x0304), extension],
        })
        .encode()
    }

    fn asked(name: &str) -> Extension {
        Extension::ServerName(Some(name.to_owned()))
    }

    #[test]
    fn a_message_in_the_clear_tells_names_and_folds_long_lists() {
        let protocols = Extension::Alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()]);
        let groups = Extension::SupportedGroups(vec![29, 23]);
        let hello = client_hello(&[0x1303], vec![asked("bank.example"), groups, protocols]);
        assert_eq!(
            glimpse(&hello),
            "ClientHello: \"bank.example\"; TLS_CHACHA20_POLY1305_SHA256; x25519, secp256r1; h2, http/1.1"
        );
        let many = glimpse(&client_hello(&[0x1301; 33], vec![]));
        assert!(many.ends_with(", TLS_AES_128_GCM_SHA256 and 29 more"), "{many}");

        let retry = server_hello(RETRY_RANDOM, Extension::SelectedGroup(23));
        assert_eq!(glimpse(&retry), "HelloRetryRequest: TLS_CHACHA20_POLY1305_SHA256, secp256r1");
        assert_eq!(glimpse(&[1]), "ChangeCipherSpec");
        assert_eq!(glimpse(&[2, 40]), "Alert: handshake_failure");
        let long = glimpse(&client_hello(&[0x1301], vec![asked(&"x".repeat(1_000))]));
        assert!(long.len() < 200, "{long}");
    }

    /// What `role` tells of a handshake.
    fn tell(summary: &mut Summary, role: Role, way: Way, step: &str, message: &[u8]) -> String {
        let kind = EventKind::Handshake(Told::new(step, way, message, &["form", "a check"]));
        let text = summary.event(&Event { role, stage: &PART5_TLS13, kind }) + &summary.settle();
        anstream::adapter::strip_str(&text).to_string()
    }

    fn conclusion(summary: &mut Summary) -> String {
        let text = summary.conclusion(&PART5_TLS13).replace('\n', " ");
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn a_conclusion_names_what_was_agreed_even_if_one_side_is_silent() {
        let mut summary = Summary::default();
        let server = Role::Server;
        let hello = client_hello(&[0x1303], vec![asked("localhost")]);
        let text = tell(&mut summary, server, Way::Received, "ClientHello", &hello);
        assert_eq!(text, "server │ accepts  ClientHello: a check\n");
        let retry = server_hello(RETRY_RANDOM, Extension::SelectedGroup(23));
        let text = tell(&mut summary, server, Way::Sent, "HelloRetryRequest", &retry);
        assert_eq!(text, "server │ sends    HelloRetryRequest\n");
        let share = KeyShareEntry { group: 23, key_exchange: vec![4; 65] };
        let answer = server_hello([9; 32], Extension::KeyShare(share));
        tell(&mut summary, server, Way::Sent, "ServerHello", &answer);
        let verify = CertificateVerify { scheme: 0x0807, signature: vec![1; 64] };
        let verify = HandshakeMessage::CertificateVerify(verify).encode();
        tell(&mut summary, server, Way::Sent, "CertificateVerify", &verify);
        let finished = HandshakeMessage::Finished(vec![3; 32]).encode();
        tell(&mut summary, server, Way::Received, "Finished", &finished);
        let text = conclusion(&mut summary);
        for said in [
            "agreed: TLS_CHACHA20_POLY1305_SHA256, secp256r1, signed by ed25519; after a \
             HelloRetryRequest",
            "the client tells nothing itself, but the server accepts its Finished: both hold the same secret, \
             and saw the same handshake. The server does not know with whom",
        ] {
            assert!(text.contains(said), "{said}:\n{text}");
        }
        // Nothing of one run is left for the next.
        let text = conclusion(&mut summary);
        assert!(text.contains("have not agreed") && !text.contains("agreed: "), "{text}");
    }

    #[test]
    fn encrypted_records_that_pass_by_together_stand_in_one_line_however_they_are_cut() {
        let bytes = [PART5_TLS13.record(&[7; 29]), PART5_TLS13.record(&[7; 53])].concat();
        for piece in [1, 7, 100] {
            let mut summary = Summary::default();
            let mut text = String::new();
            for bytes in bytes.chunks(piece) {
                let direction = Direction::ToClient;
                let kind = EventKind::Chunk { direction, micros: 0, bytes: bytes.into() };
                text += &summary.event(&Event { role: Role::Wire, stage: &PART5_TLS13, kind });
            }
            text += &summary.settle();
            let text = anstream::adapter::strip_str(&text).to_string();
            assert_eq!(text, "wire   │ 92 B     encrypted, in 2 records: 12 and 36 bytes\n");
        }
    }
}
