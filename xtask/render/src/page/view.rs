//! The contents that fill the templates.

use std::fmt::Write;

use askama::Template;
use stages::{Field, Part, Place, STAGES, Stage, field, handshake};
use transcript::certified::sender;
use transcript::{Role, visible};

use super::message;
use super::{Arrival, Exchange, Name, Report};

/// A field with more bytes than these is shortened until it is selected.
const LONG: usize = 256;
/// Bytes of it that are shown until then.
const HEAD: usize = 64;
/// Bytes of a part of something that are shown before it is selected.
const SHORT: usize = 8;
/// The deepest that a part of something is set in.
const DEEPEST: usize = 3;
/// What a receiver checks, in its order.
const CHECKED: [field::Role; 3] = [field::Role::Length, field::Role::Tag, field::Role::Seq];

/// A stand-in for the fields of a payload that is too short for them.
const PAYLOAD: Field = Field {
    name: "payload",
    len: None,
    role: field::Role::Plaintext,
    is_covered: false,
    what: "",
    readers: "",
    protection: "",
};

/// Above everything.
#[derive(Template)]
#[template(path = "head.html")]
pub struct HeadView;

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

/// What a field is, without its bytes.
#[derive(Clone, Copy, PartialEq)]
pub struct Meaning {
    name: &'static str,
    /// Its class in the style sheet.
    class: &'static str,
    what: &'static str,
    readers: &'static str,
    protection: &'static str,
}

/// What the fields of messages are.
#[derive(Default)]
pub struct Meanings(Vec<Meaning>);

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
    /// What the sender says, if it was the sender.
    said: Option<Said<'a>>,
    sent: Option<Carried>,
    /// What arrived, if that differs from what was sent.
    arrived: Option<Carried>,
    checks: Vec<Check>,
    outcome: Outcome<'a>,
}

/// What a sender says.
enum Said<'a> {
    Text(&'a [u8]),
    /// A message: the names of its fields.
    Message(Vec<&'static str>),
}

impl<'a> Said<'a> {
    fn of(report: &'a Report) -> Self {
        if let Some(plaintext) = &report.plaintext {
            return Self::Text(plaintext);
        }
        let fields = message::fields(&report.payload).into_iter();
        Self::Message(fields.map(|field| field.span.name).collect())
    }
}

/// A message or a record as it travels.
struct Carried {
    stage: &'static Stage,
    record: Vec<u8>,
    is_message: bool,
    /// The one it is compared with.
    before: Option<Vec<u8>>,
}

/// One field of a message or a record.
struct FieldView<'r> {
    meaning: Meaning,
    /// The field of the message that it belongs to.
    part_of: Option<&'static str>,
    /// Whether another field of the message ends in front of it.
    begins: bool,
    /// How many others it is part of.
    depth: usize,
    /// Its length, with those of its parts that are fields of their own.
    len: usize,
    /// Its offset in bytes from the start of the record.
    offset: usize,
    bytes: &'r [u8],
    /// What its bytes say, where they say something a person can read.
    says: String,
    before: Before<'r>,
}

/// What a field was before.
#[derive(Clone, Copy)]
enum Before<'r> {
    /// It is compared with none.
    Unknown,
    /// It was there, with these bytes.
    Bytes(&'r [u8]),
    /// It was not there.
    Nothing,
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
        /// Whom the certificates in it are for.
        sender: Option<String>,
    },
    /// The reason may be a stranger's, out of a run file.
    Rejected {
        reason: String,
    },
    Lost,
}

/// Bytes in a row that look alike.
pub struct Run {
    pub text: String,
    /// Different from what was sent.
    pub changed: bool,
    /// Not printable, so written as escapes.
    escaped: bool,
}

/// Writes bytes in runs of those that are changed, and those that are not.
pub fn runs_of(
    bytes: &[u8],
    changed: &[bool],
    gap: &str,
    write: impl Fn(u8) -> String,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (byte, changed) in bytes.iter().zip(changed) {
        match runs.last_mut() {
            Some(run) if run.changed == *changed => run.text += &(gap.to_owned() + &write(*byte)),
            _ => runs.push(Run { text: write(*byte), changed: *changed, escaped: false }),
        }
    }
    runs
}

impl<'a> ExchangeView<'a> {
    /// Shows `exchange`. Its `id` is unique on the page.
    pub fn new(id: u64, stage: &'static Stage, exchange: &'a Exchange) -> Self {
        let Exchange { from, name, sent, arrival } = exchange;
        let before = sent.as_ref().map(|report| &*report.payload);
        let (after, outcome) = match arrival {
            Some(Arrival::Accepted(Report { payload, plaintext, .. })) => {
                let outcome = match plaintext {
                    Some(plaintext) => {
                        Outcome::Received { plaintext, proven: stage.has(field::Role::Tag) }
                    }
                    None => Outcome::Accepted {
                        is_same: before == Some(payload),
                        sender: sender(payload).map(|name| visible(&name)),
                    },
                };
                (Some(&**payload), outcome)
            }
            Some(Arrival::Rejected { message, payload, .. }) => {
                (payload.as_deref(), Outcome::Rejected { reason: visible(message) })
            }
            None => (None, Outcome::Lost),
        };
        let noun = if stage.has_records() { "record" } else { "message" };
        let carried = |payload, before| Carried::new(stage, name, payload, before);
        Self {
            id,
            title: match &name.step {
                Some(step) => visible(step),
                None => format!("{noun} {}", name.index),
            },
            is_message: name.step.is_some(),
            from: *from,
            to: if *from == Role::Client { Role::Server } else { Role::Client },
            said: sent.as_ref().map(Said::of),
            sent: before.map(|payload| carried(payload, None)),
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

    /// The sender's text, if it sent one.
    fn text_sent(&self) -> Option<&'a [u8]> {
        match self.said {
            Some(Said::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl Carried {
    /// Puts the header in front of a payload, to be compared with the payload `before`.
    fn new(stage: &'static Stage, name: &Name, payload: &[u8], before: Option<&[u8]>) -> Self {
        let before = before.map(|before| stage.record(before));
        let is_message = name.step.is_some();
        Self { stage, record: stage.record(payload), is_message, before }
    }

    fn fields(&self) -> Vec<FieldView<'_>> {
        if self.is_message {
            return self.message_fields();
        }
        let mut before = self.before.iter().flat_map(|before| parts(self.stage, before));
        let parts = parts(self.stage, &self.record).into_iter();
        parts.map(|part| FieldView::new(part, before.next().map(|part| part.bytes))).collect()
    }

    /// Cuts the record of a message: its header, and each field of the message as its decoder read it.
    fn message_fields(&self) -> Vec<FieldView<'_>> {
        let header_len = self.stage.header().len();
        let (header, message) = self.record.split_at_checked(header_len).unwrap_or_default();
        let before = self.before.as_ref().and_then(|before| before.split_at_checked(header_len));
        let length = handshake::FIELDS.iter().find(|field| field.role == field::Role::Length);
        let length = length.filter(|_| !header.is_empty()).map(|field| {
            let part = Part { field, offset: 0, bytes: header };
            FieldView::new(part, before.map(|(header, _)| header))
        });
        let pairs = message::compare(before.map_or(message, |(_, before)| before), message);
        let is_compared = before.is_some();
        let fields = pairs.iter().filter_map(|pair| Some((pair.after.as_ref()?, &pair.before)));
        let leaves = fields.enumerate().flat_map(|(number, (field, before))| {
            let mut before = before.iter().flat_map(message::Field::items);
            let items = field.items().into_iter().enumerate();
            let views: Vec<_> = items
                .map(|(at, (item, bytes))| FieldView {
                    meaning: Meaning::of_span(self.stage, item.span),
                    part_of: (!field.span.inside.is_empty()).then_some(field.span.name),
                    begins: number > 0 && at == 0,
                    depth: item.depth.min(DEEPEST),
                    len: item.span.len,
                    offset: header_len + item.span.offset,
                    bytes,
                    says: item.says.to_owned(),
                    before: match before.next() {
                        _ if !is_compared => Before::Unknown,
                        Some((_, bytes)) => Before::Bytes(bytes),
                        None => Before::Nothing,
                    },
                })
                .collect();
            views
        });
        length.into_iter().chain(leaves).collect()
    }
}

impl Meaning {
    fn of(field: &'static Field) -> Self {
        let Field { name, what, readers, protection, .. } = field;
        Self { name, class: name, what, readers, protection }
    }

    /// What a span of a message is. Who can read it, and what protects it, is the same for all of a message.
    fn of_span(stage: &Stage, span: &messages::Span) -> Self {
        let message = handshake::FIELDS.iter().find(|field| field.role == field::Role::Message);
        let readers = message.map_or("", |field| field.readers);
        let protection = stage.protection_of_messages();
        Self { name: span.name, class: "message", what: span.what, readers, protection }
    }
}

impl Meanings {
    /// Adds the fields of what is shown, if it is a message.
    pub fn add(&mut self, shown: &ExchangeView<'_>) {
        let carried = shown.sent.iter().chain(&shown.arrived).filter(|carried| carried.is_message);
        for field in carried.flat_map(Carried::fields) {
            if !self.0.contains(&field.meaning) {
                self.0.push(field.meaning);
            }
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

/// Cuts a record into its fields. A payload that is too short for them stays whole.
fn parts<'r>(stage: &Stage, record: &'r [u8]) -> Vec<Part<'r>> {
    stage.split(record).unwrap_or_else(|| {
        let header_len = stage.header().len();
        let header = stage.places().take_while(|place| place.offset < header_len);
        let payload = Place { field: &PAYLOAD, offset: header_len, is_behind_text: false };
        let part = |Place { field, offset, .. }| {
            let rest = record.get(offset..)?;
            let bytes = rest.get(..field.len.unwrap_or(rest.len()))?;
            Some(Part { field, offset, bytes })
        };
        header.chain([payload]).filter_map(part).collect()
    })
}

impl<'r> FieldView<'r> {
    fn new(part: Part<'r>, before: Option<&'r [u8]>) -> Self {
        Self {
            meaning: Meaning::of(part.field),
            part_of: None,
            begins: false,
            depth: 0,
            len: part.bytes.len(),
            offset: part.offset,
            bytes: part.bytes,
            says: part.number().map(|number| number.to_string()).unwrap_or_default(),
            before: before.map_or(Before::Unknown, Before::Bytes),
        }
    }

    /// Returns whether there is more to see of it than at first.
    fn is_long(&self) -> bool {
        self.is_told() || self.bytes.len() > if self.depth > 0 { SHORT } else { LONG }
    }

    /// Returns whether what it says stands for its bytes, until it is selected: so a part does.
    fn is_told(&self) -> bool {
        self.depth > 0 && !self.says.is_empty()
    }

    /// Returns all bytes, in hexadecimal.
    fn all(&self) -> Vec<Run> {
        self.first(self.bytes.len())
    }

    /// Returns the bytes that are shown before it is selected.
    fn head(&self) -> Vec<Run> {
        let shown = if self.depth > 0 { SHORT } else { HEAD };
        self.first(if self.is_long() { shown } else { self.bytes.len() })
    }

    fn first(&self, len: usize) -> Vec<Run> {
        let shown = self.bytes.get(..len).unwrap_or_default();
        match self.before {
            Before::Bytes(before) if before.len() == self.bytes.len() => {
                hex(shown, before.get(..len))
            }
            Before::Bytes(_) | Before::Unknown => hex(shown, None),
            Before::Nothing => {
                let text = hex(shown, None).into_iter().map(|run| run.text).collect();
                vec![Run { text, changed: true, escaped: false }]
            }
        }
    }

    /// Returns the offset of its last byte.
    fn last(&self) -> usize {
        (self.offset + self.len).saturating_sub(1)
    }
}

/// Lists what the receiver found: nothing, where there is nothing to check, or where it is not
/// known what failed.
fn checks(stage: &Stage, name: &Name, arrival: &Arrival) -> Vec<Check> {
    let (failed, payload, seq) = match arrival {
        Arrival::Accepted(Report { checked, plaintext: None, .. }) => {
            let passed = |check: &String| Check {
                name: "",
                verdict: Verdict::Passed,
                found: visible(check),
            };
            return checked.iter().map(passed).collect();
        }
        Arrival::Accepted(report) => (None, Some(&*report.payload), report.seq),
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

/// Writes bytes in hexadecimal.
fn hex(bytes: &[u8], before: Option<&[u8]>) -> Vec<Run> {
    runs(
        bytes,
        before,
        |_| false,
        |text, byte| {
            let gap = if text.is_empty() { "" } else { " " };
            write!(text, "{gap}{byte:02x}")
        },
    )
}

/// Writes bytes as text, with escapes for what is not printable ASCII, in the lines they are.
fn text(bytes: &[u8], before: Option<&[u8]>) -> Vec<Run> {
    let is_escaped = |byte| byte == b'\\' || !matches!(byte, b' '..=b'~');
    runs(bytes, before, is_escaped, |text, byte| match byte {
        b'\n' => text.write_str("\\n\n"),
        byte if is_escaped(byte) => write!(text, "{}", byte.escape_ascii()),
        byte => text.write_char(byte.into()),
    })
}

/// Writes bytes in runs that look alike. Those that differ from as many bytes `before` are changed.
fn runs(
    bytes: &[u8],
    before: Option<&[u8]>,
    is_escaped: impl Fn(u8) -> bool,
    write: impl Fn(&mut String, u8) -> std::fmt::Result,
) -> Vec<Run> {
    let before = before.filter(|before| before.len() == bytes.len()).unwrap_or(bytes);
    let mut runs: Vec<Run> = Vec::new();
    for (byte, before) in bytes.iter().zip(before) {
        let look = (byte != before, is_escaped(*byte));
        if runs.last().is_none_or(|run| (run.changed, run.escaped) != look) {
            runs.push(Run { text: String::new(), changed: look.0, escaped: look.1 });
        }
        if let Some(run) = runs.last_mut() {
            _ = write(&mut run.text, *byte);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(runs: &[Run]) -> String {
        let parts = runs.iter().map(|run| match (run.changed, run.escaped) {
            (true, _) => format!("<{}>", run.text),
            (false, true) => format!("({})", run.text),
            (false, false) => run.text.clone(),
        });
        parts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn changed_bytes_stand_out() {
        let (before, after) = (b"amount=100\r\n", b"amount=900\r\n");
        assert_eq!(marked(&text(after, Some(before))), "amount=|<9>|00|(\\r\\n\n)");
        assert_eq!(marked(&hex(&after[6..9], Some(&before[6..9]))), "3d|<39>|30");
        assert_eq!(marked(&text(after, Some(b"other"))), "amount=900|(\\r\\n\n)");
    }

    #[test]
    fn what_is_not_printable_is_escaped() {
        let text = text(b"\xff\x1b[31m\\\xc3(", None);
        assert_eq!(marked(&text), "(\\xff\\x1b)|[31m|(\\\\\\xc3)|(");
    }
}
