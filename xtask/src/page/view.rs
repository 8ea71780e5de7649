//! What the templates are filled with.

use std::borrow::Cow;
use std::fmt::Write;

use askama::Template;
use framing::{LENGTH_LEN, Stage};
use transcript::Role;

use super::meaning::{self, Meaning};
use super::{Arrival, Exchange};

/// A field with more bytes than these is shortened until it is selected.
const LONG: usize = 256;
/// Bytes of it that are shown until then.
const HEAD: usize = 64;
/// What a receiver looks at, in its order.
const CHECKED: [&str; 3] = ["length", "tag", "seq"];

/// Above everything.
#[derive(Template)]
#[template(path = "head.html")]
pub struct HeadView {
    pub stages: &'static [&'static Stage],
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
    pub stage: &'static Stage,
    pub shown: u64,
    pub more: u64,
}

/// Something that happened at one side.
#[derive(Template)]
#[template(path = "note.html")]
pub struct NoteView {
    pub role: Role,
    pub text: String,
}

/// A record on its way: the sender's side, the wire, the receiver's side.
#[derive(Template)]
#[template(path = "exchange.html")]
pub struct ExchangeView<'a> {
    id: u64,
    noun: &'static str,
    index: u64,
    from: Role,
    to: Role,
    /// What the sender wrote, if it was the sender.
    plaintext: Option<&'a [u8]>,
    sent: Option<Carried<'a>>,
    /// What arrived, where that is not what was sent.
    arrived: Option<Carried<'a>>,
    checks: Vec<Check>,
    outcome: Outcome<'a>,
}

/// A record as it travels.
struct Carried<'a> {
    len: usize,
    fields: Vec<FieldView<'a>>,
}

/// One field of a record.
struct FieldView<'a> {
    name: &'static str,
    offset: usize,
    bytes: Cow<'a, [u8]>,
    /// The same field of the record it is compared with.
    before: Option<Cow<'a, [u8]>>,
    meaning: Option<Meaning>,
}

/// What a receiver found.
struct Check {
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
    /// How the page's style names it.
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not-reached",
        }
    }
}

/// How a record ended.
enum Outcome<'a> {
    Received { plaintext: &'a [u8], proven: bool },
    Rejected { message: &'a str },
    Lost,
}

/// Bytes in a row that look alike.
struct Run {
    text: String,
    /// Not as they were sent.
    changed: bool,
    /// Not printable, so written as escapes.
    escaped: bool,
}

/// The fields of a record, its length in front: name, and length where it is fixed.
fn layout(stage: &Stage) -> impl Iterator<Item = (&'static str, Option<usize>)> {
    let length = stage.has_records.then_some(("length", Some(LENGTH_LEN)));
    length.into_iter().chain(stage.fields.iter().map(|field| (field.name, field.len)))
}

impl StageView {
    fn layout(&self) -> impl Iterator<Item = (&'static str, Option<usize>)> {
        layout(self.stage)
    }
}

impl ClosingView {
    /// The fields of a record, with their meaning.
    fn meanings(&self) -> impl Iterator<Item = (&'static str, Meaning)> {
        layout(self.stage).filter_map(|(name, _)| Some((name, meaning::of(self.stage, name)?)))
    }
}

impl<'a> ExchangeView<'a> {
    /// What there is to see of `exchange`; `id` is its own on the page.
    pub fn new(id: u64, stage: &'static Stage, exchange: &'a Exchange) -> Self {
        let Exchange { from, index, sent, arrival } = exchange;
        let before = sent.as_ref().map(|record| &*record.record);
        let (after, outcome) = match arrival {
            Some(Arrival::Received(record)) => {
                let proven = layout(stage).any(|(name, _)| name == "tag");
                let outcome = Outcome::Received { plaintext: &record.plaintext, proven };
                (Some(&*record.record), outcome)
            }
            Some(Arrival::Rejected { message, payload, .. }) => {
                (payload.as_deref(), Outcome::Rejected { message })
            }
            None => (None, Outcome::Lost),
        };
        Self {
            id,
            noun: if stage.has_records { "record" } else { "message" },
            index: *index,
            from: *from,
            to: if *from == Role::Client { Role::Server } else { Role::Client },
            plaintext: sent.as_ref().map(|record| &*record.plaintext),
            sent: before.map(|payload| Carried::new(stage, payload, None)),
            arrived: after
                .filter(|after| before != Some(*after))
                .map(|payload| Carried::new(stage, payload, before)),
            checks: arrival.as_ref().map(|arrival| checks(stage, arrival)).unwrap_or_default(),
            outcome,
        }
    }
}

impl<'a> Carried<'a> {
    /// A payload with its length in front, to be compared with the payload `before`.
    fn new(stage: &'static Stage, payload: &'a [u8], before: Option<&'a [u8]>) -> Self {
        let mut before = before.map(|before| tiles(stage, before)).into_iter().flatten();
        let mut len = 0;
        let fields = tiles(stage, payload).map(|(name, bytes)| {
            let (offset, (_, before)) = (len, before.next().unzip());
            len += bytes.len();
            FieldView { name, offset, bytes, before, meaning: meaning::of(stage, name) }
        });
        Self { fields: fields.collect(), len }
    }
}

/// The fields of a record from end to end. A payload that is too short for them is one.
fn tiles<'a>(
    stage: &'static Stage,
    payload: &'a [u8],
) -> impl Iterator<Item = (&'static str, Cow<'a, [u8]>)> {
    let length = stage.has_records.then(|| {
        let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        ("length", Cow::from(len.to_be_bytes().to_vec()))
    });
    let parts = stage.split(payload).map_or_else(
        || vec![("payload", payload.into())],
        |parts| parts.into_iter().map(|part| (part.name, part.bytes.into())).collect(),
    );
    length.into_iter().chain(parts)
}

impl FieldView<'_> {
    fn is_long(&self) -> bool {
        self.bytes.len() > LONG
    }

    /// All bytes, in hexadecimal.
    fn all(&self) -> Vec<Run> {
        hex(&self.bytes, self.before.as_deref())
    }

    /// The bytes that are shown before it is selected.
    fn head(&self) -> Vec<Run> {
        let shown = if self.is_long() { HEAD } else { self.bytes.len() };
        let before = self.before.as_deref().filter(|before| before.len() == self.bytes.len());
        hex(self.bytes.get(..shown).unwrap_or_default(), before.and_then(|it| it.get(..shown)))
    }

    /// What the bytes say, where they are a number.
    fn value(&self) -> Option<u64> {
        let is_number = matches!(self.name, "length" | "seq");
        is_number.then(|| self.bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// The last of its bytes, counted as the offset is.
    fn last(&self) -> usize {
        (self.offset + self.bytes.len()).saturating_sub(1)
    }
}

/// What the receiver found. Nothing, where there is nothing to look at, or it is not known what failed.
fn checks(stage: &Stage, arrival: &Arrival) -> Vec<Check> {
    let (failed, payload, seq) = match arrival {
        Arrival::Received(record) => (None, Some(&*record.record), record.seq),
        Arrival::Rejected { error, payload, .. } => match field_of(error) {
            None => return Vec::new(),
            failed => (failed, payload.as_deref(), None),
        },
    };
    let here = CHECKED.into_iter().filter(|name| layout(stage).any(|(field, _)| field == *name));
    let mut verdict = Verdict::Passed;
    here.map(|name| {
        verdict = match verdict {
            Verdict::Passed if failed == Some(name) => Verdict::Failed,
            Verdict::Passed => Verdict::Passed,
            Verdict::Failed | Verdict::NotReached => Verdict::NotReached,
        };
        let found = match verdict {
            Verdict::Passed => passed(stage, name, payload, seq),
            Verdict::Failed => "refused".to_owned(),
            Verdict::NotReached => "not looked at".to_owned(),
        };
        Check { name, verdict, found }
    })
    .collect()
}

/// The field that an error is about.
fn field_of(error: &str) -> Option<&'static str> {
    match error {
        "too_long" | "too_short" | "truncated" => Some("length"),
        "bad_tag" => Some("tag"),
        "out_of_order" | "sequence_exhausted" => Some("seq"),
        _ => None,
    }
}

/// What it means that a check passed.
fn passed(stage: &Stage, name: &str, payload: Option<&[u8]>, seq: Option<u64>) -> String {
    match (name, payload, seq) {
        ("length", Some(payload), _) => {
            let limits = stage.limits();
            format!("{} is between {} and {}", payload.len(), limits.min, limits.max)
        }
        ("tag", ..) => {
            let names = stage.fields.iter().map(|field| field.name);
            let covered: Vec<_> = names.take_while(|name| *name != "tag").collect();
            let (last, others) = covered.split_last().unwrap_or((&"all", &[]));
            format!("verifies: {} and {last} are as they were sealed", others.join(", "))
        }
        ("seq", _, Some(seq)) => format!("{seq} is the one expected"),
        _ => "passed".to_owned(),
    }
}

/// Bytes in hexadecimal.
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

/// Bytes as text, with escapes for what is not printable ASCII, in the lines they are.
fn text(bytes: &[u8], before: Option<&[u8]>) -> Vec<Run> {
    let is_escaped = |byte| byte == b'\\' || !matches!(byte, b' '..=b'~');
    runs(bytes, before, is_escaped, |text, byte| match byte {
        b'\n' => text.write_str("\\n\n"),
        byte if is_escaped(byte) => write!(text, "{}", byte.escape_ascii()),
        byte => text.write_char(byte.into()),
    })
}

/// Bytes in runs that look alike. Those that differ from as many bytes `before` are changed.
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
