//! The key schedule of TLS 1.3 (RFC 8446, section 7.1) as a tree of names, and which of its keys protects what in a
//! run. No byte of a secret is in it.

use messages::tls13::handshake::HEADER_LEN;
use messages::tls13::name;

use crate::Direction;

/// Keys of a direction and messages under a key that are kept. No honest run has as many.
const KEPT: usize = 16;

/// A secret that others are made of.
#[derive(Debug)]
pub struct Level {
    /// Its name.
    pub name: &'static str,
    /// What is mixed in, beside the level above.
    pub takes: &'static str,
    /// What goes into its secrets beside itself: the hash of what was said from the first message to the last.
    pub hashed: &'static str,
    /// What is made of it.
    pub secrets: &'static [Secret],
}

/// A secret that keys are made of.
#[derive(Debug)]
pub struct Secret {
    /// Its name.
    pub name: &'static str,
    /// The label that tells it from the others of its level.
    pub label: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The direction that it protects, if it protects one.
    pub direction: Option<Direction>,
}

/// The label under which each level goes into the next.
pub const DERIVED: &str = "derived";

/// The levels, from nothing to the keys of the data.
pub const LEVELS: [Level; 3] = [
    Level { name: "Early Secret", takes: "zero bytes", hashed: "", secrets: &[] },
    Level {
        name: "Handshake Secret",
        takes: "shared secret",
        hashed: "ClientHello to ServerHello",
        secrets: &[
            Secret {
                name: "client_handshake_traffic_secret",
                label: "c hs traffic",
                purpose: "protects what the client says in the handshake",
                direction: Some(Direction::ToServer),
            },
            Secret {
                name: "server_handshake_traffic_secret",
                label: "s hs traffic",
                purpose: "protects what the server says in the handshake",
                direction: Some(Direction::ToClient),
            },
        ],
    },
    Level {
        name: "Master Secret",
        takes: "zero bytes",
        hashed: "ClientHello to the server's Finished",
        secrets: &[
            Secret {
                name: "client_application_traffic_secret_0",
                label: "c ap traffic",
                purpose: "protects what the client says from then on",
                direction: Some(Direction::ToServer),
            },
            Secret {
                name: "server_application_traffic_secret_0",
                label: "s ap traffic",
                purpose: "protects what the server says from then on",
                direction: Some(Direction::ToClient),
            },
            Secret {
                name: "exporter_master_secret",
                label: "exp master",
                purpose: "makes keys for other uses",
                direction: None,
            },
        ],
    },
];

/// The keys of a connection, each with what it has protected.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// To the server, to the client.
    directions: [InUse; 2],
}

#[derive(Clone, Debug, Default)]
struct InUse {
    keys: Vec<Key>,
    /// Which of them is in use.
    at: usize,
}

/// A key, or the secret that it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// The names of the messages under it, in order.
    pub messages: Vec<String>,
}

impl Keys {
    /// Adds a key for a direction. Each side tells of the same ones.
    pub fn add(&mut self, direction: Direction, name: &str) {
        let keys = &mut self.directions[direction as usize].keys;
        if keys.len() < KEPT && keys.iter().all(|key| key.name != name) {
            keys.push(Key { name: name.to_owned(), messages: Vec::new() });
        }
    }

    /// Returns all keys of a direction, in the order of their use.
    pub fn of(&self, direction: Direction) -> &[Key] {
        &self.directions[direction as usize].keys
    }

    /// Returns the name of the key in use, if there is one.
    pub fn current(&self, direction: Direction) -> Option<&str> {
        let InUse { keys, at } = &self.directions[direction as usize];
        keys.get(*at).map(|key| &*key.name)
    }

    /// Takes a message that was sent encrypted, and returns the name of its key. Behind a Finished and a KeyUpdate the
    /// sender goes on to its next key.
    pub fn seal(&mut self, direction: Direction, step: &str, message: &[u8]) -> Option<String> {
        let InUse { keys, at } = &mut self.directions[direction as usize];
        let key = keys.get_mut(*at)?;
        if key.messages.len() < KEPT {
            key.messages.push(step.to_owned());
        }
        *at += usize::from(is_said(message) && ["Finished", "KeyUpdate"].contains(&name(message)));
        Some(key.name.clone())
    }
}

/// Returns whether a message is one of the handshake, and so in the hash of all that was said. A ChangeCipherSpec and
/// an alert are not.
pub fn is_said(message: &[u8]) -> bool {
    message.len() >= HEADER_LEN
}

/// Returns whether what a message carries is made over all that was said before it: the signature of a
/// CertificateVerify, the tag of a Finished.
pub fn is_over_what_was_said(message: &[u8]) -> bool {
    is_said(message) && ["CertificateVerify", "Finished"].contains(&name(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};

    #[test]
    fn a_finished_is_the_last_message_under_its_key() {
        let (finished, alert) = ([20, 0, 0, 1, 7], [1, 0]);
        let mut keys = Keys::default();
        assert_eq!(keys.seal(ToServer, "Finished", &finished), None);
        for name in ["first", "second", "first"] {
            keys.add(ToServer, name);
        }
        keys.add(ToClient, "other");
        assert_eq!(keys.seal(ToServer, "Certificate", &[11, 0, 0, 0]).as_deref(), Some("first"));
        assert_eq!(keys.seal(ToServer, "Finished", &finished).as_deref(), Some("first"));
        assert_eq!(keys.seal(ToServer, "Alert", &alert).as_deref(), Some("second"));
        assert_eq!(keys.seal(ToServer, "KeyUpdate", &[24, 0, 0, 1, 0]).as_deref(), Some("second"));
        assert_eq!((keys.current(ToServer), keys.current(ToClient)), (None, Some("other")));
        assert_eq!(keys.of(ToServer)[0].messages, ["Certificate", "Finished"]);
    }

    /// The tree is drawn as it is coded: the labels, in the order of the code.
    #[test]
    fn its_labels_are_those_of_the_code() {
        let code = include_str!("../../tls/src/schedule.rs");
        let mut rest = code;
        for secret in LEVELS.iter().flat_map(|level| level.secrets) {
            let label = format!(".derive({:?}, hash)", secret.label);
            rest = rest.split_once(&label).unwrap_or_else(|| panic!("{label}")).1;
            assert!(code.contains(&format!("secret: {:?}", secret.name)), "{}", secret.name);
        }
        assert_eq!(code.matches(".derive(").count(), 5);
        for level in LEVELS.iter().filter(|level| !level.secrets.is_empty()) {
            let from = [
                format!("\"{} (of the ", level.name),
                format!("), and the hash of {}\"", level.hashed),
            ];
            assert!(from.iter().all(|it| code.contains(it)), "{from:?}");
        }
    }
}
