//! The server's side of the handshake (RFC 8446, section 2 and figure 1).

mod offer;

use std::io::{Read, Write};
use std::time::SystemTime;

use certificates::{Roots, Terms};
use crypto::keys;
use crypto::tls13::group::Group;
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::certificate::CertificateRequest;
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::hello::{RANDOM_LEN, RETRY_RANDOM};
use messages::tls13::names::{TLS12, TLS13};
use messages::tls13::{HandshakeMessage, ServerHello};

use self::offer::{Choice, Offer};
use crate::TlsError;
use crate::config::{Agreed, ServerConfig, tell_agreed, tell_secrets};
use crate::flight::{Flight, chain_of};
use crate::records::{MAX_LIMIT, Records};
use crate::schedule::{Application, Handshake};
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
    records.pad_to(config.pad_to);
    match handshake(&mut records, config) {
        Ok((agreed, application)) => Ok(TlsStream::new(records, Role::Server, agreed, application)),
        Err(error) => {
            records.reject(&error);
            Err(error)
        }
    }
}

// ANCHOR: handshake
fn handshake<T: Read + Write + Clone>(
    records: &mut Records<T>,
    config: &ServerConfig,
) -> Result<(Agreed, Application), TlsError> {
    // Key exchange: ClientHello and ServerHello. From here on all is encrypted.
    let Keys { offer, suite, group, scheme, protocol, retried, schedule, mut flight } =
        exchange_keys(records, config)?;

    // Server parameters: EncryptedExtensions, and CertificateRequest if the client has to say who it is.
    send_parameters(&mut flight, &offer, protocol.as_ref())?;
    if config.client_roots.is_some() {
        request_certificate(&mut flight)?;
    }

    // Authentication: Certificate, CertificateVerify and Finished of this side.
    flight.send_certificate(Role::Server, Some(&config.credentials))?;
    flight.send_finished(&schedule.traffic.server)?;
    flight.records.flush()?;
    let application = schedule.application(&flight.transcript.hash());
    tell_secrets(flight.records, config.key_log.as_ref(), offer.random(), application.secrets());
    flight.records.seal_under(&application.traffic.server);

    // And the client's: Certificate and CertificateVerify if it was asked, and Finished.
    let certificates = match &config.client_roots {
        None => Vec::new(),
        Some(roots) => authenticate_client(&mut flight, roots)?,
    };
    flight.recv_finished(&schedule.traffic.client)?;
    flight.records.open_under(&application.traffic.client)?;
    flight.records.end_handshake();

    let name = offer.name();
    Ok((Agreed { suite, group, scheme, protocol, name, retried, certificates }, application))
}

/// What both sides have behind the Hellos, and what this side chose.
struct Keys<'r, T> {
    offer: Offer,
    suite: Suite,
    group: Group,
    scheme: Scheme,
    protocol: Option<Vec<u8>>,
    retried: bool,
    schedule: Handshake,
    flight: Flight<'r, T>,
}

/// ClientHello, and ServerHello; between them, if there is no key that this side takes, HelloRetryRequest and another
/// ClientHello.
fn exchange_keys<'r, T: Read + Write + Clone>(
    records: &'r mut Records<T>,
    config: &ServerConfig,
) -> Result<Keys<'r, T>, TlsError> {
    let (mut offer, bytes) = recv_hello(records)?;
    records.begin_handshake();
    let suite = offer.suite(config)?;
    let scheme = offer.scheme(config)?;
    let protocol = offer.protocol(config)?;
    if let Some(limit) = offer.record_size_limit() {
        records.limit_to("ClientHello", limit)?;
    }
    records.passed("it offers something that this side has");
    let mut transcript = Transcript::new(suite);
    transcript.add(&bytes);

    let choice = offer.share(config)?;
    let retried = matches!(choice, Choice::Retry(_));
    let (group, theirs) = match choice {
        Choice::Share(group, theirs) => (group, theirs),
        Choice::Retry(group) => {
            transcript.retry();
            let request = answer(&offer, RETRY_RANDOM, suite, Extension::SelectedGroup(group.id()));
            transcript.add(&records.queue(&request)?);
            records.queue_change()?;
            records.flush()?;
            let (second, bytes) = recv_hello(records)?;
            let theirs = second.follows(&offer, group)?;
            records.passed("it is the first one, with a key for the group that was asked for");
            transcript.add(&bytes);
            offer = second;
            (group, theirs)
        }
    };

    let agreed = group.respond(&theirs)?;
    let why = "its key is none of its group, or one that makes the secret zero";
    let (key_exchange, agreed) = agreed.ok_or(TlsError::Illegal { message: "ClientHello", why })?;
    records.passed("its key is one of the group, and the secret is not zero");
    let share = Extension::KeyShare(KeyShareEntry { group: group.id(), key_exchange });
    let hello = answer(&offer, *keys::random()?, suite, share);
    transcript.add(&records.queue(&hello)?);
    if !retried {
        records.queue_change()?;
    }

    let schedule = Handshake::new(suite, &agreed, &transcript.hash());
    tell_agreed(records, group, &agreed);
    tell_secrets(records, config.key_log.as_ref(), offer.random(), schedule.secrets());
    records.seal_under(&schedule.traffic.server);
    records.open_under(&schedule.traffic.client)?;
    let flight = Flight { records, transcript };
    Ok(Keys { offer, suite, group, scheme, protocol, retried, schedule, flight })
}

/// EncryptedExtensions: the rest of what this side chose.
fn send_parameters<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
    offer: &Offer,
    protocol: Option<&Vec<u8>>,
) -> Result<(), TlsError> {
    let mut extensions = Vec::new();
    if let Some(protocol) = protocol {
        extensions.push(Extension::Alpn(vec![protocol.clone()]));
    }
    if offer.record_size_limit().is_some() {
        extensions.push(Extension::RecordSizeLimit(MAX_LIMIT));
    }
    flight.send(&HandshakeMessage::EncryptedExtensions(extensions))
}

/// CertificateRequest: how the client may sign.
fn request_certificate<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
) -> Result<(), TlsError> {
    let schemes = Scheme::ALL.iter().map(|scheme| scheme.id()).collect();
    let extensions = vec![Extension::SignatureAlgorithms(schemes)];
    let request = CertificateRequest { context: Vec::new(), extensions };
    flight.send(&HandshakeMessage::CertificateRequest(request))
}

/// Certificate: who the client is; CertificateVerify: the proof that it is.
fn authenticate_client<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
    roots: &Roots,
) -> Result<Vec<Vec<u8>>, TlsError> {
    let certificates = chain_of(flight.recv("Certificate")?)?;
    if certificates.is_empty() {
        return Err(TlsError::CertificateRequired);
    }
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let client = roots.verify(&Terms::TLS13_CLIENT, None, &certificates, now);
    let client = client.map_err(TlsError::Certificate)?;
    flight.records.passed("a chain of signatures leads from a root to this client");
    flight.recv_certificate_verify(Role::Client, &client)?;
    drop(client);
    Ok(certificates)
}
// ANCHOR_END: handshake

/// Reads a ClientHello, and checks what no client may get wrong.
fn recv_hello<T: Read + Write + Clone>(
    records: &mut Records<T>,
) -> Result<(Offer, Vec<u8>), TlsError> {
    let received = records.recv("ClientHello")?;
    Ok((Offer::new(received.message)?, received.bytes))
}

/// A ServerHello, or a HelloRetryRequest.
fn answer(
    offer: &Offer,
    random: [u8; RANDOM_LEN],
    suite: Suite,
    key: Extension,
) -> HandshakeMessage {
    HandshakeMessage::ServerHello(ServerHello {
        legacy_version: TLS12,
        random,
        legacy_session_id_echo: offer.session_id().to_vec(),
        cipher_suite: suite.id(),
        legacy_compression_method: 0,
        extensions: vec![Extension::SelectedVersion(TLS13), key],
    })
}
