//! A row of the story: a message, a record, or what stands in its place.

use messages::tls13;
use stages::Stage;
use transcript::lines::hex;
use transcript::{Hex, Opened, Outcome, Record, Role, visible};

use super::super::fields::{Carried, Form, Payload, Run, text};
use super::super::{message, peer_of};
use super::keys::Key;
use super::overview::{bytes, time};
use super::{Check, Explained};

/// Bytes of a record of data that are shown.
pub const SHOWN: usize = 2048;

/// A row.
pub struct Row {
    pub id: u64,
    pub from: Role,
    pub what: What,
    /// When it passed by, in microseconds since the connection began.
    pub micros: Option<u64>,
    pub opened: Option<Opened>,
    /// The messages that its signature or its tag is over.
    pub over: Vec<String>,
    /// The numbers of the keys that are made with it.
    pub made: Vec<usize>,
    /// Whether it is the last part of a message, or not the first message, of a record in the clear.
    pub is_mixed: bool,
    /// The record, if that is in the clear and not just one message.
    pub raw: Option<Hex>,
}

/// The content of a row.
pub enum What {
    Message {
        step: String,
        message: Hex,
        record: Option<Hex>,
        is_sealed: bool,
    },
    /// A part of a message.
    Fragment {
        step: String,
        bytes: Hex,
        record: Option<Hex>,
    },
    Data(Record),
    /// A record that nobody could open, its header included.
    Closed(Hex),
    /// Bytes in which no record can be told.
    Loose(Hex),
    Folded {
        records: u64,
        bytes: u64,
    },
    Missing {
        bytes: Option<u64>,
    },
    /// The sender's direction is over.
    End,
}

/// A row as the template has it.
pub struct RowView<'a> {
    pub row: &'a Row,
    pub to: Role,
    pub title: String,
    pub key: Option<&'a Key>,
    pub made: Vec<&'a Key>,
    pub checks: Vec<&'a Check>,
    /// Its record.
    pub sent: Option<Carried>,
    /// What was in it.
    pub inside: Option<Carried>,
}

impl What {
    /// Returns whether it travelled.
    pub fn is_carried(&self) -> bool {
        !matches!(self, Self::Folded { .. } | Self::Missing { .. } | Self::End)
    }
}

impl Row {
    pub fn new(id: u64, from: Role, what: What, opened: Option<Opened>, over: Vec<String>) -> Self {
        Self {
            id,
            from,
            what,
            micros: None,
            opened,
            over,
            made: Vec::new(),
            is_mixed: false,
            raw: None,
        }
    }

    pub fn is_carried(&self) -> bool {
        self.what.is_carried()
    }

    /// Returns whether its record begins with it.
    pub fn has_record(&self) -> bool {
        match &self.what {
            What::Message { record, is_sealed, .. } => record.is_some() || !is_sealed,
            What::Fragment { record, .. } => record.is_some() || self.opened.is_none(),
            What::Data(_) | What::Closed(_) | What::Loose(_) => true,
            What::Folded { .. } | What::Missing { .. } | What::End => false,
        }
    }

    /// Returns whether nobody needs a key to read it.
    pub fn is_in_the_clear(&self) -> bool {
        match &self.what {
            What::Message { is_sealed, .. } => !is_sealed,
            What::Fragment { .. } => self.opened.is_none(),
            _ => false,
        }
    }

    pub fn title(&self) -> String {
        match &self.what {
            What::Message { step, .. } => step.clone(),
            What::Fragment { step, .. } => format!("part of {step}"),
            What::Data(record) => format!("data, record {}", record.index),
            What::Closed(_) => "encrypted record".to_owned(),
            What::Loose(_) => "bytes without a record".to_owned(),
            What::Folded { .. } => "more data".to_owned(),
            What::Missing { .. } => "missing bytes".to_owned(),
            What::End => "end".to_owned(),
        }
    }

    /// Names several of its kind.
    pub fn noun(&self) -> &'static str {
        match &self.what {
            What::Data(_) => "records of data",
            What::Closed(_) => "encrypted records",
            _ => "messages",
        }
    }

    /// Returns whether it is a Finished, which is made with a key of its own.
    pub fn is_finished(&self) -> bool {
        matches!(&self.what, What::Message { message, .. } if tls13::name(message) == "Finished")
    }

    /// Returns whether the two need not be told apart at a glance.
    pub fn is_alike(&self, other: &Self) -> bool {
        let is_data = matches!((&self.what, &other.what), (What::Data(_), What::Data(_)));
        let is_closed = matches!((&self.what, &other.what), (What::Closed(_), What::Closed(_)));
        self.from == other.from && (is_data || is_closed)
    }

    /// Counts the bytes of its record on the wire, its header included.
    pub fn wire_len(&self, stage: &Stage) -> usize {
        let header = stage.header().len();
        if let Some(raw) = &self.raw {
            return raw.len();
        }
        match &self.what {
            _ if self.is_mixed => 0,
            What::Message { record: Some(record), .. }
            | What::Fragment { record: Some(record), .. } => header + record.len(),
            What::Message { message: bytes, is_sealed: false, .. } => header + bytes.len(),
            What::Fragment { bytes, .. } if self.opened.is_none() => header + bytes.len(),
            What::Data(record) => header + record.record.len(),
            What::Closed(bytes) | What::Loose(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl<'a> RowView<'a> {
    pub fn new(explained: &'a Explained, row: &'a Row) -> Self {
        let stage = explained.stage;
        let padding = row.opened.as_ref().map_or(0, |opened| opened.padding);
        let whole = |record: &[u8], payload| Some(Carried::record(stage, record, payload));
        let sealed = |record: &Option<Hex>| {
            whole(&stage.record(record.as_ref()?), Payload::Known { padding })
        };
        let message_in = |form, bytes: &[u8]| Some(Carried::new(stage, form, bytes, None));
        let raw = || whole(row.raw.as_ref()?, Payload::Open);
        let (sent, inside) = match &row.what {
            What::Message { message, is_sealed: false, .. } if row.is_mixed => {
                (raw(), message_in(Form::Inside, message))
            }
            What::Message { message, is_sealed: false, .. } => {
                (message_in(Form::Open, message), None)
            }
            What::Message { message, record, .. } => {
                (sealed(record), message_in(Form::Inside, message))
            }
            What::Fragment { record, .. } => (sealed(record).or_else(raw), None),
            What::Data(data) => (sealed(&Some(data.record.clone())), None),
            What::Closed(bytes) => (whole(bytes, Payload::Closed), None),
            What::Loose(_) | What::Folded { .. } | What::Missing { .. } | What::End => (None, None),
        };
        let is_message = matches!(row.what, What::Message { .. });
        let sent = sent.map(|sent| if is_message { sent } else { sent.up_to(SHOWN) });
        let checks = explained.checks.iter().filter(|check| check.row == Some(row.id));
        let key = row.opened.as_ref().and_then(|opened| explained.keys.find(&visible(&opened.key)));
        let made = row.made.iter().filter_map(|number| explained.keys.all.get(number - 1));
        Self {
            row,
            to: peer_of(row.from),
            title: row.title(),
            key,
            made: made.collect(),
            checks: checks.collect(),
            sent,
            inside,
        }
    }

    /// Lists everything that it shows field by field.
    pub fn carried(&self) -> impl Iterator<Item = &Carried> {
        self.sent.iter().chain(&self.inside)
    }

    /// Lists what a message says at a glance.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        match &self.row.what {
            What::Message { message, .. } => message::said(message),
            _ => Vec::new(),
        }
    }

    /// Returns the beginning of the data, as text.
    pub fn text(&self) -> Vec<Run> {
        match &self.row.what {
            What::Data(record) => {
                text(record.plaintext.get(..SHOWN).unwrap_or(&record.plaintext), None)
            }
            _ => Vec::new(),
        }
    }

    /// Returns whether something in it was checked, and does not hold.
    pub fn fails(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == Outcome::Fails)
    }

    /// Names the type that an encrypted record hides.
    pub fn inner_type(&self) -> &'static str {
        match (&self.inside, &self.row.what) {
            (Some(inside), _) => inside.content_type(),
            (None, What::Fragment { .. }) => "handshake",
            (None, _) => "application_data",
        }
    }

    /// Tells when it passed by.
    pub fn time(&self) -> String {
        self.row.micros.map(|micros| format!("at {}", time(micros))).unwrap_or_default()
    }

    /// Tells how much data is folded into it.
    pub fn folded(&self) -> String {
        match &self.row.what {
            What::Folded { bytes: len, .. } => bytes(*len),
            _ => String::new(),
        }
    }

    /// Writes the first bytes, where no record can be told in them.
    pub fn loose(&self) -> String {
        match &self.row.what {
            What::Loose(bytes) => hex(bytes.get(..SHOWN).unwrap_or(bytes)),
            _ => String::new(),
        }
    }
}

/// Writes the 8 bytes of a record's number behind 4 of zero, as they go into the nonce.
pub fn numbered(seq: u64) -> String {
    let bytes = [&[0; 4][..], &seq.to_be_bytes()].concat();
    hex(&bytes)
}
