//! The contents that fill the templates.

use std::fmt::Write;

use askama::Template;
use messages::tls13;
use stages::{Field, Part, Place, STAGES, Stage, field};
use transcript::{Role, visible};

use super::connection::Belief;
use super::message;
use super::{Arrival, Exchange, Name, Report, peer_of};

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

/// A message or a record as it travels.
struct Carried {
    stage: &'static Stage,
    record: Vec<u8>,
    form: Form,
    /// The one it is compared with.
    before: Option<Vec<u8>>,
}

/// What bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A record, whose fields are the stage's.
    Record,
    /// A record that carries a message in the clear.
    Open,
    /// A message that was encrypted, without its record.
    Inside,
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
    fn new(stage: &'static Stage, form: Form, payload: &[u8], before: Option<&[u8]>) -> Self {
        let whole = |payload: &[u8]| match form {
            Form::Record => stage.record(payload),
            Form::Open => stage.record_of_message(payload),
            Form::Inside => payload.to_vec(),
        };
        Self { stage, form, record: whole(payload), before: before.map(whole) }
    }

    fn fields(&self) -> Vec<FieldView<'_>> {
        if self.form != Form::Record {
            return self.message_fields();
        }
        let mut before = self.before.iter().flat_map(|before| parts(self.stage, before));
        let parts = parts(self.stage, &self.record).into_iter();
        parts.map(|part| FieldView::new(part, before.next().map(|part| part.bytes))).collect()
    }

    /// Returns whether its fields are many, with long names.
    fn is_wide(&self) -> bool {
        self.stage.has_types() && self.form != Form::Record
    }

    /// Cuts a message into its header, if it stands in a record of its own, and each of its fields as its decoder
    /// read it.
    fn message_fields(&self) -> Vec<FieldView<'_>> {
        let header_len = if self.form == Form::Open { self.stage.header().len() } else { 0 };
        let message = self.record.get(header_len..).unwrap_or_default();
        let before = self.before.as_ref().and_then(|before| before.split_at_checked(header_len));
        let header = |record| {
            let parts = self.stage.split_message(record).filter(|_| header_len > 0);
            let is_header = |part: &Part<'_>| part.field.role != field::Role::Message;
            parts.unwrap_or_default().into_iter().filter(is_header)
        };
        let mut header_before = self.before.iter().flat_map(|before| header(before));
        let header = header(&self.record)
            .map(|part| FieldView::new(part, header_before.next().map(|part| part.bytes)))
            .collect::<Vec<_>>();
        let pairs = message::compare(before.map_or(message, |(_, before)| before), message);
        let is_compared = before.is_some();
        let fields = pairs.iter().filter_map(|pair| Some((pair.after.as_ref()?, &pair.before)));
        let leaves = fields.enumerate().flat_map(|(number, (field, before))| {
            let mut before = before.iter().flat_map(message::Field::items);
            let items = field.items().into_iter().enumerate();
            let views: Vec<_> = items
                .map(|(at, (item, bytes))| FieldView {
                    meaning: Meaning::of_span(self.stage, self.form, item.span),
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
        header.into_iter().chain(leaves).collect()
    }
}

impl Meaning {
    fn of(field: &'static Field) -> Self {
        let Field { name, what, readers, protection, .. } = field;
        Self { name, class: name, what, readers, protection }
    }

    /// What a span of a message is. Who can read it, and what protects it, is the same for all of a message.
    fn of_span(stage: &Stage, form: Form, span: &messages::Span) -> Self {
        let sealed = stage.field(field::Role::Ciphertext).filter(|_| form == Form::Inside);
        let mut fields = stage.fields_of_messages().iter();
        let message = fields.find(|field| field.role == field::Role::Message);
        let readers = sealed.or(message).map_or("", |field| field.readers);
        let protection =
            sealed.map_or_else(|| stage.protection_of_messages(), |field| field.protection);
        Self { name: span.name, class: "message", what: span.what, readers, protection }
    }
}

impl Meanings {
    /// Adds the fields of what is shown, if it is a message.
    pub fn add(&mut self, shown: &ExchangeView<'_>) {
        let carried = shown.sent.iter().chain(&shown.arrived).chain(&shown.inside);
        let messages = carried.filter(|carried| carried.form != Form::Record);
        for field in messages.flat_map(Carried::fields) {
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
