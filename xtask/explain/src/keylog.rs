//! Key logs: the secrets that a program has written down, a line each (draft-ietf-tls-keylogfile).

use std::collections::HashMap;

use messages::tls13::hello::RANDOM_LEN;
use thiserror::Error;
use zeroize::Zeroizing;

/// The secrets of any number of connections.
#[derive(Default)]
pub struct KeyLog {
    connections: HashMap<[u8; RANDOM_LEN], Secrets>,
}

/// The secrets of one connection, by label.
#[derive(Default)]
pub struct Secrets(HashMap<String, Zeroizing<Vec<u8>>>);

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
    /// Adds the lines of a key log. What is not one of TLS 1.3 is passed over.
    pub fn add(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { continue };
            let mut words = line.split_ascii_whitespace();
            let (Some(label), Some(random), Some(secret)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let mut client = [0; RANDOM_LEN];
            let (Ok(()), Ok(secret)) =
                (hex::decode_to_slice(random, &mut client), hex::decode(secret))
            else {
                continue;
            };
            let secrets = self.connections.entry(client).or_default();
            secrets.0.insert(label.to_owned(), Zeroizing::new(secret));
        }
    }

    /// Returns the secrets of the connection whose ClientHello has this random.
    pub fn of(&self, client_random: &[u8; RANDOM_LEN]) -> Option<&Secrets> {
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
        self.0.get(label).map(|secret| secret.as_slice())
    }
}
