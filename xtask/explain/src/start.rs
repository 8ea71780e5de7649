//! The first bytes of a direction, and the protocol that they are of.

use std::fmt;

use messages::tls13::{HandshakeMessage, names};
use sessions::keylog::Random;

/// The types of a record of TLS.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// The types of a message.
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The beginnings of what a client says first if it speaks HTTP.
const HTTP: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI * HTTP/2",
];
const SSH: &[u8] = b"SSH-";

/// The beginning of a direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// So few bytes that they may be the beginning of anything.
    #[default]
    Unknown,
    /// Nothing: the direction ends before its first byte, or the capture does not have its beginning.
    Nothing,
    /// The client's first message of TLS.
    ClientHello {
        /// Its random.
        random: Random,
        /// The name that it asks for.
        name: Option<String>,
    },
    /// The server's, with the version that it chooses, if that can be read.
    ServerHello(Option<u16>),
    /// An alert in the place of either.
    Alert,
    /// A request of HTTP.
    Http,
    /// The first line of SSH.
    Ssh,
    /// Something else.
    Other,
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TLS, with the version that the server chooses, if that is known.
    Tls(Option<u16>),
    /// A ClientHello, and no ServerHello.
    Unanswered,
    /// HTTP.
    Http,
    /// SSH.
    Ssh,
    /// Another.
    Other,
    /// Nobody sends anything.
    Silence,
    /// The capture does not have its beginning.
    Middle,
}

impl Protocol {
    /// TLS 1.3.
    pub const TLS13: Self = Self::Tls(Some(names::TLS13));

    /// Returns the protocol of a connection in which the two sides begin like this. If the capture has its first
    /// packet, it is whole.
    pub fn of(client: &Start, server: &Start, is_whole: bool) -> Self {
        match (client, server) {
            (Start::ClientHello { .. }, Start::ServerHello(version)) => Self::Tls(*version),
            (Start::ClientHello { .. }, _) => Self::Unanswered,
            _ if !is_whole => Self::Middle,
            (Start::Http, _) => Self::Http,
            (Start::Ssh, _) | (_, Start::Ssh) => Self::Ssh,
            (Start::Nothing | Start::Unknown, Start::Nothing | Start::Unknown) => Self::Silence,
            (Start::Nothing, Start::ServerHello(_)) => Self::Middle,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(Some(version)) => f.write_str(&names::version(*version)),
            Self::Tls(None) => f.write_str("TLS"),
            Self::Unanswered => f.write_str("TLS, no answer"),
            Self::Http => f.write_str("HTTP, not encrypted"),
            Self::Ssh => f.write_str("SSH"),
            Self::Other => f.write_str("not TLS"),
            Self::Silence => f.write_str("no data"),
            Self::Middle => f.write_str("begins in the middle"),
        }
    }
}

/// Returns what a client's first bytes are.
pub fn client_start(bytes: &[u8]) -> Start {
    if let Some(start) = message(bytes, CLIENT_HELLO) {
        return match start {
            Ok(message) => client_hello(&message),
            Err(start) => start,
        };
    }
    for (beginnings, start) in [(&HTTP[..], Start::Http), (&[SSH], Start::Ssh)] {
        for beginning in beginnings {
            if bytes.starts_with(beginning) {
                return start;
            }
            if beginning.starts_with(bytes) {
                return Start::Unknown;
            }
        }
    }
    Start::Other
}

/// Returns what a server's first bytes are.
pub fn server_start(bytes: &[u8]) -> Start {
    match message(bytes, SERVER_HELLO) {
        Some(Ok(message)) => server_hello(&message),
        Some(Err(start)) => start,
        None if bytes.starts_with(SSH) => Start::Ssh,
        None if SSH.starts_with(bytes) => Start::Unknown,
        None => Start::Other,
    }
}

/// Returns the first message of TLS, type and length in front, if it is of this type; what it is instead, if it is not
/// whole, or another; `None`, if this is not TLS.
fn message(mut bytes: &[u8], kind: u8) -> Option<Result<Vec<u8>, Start>> {
    let mut message = Vec::new();
    loop {
        match bytes {
            [ALERT, 3, _, _, _, ..] => return Some(Err(Start::Alert)),
            [HANDSHAKE, 3, _, high, low, rest @ ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                let payload = rest.get(..len).unwrap_or(rest);
                message.extend_from_slice(payload);
                bytes = rest.get(len..).unwrap_or_default();
                if len == 0 {
                    return Some(Err(Start::Other));
                }
            }
            [] | [HANDSHAKE | ALERT] | [HANDSHAKE | ALERT, 3, ..] => {
                return Some(Err(Start::Unknown));
            }
            _ => return None,
        }
        match message[..] {
            [first, ..] if first != kind => return Some(Err(Start::Other)),
            [_, a, b, c, ..] => {
                let len = u32::from_be_bytes([0, a, b, c]);
                let len = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(4);
                if let Some(message) = message.get(..len) {
                    return Some(Ok(message.to_vec()));
                }
            }
            _ => {}
        }
    }
}

fn client_hello(message: &[u8]) -> Start {
    // The random stands at the same place in every version. What behind it cannot be read does not matter for it.
    let Some(random) = message.get(6..38).and_then(|random| random.try_into().ok()) else {
        return Start::Other;
    };
    let name = match HandshakeMessage::decode(message) {
        Ok(HandshakeMessage::ClientHello(hello)) => hello.server_name().map(str::to_owned),
        _ => None,
    };
    Start::ClientHello { random, name }
}

fn server_hello(message: &[u8]) -> Start {
    Start::ServerHello(match HandshakeMessage::decode(message) {
        Ok(HandshakeMessage::ServerHello(hello)) => Some(hello.version()),
        _ => None,
    })
}
