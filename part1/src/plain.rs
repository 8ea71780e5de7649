//! Messages without records: the text itself has to say where it ends.
//!
//! A request ends at its empty line, a response after `Content-Length` bytes of body or with the
//! stream. One `read` is not one message: TCP may deliver it in any number of pieces. The rest of
//! the text is not looked at: nobody at this stage can tell a genuine message from any other.

use std::io::{self, Read, Write};
use std::sync::Arc;

use framing::MAX_PLAINTEXT_LEN;
use program::Connection;
use stages::PART1_PLAIN;
use thiserror::Error;
use transcript::{EventKind, Record};

/// The end of the last header line, and the empty line.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A request and a response on one connection, reported as they pass. At this stage the plaintext
/// itself is sent.
pub struct PlainExchange {
    connection: Arc<Connection>,
}

/// A reason that a message could not be received.
#[derive(Debug, Error)]
pub enum PlainError {
    /// The stream ended inside a message.
    #[error("the stream ended after {got} bytes, inside the message")]
    Truncated {
        /// Bytes that arrived.
        got: usize,
    },
    /// No end was found in as many bytes as a message may have.
    #[error("the message does not end within {max} bytes")]
    TooLong {
        /// The most bytes accepted.
        max: usize,
    },
    /// The stream failed or timed out.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PlainError {
    /// The name of the check that refused the peer's bytes, or `None` if they were not at fault.
    pub fn rejection(&self) -> Option<&'static str> {
        match self {
            Self::Truncated { .. } => Some("truncated"),
            Self::TooLong { .. } => Some("too_long"),
            Self::Io(_) => None,
        }
    }
}

impl PlainExchange {
    /// Exchanges over `connection`.
    pub fn new(connection: &Arc<Connection>) -> Self {
        Self { connection: connection.clone() }
    }

    /// Sends a request, followed by the empty line it needs if it has none.
    pub fn send_request(&mut self, request: &[u8]) -> io::Result<()> {
        if request.ends_with(END_OF_HEAD) {
            return self.send(request);
        }
        self.send(&[request.trim_ascii_end(), END_OF_HEAD].concat())
    }

    /// Sends a response as it is.
    pub fn send_response(&mut self, response: &[u8]) -> io::Result<()> {
        self.send(response)
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.connection.report(EventKind::Sent(Record::new(&PART1_PLAIN, 0, message, message)));
        self.connection.stream().write_all(message)
    }

    /// Receives a request, or `None` if the stream ends before its first byte.
    pub fn recv_request(&mut self) -> Result<Option<Vec<u8>>, PlainError> {
        self.recv(request_len)
    }

    /// Receives a response, or `None` if the stream ends before its first byte.
    pub fn recv_response(&mut self) -> Result<Option<Vec<u8>>, PlainError> {
        self.recv(response_len)
    }

    fn recv(&mut self, message_len: MessageLen) -> Result<Option<Vec<u8>>, PlainError> {
        let message = read_message(self.connection.stream(), message_len);
        match &message {
            Ok(Some(message)) => {
                let record = Record::new(&PART1_PLAIN, 0, message, message);
                self.connection.report(EventKind::Received(record));
            }
            Err(error) => {
                if let Some(name) = error.rejection() {
                    self.connection.report(EventKind::Rejected {
                        index: 0,
                        error: name.to_owned(),
                        message: format!("message refused: {error}"),
                        step: None,
                        expected_seq: None,
                        record: None,
                    });
                }
            }
            Ok(None) => {}
        }
        message
    }
}

/// The length of the message that some bytes begin with.
enum Length {
    /// That many bytes.
    Known(usize),
    /// It goes on to the end of the stream.
    ToTheEnd,
    /// Not known yet.
    Unknown,
}

type MessageLen = fn(&[u8]) -> Length;

fn request_len(bytes: &[u8]) -> Length {
    head_len(bytes).map_or(Length::Unknown, Length::Known)
}

fn response_len(bytes: &[u8]) -> Length {
    let Some(head_len) = head_len(bytes) else { return Length::Unknown };
    let lines = bytes[..head_len].split(|byte| *byte == b'\n').map(str::from_utf8);
    let body_len = lines
        .filter_map(|line| line.ok()?.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    body_len.map_or(Length::ToTheEnd, |len| Length::Known(head_len.saturating_add(len)))
}

/// The bytes up to the empty line, which counts.
fn head_len(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)?;
    Some(at + END_OF_HEAD.len())
}

// ANCHOR: read_message
/// Reads one message: as many reads as it takes, and no more bytes than a record of the later stages
/// could carry.
fn read_message(
    mut stream: impl Read,
    message_len: MessageLen,
) -> Result<Option<Vec<u8>>, PlainError> {
    let mut bytes = vec![0; MAX_PLAINTEXT_LEN];
    let mut got = 0;
    loop {
        let length = message_len(&bytes[..got]);
        if let Length::Known(len) = length {
            if len <= got {
                bytes.truncate(len);
                return Ok(Some(bytes));
            }
            if len > bytes.len() {
                return Err(PlainError::TooLong { max: bytes.len() });
            }
        }
        if got == bytes.len() {
            return Err(PlainError::TooLong { max: got });
        }
        match (stream.read(&mut bytes[got..]), length) {
            (Ok(0), Length::ToTheEnd) => {
                bytes.truncate(got);
                return Ok(Some(bytes));
            }
            (Ok(0), _) if got == 0 => return Ok(None),
            (Ok(0), _) => return Err(PlainError::Truncated { got }),
            (Ok(n), _) => got += n,
            (Err(error), _) if error.kind() == io::ErrorKind::Interrupted => {}
            (Err(error), _) => return Err(error.into()),
        }
    }
}
// ANCHOR_END: read_message
