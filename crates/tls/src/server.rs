//! The server's side of the handshake (RFC 8446, section 2 and figure 1).

use std::io::{Read, Write};
use std::time::SystemTime;

use certificates::{Roots, ServerName, Verifier};
use crypto::keys;
use crypto::tls13::group::Group;
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::certificate::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify,
};
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::names::{TLS12, TLS13};
use messages::tls13::{ClientHello, HandshakeMessage, ServerHello};

use crate::TlsError;
use crate::client::unexpected;
use crate::config::{Agreed, ServerConfig, tell_agreed, tell_secrets};
use crate::records::Records;
use crate::schedule::{Handshake, signed};
use crate::stream::{Role, TlsStream};

/// Accepts a client. Returns when both have proved that they saw the same handshake.
///
/// # Errors
/// [`TlsError`]. The client was told, if it was still there.
pub fn accept<T: Read + Write + Clone>(
    stream: T,
    config: &ServerConfig,
) -> Result<TlsStream<T>, TlsError> {
    let mut records = Records::new(stream);
    records.observed_by(config.observer.clone());
    match handshake(&mut records, config) {
        Ok((agreed, application)) => Ok(TlsStream::new(records, Role::Server, agreed, application)),
        Err(error) => {
            records.reject(&error);
            Err(error)
        }
    }
}

type Made = (Agreed, crate::schedule::Application);

// ANCHOR: handshake
fn handshake<T: Read + Write + Clone>(
    records: &mut Records<T>,
    config: &ServerConfig,
) -> Result<Made, TlsError> {
    // ClientHello: what the client can do.
    let received = records.recv("ClientHello")?;
    let mut offer = Offer::new(received.message)?;
    let suite = offer.suite(config)?;
    let scheme = offer.scheme(config)?;
    let protocol = offer.protocol(config)?;
    records.passed("it offers something that this side has");
    let mut transcript = Transcript::new(suite);
    transcript.add(&received.bytes);

    // HelloRetryRequest, if it sent no key for a group that both know.
    let mut choice = offer.share(config)?;
    let retried = matches!(choice, Choice::Retry(_));
    if let Choice::Retry(group) = choice {
        transcript.retry();
        let extensions =
            vec![Extension::SelectedVersion(TLS13), Extension::SelectedGroup(group.id())];
        let request = offer.answer(RETRY_RANDOM, suite, extensions);
        transcript.add(&records.queue(&HandshakeMessage::ServerHello(request))?);
        records.queue_change()?;
        records.flush()?;
        let received = records.recv("ClientHello")?;
        let second = Offer::new(received.message)?;
        second.follows(&offer, group)?;
        records.passed("it is the first one, with a key for the group that was asked for");
        transcript.add(&received.bytes);
        offer = second;
        choice = offer.share(config)?;
    }
    let Choice::Share(group, theirs) = choice else {
        let why = "it has no key for the group that was asked for";
        return Err(TlsError::Illegal { message: "ClientHello", why });
    };

    // ServerHello: the key of this side.
    let agreed = group.respond(&theirs)?;
    let why = "its key is none of its group, or one that makes the secret zero";
    let (key_exchange, agreed) = agreed.ok_or(TlsError::Illegal { message: "ClientHello", why })?;
    records.passed("its key is one of the group, and the secret is not zero");
    let share = KeyShareEntry { group: group.id(), key_exchange };
    let extensions = vec![Extension::SelectedVersion(TLS13), Extension::KeyShare(share)];
    let hello = offer.answer(*keys::random()?, suite, extensions);
    transcript.add(&records.queue(&HandshakeMessage::ServerHello(hello))?);
    if !retried {
        records.queue_change()?;
    }

    // From here on all is encrypted.
    let schedule = Handshake::new(suite, &agreed, &transcript.hash());
    tell_agreed(records, group, &agreed);
    drop(agreed);
    let log = config.key_log.as_ref();
    let random = offer.hello.random;
    tell_secrets(records, log, &random, schedule.secrets());
    records.seal_under(&schedule.traffic.server);

    // EncryptedExtensions: the rest of what this side chose.
    let alpn = protocol.iter().map(|protocol| Extension::Alpn(vec![protocol.clone()]));
    let extensions = HandshakeMessage::EncryptedExtensions(alpn.collect());
    transcript.add(&records.queue(&extensions)?);

    // CertificateRequest, if the client has to say who it is.
    if config.client_roots.is_some() {
        let schemes = Scheme::ALL.iter().map(|scheme| scheme.id()).collect();
        let extensions = vec![Extension::SignatureAlgorithms(schemes)];
        let request = CertificateRequest { context: Vec::new(), extensions };
        transcript.add(&records.queue(&HandshakeMessage::CertificateRequest(request))?);
    }

    // Certificate: who this side is; CertificateVerify: the proof.
    let entry = |der: &Vec<u8>| CertificateEntry { der: der.clone(), extensions: Vec::new() };
    let certificates = config.credentials.certificates.iter().map(entry).collect();
    let certificate = Certificate { context: Vec::new(), certificates };
    transcript.add(&records.queue(&HandshakeMessage::Certificate(certificate))?);
    let signature = config.credentials.key.sign(&signed("server", &transcript))?;
    let verify = CertificateVerify { scheme: scheme.id(), signature };
    transcript.add(&records.queue(&HandshakeMessage::CertificateVerify(verify))?);

    // Finished: this is the handshake that this side saw.
    let tag = schedule.traffic.server.finished(&transcript.hash());
    transcript.add(&records.queue(&HandshakeMessage::Finished(tag.to_vec()))?);
    records.flush()?;
    let application = schedule.application(&transcript.hash());
    tell_secrets(records, log, &random, application.secrets());
    records.seal_under(&application.traffic.server);
    records.open_under(&schedule.traffic.client)?;

    // Certificate and CertificateVerify of the client, if it was asked.
    let certificates = match &config.client_roots {
        None => Vec::new(),
        Some(roots) => of_client(records, &mut transcript, roots)?,
    };

    // Finished: the client saw the same.
    let received = records.recv("Finished")?;
    let HandshakeMessage::Finished(tag) = &received.message else {
        return Err(unexpected("Finished", &received.message));
    };
    if !schedule.traffic.client.verify_finished(&transcript.hash(), tag) {
        return Err(TlsError::BadFinished);
    }
    records.passed("its tag is over all that was said, by the secret of both");
    records.accept();
    records.open_under(&application.traffic.client)?;
    records.end_handshake();

    let name = offer.name();
    Ok((Agreed { suite, group, scheme, protocol, name, retried, certificates }, application))
}
// ANCHOR_END: handshake

/// What a client offers.
struct Offer {
    hello: ClientHello,
}

/// What a server makes of the client's keys.
enum Choice {
    /// A group, and the client's key for it.
    Share(Group, Vec<u8>),
    /// A group that both know, for which there is no key yet.
    Retry(Group),
}

impl Offer {
    /// Checks what no client of TLS 1.3 may leave out or get wrong (sections 4.1.2 and 9.2).
    fn new(message: HandshakeMessage) -> Result<Self, TlsError> {
        let HandshakeMessage::ClientHello(hello) = message else {
            return Err(unexpected("ClientHello", &message));
        };
        let message = "ClientHello";
        let offers = hello.extensions.iter().any(|extension| {
            matches!(extension, Extension::SupportedVersions(it) if it.contains(&TLS13))
        });
        if !offers {
            return Err(TlsError::Version);
        }
        if hello.legacy_compression_methods != [0] {
            return Err(TlsError::Illegal { message, why: "it offers to compress" });
        }
        let last = hello.extensions.last().map(Extension::kind);
        let pre_shared_key = 41;
        let has_psk = hello.extensions.iter().any(|it| it.kind() == pre_shared_key);
        if has_psk && last != Some(pre_shared_key) {
            return Err(TlsError::Illegal {
                message,
                why: "pre_shared_key is not its last extension",
            });
        }
        let offer = Self { hello };
        for (kind, extension) in
            [(10, "supported_groups"), (13, "signature_algorithms"), (51, "key_share")]
        {
            if !offer.hello.extensions.iter().any(|it| it.kind() == kind) {
                return Err(TlsError::MissingExtension { message, extension });
            }
        }
        offer.check_shares()?;
        Ok(offer)
    }

    /// Keys are for groups that are offered, once each, in the order of the groups (section 4.2.8).
    fn check_shares(&self) -> Result<(), TlsError> {
        let illegal = |why| Err(TlsError::Illegal { message: "ClientHello", why });
        let groups = self.groups();
        let mut seen = Vec::new();
        for share in self.shares() {
            if !groups.contains(&share.group) {
                return illegal("it has a key for a group that it does not offer");
            }
            if seen.contains(&share.group) {
                return illegal("it has two keys for one group");
            }
            seen.push(share.group);
        }
        Ok(())
    }

    fn groups(&self) -> &[u16] {
        let groups = self.hello.extensions.iter().find_map(|extension| match extension {
            Extension::SupportedGroups(groups) => Some(groups.as_slice()),
            _ => None,
        });
        groups.unwrap_or_default()
    }

    fn shares(&self) -> &[KeyShareEntry] {
        let shares = self.hello.extensions.iter().find_map(|extension| match extension {
            Extension::KeyShares(shares) => Some(shares.as_slice()),
            _ => None,
        });
        shares.unwrap_or_default()
    }

    /// The first suite of this side's that the client offers.
    fn suite(&self, config: &ServerConfig) -> Result<Suite, TlsError> {
        let offered = &self.hello.cipher_suites;
        let suite = config.suites.iter().find(|suite| offered.contains(&suite.id()));
        suite.copied().ok_or(TlsError::NothingInCommon { what: "cipher suite" })
    }

    /// The scheme that this side's key signs by, if the client verifies it.
    fn scheme(&self, config: &ServerConfig) -> Result<Scheme, TlsError> {
        let ours = config.credentials.key.scheme();
        let verifies = self.hello.extensions.iter().any(|extension| {
            matches!(extension, Extension::SignatureAlgorithms(it) if it.contains(&ours.id()))
        });
        let scheme = verifies.then_some(ours);
        scheme.ok_or(TlsError::NothingInCommon { what: "signature scheme" })
    }

    /// The first protocol of this side's that the client offers (RFC 7301, section 3.2).
    fn protocol(&self, config: &ServerConfig) -> Result<Option<Vec<u8>>, TlsError> {
        let offered = self.hello.extensions.iter().find_map(|extension| match extension {
            Extension::Alpn(protocols) => Some(protocols),
            _ => None,
        });
        let Some(offered) = offered else { return Ok(None) };
        if config.protocols.is_empty() {
            return Ok(None);
        }
        let chosen = config.protocols.iter().find(|protocol| offered.contains(protocol));
        chosen.cloned().map(Some).ok_or(TlsError::NoProtocol)
    }

    /// The first group of this side's for which there is a key, or else the first that the client knows.
    fn share(&self, config: &ServerConfig) -> Result<Choice, TlsError> {
        for group in &config.groups {
            let share = self.shares().iter().find(|share| share.group == group.id());
            if let Some(share) = share {
                return Ok(Choice::Share(*group, share.key_exchange.clone()));
            }
        }
        let known = config.groups.iter().find(|group| self.groups().contains(&group.id()));
        known.copied().map(Choice::Retry).ok_or(TlsError::NothingInCommon { what: "group" })
    }

    /// Checks that this is `first` with a key for the group that was asked for, and nothing else changed (section
    /// 4.1.2).
    fn follows(&self, first: &Self, group: Group) -> Result<(), TlsError> {
        let illegal = |why| Err(TlsError::Illegal { message: "ClientHello", why });
        match self.shares() {
            [share] if share.group == group.id() => {}
            _ => return illegal("it does not have one key, for the group that was asked for"),
        }
        let fixed = |hello: &ClientHello| {
            let may_change = |it: &&Extension| {
                // early_data goes, cookie and padding come, key_share and pre_shared_key change.
                !matches!(it.kind(), 21 | 41 | 42 | 44 | 51)
            };
            let extensions: Vec<_> = hello.extensions.iter().filter(may_change).cloned().collect();
            ClientHello { extensions, ..hello.clone() }
        };
        if fixed(&self.hello) != fixed(&first.hello) {
            return illegal("it is not the first one with another key: something else changed too");
        }
        Ok(())
    }

    /// A ServerHello, or a HelloRetryRequest.
    fn answer(&self, random: [u8; 32], suite: Suite, extensions: Vec<Extension>) -> ServerHello {
        ServerHello {
            legacy_version: TLS12,
            random,
            legacy_session_id_echo: self.hello.legacy_session_id.clone(),
            cipher_suite: suite.id(),
            legacy_compression_method: 0,
            extensions,
        }
    }

    /// The name that the client wants to reach.
    fn name(&self) -> Option<ServerName<'static>> {
        self.hello.extensions.iter().find_map(|extension| match extension {
            Extension::ServerName(Some(name)) => ServerName::try_from(name.clone()).ok(),
            _ => None,
        })
    }
}

/// Reads who the client is, and the proof.
fn of_client<T: Read + Write + Clone>(
    records: &mut Records<T>,
    transcript: &mut Transcript,
    roots: &Roots,
) -> Result<Vec<Vec<u8>>, TlsError> {
    let received = records.recv("Certificate")?;
    let HandshakeMessage::Certificate(certificate) = received.message else {
        return Err(unexpected("Certificate", &received.message));
    };
    if !certificate.context.is_empty() {
        let why = "its context is not that of the request";
        return Err(TlsError::Illegal { message: "Certificate", why });
    }
    transcript.add(&received.bytes);
    let certificates: Vec<_> = certificate.certificates.into_iter().map(|it| it.der).collect();
    if certificates.is_empty() {
        return Err(TlsError::CertificateRequired);
    }
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let client =
        Verifier::verify_client(roots, &certificates, now).map_err(TlsError::Certificate)?;
    records.passed("a chain of signatures leads from a root to this client");
    let message = signed("client", transcript);
    let received = records.recv("CertificateVerify")?;
    let HandshakeMessage::CertificateVerify(verify) = received.message else {
        return Err(unexpected("CertificateVerify", &received.message));
    };
    let why = "its scheme is not one that was offered";
    let not_offered = TlsError::Illegal { message: "CertificateVerify", why };
    let scheme = Scheme::find(verify.scheme).ok_or(not_offered)?;
    if !client.has_signed_by(scheme, &message, &verify.signature) {
        return Err(TlsError::BadSignature);
    }
    records.passed("the certificate's key has signed all that was said");
    transcript.add(&received.bytes);
    drop(client);
    Ok(certificates)
}
