//! Events and their JSON: one object per event, on a line of its own.
//!
//! ```
//! use transcript::Event;
//!
//! let line = r#"{"role":"client","stage":"part1-ctr","event":"closed","clean":true,"records_sent":1,"records_received":1}"#;
//! let event: Event = serde_json::from_str(line)?;
//! assert_eq!(serde_json::to_string(&event)?, line);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;

use framing::Direction;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use stages::Stage;

/// Something that happened on either side of an exchange, or between the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The party that reports it.
    pub role: Role,
    /// The stage; in JSON, its name.
    #[serde(with = "stage_by_name")]
    pub stage: &'static Stage,
    /// Its kind: `event` in JSON, with the fields of that kind beside it.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The party that reports an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The side that connects, and sends requests.
    Client,
    /// The side that listens, and answers them.
    Server,
    /// Someone on the path between the two, who has no key: what anyone sees there, and can check.
    Wire,
    /// Someone who has the capture and a key log: what only that opens, and what only that lets anyone check.
    KeyLog,
}

impl Role {
    /// Returns the party that sends that way.
    pub fn sender(direction: Direction) -> Self {
        match direction {
            Direction::ToServer => Self::Client,
            Direction::ToClient => Self::Server,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Wire => "wire",
            Self::KeyLog => "keylog",
        })
    }
}

/// `Direction` as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Direction", rename_all = "snake_case")]
enum DirectionByName {
    ToServer,
    ToClient,
}

/// The kind of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The server waits for connections.
    Listening {
        /// The address, with the actual port when any free one was asked for.
        addr: SocketAddr,
    },
    /// A connection was made.
    Connected {
        /// The other end's address.
        peer: SocketAddr,
    },
    /// A message of the handshake was sent, or arrived and passed every check.
    Handshake(HandshakeMessage),
    /// A secret or a key was made.
    Derived {
        /// Its name.
        label: String,
        /// What it was made from. Never a byte of a secret.
        from: String,
        /// Which way it protects, if it is a key.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_direction")]
        direction: Option<Direction>,
        /// If it is a secret: the first 4 bytes of HMAC-SHA256("rebuilding-tls fingerprint", secret), which both
        /// sides show, so that a person can compare them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Hex>,
    },
    /// A plaintext was sealed and handed to the stream.
    Sent(Record),
    /// A record arrived and passed every check.
    Received(Record),
    /// A record, or what stood in its place, was refused. That is final for the connection.
    Rejected {
        /// Which record was due, from 0: of the data, or of the handshake if `step` names a message.
        index: u64,
        /// The message of the handshake that was due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The check that failed, such as `bad_tag`.
        error: String,
        /// The check, the finding, and what it means.
        message: String,
        /// The sequence number that was due, where the stage has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_seq: Option<u64>,
        /// The payload, if it arrived whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Hex>,
    },
    /// The connection is over.
    Closed {
        /// Whether it ended between two records, where both sides meant it to, as far as anyone can
        /// tell.
        clean: bool,
        /// Records sealed by this side.
        records_sent: u64,
        /// Records this side received and accepted.
        records_received: u64,
    },
    /// Events that are missing here: nobody read them in time, and the program did not wait.
    Dropped {
        /// Their number.
        events: u64,
    },
    /// Bytes passed by on the wire, as many as the stream gave at once: records may be cut or
    /// joined.
    Chunk {
        /// Their direction.
        #[serde(with = "DirectionByName")]
        direction: Direction,
        /// When, in microseconds since the connection was made.
        micros: u64,
        /// The bytes, lengths included.
        bytes: Hex,
    },
    /// One direction of the wire came to its end.
    End {
        /// The direction.
        #[serde(with = "DirectionByName")]
        direction: Direction,
        /// When, in microseconds since the connection was made.
        micros: u64,
    },
    /// A connection out of a packet capture begins: neither side tells anything, and what they are said to send is what
    /// passed by. Nobody knows what their receivers made of it.
    Captured {
        /// The address of the side that connects.
        client: SocketAddr,
        /// The address of the side that listens.
        server: SocketAddr,
        /// The time of its first packet, in microseconds since 1970.
        unix_micros: u64,
    },
    /// A record carries a part of a message, and not its end.
    Fragment {
        /// Its way.
        #[serde(with = "DirectionByName")]
        direction: Direction,
        /// The name of the message.
        step: String,
        /// The bytes of the message that are in this record.
        bytes: Hex,
        /// The payload of the record, if that is encrypted, and no message before it in the same record has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Hex>,
        /// How the record was opened, if it was encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opened: Option<Opened>,
    },
    /// Something was checked, or could not be.
    Check {
        /// The side whose claim it is: it sent what was checked. `None` if it is about the whole connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Role>,
        /// What was checked, such as `Finished`.
        what: String,
        /// What came of it.
        outcome: Outcome,
        /// What it was checked with, what was found, and what that means.
        message: String,
    },
    /// Records of data, or such as nobody opens, that text and page do not tell one by one: there are too many. See
    /// [`Fold`](crate::Fold).
    Folded {
        /// Their direction.
        #[serde(with = "DirectionByName")]
        direction: Direction,
        /// Their number. 0, if the bytes are no record.
        records: u64,
        /// Bytes of data in them, or of what may be data.
        bytes: u64,
    },
    /// Bytes are not in the capture. Where the next record begins is unknown from there on.
    Missing {
        /// Their direction.
        #[serde(with = "DirectionByName")]
        direction: Direction,
        /// The time at which that was noticed, in microseconds since the connection was made.
        micros: u64,
        /// Their number, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
}

/// How a record was opened by someone with a key log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The name of the secret that its key is made of.
    pub key: String,
    /// The number of the record under that key, which both sides count and neither sends.
    pub seq: u64,
    /// The 12 bytes of the nonce: the iv xor that number.
    pub nonce: Hex,
    /// Zero bytes behind the inner type.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub padding: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was made, and holds.
    Holds,
    /// It was made, and fails.
    Fails,
    /// It could not be made: the message says what is missing for it.
    NotMade,
}

/// One message of a handshake; at TLS also a ChangeCipherSpec, a KeyUpdate or an alert: all that travels beside data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeMessage {
    /// Its name, such as `ClientHello`.
    pub step: String,
    /// Whether the side that reports it has sent it or received it.
    pub direction: Way,
    /// Its bytes: the payload of its record, unless that is encrypted.
    pub message: Hex,
    /// The payload of its record, if that is encrypted, and no message before it in the same record has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Hex>,
    /// How that was opened, if it was by someone with a key log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
    /// What it says, from its first byte to its last.
    pub spans: Vec<Span>,
    /// The checks that it passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checked: Vec<String>,
}

/// Which way a message went, for the side that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// It was sent.
    Sent,
    /// It was received.
    Received,
}

/// A run of bytes in a message, as its decoder named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its name.
    pub name: String,
    /// Its offset in bytes from the start of the message.
    pub offset: usize,
    /// Its length in bytes.
    pub len: usize,
    /// What its bytes say, where that is short.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// The spans it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Span>,
}

impl HandshakeMessage {
    /// A message of this name and payload, with what its decoder finds in it.
    pub fn new(step: &str, direction: Way, payload: &[u8], checked: &[&str]) -> Self {
        Self {
            step: step.to_owned(),
            direction,
            message: payload.into(),
            record: None,
            opened: None,
            spans: messages::explain(payload).spans.iter().map(Span::from).collect(),
            checked: checked.iter().map(|check| (*check).to_owned()).collect(),
        }
    }

    /// The same, in a record with this payload, if it is encrypted.
    #[must_use]
    pub fn sealed_in(self, payload: Option<&[u8]>) -> Self {
        Self { record: payload.map(Into::into), ..self }
    }

    /// Bytes of its record on the wire, its header included.
    pub fn wire_len(&self, stage: &Stage) -> usize {
        stage.header().len() + self.record.as_ref().unwrap_or(&self.message).len()
    }
}

impl From<&messages::Span> for Span {
    fn from(span: &messages::Span) -> Self {
        let messages::Span { name, offset, len, says, inside, .. } = span;
        Self {
            name: (*name).to_owned(),
            offset: *offset,
            len: *len,
            says: says.clone(),
            inside: inside.iter().map(Self::from).collect(),
        }
    }
}

/// One record, with what it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its index in its direction and connection, from 0.
    pub index: u64,
    /// The sequence number in it, where the stage has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Its plaintext.
    pub plaintext: Hex,
    /// The payload, without the header in front. At the plain stage: the plaintext.
    pub record: Hex,
    /// How it was opened, if it was by someone with a key log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
}

impl Record {
    /// A record of `stage`, its sequence number read from the payload.
    pub fn new(stage: &Stage, index: u64, plaintext: &[u8], payload: &[u8]) -> Self {
        let seq = stage.seq(payload);
        Self { index, seq, plaintext: plaintext.into(), record: payload.into(), opened: None }
    }
}

/// Bytes that are hexadecimal digits in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hex(#[serde(with = "hex::serde")] Vec<u8>);

/// As `hex::serde` does, several times as fast: a capture can hold a lot of bytes.
impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = vec![0; 2 * self.len()];
        hex::encode_to_slice(&**self, &mut digits).map_err(S::Error::custom)?;
        serializer.serialize_str(str::from_utf8(&digits).map_err(S::Error::custom)?)
    }
}

impl From<&[u8]> for Hex {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

mod optional_direction {
    use framing::Direction;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::DirectionByName;

    #[derive(Serialize, Deserialize)]
    struct Named(#[serde(with = "DirectionByName")] Direction);

    #[allow(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape serde asks for"
    )]
    pub fn serialize<S: Serializer>(
        direction: &Option<Direction>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        direction.map(Named).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Direction>, D::Error> {
        Ok(Option::<Named>::deserialize(deserializer)?.map(|Named(direction)| direction))
    }
}

mod stage_by_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use stages::Stage;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
    pub fn serialize<S: Serializer>(
        stage: &&'static Stage,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(stage.name)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<&'static Stage, D::Error> {
        let name = String::deserialize(deserializer)?;
        Stage::find(&name).ok_or_else(|| D::Error::custom(format_args!("no stage {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::PART3_HKDF;

    fn assert_json(kind: EventKind, json: &str) {
        let event = Event { role: Role::Server, stage: &PART3_HKDF, kind };
        let line = format!(r#"{{"role":"server","stage":"part3-hkdf",{json}}}"#);
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    #[test]
    fn a_message_has_its_spans_in_json_and_its_checks_where_it_was_received() {
        let payload = b"\x00\x10\x00\x02\xab\xcd";
        let json = |direction: &str, checked: &str| {
            format!(
                r#""event":"handshake","step":"ClientHello","direction":"{direction}","message":"00100002abcd","spans":[{{"name":"X25519 key","offset":0,"len":6,"inside":[{{"name":"tag","offset":0,"len":2,"says":"X25519 key"}},{{"name":"length","offset":2,"len":2,"says":"2"}},{{"name":"X25519 key","offset":4,"len":2}}]}}]{checked}"#
            )
        };
        let message = |way, checked: &[&str]| {
            EventKind::Handshake(HandshakeMessage::new("ClientHello", way, payload, checked))
        };
        assert_json(message(Way::Sent, &[]), &json("sent", ""));
        let checked = r#","checked":["form","not zero"]"#;
        assert_json(message(Way::Received, &["form", "not zero"]), &json("received", checked));
    }

    #[test]
    fn a_secret_has_a_fingerprint_in_json_a_key_has_a_direction_and_neither_has_bytes() {
        let derived = |direction, fingerprint: Option<&[u8]>| EventKind::Derived {
            label: "it".to_owned(),
            from: "that".to_owned(),
            direction,
            fingerprint: fingerprint.map(Into::into),
        };
        let json = |rest: &str| format!(r#""event":"derived","label":"it","from":"that"{rest}"#);
        assert_json(
            derived(None, Some(b"\x01\x02\x03\x04")),
            &json(r#","fingerprint":"01020304""#),
        );
        let to_server = derived(Some(Direction::ToServer), None);
        assert_json(to_server, &json(r#","direction":"to_server""#));
        let to_client = derived(Some(Direction::ToClient), None);
        assert_json(to_client, &json(r#","direction":"to_client""#));
    }

    #[test]
    fn a_refusal_names_the_message_that_was_due_in_a_handshake() {
        let rejected = EventKind::Rejected {
            index: 0,
            step: Some("ClientHello".to_owned()),
            error: "malformed".to_owned(),
            message: "no".to_owned(),
            expected_seq: None,
            record: Some(b"\xff".as_slice().into()),
        };
        let json = r#""event":"rejected","index":0,"step":"ClientHello","error":"malformed","message":"no","record":"ff""#;
        assert_json(rejected, json);
    }
}
