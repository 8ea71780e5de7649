//! The contents that fill the templates.

use std::fmt::Write;

use askama::Template;
use stages::{Field, Part, Place, STAGES, Stage, field};
use transcript::{Role, visible};

use super::{Arrival, Exchange};

/// A field with more bytes than these is shortened until it is selected.
const LONG: usize = 256;
/// Bytes of it that are shown until then.
const HEAD: usize = 64;
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
    sent: Option<Carried>,
    /// What arrived, if that differs from what was sent.
    arrived: Option<Carried>,
    checks: Vec<Check>,
    outcome: Outcome<'a>,
}

/// A record as it travels.
struct Carried {
    stage: &'static Stage,
    record: Vec<u8>,
    /// The record it is compared with.
    before: Option<Vec<u8>>,
}

/// One field of a record.
struct FieldView<'r> {
    part: Part<'r>,
    /// The bytes of the same field in the record it is compared with.
    before: Option<&'r [u8]>,
}

/// A check of a receiver, and its result.
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
    /// Returns its name in the page's style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not-reached",
        }
    }
}

/// The end of a record.
enum Outcome<'a> {
    Received {
        plaintext: &'a [u8],
        proven: bool,
    },
    /// The message may be a stranger's, out of a run file.
    Rejected {
        message: String,
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
        let Exchange { from, index, sent, arrival } = exchange;
        let before = sent.as_ref().map(|record| &*record.record);
        let (after, outcome) = match arrival {
            Some(Arrival::Received(record)) => {
                let proven = stage.has(field::Role::Tag);
                (Some(&*record.record), Outcome::Received { plaintext: &record.plaintext, proven })
            }
            Some(Arrival::Rejected { message, payload, .. }) => {
                (payload.as_deref(), Outcome::Rejected { message: visible(message) })
            }
            None => (None, Outcome::Lost),
        };
        Self {
            id,
            noun: if stage.has_records() { "record" } else { "message" },
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

impl Carried {
    /// Puts the header in front of a payload, to be compared with the payload `before`.
    fn new(stage: &'static Stage, payload: &[u8], before: Option<&[u8]>) -> Self {
        let before = before.map(|before| stage.record(before));
        Self { stage, record: stage.record(payload), before }
    }

    fn fields(&self) -> impl Iterator<Item = FieldView<'_>> {
        let mut before = self.before.iter().flat_map(|before| parts(self.stage, before));
        parts(self.stage, &self.record).into_iter().map(move |part| {
            let before = before.next().map(|part| part.bytes);
            FieldView { part, before }
        })
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

impl FieldView<'_> {
    fn is_long(&self) -> bool {
        self.part.bytes.len() > LONG
    }

    /// Returns all bytes, in hexadecimal.
    fn all(&self) -> Vec<Run> {
        hex(self.part.bytes, self.before)
    }

    /// Returns the bytes that are shown before it is selected.
    fn head(&self) -> Vec<Run> {
        let bytes = self.part.bytes;
        let shown = if self.is_long() { HEAD } else { bytes.len() };
        let before = self.before.filter(|before| before.len() == bytes.len());
        hex(bytes.get(..shown).unwrap_or_default(), before.and_then(|it| it.get(..shown)))
    }

    /// Returns the offset of its last byte.
    fn last(&self) -> usize {
        (self.part.offset + self.part.bytes.len()).saturating_sub(1)
    }
}

/// Lists what the receiver found: nothing, where there is nothing to check, or where it is not
/// known what failed.
fn checks(stage: &Stage, arrival: &Arrival) -> Vec<Check> {
    let (failed, payload, seq) = match arrival {
        Arrival::Received(record) => (None, Some(&*record.record), record.seq),
        Arrival::Rejected { error, payload, .. } => match field_of(error) {
            None => return Vec::new(),
            failed => (failed, payload.as_deref(), None),
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
