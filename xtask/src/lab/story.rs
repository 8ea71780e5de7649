//! One attack at one stage as a story: who did what, in causal order, and the result.
//!
//! It is made of what the victims reported and of what the attacker noted, and is the same for a terminal
//! ([`text`]), for a page (the program `render`) and as JSON.
//!
//! - [`acts`]: what happened, in order; [`beliefs`]: what each side takes for the truth in the end.
//! - [`words`]: what is said of it; [`text`]: how a terminal shows it, at a glance or with every byte.

pub mod acts;
pub mod beliefs;
pub mod text;
pub mod words;

use attacker::attacks::control;
use framing::Direction;
use messages::x509::Certificate;
use serde::{Deserialize, Serialize};
use stages::{Role, Stage, handshake};
use transcript::lines::listed;
use transcript::{Event, Hex};

use super::scenario::Scenario;
use super::verdict::{Cell, Verdict};
use super::victims::{Played, Victim};

/// The story of an attack at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The attack's name.
    pub attack: String,
    /// The stage's name: that of the column of the table.
    pub stage: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The check that stopped it, if one did.
    pub by: Option<String>,
    /// The result: in the victims' own words, where they refused.
    pub why: String,
    /// Whether that is the known result.
    pub as_known: bool,
    /// The attack's aim.
    pub tries: String,
    /// The property at stake.
    pub at_stake: String,
    /// The reason for the outcome.
    pub because: String,
    /// What closes it.
    pub closed_by: String,
    /// The stage of the client.
    pub client_stage: String,
    /// The stage of the server.
    pub server_stage: String,
    /// What happened, every cause before its effect.
    pub acts: Vec<Act>,
    /// What was sent and what was received, where the two differ and nobody noticed.
    pub beliefs: Vec<Belief>,
    /// What each client reported.
    pub clients: Vec<Vec<Event>>,
    /// What the server reported.
    pub server: Vec<Event>,
    /// The whole text, where there is more to tell than the acts.
    #[serde(skip)]
    pub detail: Option<String>,
}

/// Something that someone did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The party that did it.
    pub who: Who,
    /// Index of the connection, from 0 in the order in which they began. Client `n` has connection
    /// `n`.
    pub connection: usize,
    /// The action: `does` in JSON, with its fields beside it.
    #[serde(flatten)]
    pub deed: Deed,
}

/// A party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The client of the connection.
    Client,
    /// The one on the path.
    Attacker,
    /// The server.
    Server,
}

/// What someone did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Deed {
    /// A client or a server sends a message.
    Sends {
        /// Its index in its direction and connection, from 0.
        index: u64,
        /// Its text.
        plaintext: Hex,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client has a name in mind that is not the server's.
    Wants {
        /// The name.
        name: String,
    },
    /// A client or a server sends a message of the handshake.
    SendsHello {
        /// Its name.
        step: String,
        /// Its bytes, if its record is encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Hex>,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client or a server accepts a message of the handshake.
    AcceptsHello {
        /// Its name.
        step: String,
        /// The checks that it passed.
        checked: Vec<String>,
        /// Whether the other side has sent another.
        is_changed: bool,
        /// Its bytes, if its record is encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Hex>,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client or a server says that it sends no more, or that something went wrong.
    SendsAlert {
        /// Its name, such as `close_notify`.
        alert: String,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client or a server is told so.
    AcceptsAlert {
        /// Its name.
        alert: String,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client or a server makes a secret or a key.
    Derives {
        /// Its name.
        label: String,
        /// From what.
        from: String,
        /// The one whom it is to reach, if it is a key for a direction.
        to: Option<Who>,
        /// The fingerprint, if it is a secret.
        fingerprint: Option<Hex>,
    },
    /// A client and the server agree on a secret: at a glance, what is several acts.
    Agree {
        /// The messages that they send for it.
        steps: Vec<String>,
        /// The secret's fingerprint, as both show it.
        fingerprint: Hex,
    },
    /// The attacker lets a message go on as it came.
    PassesOn {
        /// The message.
        message: Message,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// The attacker takes a message off the wire.
    Takes {
        /// The message.
        message: Message,
        /// The bytes on the wire.
        bytes: Hex,
        /// Whether it never goes on.
        kept: bool,
    },
    /// The attacker reads something out of what it took.
    Learns {
        /// The bytes it read.
        text: String,
    },
    /// The attacker holds back what it took.
    Holds {
        /// The time in milliseconds.
        millis: u64,
    },
    /// The attacker compares two messages: the last one it took and an earlier one.
    Compares {
        /// The fields in which they differ.
        changes: Vec<Change>,
    },
    /// The attacker computes from what it took.
    Computes {
        /// The values, in order.
        values: Vec<Value>,
    },
    /// The attacker puts a message on the wire.
    Puts {
        /// The message it took that this one is made from.
        message: Message,
        /// The party it goes to.
        to: Who,
        /// The bytes on the wire.
        bytes: Hex,
        /// Whether it was on the wire before.
        again: bool,
        /// The fields that differ from those that were taken.
        changes: Vec<Change>,
    },
    /// The attacker puts a message on the wire that it made itself.
    Makes {
        /// Its name, if it is one of the handshake.
        step: Option<String>,
        /// The message that was taken, and in whose place it goes.
        replaces: Option<Message>,
        /// To whom.
        to: Who,
        /// Its text, if it is sealed.
        plaintext: Option<Hex>,
        /// The text of the one in whose place it goes.
        instead_of: Option<Hex>,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// The attacker gets hold of keys when everything is over.
    GetsKeys {
        /// True if the server's identity key is among them.
        identity: bool,
    },
    /// The attacker ends a direction, as its sender would by closing.
    Ends {
        /// To whom.
        to: Who,
    },
    /// A client or a server accepts a message.
    Accepts {
        /// Its index in its direction and connection, from 0.
        index: u64,
        /// The sequence number in it, where the stage has one.
        seq: Option<u64>,
        /// The text that it reads.
        plaintext: Hex,
        /// The text that was sent, if it differs.
        instead_of: Option<Hex>,
        /// The bytes on the wire.
        bytes: Hex,
    },
    /// A client or a server refuses a message.
    Refuses {
        /// Index of the message that was due, from 0.
        index: u64,
        /// The message that was due, in the handshake.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The check.
        check: String,
        /// The check, the finding, and what it means.
        message: String,
    },
    /// The server answers, and its answers go to the client unchanged: one act at a glance, several
    /// in detail.
    Answers {
        /// Number of answers.
        answers: usize,
        /// Number of answers that the client accepts.
        accepted: usize,
    },
    /// A client is left without an answer.
    GetsNoAnswer {
        /// How many requests it sent.
        sent: usize,
        /// How many answers it got.
        answered: usize,
    },
    /// A client is left in the middle of the handshake.
    GetsNoHello {
        /// The message that was due.
        step: String,
    },
    /// The server takes the end of a connection for the true one.
    EndsWell {
        /// How many messages it received.
        received: usize,
    },
}

/// A message that a client or a server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender.
    pub from: Who,
    /// Index of the connection.
    pub connection: usize,
    /// Which of its direction and connection, from 0: of the data, or of the handshake.
    pub index: usize,
    /// Whether it is one of the handshake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hello: bool,
    /// Whether it is an alert.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_alert: bool,
}

/// A field that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name.
    pub field: String,
    /// Its offset in the message.
    pub offset: usize,
    /// Its bytes as they were taken.
    pub before: Hex,
    /// Its bytes as they are sent, less those that are cut off.
    pub after: Hex,
}

/// Something that was computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The way it was computed.
    pub from: String,
}

/// What one side sent in a connection, and what the other received; or the secrets that they hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belief {
    /// The sender: the client or the server.
    pub sender: Who,
    /// Index of the connection.
    pub connection: usize,
    /// The messages it sent.
    pub sent: Vec<Said>,
    /// The messages that the other received.
    pub received: Vec<Said>,
    /// The fingerprint of the secret that the client holds, and of the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<[Option<Hex>; 2]>,
    /// The certificate that the client has accepted as the server's, and the one that the server has sent, if they are
    /// not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<[Leaf; 2]>,
}

/// A server's own certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Whom it is about.
    pub subject: String,
    /// Its number.
    pub serial: Hex,
}

/// A message as one side knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its text.
    pub plaintext: Hex,
    /// The message it really is. `None` if nobody sent it.
    pub message: Option<Message>,
}

impl Leaf {
    /// Reads what a certificate in DER says.
    fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::decode(der).ok()?;
        Some(Self { subject: certificate.subject.text, serial: certificate.serial.into() })
    }
}

impl Story {
    /// The story of an attack that was tried, or of one for which there is nothing to try.
    pub fn new(
        scenario: &Scenario,
        stage: &'static Stage,
        cell: &Cell,
        played: Option<&Played>,
    ) -> Self {
        let attack = scenario.attack;
        let stages = (scenario.stages)(stage);
        let events = |victim: &Victim| victim.events.clone();
        let acts = played.map(|played| acts::of(stages, played)).unwrap_or_default();
        let is_open = cell.verdict == Verdict::Succeeded;
        Self {
            attack: attack.name.to_owned(),
            stage: stage.name.to_owned(),
            verdict: cell.verdict,
            by: cell.by.clone(),
            why: cell.why.clone(),
            as_known: cell.is_as_known(attack.outcome_at(stage)),
            tries: attack.tries.to_owned(),
            at_stake: attack.property.to_owned(),
            because: match (cell.verdict, cell.by.as_deref()) {
                (Verdict::Succeeded, _) => scenario.because.to_owned(),
                (Verdict::Refused, Some(check)) => {
                    because_of(check, stages.1, stages.0 != stages.1, &acts)
                }
                (Verdict::Refused | Verdict::NotApplicable, _) => String::new(),
            },
            closed_by: attack.closed_by.to_owned(),
            client_stage: stages.0.name.to_owned(),
            server_stage: stages.1.name.to_owned(),
            beliefs: if is_open { beliefs::of(&acts) } else { Vec::new() },
            acts,
            clients: played.iter().flat_map(|played| &played.clients).map(events).collect(),
            server: played.map(|played| events(&played.server)).unwrap_or_default(),
            detail: None,
        }
    }

    /// Returns a sign and a word for the result.
    pub fn verdict_in_a_word(&self) -> (&'static str, &'static str) {
        match self.verdict {
            Verdict::Succeeded if self.is_control() => ("✓", "passes"),
            Verdict::Succeeded => ("✗", "open"),
            Verdict::Refused => ("✓", "closed"),
            Verdict::NotApplicable => ("-", "nothing to try"),
        }
    }

    /// Returns the result, in a line or two.
    pub fn verdict_in_short(&self) -> String {
        match (self.verdict, &self.by) {
            (Verdict::Succeeded, _) if self.is_control() => self.why.clone(),
            (Verdict::Succeeded, _) => format!("{}. Missing: {}", self.why, self.at_stake),
            (Verdict::Refused, Some(check)) => match self.refused_by() {
                Some(act) => {
                    format!("by {check}: {} refuses it", self.the(act.who, act.connection))
                }
                None => format!("by {check}: {}", self.why),
            },
            (Verdict::Refused | Verdict::NotApplicable, _) => self.why.clone(),
        }
    }

    /// Returns whether the victims acted as the attacker wished.
    pub fn is_open(&self) -> bool {
        self.verdict == Verdict::Succeeded && !self.is_control()
    }

    /// Returns whether this is the control, whose success is as it should be.
    pub fn is_control(&self) -> bool {
        self.attack == control::ATTACK.name
    }

    /// Names a party. Clients have a number where there are several.
    pub fn name_of(&self, who: Who, connection: usize) -> String {
        match who {
            Who::Client if self.clients.len() > 1 => format!("client {connection}"),
            Who::Client => "client".to_owned(),
            Who::Attacker => "attacker".to_owned(),
            Who::Server => "server".to_owned(),
        }
    }

    /// Names a party, as it is called in a sentence.
    pub fn the(&self, who: Who, connection: usize) -> String {
        let name = self.name_of(who, connection);
        if name.contains(' ') { name } else { format!("the {name}") }
    }

    /// Names a connection by those at its ends, if there are several.
    pub fn name_of_connection(&self, connection: usize) -> Option<String> {
        let several = self.acts.iter().any(|act| act.connection > 0);
        several.then(|| {
            let of = if connection < self.clients.len() {
                self.name_of(Who::Client, connection)
            } else {
                "the attacker's own".to_owned()
            };
            format!("connection {connection}: {of}")
        })
    }

    /// Names a message, as it is called in a sentence.
    pub fn name_of_message(&self, message: Message) -> String {
        let Message { from, connection, index, .. } = message;
        let stage = self.stage_of(from);
        let of = if self.name_of_connection(0).is_some() {
            format!(" of connection {connection}")
        } else {
            String::new()
        };
        if let Some(name) = self.name_of_hello(message) {
            return format!("{name}{of}");
        }
        if message.is_alert {
            return format!("the alert of {}", self.the(from, connection));
        }
        let noun = if from == Who::Server {
            "answer"
        } else if stage.is_some_and(Stage::has_records) {
            "record"
        } else {
            "message"
        };
        format!("{noun} {index}{of}")
    }

    /// Names a message of the handshake.
    pub fn name_of_hello(&self, message: Message) -> Option<&'static str> {
        let Message { from, index, is_hello, .. } = message;
        let direction = if from == Who::Server { Direction::ToClient } else { Direction::ToServer };
        let stage = self.stage_of(from).filter(|_| is_hello)?;
        Some(stage.message(direction, u64::try_from(index).ok()?)?.name)
    }

    /// The stage at which a party seals and opens: the attacker has the client's in mind.
    pub fn stage_of(&self, who: Who) -> Option<&'static Stage> {
        Stage::find(if who == Who::Server { &self.server_stage } else { &self.client_stage })
    }

    /// Returns where it is tried: the stage, and that of the other side, if it is another.
    pub fn at(&self) -> String {
        let Self { stage, client_stage, server_stage, .. } = self;
        if client_stage != stage {
            format!("{stage}, on a client of {client_stage}")
        } else if server_stage != stage {
            format!("{stage}, with a server of {server_stage}")
        } else {
            stage.clone()
        }
    }

    /// Returns whether the client is led to a server of another stage.
    pub fn is_misled(&self) -> bool {
        self.client_stage != self.server_stage
    }

    /// The act in which a side refused.
    fn refused_by(&self) -> Option<&Act> {
        let is_it = |act: &&Act| matches!(&act.deed, Deed::Refuses { check, .. } if Some(check) == self.by.as_ref());
        self.acts.iter().find(is_it)
    }
}

/// Explains why a check stops what it stops.
fn because_of(check: &str, stage: &Stage, is_misled: bool, acts: &[Act]) -> String {
    let covered = listed(&stage.covered());
    let is_changed =
        |act: &Act| matches!(&act.deed, Deed::Puts { changes, .. } if !changes.is_empty());
    match check {
        "bad_tag" if is_misled && share_a_secret(acts) => {
            "both sides hold the same secret, and made other keys of it: a label says what a key is for, and the two \
             stages have different ones"
                .to_owned()
        }
        "bad_tag" if stage.has_types() && acts.iter().any(is_other_message) => {
            "the keys are made of the secret and of a hash of all that was said. The two sides have not seen the same, so \
             their keys differ, and the first message under them does not open"
                .to_owned()
        }
        "bad_tag" if stage.has_types() && is_out_of_place(acts) => {
            "the record is genuine and not a bit of it was changed, but it is not in its place. Both sides count the \
             records and make each nonce of its number, which is not sent: in any other place the tag does not fit"
                .to_owned()
        }
        "bad_tag" if !acts.iter().any(is_changed) => {
            "the record is genuine and not a bit of it was changed, but it was sealed under another key than the \
             one that opens records here, and its tag fits that key alone"
                .to_owned()
        }
        "bad_tag" => format!(
            "the tag is computed over {covered} under a key that the attacker does not have: whoever changes \
             any of it cannot make a tag that fits"
        ),
        "out_of_order" => "the tag covers the number in the record, and the server counts along: only the \
                           next number is accepted, and each only once"
            .to_owned(),
        "too_short" => "what is left is shorter than any record of this stage: there is no room in it for the tag"
            .to_owned(),
        "truncated" => "the end is said, by a close_notify under the same keys as the data. A TCP connection that ends \
                        without one is not taken for an end, and nobody on the path can make one"
            .to_owned(),
        "too_long" | "record_overflow" => "the length is compared with the limit before anything is read or allocated for it"
            .to_owned(),
        "encryption" => "what passes by is ciphertext: without the key it tells no more than its length"
            .to_owned(),
        _ => because_of_handshake(check, stage, acts),
    }
}

/// The same, for a check of a handshake.
fn because_of_handshake(check: &str, stage: &Stage, acts: &[Act]) -> String {
    let refused = acts.iter().find_map(|act| match &act.deed {
        Deed::Refuses { step, .. } => step.as_ref(),
        _ => None,
    });
    let is_made = |act: &Act| match &act.deed {
        Deed::Makes { step, .. } => step.is_some() && step.as_ref() == refused,
        _ => false,
    };
    match check {
        "bad_public_value" => {
            "an honest public value is a power of g from 2 to p - 2, and the others are refused before they are \
             calculated with. Without this check, and with 1 in place of both, both sides would hold 1 and show the \
             same fingerprint: comparing the two would prove nothing"
                .to_owned()
        }
        "low_order_key" | "illegal_parameter" => {
            let saves =
                if stage.has_certificates() { ". A server that gets it does not sign for it either" } else { "" };
            format!(
                "the secret would be zero whatever the own private key is, and a secret of zero is refused. Without \
                 this check, and with such a point in place of both keys, both sides would hold zero and show the \
                 same fingerprint: comparing the two would prove nothing{saves}"
            )
        }
        "wrong_group" => {
            "p and g are compared with those of the one group that is accepted, before anything is calculated in \
             it. With p = 23 the secret would be one of 22 numbers"
                .to_owned()
        }
        "fresh_keys" => {
            let identity = if stage.has_certificates() {
                ". The identity key has signed, and encrypted nothing: whoever has it can be the server from now on, and \
                 read nothing of what was before"
            } else {
                ""
            };
            format!(
                "both sides made their keys of a secret that never crossed the wire, and forgot them with the \
                 connection: there is no key left that opens anything{identity}"
            )
        }
        "bad_signature" if acts.iter().any(is_made) => {
            "a certificate is public, and proves nothing about who sends it. It names a key, and the signature has to \
             be by that key, which the attacker does not have"
                .to_owned()
        }
        "bad_signature" => {
            "the signature is the server's own, but over two other keys. The client compares it with the two that it \
             knows: the one that it made for this connection, and the one that it was sent"
                .to_owned()
        }
        "wrong_name" if !acts.iter().any(|act| matches!(act.deed, Deed::Makes { .. })) => {
            "the certificate that arrives is the server's own, and the client wants another. To show another, the \
             attacker would have to encrypt it, under keys of a secret that it does not know"
                .to_owned()
        }
        "protocol_version" => {
            "the server speaks TLS 1.3 and nothing older, and says so. One that goes back has to say in its random value \
             that it could do more; that value is under its signature, and a client of TLS 1.3 looks for it"
                .to_owned()
        }
        "unexpected_message" => {
            "the first byte of a message says what it is, and no message of TLS is a 0: what a client of another stage \
             says means nothing here"
                .to_owned()
        }
        "wrong_name" => {
            "the chain is good and the signature fits: the attacker is who it says it is. But the client knew \
             beforehand whom it wanted, and that is somebody else"
                .to_owned()
        }
        "no_server_auth" => {
            "the client sends no data, and makes no key for any, until the server has said who it is and proved it. So \
             it cannot be led to do without"
                .to_owned()
        }
        _ => String::new(),
    }
}

/// Returns whether a message of the handshake that is not encrypted became another.
fn is_other_message(act: &Act) -> bool {
    let of_message = |field: &str| {
        handshake::FIELDS.iter().any(|it| it.role == Role::Message && it.name == field)
    };
    matches!(&act.deed, Deed::Puts { changes, .. } if changes.iter().any(|change| of_message(&change.field)))
}

/// Returns whether what was refused last is of its connection and direction, as it was sent.
fn is_out_of_place(acts: &[Act]) -> bool {
    let Some(at) = acts.iter().position(|act| matches!(act.deed, Deed::Refuses { .. })) else {
        return false;
    };
    let (before, refused) = acts.split_at(at);
    let who = refused.first().map(|act| (act.who, act.connection));
    let last = before.iter().rev().find_map(|act| match &act.deed {
        Deed::Puts { message, to, changes, .. } if who == Some((*to, act.connection)) => {
            Some((message, act.connection, *to, changes.is_empty()))
        }
        _ => None,
    });
    last.is_some_and(|(message, connection, to, is_as_sent)| {
        is_as_sent && message.connection == connection && message.from != to
    })
}

/// Returns whether a client and the server hold the same secret.
fn share_a_secret(acts: &[Act]) -> bool {
    let held = |wanted: Who| {
        acts.iter().filter_map(move |act| match &act.deed {
            Deed::Derives { fingerprint: Some(it), .. } if act.who == wanted => Some(it),
            _ => None,
        })
    };
    held(Who::Client).any(|secret| held(Who::Server).any(|it| it == secret))
}
