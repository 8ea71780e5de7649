//! The contents that fill the templates.

use askama::Template;
use messages::tls13;
use stages::{Field, STAGES, Stage, field};
use transcript::{Role, visible};

use super::connection::Belief;
use super::fields::{Carried, Form, LONG, Meaning, Meanings, text};
use super::message;
use super::{Arrival, Exchange, Name, Report, peer_of};

/// What a receiver checks, in its order.
const CHECKED: [field::Role; 3] = [field::Role::Length, field::Role::Tag, field::Role::Seq];

/// Above everything.
#[derive(Template)]
#[template(path = "head.html")]
pub struct HeadView<'a> {
    /// What a connection out of a capture is called, if it is one.
    pub session: Option<&'a str>,
}

/// Below everything.
#[derive(Template)]
#[template(path = "foot.html")]
pub struct FootView;

/// Above what happened at a stage.
#[derive(Template)]
#[template(path = "stage.html")]
pub struct StageView {
    pub stage: &'static Stage,
}

/// Below what happened at a stage.
#[derive(Template)]
#[template(path = "closing.html")]
pub struct ClosingView {
    stage: &'static Stage,
    shown: u64,
    more: u64,
    /// What the fields are, of messages and of records.
    tables: Vec<(&'static str, Vec<Meaning>)>,
}

/// Something that happened at one side.
#[derive(Template)]
#[template(path = "note.html")]
pub struct NoteView {
    pub role: Role,
    pub text: String,
}

/// A message or a record on its way: the sender's side, the wire, the receiver's side.
#[derive(Template)]
#[template(path = "exchange.html")]
pub struct ExchangeView<'a> {
    id: u64,
    /// What it is called: `ClientHello`, `record 0`.
    title: String,
    is_message: bool,
    from: Role,
    to: Role,
    /// Whether its sender is a program that tells nothing of itself.
    is_from_foreign: bool,
    /// The key of its record, if that has a name.
    key: Option<&'a str>,
    /// The messages that its signature or its tag is over.
    over: &'a [String],
    /// Whether a key is made by what is refused here.
    makes_secret: bool,
    /// What the sender says, if it was the sender.
    said: Option<Said<'a>>,
    sent: Option<Carried>,
    /// The message inside, if its record is encrypted.
    inside: Option<Carried>,
    /// What arrived, if that differs from what was sent.
    arrived: Option<Carried>,
    checks: Vec<Check>,
    outcome: Outcome<'a>,
}

/// What a sender says.
enum Said<'a> {
    Text(&'a [u8]),
    /// A message: its fields, and what those say that say something short.
    Message(Vec<(&'static str, String)>),
}

impl<'a> Said<'a> {
    fn of(report: &'a Report) -> Self {
        match &report.plaintext {
            Some(plaintext) => Self::Text(plaintext),
            None => Self::Message(report.message().map(|it| message::said(it)).unwrap_or_default()),
        }
    }
}

/// A check of a receiver, and its result.
struct Check {
    /// Empty where `found` says it all.
    name: &'static str,
    verdict: Verdict,
    found: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    NotReached,
}

impl Verdict {
    /// Returns its name in the page's style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not-reached",
        }
    }
}

/// The end of a message or a record.
enum Outcome<'a> {
    Received {
        plaintext: &'a [u8],
        proven: bool,
    },
    /// A message, and whether it is the one that was sent.
    Accepted {
        is_same: bool,
        belief: &'a Belief,
    },
    /// The reason may be a stranger's, out of a run file.
    Rejected {
        reason: String,
    },
    Lost,
    /// Its receiver tells nothing of itself.
    Untold,
}

impl<'a> ExchangeView<'a> {
    pub fn new(stage: &'static Stage, exchange: &'a Exchange) -> Self {
        let Exchange { id, from, name, course, is_foreign, sent, arrival } = exchange;
        let [is_from_foreign, is_to_foreign] = *is_foreign;
        let before = sent.as_ref().and_then(|report| report.payload.as_deref());
        let inside = sent.as_ref().and_then(|report| report.inside.as_deref());
        let is_message = name.step.is_some();
        let (mut after, mut inside_after) = (None, None);
        let outcome = match arrival {
            Some(Arrival::Accepted(report, belief)) => {
                (after, inside_after) = (report.payload.as_deref(), report.inside.as_deref());
                match &report.plaintext {
                    Some(plaintext) => {
                        Outcome::Received { plaintext, proven: stage.has(field::Role::Tag) }
                    }
                    None => Outcome::Accepted {
                        is_same: sent.as_ref().and_then(Report::message) == report.message(),
                        belief,
                    },
                }
            }
            Some(Arrival::Rejected { message, payload, .. }) => {
                // What was refused as a message had been decrypted.
                let is_inside = inside.is_some() && payload.as_deref().is_some_and(tls13::is_one);
                *(if is_inside { &mut inside_after } else { &mut after }) = payload.as_deref();
                Outcome::Rejected { reason: visible(message) }
            }
            None if is_to_foreign => Outcome::Untold,
            None => Outcome::Lost,
        };
        let noun = if stage.has_records() { "record" } else { "message" };
        let is_sealed = inside.is_some() || inside_after.is_some();
        let form = if is_message && !is_sealed { Form::Open } else { Form::Record };
        let carried = |payload, before| Carried::new(stage, form, payload, before);
        let inside = match (inside, inside_after) {
            (Some(before), Some(after)) if before != after => {
                Some(Carried::new(stage, Form::Inside, after, Some(before)))
            }
            (Some(message), _) | (None, Some(message)) => {
                Some(Carried::new(stage, Form::Inside, message, None))
            }
            (None, None) => None,
        };
        Self {
            id: *id,
            title: match &name.step {
                Some(step) => visible(step),
                None => format!("{noun} {}", name.index),
            },
            is_message,
            from: *from,
            to: peer_of(*from),
            is_from_foreign,
            key: course.key.as_deref(),
            over: &course.over,
            makes_secret: !stage.has_types(),
            said: sent.as_ref().map(Said::of),
            sent: before.map(|payload| carried(payload, None)),
            inside,
            arrived: after
                .filter(|after| before != Some(*after))
                .map(|payload| carried(payload, before)),
            checks: arrival
                .as_ref()
                .map(|arrival| checks(stage, name, arrival))
                .unwrap_or_default(),
            outcome,
        }
    }

    /// Everything that it shows field by field.
    pub fn carried(&self) -> impl Iterator<Item = &Carried> {
        self.sent.iter().chain(&self.arrived).chain(&self.inside)
    }

    /// The sender's text, if it sent one.
    fn text_sent(&self) -> Option<&'a [u8]> {
        match self.said {
            Some(Said::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl ClosingView {
    pub fn new(stage: &'static Stage, shown: u64, more: u64, meanings: &Meanings) -> Self {
        let records = stage.fields.iter().map(Meaning::of).collect();
        let mut tables = vec![("What the fields of a message are", meanings.0.clone())];
        tables.push(("What the fields are", records));
        tables.retain(|(_, meanings)| !meanings.is_empty());
        Self { stage, shown, more, tables }
    }
}

/// Lists what the receiver found: nothing, where there is nothing to check, or where it is not
/// known what failed.
fn checks(stage: &Stage, name: &Name, arrival: &Arrival) -> Vec<Check> {
    let (failed, payload, seq) = match arrival {
        Arrival::Accepted(Report { checked, plaintext: None, .. }, _) => {
            let passed = |check: &String| Check {
                name: "",
                verdict: Verdict::Passed,
                found: visible(check),
            };
            return checked.iter().map(passed).collect();
        }
        Arrival::Accepted(report, _) => (None, report.payload.as_deref(), report.seq),
        Arrival::Rejected { error, payload, .. } => match field_of(error) {
            Some(failed) if name.step.is_none() => (Some(failed), payload.as_deref(), None),
            _ => return Vec::new(),
        },
    };
    let mut verdict = Verdict::Passed;
    let checked = CHECKED.into_iter().filter_map(|role| stage.field(role));
    let check = |field: &Field| {
        verdict = match verdict {
            Verdict::Passed if failed == Some(field.role) => Verdict::Failed,
            Verdict::Passed => Verdict::Passed,
            Verdict::Failed | Verdict::NotReached => Verdict::NotReached,
        };
        let found = match verdict {
            Verdict::Passed => passed(stage, field.role, payload, seq),
            Verdict::Failed => "refused".to_owned(),
            Verdict::NotReached => "not looked at".to_owned(),
        };
        Check { name: field.name, verdict, found }
    };
    checked.map(check).collect()
}

/// Returns the role of the field that an error is about.
fn field_of(error: &str) -> Option<field::Role> {
    match error {
        "too_long" | "too_short" | "truncated" => Some(field::Role::Length),
        "bad_tag" => Some(field::Role::Tag),
        "out_of_order" | "sequence_exhausted" => Some(field::Role::Seq),
        _ => None,
    }
}

/// Says what a passed check means.
fn passed(stage: &Stage, role: field::Role, payload: Option<&[u8]>, seq: Option<u64>) -> String {
    match (role, payload, seq) {
        (field::Role::Length, Some(payload), _) => {
            let limits = stage.limits();
            format!("{} is between {} and {}", payload.len(), limits.min, limits.max)
        }
        (field::Role::Tag, ..) => {
            let covered = stage.covered();
            let (last, others) = covered.split_last().unwrap_or((&"all", &[]));
            format!("verifies: {} and {last} are as they were sealed", others.join(", "))
        }
        (field::Role::Seq, _, Some(seq)) => format!("{seq} is the one expected"),
        _ => "passed".to_owned(),
    }
}
