//! Reads events back: one JSON object per line.

use std::io::{self, BufRead, Read};

use serde_json::error::Category;
use thiserror::Error;

use crate::{Event, visible};

/// The longest line of a run in bytes: twice the longest that there can be, 64 KiB in hexadecimal as they passed by
/// on the wire at once. A record's plaintext and payload take half of that.
pub const MAX_LINE_LEN: usize = 2 * 2 * 64 * 1024;

/// The longest line in bytes that is read: twice the longest that there can be, a message of 256 KiB in hexadecimal out of
/// a capture of any program.
pub const MAX_SAVED_LINE_LEN: usize = 2 * 2 * 256 * 1024;

/// What an editor may put in front of UTF-8.
const UTF_8_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads events, and skips blank lines.
#[derive(Debug)]
pub struct EventReader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes_read: u64,
}

/// A reason that a line could not be read as an event.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file, or the stream, failed.
    #[error("line {line} cannot be read: {error}")]
    Io {
        /// Its number, from 1.
        line: u64,
        /// Why.
        error: io::Error,
    },
    /// It is longer than any event.
    #[error("line {line} is longer than {MAX_SAVED_LINE_LEN} bytes, and no event is")]
    TooLong {
        /// Its number, from 1.
        line: u64,
    },
    /// The text is not in the encoding of JSON.
    #[error("line 1 is {0}")]
    Utf16(#[from] Utf16),
    /// It is the beginning of an event.
    #[error("line {line} breaks off: the run was not saved whole")]
    CutShort {
        /// Its number, from 1.
        line: u64,
    },
    /// It is anything else.
    #[error("line {line} is not an event: {why}")]
    NoEvent {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Text that is UTF-16, as some programs on Windows write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("UTF-16, expected UTF-8: save it in that encoding")]
pub struct Utf16;

impl<R: BufRead> EventReader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0, bytes_read: 0 }
    }

    /// Returns the next event, or `None` at the end.
    pub fn next_event(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            let line = self.number + 1;
            self.line.clear();
            let mut input = (&mut self.input).take(MAX_SAVED_LINE_LEN as u64 + 1);
            let len = input.read_until(b'\n', &mut self.line);
            let len = len.map_err(|error| ReadError::Io { line, error })?;
            self.number = line;
            self.bytes_read += len as u64;
            let text = if line == 1 { utf_8(&self.line)? } else { &self.line };
            let text = text.trim_ascii();
            if len > MAX_SAVED_LINE_LEN && !self.line.ends_with(b"\n") {
                return Err(ReadError::TooLong { line });
            }
            if !text.is_empty() {
                let event = serde_json::from_slice(text);
                return event.map(Some).map_err(|error| match error.classify() {
                    Category::Eof => ReadError::CutShort { line },
                    _ => ReadError::NoEvent { line, why: visible(&error.to_string()) },
                });
            }
            if len == 0 {
                return Ok(None);
            }
        }
    }

    /// Returns the number of bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

/// Returns the text at the beginning of a file without the byte order mark that may stand there.
///
/// # Errors
/// When it is UTF-16: a mark says so, or every other byte is 0.
pub fn utf_8(text: &[u8]) -> Result<&[u8], Utf16> {
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => Err(Utf16),
        _ => Ok(text.strip_prefix(UTF_8_MARK).unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, EventKind, HandshakeMessage, Record, Role, Way};
    use messages::fields::CERTIFICATE;
    use stages::PART2_HMAC_SEQ;

    fn line(role: Role, kind: EventKind) -> String {
        serde_json::to_string(&Event { role, stage: &PART2_HMAC_SEQ, kind }).unwrap()
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u16::try_from(content.len()).unwrap().to_be_bytes();
        let header = match content.len() {
            0..128 => vec![tag, len[1]],
            128..256 => vec![tag, 0x81, len[1]],
            _ => vec![tag, 0x82, len[0], len[1]],
        };
        [&header, content].concat()
    }

    /// A certificate in form, with a subject and extensions of an attacker's choice.
    fn certificate(subject: &[u8], extensions: &[u8]) -> Vec<u8> {
        let (algorithm, empty) = (element(0x30, &element(6, &[0x2a])), element(0x30, &[]));
        let validity = element(0x30, &element(0x17, b"260101000000Z").repeat(2));
        let key = element(0x30, &[algorithm.clone(), element(3, &[0])].concat());
        let extensions = element(0xa3, &element(0x30, extensions));
        let subject = element(0x30, subject);
        let fields =
            [element(2, &[1]), algorithm.clone(), empty, validity, subject, key, extensions];
        let signed = element(0x30, &fields.concat());
        element(0x30, &[signed, algorithm, element(3, &[0])].concat())
    }

    /// Messages as long as one can be, each full of what takes most to tell.
    fn hostile_messages() -> Vec<Vec<u8>> {
        let attribute = |value: &[u8]| {
            let content = [element(6, &[0x2a]), element(12, value)].concat();
            element(0x31, &element(0x30, &content))
        };
        let names = |len: usize, count: usize| {
            let names = element(0x30, &element(0x82, &b"\"".repeat(len)).repeat(count));
            let content = [element(6, &[0x55, 0x1d, 0x11]), element(4, &names)].concat();
            element(0x30, &content)
        };
        let usage = element(4, &element(3, &[7, 0xff, 0x80]));
        let usage = element(0x30, &[element(6, &[0x55, 0x1d, 0x0f]), usage].concat());
        let certificates = [
            certificate(&attribute(b"").repeat(1_200), &[]),
            certificate(&attribute(&[b'"'; 64]).repeat(70), &[]),
            certificate(&[], &names(0, 4_000)),
            certificate(&[], &names(48, 240)),
            certificate(&[], &usage.repeat(60)),
            certificate(&[], &usage.repeat(900)),
        ];
        certificates
            .iter()
            .map(|certificate| {
                let mut message = Vec::new();
                CERTIFICATE.append(certificate, &mut message);
                let rest = vec![0; 16_384 - message.len()];
                [message, rest].concat()
            })
            .collect()
    }

    #[test]
    fn the_longest_lines_of_a_run_are_half_of_what_is_read() {
        let limits = PART2_HMAC_SEQ.limits();
        let record = Record::new(&PART2_HMAC_SEQ, u64::MAX, &[0; 16_384], &vec![0; limits.max]);
        let bytes = vec![0; 64 * 1024].as_slice().into();
        let chunk = EventKind::Chunk { direction: Direction::ToServer, micros: u64::MAX, bytes };
        // The longest message that is received, as many fields as it can have.
        let message = HandshakeMessage::new("ClientHello", Way::Received, &[0; 1_024], &[]);
        let hostile = hostile_messages().into_iter().map(|message| {
            let message = HandshakeMessage::new("ServerAuth", Way::Received, &message, &[]);
            line(Role::Client, EventKind::Handshake(message))
        });
        let hostile: Vec<_> = hostile.collect();
        // As much of each is told as there is room for.
        assert!(hostile.iter().all(|it| it.contains("tbsCertificate")));
        for line in [
            line(Role::Client, EventKind::Sent(record)),
            line(Role::Wire, chunk),
            line(Role::Server, EventKind::Handshake(message)),
        ]
        .into_iter()
        .chain(hostile)
        {
            let mut reader = EventReader::new(line.as_bytes());
            assert!(reader.next_event().unwrap().is_some());
            assert!(line.len() < MAX_LINE_LEN / 2 + 200, "{}", line.len());
        }
    }

    #[test]
    fn the_longest_line_of_an_explanation_is_read() {
        let message = HandshakeMessage::new("Certificate", Way::Sent, &vec![0xff; 256 * 1024], &[]);
        let message = message.sealed_in(Some(&vec![0xff; 16_640]));
        let line = line(Role::Server, EventKind::Handshake(message));
        assert!(EventReader::new(line.as_bytes()).next_event().unwrap().is_some());
        assert!(line.len() > MAX_SAVED_LINE_LEN / 2, "{}", line.len());
    }

    #[test]
    fn a_line_that_is_too_long_is_read_no_further_than_that() {
        let end = line(Role::Wire, EventKind::End { direction: Direction::ToServer, micros: 0 });
        let blank = " ".repeat(MAX_SAVED_LINE_LEN - end.len());
        for text in [format!("{end}{blank}\n{end}"), format!("{blank}{end}\n{end}")] {
            let mut reader = EventReader::new(text.as_bytes());
            assert!(reader.next_event().unwrap().is_some());
            assert!(reader.next_event().unwrap().is_some());
            assert_eq!(reader.next_event().unwrap(), None);
        }

        let mut reader = EventReader::new(io::BufReader::new(io::repeat(b'{')));
        let error = reader.next_event().unwrap_err();
        assert!(matches!(error, ReadError::TooLong { line: 1 }), "{error}");
        assert_eq!(reader.bytes_read(), MAX_SAVED_LINE_LEN as u64 + 1);
    }
}
