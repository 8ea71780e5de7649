//! What the messages of TLS tell at a glance: what a client offers, and what the two agree on.

use messages::tls13::{Extension, HandshakeMessage, name, names};

/// Names of a list that are told, followed by how many more there are.
const MAX_LISTED: usize = 4;
/// Columns of a name out of a message that are told.
const MAX_NAME: usize = 64;

/// What one connection of TLS agreed on, as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Agreed {
    suite: Option<String>,
    group: Option<String>,
    scheme: Option<String>,
    protocol: Option<String>,
    is_retried: bool,
    /// The name that the client asked for.
    pub(crate) name: Option<String>,
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
                self.suite = Some(names::suite(hello.cipher_suite));
                self.group = group(&hello.extensions);
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
        let mut told = format!("agreed: {}, {}", suite.as_ref()?, group.as_ref()?);
        if let Some(scheme) = scheme {
            told += &format!(", signed by {scheme}");
        }
        told += &match protocol {
            Some(protocol) => format!(", protocol {protocol:?}"),
            None => ", no protocol (ALPN)".to_owned(),
        };
        Some(told + if *is_retried { "; after a HelloRetryRequest" } else { "; at once" })
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
pub(crate) fn glimpse(message: &[u8]) -> Vec<String> {
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
            let wanted = server_name(&hello.extensions).map(|name| vec![format!("for {name:?}")]);
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
    let lists: Vec<_> = lists.iter().filter(|list| !list.is_empty()).map(listed).collect();
    match lists.is_empty() {
        true => vec![name.to_owned()],
        false => [format!("{name}:"), lists.join("; ")].into(),
    }
}

fn listed(names: &Vec<String>) -> String {
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
