//! What a client offers, and what a server may make of it (RFC 8446, sections 4.1 and 4.2).

use certificates::ServerName;
use crypto::keys;
use crypto::secret::SharedSecret;
use crypto::tls13::group::{Group, KeyShare};
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::hello::RANDOM_LEN;
use messages::tls13::names::{TLS12, TLS13};
use messages::tls13::{ClientHello, ServerHello};

use crate::TlsError;
use crate::config::ClientConfig;
use crate::flight::not_asked_for;
use crate::records::MAX_LIMIT;

/// How the random value of a server ends that knows TLS 1.3 and was brought to choose less (section 4.1.3): "DOWNGRD", and
/// 1 at TLS 1.2 or 0 below.
const DOWNGRADED: [&[u8]; 2] = [b"DOWNGRD\x01", b"DOWNGRD\x00"];

/// What a client offers, and the private keys behind it.
pub(super) struct Offer<'c> {
    config: &'c ClientConfig,
    pub(super) hello: ClientHello,
    shares: Vec<(Group, KeyShare)>,
}

impl<'c> Offer<'c> {
    pub(super) fn new(
        name: &ServerName<'static>,
        config: &'c ClientConfig,
    ) -> Result<Self, TlsError> {
        let mut shares = Vec::new();
        for group in &config.groups {
            // A key for the group that is preferred, and one for the group that every server knows.
            if shares.is_empty() || *group == Group::X25519 {
                shares.push((*group, KeyShare::random(*group)?));
            }
        }
        let mut extensions = Vec::new();
        if let ServerName::DnsName(name) = name {
            extensions.push(Extension::ServerName(Some(name.as_ref().to_owned())));
        }
        extensions.extend([
            Extension::SupportedVersions(vec![TLS13]),
            Extension::SupportedGroups(config.groups.iter().map(|group| group.id()).collect()),
            Extension::SignatureAlgorithms(Scheme::ALL.iter().map(|scheme| scheme.id()).collect()),
            Extension::SignatureAlgorithmsCert(certificates::SCHEMES.to_vec()),
            Extension::RecordSizeLimit(MAX_LIMIT),
        ]);
        if !config.protocols.is_empty() {
            extensions.push(Extension::Alpn(config.protocols.clone()));
        }
        extensions.push(key_shares(&shares));
        let hello = ClientHello {
            legacy_version: TLS12,
            random: *keys::random()?,
            legacy_session_id: keys::random()?.to_vec(),
            cipher_suites: config.suites.iter().map(|suite| suite.id()).collect(),
            legacy_compression_methods: vec![0],
            extensions,
        };
        Ok(Self { config, hello, shares })
    }

    pub(super) fn random(&self) -> &[u8; RANDOM_LEN] {
        &self.hello.random
    }

    /// Checks what ServerHello and HelloRetryRequest have in common (section 4.1.3).
    pub(super) fn check(&self, hello: &ServerHello) -> Result<(), TlsError> {
        let message = name(hello);
        let illegal = |why| Err(TlsError::Illegal { message, why });
        let version = hello.extensions.iter().find_map(|extension| match extension {
            Extension::SelectedVersion(version) => Some(*version),
            _ => None,
        });
        match version {
            Some(TLS13) => {}
            Some(_) => return illegal("its version is not one that was offered"),
            None if DOWNGRADED.iter().any(|end| hello.random.ends_with(end)) => {
                return illegal(
                    "it is of an older version, and says that its server knows TLS 1.3",
                );
            }
            None => return Err(TlsError::Version),
        }
        if hello.legacy_version != TLS12 {
            return illegal("its legacy_version is not that of TLS 1.2");
        }
        if hello.legacy_session_id_echo != self.hello.legacy_session_id {
            return illegal("its legacy_session_id_echo is not what was sent");
        }
        if hello.legacy_compression_method != 0 {
            return illegal("it compresses");
        }
        for extension in &hello.extensions {
            match extension {
                Extension::SelectedVersion(_)
                | Extension::KeyShare(_)
                | Extension::SelectedGroup(_)
                | Extension::Cookie(_) => {}
                other => return Err(not_asked_for(message, other.kind())),
            }
        }
        Ok(())
    }

    /// The suite that the server chose.
    pub(super) fn suite(&self, hello: &ServerHello) -> Result<Suite, TlsError> {
        let chosen = Suite::find(hello.cipher_suite);
        let chosen = chosen.filter(|suite| self.config.suites.contains(suite));
        chosen.ok_or(TlsError::Illegal {
            message: name(hello),
            why: "its suite is not one that was offered",
        })
    }

    /// Makes the second ClientHello: a key for the group that the server wants, and its cookie (section 4.1.4).
    // ANCHOR: retry
    pub(super) fn retry(&mut self, request: &ServerHello) -> Result<(), TlsError> {
        let illegal = |why| TlsError::Illegal { message: "HelloRetryRequest", why };
        let mut changed = false;
        for extension in &request.extensions {
            match extension {
                Extension::SelectedGroup(group) => {
                    let group = Group::find(*group);
                    let group = group.filter(|group| self.config.groups.contains(group));
                    let group = group.ok_or(illegal("its group is not one that was offered"))?;
                    if self.shares.iter().any(|(sent, _)| *sent == group) {
                        return Err(illegal("a key for its group was sent already"));
                    }
                    self.shares = vec![(group, KeyShare::random(group)?)];
                    for extension in &mut self.hello.extensions {
                        if let Extension::KeyShares(_) = extension {
                            *extension = key_shares(&self.shares);
                        }
                    }
                    changed = true;
                }
                Extension::Cookie(cookie) => {
                    self.hello.extensions.push(Extension::Cookie(cookie.clone()));
                    changed = true;
                }
                _ => {}
            }
        }
        if changed { Ok(()) } else { Err(illegal("it asks for nothing else than what was sent")) }
    }
    // ANCHOR_END: retry

    /// The secret that is shared with the server.
    pub(super) fn agree(&self, hello: &ServerHello) -> Result<(Group, SharedSecret), TlsError> {
        let message = "ServerHello";
        let share = hello.extensions.iter().find_map(|extension| match extension {
            Extension::KeyShare(share) => Some(share),
            _ => None,
        });
        let share = share.ok_or(TlsError::MissingExtension { message, extension: "key_share" })?;
        let sent = self.shares.iter().find(|(group, _)| group.id() == share.group);
        let why = "its key is for a group for which none was sent";
        let (group, ours) = sent.ok_or(TlsError::Illegal { message, why })?;
        let agreed = ours.agree(&share.key_exchange);
        let why = "its key is none of its group, or one that makes the secret zero";
        Ok((*group, agreed.ok_or(TlsError::Illegal { message, why })?))
    }

    /// The protocol that the server chose, from EncryptedExtensions.
    pub(super) fn protocol(&self, extensions: &[Extension]) -> Result<Option<Vec<u8>>, TlsError> {
        let message = "EncryptedExtensions";
        let mut chosen = None;
        for extension in extensions {
            let kind = extension.kind();
            if !self.hello.extensions.iter().any(|sent| sent.kind() == kind) {
                return Err(not_asked_for(message, kind));
            }
            let Extension::Alpn(protocols) = extension else { continue };
            match protocols.as_slice() {
                [protocol] if self.config.protocols.contains(protocol) => {
                    chosen = Some(protocol.clone());
                }
                _ => {
                    let why = "its protocol is not one that was offered";
                    return Err(TlsError::Illegal { message, why });
                }
            }
        }
        Ok(chosen)
    }
}

fn name(hello: &ServerHello) -> &'static str {
    if hello.is_retry_request() { "HelloRetryRequest" } else { "ServerHello" }
}

fn key_shares(shares: &[(Group, KeyShare)]) -> Extension {
    let entry = |(group, share): &(Group, KeyShare)| KeyShareEntry {
        group: group.id(),
        key_exchange: share.public.clone(),
    };
    Extension::KeyShares(shares.iter().map(entry).collect())
}
