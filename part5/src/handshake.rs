//! A connection on which TLS is spoken. Everything that happens is reported as an event.

use std::sync::{Arc, Mutex, PoisonError};

use certificates::ServerName;
use program::Connection;
use program::stream::TimedStream;
use tls::{ClientConfig, Observer, ServerConfig, TlsError, TlsStream, Told};
use transcript::{EventKind, HandshakeMessage, Record, Role, Way};

/// Connects to the server of this name.
///
/// # Errors
/// [`TlsError`], after it was reported.
pub fn connect<'c>(
    connection: &'c Arc<Connection>,
    name: &ServerName<'static>,
    config: &ClientConfig,
) -> Result<TlsStream<&'c TimedStream>, TlsError> {
    let observer = Some(reporting(connection, None));
    connection.stream().begin_handshake();
    let stream =
        tls::connect(connection.stream(), name, &ClientConfig { observer, ..config.clone() })?;
    connection.stream().end_handshake();
    Ok(stream)
}

/// Accepts a client. Returns its ClientHello too, for those who want to know what it offered.
///
/// # Errors
/// [`TlsError`], after it was reported.
pub fn accept<'c>(
    connection: &'c Arc<Connection>,
    config: &ServerConfig,
) -> Result<(TlsStream<&'c TimedStream>, Vec<u8>), TlsError> {
    let hello = Arc::default();
    let observer = Some(reporting(connection, Some(Arc::clone(&hello))));
    connection.stream().begin_handshake();
    let stream = tls::accept(connection.stream(), &ServerConfig { observer, ..config.clone() })?;
    connection.stream().end_handshake();
    let hello = hello.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((stream, hello))
}

/// Reports what happens on a connection, and keeps the ClientHello if `hello` is there for it.
fn reporting(connection: &Arc<Connection>, hello: Option<Arc<Mutex<Vec<u8>>>>) -> Observer {
    let connection = Arc::clone(connection);
    Arc::new(move |told| {
        if let (Some(hello), Told::Received { message: "ClientHello", bytes, .. }) = (&hello, told)
        {
            *hello.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        if let Some(event) = event(&connection, told) {
            connection.report(event);
        }
    })
}

/// The event that tells this. That a peer is gone, or has refused this side, is none: its bytes are not at fault.
fn event(connection: &Connection, told: &Told<'_>) -> Option<EventKind> {
    let record =
        |index, plaintext, payload| Record::new(connection.stage(), index, plaintext, payload);
    Some(match *told {
        Told::Sent { message, bytes, payload } => EventKind::Handshake(
            HandshakeMessage::new(message, Way::Sent, bytes, &[]).sealed_in(payload),
        ),
        Told::Received { message, bytes, checked, payload } => EventKind::Handshake(
            HandshakeMessage::new(message, Way::Received, bytes, checked).sealed_in(payload),
        ),
        Told::Alert { is_sent, bytes, payload } => {
            let way = if is_sent { Way::Sent } else { Way::Received };
            let number = bytes.last().copied().unwrap_or_default();
            let step = format!("Alert {}", messages::tls13::names::alert(number));
            EventKind::Handshake(HandshakeMessage::new(&step, way, bytes, &[]).sealed_in(payload))
        }
        Told::DataSent { plaintext, payload } => {
            EventKind::Sent(record(connection.sent(), plaintext, payload))
        }
        Told::DataReceived { plaintext, payload } => {
            EventKind::Received(record(connection.received().0, plaintext, payload))
        }
        Told::Rejected { due, error, bytes } => {
            let (records, messages) = connection.received();
            let is_data = due == "record";
            EventKind::Rejected {
                index: if is_data { records } else { messages },
                step: (!is_data).then(|| due.to_owned()),
                error: error.rejection()?.to_owned(),
                message: error.to_string(),
                expected_seq: None,
                record: bytes.map(Into::into),
            }
        }
        Told::Derived { secret, from, direction, fingerprint } => EventKind::Derived {
            label: secret.to_owned(),
            from: from.to_owned(),
            direction,
            fingerprint: fingerprint.map(|it| it.as_slice().into()),
        },
        Told::Rekeyed { direction, generation } => {
            let sender = Role::sender(direction);
            let secret = |generation| format!("{sender}_application_traffic_secret_{generation}");
            EventKind::Derived {
                label: secret(generation),
                from: format!("{}, after a KeyUpdate", secret(generation.saturating_sub(1))),
                direction: Some(direction),
                fingerprint: None,
            }
        }
    })
}
