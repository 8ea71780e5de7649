//! Key logs: the secrets that a program has written down, a line each (draft-ietf-tls-keylogfile).

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Read};

use messages::tls13::hello::RANDOM_LEN;
use thiserror::Error;
use zeroize::Zeroizing;

/// The random of a ClientHello, which a key log knows its connection by.
pub type Random = [u8; RANDOM_LEN];

/// The labels of the secrets of TLS 1.3.
const LABELS: [&str; 7] = [
    "CLIENT_EARLY_TRAFFIC_SECRET",
    "EARLY_EXPORTER_SECRET",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
];

/// The longest line that is read, in bytes. Those of any secret are far shorter.
const MAX_LINE_LEN: u64 = 4096;

/// The longest secret, in bytes: the length of the longest hash.
const MAX_SECRET_LEN: usize = 64;

/// The secrets of any number of connections.
#[derive(Default)]
pub struct KeyLog {
    /// The connections whose secrets are kept; none for all.
    wanted: Option<HashSet<Random>>,
    connections: HashMap<Random, Secrets>,
}

/// The secrets of one connection, by label.
#[derive(Default)]
pub struct Secrets(Vec<(&'static str, Zeroizing<Vec<u8>>)>);

/// The finds in the text of a key log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Lines with a secret of any kind.
    pub secrets: u64,
    /// Those of TLS 1.3, of any connection.
    pub tls13: u64,
    /// Lines that are nothing that a key log has.
    pub odd: Lines,
    /// Lines with another secret than one before them with the same label and random. The first one counts.
    pub differing: Lines,
}

/// Some lines of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Their number.
    pub count: u64,
    /// The number of the first, from 1.
    pub first: u64,
}

/// A line of a key log.
enum Line {
    /// A secret of TLS 1.3.
    Secret(&'static str, Random, Zeroizing<Vec<u8>>),
    /// Another secret.
    Other,
    /// A comment, or nothing.
    Nothing,
    /// No line of a key log.
    Odd,
}

/// A line that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} is no key: expected an even number of hexadecimal digits, and nothing else")]
pub struct NoPsk {
    /// Its number, from 1.
    pub line: usize,
}

/// Reads keys from before, a line each. Lines may be empty, or begin with `#`.
///
/// # Errors
/// [`NoPsk`].
pub fn psks(text: &[u8]) -> Result<Vec<Zeroizing<Vec<u8>>>, NoPsk> {
    let lines = (1..).zip(text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii));
    let lines = lines.filter(|(_, digits)| !digits.is_empty() && !digits.starts_with(b"#"));
    lines
        .map(|(line, digits)| hex::decode(digits).map(Zeroizing::new).map_err(|_| NoPsk { line }))
        .collect()
}

impl KeyLog {
    /// A key log that keeps the secrets of these connections, and no others.
    pub fn of_these(wanted: HashSet<Random>) -> Self {
        Self { wanted: Some(wanted), connections: HashMap::new() }
    }

    /// Adds the secrets in a text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self, text: impl Read) -> io::Result<Found> {
        let mut text = BufReader::new(text);
        let mut bytes = Zeroizing::new(Vec::new());
        let mut found = Found::default();
        for number in 1.. {
            bytes.clear();
            if text.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let is_whole = bytes.last() == Some(&b'\n') || text.fill_buf()?.is_empty();
            if !is_whole {
                text.skip_until(b'\n')?;
            }
            match if is_whole { line(&bytes) } else { Line::Odd } {
                Line::Secret(label, random, secret) => {
                    found.secrets += 1;
                    found.tls13 += 1;
                    if !self.keep(label, random, secret) {
                        found.differing.add(number);
                    }
                }
                Line::Other => found.secrets += 1,
                Line::Nothing => {}
                Line::Odd => found.odd.add(number),
            }
        }
        Ok(found)
    }

    /// Adds the secrets in a text that is in memory.
    pub fn add(&mut self, text: &[u8]) -> Found {
        // Memory can always be read.
        self.read(text).unwrap_or_default()
    }

    /// Keeps a secret, if it is wanted. Returns whether there was no other in its place.
    fn keep(&mut self, label: &'static str, random: Random, secret: Zeroizing<Vec<u8>>) -> bool {
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&random)) {
            return true;
        }
        let secrets = self.connections.entry(random).or_default();
        if let Some(there) = secrets.get(label) {
            return there == secret.as_slice();
        }
        secrets.0.push((label, secret));
        true
    }

    /// Returns the secrets of the connection whose ClientHello has this random.
    pub fn of(&self, client_random: &Random) -> Option<&Secrets> {
        self.connections.get(client_random)
    }

    /// Returns whether it has no secret of any connection.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}

impl Secrets {
    /// Returns the secret of this label.
    pub fn get(&self, label: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(there, _)| *there == label);
        found.map(|(_, secret)| secret.as_slice())
    }
}

impl Lines {
    fn add(&mut self, number: u64) {
        if self.count == 0 {
            self.first = number;
        }
        self.count += 1;
    }
}

/// Returns whether a text that begins like this is a key log.
pub fn is_one(beginning: &[u8]) -> bool {
    let lines = beginning.split_inclusive(|byte| *byte == b'\n');
    let first = lines.map(line).find(|line| !matches!(line, Line::Nothing));
    matches!(first, Some(Line::Secret(..) | Line::Other))
}

/// Reads a line: a label, the random of a ClientHello, the secret.
fn line(bytes: &[u8]) -> Line {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() || bytes.starts_with(b"#") {
        return Line::Nothing;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Line::Odd };
    let words: Vec<_> = text.split_ascii_whitespace().take(4).collect();
    let [label, random, secret] = words[..] else { return Line::Odd };
    let is_hex = |word: &str| {
        word.len().is_multiple_of(2) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_label = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_label || !is_hex(random) || !is_hex(secret) {
        return Line::Odd;
    }
    let Some(label) = LABELS.into_iter().find(|known| *known == label) else {
        return Line::Other;
    };
    let mut client = [0; RANDOM_LEN];
    if hex::decode_to_slice(random, &mut client).is_err() || secret.len() > 2 * MAX_SECRET_LEN {
        return Line::Odd;
    }
    match hex::decode(secret) {
        Ok(secret) if !secret.is_empty() => Line::Secret(label, client, Zeroizing::new(secret)),
        _ => Line::Odd,
    }
}
