//! The client's side of the handshake (RFC 8446, section 2 and figure 1).

mod offer;

use std::io::{Read, Write};
use std::time::SystemTime;

use certificates::{ServerName, Terms};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::Scheme;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::DecodeError;
use messages::tls13::extension::Extension;
use messages::tls13::{CertificateRequest, HandshakeMessage, ServerHello};

use self::offer::Offer;
use crate::TlsError;
use crate::config::{Agreed, ClientConfig, tell_agreed, tell_secrets};
use crate::flight::{Flight, chain_of, unexpected};
use crate::records::Records;
use crate::schedule::{Application, Handshake};
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
    records.pad_to(config.pad_to);
    match handshake(&mut records, name, config) {
        Ok((agreed, application)) => Ok(TlsStream::new(records, Role::Client, agreed, application)),
        Err(error) => {
            records.reject(&error);
            Err(error)
        }
    }
}

// ANCHOR: handshake
fn handshake<T: Read + Write + Clone>(
    records: &mut Records<T>,
    name: &ServerName<'static>,
    config: &ClientConfig,
) -> Result<(Agreed, Application), TlsError> {
    // Key exchange: ClientHello and ServerHello. From here on all is encrypted.
    let mut offer = Offer::new(name, config)?;
    let Keys { suite, group, retried, schedule, mut flight } =
        exchange_keys(records, &mut offer, config)?;

    // Server parameters: EncryptedExtensions, and CertificateRequest if the client has to say who it is.
    let protocol = server_parameters(&mut flight, &offer)?;
    let (request, certificate) = certificate_request(&mut flight)?;

    // Authentication: Certificate, CertificateVerify and Finished of the server.
    let (certificates, scheme) = authenticate_server(&mut flight, certificate, name, config)?;
    flight.recv_finished(&schedule.traffic.server)?;
    let application = schedule.application(&flight.transcript.hash());
    tell_secrets(flight.records, config.key_log.as_ref(), offer.random(), application.secrets());
    flight.records.open_under(&application.traffic.server)?;
    flight.records.end_handshake();

    // And the client's: Certificate and CertificateVerify if the server wants them, and Finished.
    if let Some(request) = request {
        send_who_we_are(&mut flight, &request, config)?;
    }
    flight.send_finished(&schedule.traffic.client)?;
    flight.records.flush()?;
    flight.records.seal_under(&application.traffic.client);

    let name = Some(name.clone());
    Ok((Agreed { suite, group, scheme, protocol, name, retried, certificates }, application))
}

/// What both sides have behind the Hellos.
struct Keys<'r, T> {
    suite: Suite,
    group: Group,
    retried: bool,
    schedule: Handshake,
    flight: Flight<'r, T>,
}

/// ClientHello, and ServerHello; between them, if the server wants so, HelloRetryRequest and another ClientHello.
fn exchange_keys<'r, T: Read + Write + Clone>(
    records: &'r mut Records<T>,
    offer: &mut Offer<'_>,
    config: &ClientConfig,
) -> Result<Keys<'r, T>, TlsError> {
    // Everything that this side can do, and keys for what the server is likely to choose.
    let first = records.queue(&HandshakeMessage::ClientHello(offer.hello.clone()))?;
    records.begin_handshake();
    records.flush()?;

    let (mut hello, mut bytes) = recv_hello(records, offer)?;
    let suite = offer.suite(&hello)?;
    records.passed("it chooses what was offered");
    let mut transcript = Transcript::new(suite);
    transcript.add(&first);
    let retried = hello.is_retry_request();
    if retried {
        transcript.retry();
        transcript.add(&bytes);
        offer.retry(&hello)?;
        records.queue_change()?;
        transcript.add(&records.queue(&HandshakeMessage::ClientHello(offer.hello.clone()))?);
        records.flush()?;
        (hello, bytes) = recv_hello(records, offer)?;
        if hello.is_retry_request() {
            let (due, got) = ("ServerHello", "a second HelloRetryRequest");
            return Err(TlsError::Unexpected { due, got });
        }
        if offer.suite(&hello)? != suite {
            let why = "its suite is not that of the HelloRetryRequest";
            return Err(TlsError::Illegal { message: "ServerHello", why });
        }
    }
    transcript.add(&bytes);
    let (group, agreed) = offer.agree(&hello)?;
    records.passed("its key is one of the group, and the secret is not zero");
    records.accept();

    let schedule = Handshake::new(suite, &agreed, &transcript.hash());
    tell_agreed(records, group, &agreed);
    tell_secrets(records, config.key_log.as_ref(), offer.random(), schedule.secrets());
    records.open_under(&schedule.traffic.server)?;
    if !retried {
        records.queue_change()?;
    }
    records.seal_under(&schedule.traffic.client);
    Ok(Keys { suite, group, retried, schedule, flight: Flight { records, transcript } })
}

/// EncryptedExtensions: the rest of what the server chose.
fn server_parameters<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
    offer: &Offer<'_>,
) -> Result<Option<Vec<u8>>, TlsError> {
    let message = "EncryptedExtensions";
    let extensions = match flight.recv(message)? {
        HandshakeMessage::EncryptedExtensions(extensions) => extensions,
        other => return Err(unexpected(message, &other)),
    };
    let protocol = offer.protocol(&extensions)?;
    for extension in &extensions {
        if let Extension::RecordSizeLimit(limit) = extension {
            flight.records.limit_to(message, *limit)?;
        }
    }
    flight.records.passed("it answers what was asked");
    Ok(protocol)
}

/// CertificateRequest if there is one, and the message behind it.
fn certificate_request<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
) -> Result<(Option<CertificateRequest>, HandshakeMessage), TlsError> {
    let message = "CertificateRequest";
    let request = match flight.recv("Certificate")? {
        HandshakeMessage::CertificateRequest(request) => request,
        other => return Ok((None, other)),
    };
    if !request.context.is_empty() {
        let why = "its certificate_request_context is not empty, as it is in a handshake";
        return Err(TlsError::Illegal { message, why });
    }
    let has_schemes = |it: &Extension| matches!(it, Extension::SignatureAlgorithms(_));
    if !request.extensions.iter().any(has_schemes) {
        let extension = "signature_algorithms";
        return Err(TlsError::MissingExtension { message, extension });
    }
    Ok((Some(request), flight.recv("Certificate")?))
}

/// Certificate: who the server is; CertificateVerify: the proof that it is.
fn authenticate_server<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
    certificate: HandshakeMessage,
    name: &ServerName<'static>,
    config: &ClientConfig,
) -> Result<(Vec<Vec<u8>>, Scheme), TlsError> {
    let certificates = chain_of(certificate)?;
    if certificates.is_empty() {
        let error = DecodeError::Missing { field: "certificate" };
        return Err(TlsError::Malformed { message: "Certificate", error });
    }
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let server = config.roots.verify(&Terms::TLS13_SERVER, Some(name), &certificates, now);
    let server = server.map_err(TlsError::Certificate)?;
    flight.records.passed("a chain of signatures leads from a root to the name");
    let scheme = flight.recv_certificate_verify(Role::Server, &server)?;
    drop(server);
    Ok((certificates, scheme))
}

/// Certificate and CertificateVerify of this side, or that it has none that the server could verify.
fn send_who_we_are<T: Read + Write + Clone>(
    flight: &mut Flight<'_, T>,
    request: &CertificateRequest,
    config: &ClientConfig,
) -> Result<(), TlsError> {
    let takes = |scheme: Scheme| {
        request.extensions.iter().any(|extension| {
            matches!(extension, Extension::SignatureAlgorithms(it) if it.contains(&scheme.id()))
        })
    };
    let ours = config.credentials.as_deref().filter(|ours| takes(ours.key.scheme()));
    flight.send_certificate(Role::Client, ours)
}
// ANCHOR_END: handshake

/// Reads a ServerHello or HelloRetryRequest, and checks what they have in common.
fn recv_hello<T: Read + Write + Clone>(
    records: &mut Records<T>,
    offer: &Offer<'_>,
) -> Result<(ServerHello, Vec<u8>), TlsError> {
    let received = records.recv("ServerHello")?;
    match received.message {
        HandshakeMessage::ServerHello(hello) => {
            offer.check(&hello)?;
            Ok((hello, received.bytes))
        }
        other => Err(unexpected("ServerHello", &other)),
    }
}
