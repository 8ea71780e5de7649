//! The client's side of the handshake (RFC 8446, section 2 and figure 1).

use std::io::{Read, Write};
use std::time::SystemTime;

use certificates::{ServerName, Verifier};
use crypto::keys;
use crypto::tls13::group::{Group, KeyShare};
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::certificate::{Certificate, CertificateEntry, CertificateVerify};
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::names::{TLS12, TLS13};
use messages::tls13::{ClientHello, HandshakeMessage, ServerHello};

use crate::TlsError;
use crate::config::{Agreed, ClientConfig, tell_agreed, tell_secrets};
use crate::records::Records;
use crate::schedule::{Handshake, signed};
use crate::stream::{Role, TlsStream};

/// Connects as a client to the server of this name. Returns when the server has proved that it is that server, and
/// both have proved that they saw the same handshake.
///
/// # Errors
/// [`TlsError`]. The server was told, if it was still there.
pub fn connect<T: Read + Write + Clone>(
    stream: T,
    name: &ServerName<'static>,
    config: &ClientConfig,
) -> Result<TlsStream<T>, TlsError> {
    let mut records = Records::new(stream);
    records.observed_by(config.observer.clone());
    match handshake(&mut records, name, config) {
        Ok((agreed, application)) => Ok(TlsStream::new(records, Role::Client, agreed, application)),
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
    name: &ServerName<'static>,
    config: &ClientConfig,
) -> Result<Made, TlsError> {
    // ClientHello: everything that this side can do, and keys for what the server is likely to choose.
    let mut offer = Offer::new(name, config)?;
    let mut first = records.queue(&HandshakeMessage::ClientHello(offer.hello.clone()))?;
    records.flush()?;

    // ServerHello, or a HelloRetryRequest and then ServerHello.
    let received = records.recv("ServerHello")?;
    let mut hello = server_hello(received.message, &offer)?;
    let suite = offer.suite(&hello)?;
    records.passed("it chooses what was offered");
    let mut transcript = Transcript::new(suite);
    transcript.add(&first);
    let mut server = received.bytes;
    let retried = hello.is_retry_request();
    if retried {
        transcript.retry();
        transcript.add(&server);
        offer.retry(&hello)?;
        records.queue_change()?;
        first = records.queue(&HandshakeMessage::ClientHello(offer.hello.clone()))?;
        records.flush()?;
        transcript.add(&first);
        let received = records.recv("ServerHello")?;
        hello = server_hello(received.message, &offer)?;
        server = received.bytes;
        if hello.is_retry_request() {
            return Err(TlsError::Unexpected {
                due: "ServerHello",
                got: "a second HelloRetryRequest",
            });
        }
        if offer.suite(&hello)? != suite {
            let why = "its suite is not that of the HelloRetryRequest";
            return Err(TlsError::Illegal { message: "ServerHello", why });
        }
    }
    transcript.add(&server);
    let (group, agreed) = offer.agree(&hello)?;
    records.passed("its key is one of the group, and the secret is not zero");
    records.accept();

    // From here on all is encrypted.
    let schedule = Handshake::new(suite, &agreed, &transcript.hash());
    tell_agreed(records, group, &agreed);
    drop(agreed);
    let log = config.key_log.as_ref();
    let random = offer.hello.random;
    tell_secrets(records, log, &random, schedule.secrets());
    records.open_under(&schedule.traffic.server)?;
    if !retried {
        records.queue_change()?;
    }
    records.seal_under(&schedule.traffic.client);

    // EncryptedExtensions: the rest of what the server chose.
    let received = records.recv("EncryptedExtensions")?;
    transcript.add(&received.bytes);
    let protocol = match received.message {
        HandshakeMessage::EncryptedExtensions(extensions) => offer.protocol(&extensions)?,
        other => return Err(unexpected("EncryptedExtensions", &other)),
    };
    records.passed("it answers what was asked");

    // CertificateRequest, perhaps; Certificate: who the server is.
    let mut received = records.recv("Certificate")?;
    transcript.add(&received.bytes);
    let mut request = None;
    if let HandshakeMessage::CertificateRequest(wanted) = received.message {
        if !wanted.context.is_empty() {
            let why = "its context is not empty in a handshake";
            return Err(TlsError::Illegal { message: "CertificateRequest", why });
        }
        request = Some(wanted);
        received = records.recv("Certificate")?;
        transcript.add(&received.bytes);
    }
    let certificates = match received.message {
        HandshakeMessage::Certificate(certificate) => of_server(certificate)?,
        other => return Err(unexpected("Certificate", &other)),
    };
    let verifier = Verifier { roots: config.roots.clone(), name: name.clone() };
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let server = verifier.verify_for_tls(&certificates, now).map_err(TlsError::Certificate)?;
    records.passed("a chain of signatures leads from a root to the name");

    // CertificateVerify: the proof that it is.
    let message = signed("server", &transcript);
    let received = records.recv("CertificateVerify")?;
    let HandshakeMessage::CertificateVerify(CertificateVerify { scheme, signature }) =
        received.message
    else {
        return Err(unexpected("CertificateVerify", &received.message));
    };
    let why = "its scheme is not one that was offered";
    let not_offered = TlsError::Illegal { message: "CertificateVerify", why };
    let scheme = Scheme::find(scheme).ok_or(not_offered)?;
    if !server.has_signed_by(scheme, &message, &signature) {
        return Err(TlsError::BadSignature);
    }
    records.passed("the certificate's key has signed all that was said");
    transcript.add(&received.bytes);

    // Finished: the proof that the server saw the same handshake, and has the secret.
    let received = records.recv("Finished")?;
    let HandshakeMessage::Finished(tag) = &received.message else {
        return Err(unexpected("Finished", &received.message));
    };
    if !schedule.traffic.server.verify_finished(&transcript.hash(), tag) {
        return Err(TlsError::BadFinished);
    }
    records.passed("its tag is over all that was said, by the secret of both");
    records.accept();
    transcript.add(&received.bytes);
    let application = schedule.application(&transcript.hash());
    tell_secrets(records, log, &random, application.secrets());
    records.open_under(&application.traffic.server)?;
    records.end_handshake();

    // Certificate and CertificateVerify if the server wants them, and Finished.
    if let Some(wanted) = request {
        who_we_are(records, &mut transcript, config, &wanted.extensions)?;
    }
    let tag = schedule.traffic.client.finished(&transcript.hash());
    records.queue(&HandshakeMessage::Finished(tag.to_vec()))?;
    records.flush()?;
    records.seal_under(&application.traffic.client);

    let name = Some(name.clone());
    Ok((Agreed { suite, group, scheme, protocol, name, retried, certificates }, application))
}
// ANCHOR_END: handshake

/// What a client offers, and the private keys behind it.
struct Offer<'c> {
    config: &'c ClientConfig,
    hello: ClientHello,
    shares: Vec<(Group, KeyShare)>,
}

impl<'c> Offer<'c> {
    fn new(name: &ServerName<'static>, config: &'c ClientConfig) -> Result<Self, TlsError> {
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

    /// The suite that the server chose.
    fn suite(&self, hello: &ServerHello) -> Result<Suite, TlsError> {
        let chosen = Suite::find(hello.cipher_suite);
        let chosen = chosen.filter(|suite| self.config.suites.contains(suite));
        chosen.ok_or(TlsError::Illegal {
            message: "ServerHello",
            why: "its suite is not one that was offered",
        })
    }

    /// Makes the second ClientHello: a key for the group that the server wants, and its cookie (section 4.1.4).
    fn retry(&mut self, request: &ServerHello) -> Result<(), TlsError> {
        let illegal = |why| TlsError::Illegal { message: "HelloRetryRequest", why };
        let mut changed = false;
        for extension in &request.extensions {
            match extension {
                Extension::SelectedVersion(_) => {}
                Extension::SelectedGroup(group) => {
                    let group = Group::find(*group);
                    let group = group.filter(|group| self.config.groups.contains(group));
                    let group = group.ok_or(illegal("its group is not one that was offered"))?;
                    if self.shares.iter().any(|(sent, _)| *sent == group) {
                        return Err(illegal("a key for its group was sent already"));
                    }
                    self.shares = vec![(group, KeyShare::random(group)?)];
                    self.hello.extensions.retain(|it| !matches!(it, Extension::KeyShares(_)));
                    self.hello.extensions.push(key_shares(&self.shares));
                    changed = true;
                }
                Extension::Cookie(cookie) => {
                    self.hello.extensions.push(Extension::Cookie(cookie.clone()));
                    changed = true;
                }
                other => return Err(not_asked_for("HelloRetryRequest", other)),
            }
        }
        if changed { Ok(()) } else { Err(illegal("it asks for nothing else than what was sent")) }
    }

    /// The secret that is shared with the server.
    fn agree(
        &self,
        hello: &ServerHello,
    ) -> Result<(Group, crypto::secret::SharedSecret), TlsError> {
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
    fn protocol(&self, extensions: &[Extension]) -> Result<Option<Vec<u8>>, TlsError> {
        let message = "EncryptedExtensions";
        let mut chosen = None;
        for extension in extensions {
            let kind = extension.kind();
            let was_sent = self.hello.extensions.iter().any(|sent| sent.kind() == kind);
            match extension {
                _ if !was_sent => return Err(not_asked_for(message, extension)),
                Extension::Alpn(protocols) => match protocols.as_slice() {
                    [protocol] if self.config.protocols.contains(protocol) => {
                        chosen = Some(protocol.clone());
                    }
                    _ => {
                        let why = "its protocol is not one that was offered";
                        return Err(TlsError::Illegal { message, why });
                    }
                },
                Extension::ServerName(_) | Extension::SupportedGroups(_) => {}
                _ => {
                    let why = "it has an extension that belongs into another message";
                    return Err(TlsError::Illegal { message, why });
                }
            }
        }
        Ok(chosen)
    }
}

fn key_shares(shares: &[(Group, KeyShare)]) -> Extension {
    let entry = |(group, share): &(Group, KeyShare)| KeyShareEntry {
        group: group.id(),
        key_exchange: share.public.clone(),
    };
    Extension::KeyShares(shares.iter().map(entry).collect())
}

/// Checks what ServerHello and HelloRetryRequest have in common (section 4.1.3).
fn server_hello(message: HandshakeMessage, offer: &Offer<'_>) -> Result<ServerHello, TlsError> {
    let name = message.name();
    let HandshakeMessage::ServerHello(hello) = message else {
        return Err(unexpected("ServerHello", &message));
    };
    let illegal = |why| Err(TlsError::Illegal { message: name, why });
    let version = hello.extensions.iter().find_map(|extension| match extension {
        Extension::SelectedVersion(version) => Some(*version),
        _ => None,
    });
    match version {
        None => return Err(TlsError::Version),
        Some(TLS13) => {}
        Some(_) => return illegal("its version is not one that was offered"),
    }
    if hello.legacy_version != TLS12 {
        return illegal("its legacy_version is not that of TLS 1.2");
    }
    if hello.legacy_session_id_echo != offer.hello.legacy_session_id {
        return illegal("its legacy_session_id_echo is not what was sent");
    }
    if hello.legacy_compression_method != 0 {
        return illegal("it compresses");
    }
    if !hello.is_retry_request() {
        for extension in &hello.extensions {
            match extension {
                Extension::SelectedVersion(_) | Extension::KeyShare(_) => {}
                other => return Err(not_asked_for(name, other)),
            }
        }
    }
    Ok(hello)
}

fn not_asked_for(message: &'static str, extension: &Extension) -> TlsError {
    let extension = messages::tls13::names::extension(extension.kind());
    TlsError::UnsupportedExtension { message, extension }
}

pub(crate) fn unexpected(due: &'static str, got: &HandshakeMessage) -> TlsError {
    TlsError::Unexpected { due, got: got.name() }
}

/// Takes the certificates out of the server's Certificate.
fn of_server(certificate: Certificate) -> Result<Vec<Vec<u8>>, TlsError> {
    let message = "Certificate";
    if !certificate.context.is_empty() {
        let why = "its context is not empty, and nothing was asked for";
        return Err(TlsError::Illegal { message, why });
    }
    if certificate.certificates.is_empty() {
        let error = messages::DecodeError::Missing { field: "certificate" };
        return Err(TlsError::Malformed { message, error });
    }
    let extensions = certificate.certificates.iter().flat_map(|entry| &entry.extensions);
    if let Some(extension) = extensions.into_iter().next() {
        return Err(not_asked_for(message, extension));
    }
    Ok(certificate.certificates.into_iter().map(|entry| entry.der).collect())
}

/// Sends who this side is: its certificates and the proof, or that it has none.
fn who_we_are<T: Read + Write + Clone>(
    records: &mut Records<T>,
    transcript: &mut Transcript,
    config: &ClientConfig,
    wanted: &[Extension],
) -> Result<(), TlsError> {
    let takes = |scheme: Scheme| {
        wanted.iter().any(|extension| {
            matches!(extension, Extension::SignatureAlgorithms(it) if it.contains(&scheme.id()))
        })
    };
    let ours = config.credentials.as_ref().filter(|ours| takes(ours.key.scheme()));
    let certificates = ours.map_or(&[][..], |ours| &ours.certificates);
    let entry = |der: &Vec<u8>| CertificateEntry { der: der.clone(), extensions: Vec::new() };
    let certificates = certificates.iter().map(entry).collect();
    let certificate = Certificate { context: Vec::new(), certificates };
    transcript.add(&records.queue(&HandshakeMessage::Certificate(certificate))?);
    if let Some(ours) = ours {
        let signature = ours.key.sign(&signed("client", transcript))?;
        let scheme = ours.key.scheme().id();
        let verify = HandshakeMessage::CertificateVerify(CertificateVerify { scheme, signature });
        transcript.add(&records.queue(&verify)?);
    }
    Ok(())
}
