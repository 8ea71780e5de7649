//! What a client offers, and what this server makes of it (RFC 8446, sections 4.1.2 and 4.2).

use certificates::ServerName;
use crypto::tls13::group::Group;
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::hello::RANDOM_LEN;
use messages::tls13::names::TLS13;
use messages::tls13::{ClientHello, HandshakeMessage};

use crate::TlsError;
use crate::config::ServerConfig;
use crate::flight::unexpected;

const PADDING: u16 = 21;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const COOKIE: u16 = 44;
const PSK_KEY_EXCHANGE_MODES: u16 = 45;
const KEY_SHARE: u16 = 51;

/// What a client offers.
pub(super) struct Offer {
    hello: ClientHello,
}

/// What a server makes of the client's keys.
pub(super) enum Choice {
    /// A group, and the client's key for it.
    Share(Group, Vec<u8>),
    /// A group that both know, for which there is no key yet.
    Retry(Group),
}

impl Offer {
    /// Checks what no client of TLS 1.3 may leave out or get wrong (sections 4.1.2 and 9.2).
    pub(super) fn new(message: HandshakeMessage) -> Result<Self, TlsError> {
        let HandshakeMessage::ClientHello(hello) = message else {
            return Err(unexpected("ClientHello", &message));
        };
        let offer = Self { hello };
        let message = "ClientHello";
        let illegal = |why| Err(TlsError::Illegal { message, why });
        if !offer.versions().contains(&TLS13) {
            return Err(TlsError::Version);
        }
        if offer.hello.legacy_compression_methods != [0] {
            return illegal("it offers to compress");
        }
        let last = offer.hello.extensions.last().map(Extension::kind);
        let resumes = offer.has(PRE_SHARED_KEY);
        if resumes && last != Some(PRE_SHARED_KEY) {
            return illegal("pre_shared_key is not its last extension");
        }
        if offer.has(COOKIE) {
            return illegal("it has a cookie, which this side never sends");
        }
        for (must, kind, extension) in [
            (resumes, PSK_KEY_EXCHANGE_MODES, "psk_key_exchange_modes"),
            (true, 10, "supported_groups"),
            (true, 13, "signature_algorithms"),
            (true, KEY_SHARE, "key_share"),
        ] {
            if must && !offer.has(kind) {
                return Err(TlsError::MissingExtension { message, extension });
            }
        }
        offer.check_shares()?;
        Ok(offer)
    }

    /// Keys are for groups that are offered, once each, in the order of the groups (section 4.2.8).
    fn check_shares(&self) -> Result<(), TlsError> {
        let illegal = |why| Err(TlsError::Illegal { message: "ClientHello", why });
        let mut places = Vec::new();
        for share in self.shares() {
            let place = self.groups().iter().position(|group| *group == share.group);
            let Some(place) = place else {
                return illegal("it has a key for a group that it does not offer");
            };
            if places.contains(&place) {
                return illegal("it has two keys for one group");
            }
            places.push(place);
        }
        if places.is_sorted() {
            Ok(())
        } else {
            illegal("its keys are not in the order of its groups")
        }
    }

    pub(super) fn random(&self) -> &[u8; RANDOM_LEN] {
        &self.hello.random
    }

    pub(super) fn session_id(&self) -> &[u8] {
        &self.hello.legacy_session_id
    }

    fn has(&self, kind: u16) -> bool {
        self.hello.extensions.iter().any(|it| it.kind() == kind)
    }

    /// What one of the extensions says, if it is there.
    fn find<V>(&self, says: impl Fn(&Extension) -> Option<&V>) -> Option<&V> {
        self.hello.extensions.iter().find_map(says)
    }

    fn versions(&self) -> &[u16] {
        let versions = self.find(|extension| match extension {
            Extension::SupportedVersions(versions) => Some(versions),
            _ => None,
        });
        versions.map_or(&[], Vec::as_slice)
    }

    fn groups(&self) -> &[u16] {
        let groups = self.find(|extension| match extension {
            Extension::SupportedGroups(groups) => Some(groups),
            _ => None,
        });
        groups.map_or(&[], Vec::as_slice)
    }

    fn shares(&self) -> &[KeyShareEntry] {
        let shares = self.find(|extension| match extension {
            Extension::KeyShares(shares) => Some(shares),
            _ => None,
        });
        shares.map_or(&[], Vec::as_slice)
    }

    /// The most bytes that the client takes in a record, if it says so (RFC 8449).
    pub(super) fn record_size_limit(&self) -> Option<u16> {
        let limit = self.find(|extension| match extension {
            Extension::RecordSizeLimit(limit) => Some(limit),
            _ => None,
        });
        limit.copied()
    }

    /// The first suite of this side's that the client offers.
    pub(super) fn suite(&self, config: &ServerConfig) -> Result<Suite, TlsError> {
        let offered = &self.hello.cipher_suites;
        let suite = config.suites.iter().find(|suite| offered.contains(&suite.id()));
        suite.copied().ok_or(TlsError::NothingInCommon { what: "cipher suite" })
    }

    /// The scheme that this side's key signs by, if the client verifies it.
    pub(super) fn scheme(&self, config: &ServerConfig) -> Result<Scheme, TlsError> {
        let ours = config.credentials.key.scheme();
        let schemes = self.find(|extension| match extension {
            Extension::SignatureAlgorithms(schemes) => Some(schemes),
            _ => None,
        });
        let verifies = schemes.is_some_and(|schemes| schemes.contains(&ours.id()));
        verifies.then_some(ours).ok_or(TlsError::NothingInCommon { what: "signature scheme" })
    }

    /// The first protocol of this side's that the client offers (RFC 7301, section 3.2).
    pub(super) fn protocol(&self, config: &ServerConfig) -> Result<Option<Vec<u8>>, TlsError> {
        let offered = self.find(|extension| match extension {
            Extension::Alpn(protocols) => Some(protocols),
            _ => None,
        });
        let Some(offered) = offered.filter(|_| !config.protocols.is_empty()) else {
            return Ok(None);
        };
        let chosen = config.protocols.iter().find(|protocol| offered.contains(protocol));
        chosen.cloned().map(Some).ok_or(TlsError::NoProtocol)
    }

    /// The first group of this side's for which there is a key, or else the first that the client knows.
    pub(super) fn share(&self, config: &ServerConfig) -> Result<Choice, TlsError> {
        for group in &config.groups {
            let share = self.shares().iter().find(|share| share.group == group.id());
            if let Some(share) = share {
                return Ok(Choice::Share(*group, share.key_exchange.clone()));
            }
        }
        let known = config.groups.iter().find(|group| self.groups().contains(&group.id()));
        known.copied().map(Choice::Retry).ok_or(TlsError::NothingInCommon { what: "group" })
    }

    /// Checks that this is `first` with one key, of this group, and that nothing else changed (section 4.1.2). Returns the
    /// key.
    pub(super) fn follows(&self, first: &Self, group: Group) -> Result<Vec<u8>, TlsError> {
        let illegal = |why| Err(TlsError::Illegal { message: "ClientHello", why });
        let key = match self.shares() {
            [share] if share.group == group.id() => share.key_exchange.clone(),
            _ => return illegal("it does not have one key, for the group that was asked for"),
        };
        if self.has(EARLY_DATA) {
            return illegal("it has early_data, which is for a first ClientHello");
        }
        let fixed = |hello: &ClientHello| {
            let is_fixed = |it: &&Extension| {
                !matches!(it.kind(), PADDING | PRE_SHARED_KEY | EARLY_DATA | KEY_SHARE)
            };
            let extensions: Vec<_> = hello.extensions.iter().filter(is_fixed).cloned().collect();
            ClientHello { extensions, ..hello.clone() }
        };
        if fixed(&self.hello) != fixed(&first.hello) {
            return illegal("it is not the first one with another key: something else changed too");
        }
        Ok(key)
    }

    /// The name that the client wants to reach.
    pub(super) fn name(&self) -> Option<ServerName<'static>> {
        self.hello.extensions.iter().find_map(|extension| match extension {
            Extension::ServerName(Some(name)) => ServerName::try_from(name.clone()).ok(),
            _ => None,
        })
    }
}
