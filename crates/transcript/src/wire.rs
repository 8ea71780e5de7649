//! The wire's lane of a transcript: what passed by, as someone without a key sees it.

use std::fmt::Write;

use framing::cutter::Cut;
use framing::{Cutter, LENGTH_LEN, Stage};

use crate::lines::{BAD, DIM, Lines, PLAIN, field_style};
use crate::{Direction, Event, Role, What};

/// Bytes in a line of a hex dump.
const DUMPED: usize = 16;

/// The shortest run of printable characters that counts as text: fewer in a row turn up in random bytes
/// by chance.
const MIN_TEXT: usize = 16;

/// How much of the wire a transcript shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Off,
    /// Each record as its fields, long ones shortened.
    #[default]
    Fields,
    /// Every byte, as a hex dump with the fields marked.
    Full,
}

/// Makes records of the chunks that pass by, and text of the records.
#[derive(Debug)]
pub struct WireLane {
    detail: Detail,
    /// What of the current connection waits for the rest of its record.
    to_server: Option<Cutter>,
    to_client: Option<Cutter>,
}

impl WireLane {
    /// Shows as much as `detail` says.
    pub fn new(detail: Detail) -> Self {
        Self { detail, to_server: None, to_client: None }
    }

    /// The lines of one event of the wire, styled with escape codes: one record, several, or none as
    /// yet.
    pub fn event(&mut self, event: &Event) -> String {
        let mut text = String::new();
        match &event.what {
            What::Chunk { direction, micros, bytes } => {
                let detail = self.detail;
                let cutter = self.cutter(*direction);
                let cutter = cutter.get_or_insert_with(|| Cutter::new(event.stage));
                cutter.push(bytes, |cut| {
                    text += &lane(detail, event.stage, *direction, *micros, &cut);
                });
            }
            What::End { direction, micros } => {
                let cut = self.cutter(*direction).take().and_then(|mut cutter| cutter.end());
                text.extend(
                    cut.map(|cut| lane(self.detail, event.stage, *direction, *micros, &cut)),
                );
            }
            _ => {}
        }
        text
    }

    fn cutter(&mut self, direction: Direction) -> &mut Option<Cutter> {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// A field of what passed by, at its offset.
struct Seen<'b> {
    name: &'static str,
    offset: usize,
    bytes: &'b [u8],
}

/// What passed by as fields that tile it from end to end.
fn fields<'b>(stage: &Stage, cut: &'b Cut) -> Vec<Seen<'b>> {
    let (Cut::Record { bytes, .. } | Cut::Loose(bytes)) = cut;
    if let (Cut::Record { .. }, Some((length, payload))) = (cut, bytes.split_at_checked(LENGTH_LEN))
    {
        let parts = stage.split(payload).unwrap_or_default().into_iter();
        return [Seen { name: "length", offset: 0, bytes: length }]
            .into_iter()
            .chain(parts.map(|part| Seen {
                name: part.name,
                offset: LENGTH_LEN + part.offset,
                bytes: part.bytes,
            }))
            .collect();
    }
    let name = if stage.has_records { "no record" } else { "plaintext" };
    vec![Seen { name, offset: 0, bytes }]
}

fn lane(detail: Detail, stage: &Stage, direction: Direction, micros: u64, cut: &Cut) -> String {
    let mut lines = Lines::of(Role::Wire);
    let fields = fields(stage, cut);
    let len: usize = fields.iter().map(|field| field.bytes.len()).sum();
    let what = match cut {
        Cut::Record { index, .. } => format!("record {index}, {direction}"),
        Cut::Loose(_) => direction.to_string(),
    };
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    match detail {
        Detail::Off => return String::new(),
        Detail::Fields | Detail::Full => {
            lines.say(PLAIN, &format!("{what}: {len} bytes at {seconds}.{micros:06} s"));
        }
    }
    for field in &fields {
        if detail == Detail::Full {
            dump(&mut lines, field);
        } else {
            lines.field(Some(field.offset), field.name, field.bytes, "");
        }
    }
    let (Cut::Record { bytes, .. } | Cut::Loose(bytes)) = cut;
    match (cut, longest_text(bytes)) {
        (Cut::Loose(_), _) if stage.has_records => {
            lines.check("readable", BAD, "", "no record of this stage: its receiver refuses it");
        }
        (Cut::Loose(_), _) => lines.quote("readable", bytes),
        (Cut::Record { .. }, text) if text.len() >= MIN_TEXT => lines.quote("readable", text),
        (Cut::Record { .. }, _) => {
            let plaintext_len = len.saturating_sub(LENGTH_LEN + stage.overhead());
            let seen = format!("no text; that {plaintext_len} bytes were sent, which way and when");
            lines.check("readable", DIM, "", &seen);
        }
    }
    lines.text
}

/// The longest run of printable characters and line ends.
fn longest_text(bytes: &[u8]) -> &[u8] {
    let runs = bytes.split(|byte| !is_text(*byte) && !byte.is_ascii_whitespace());
    runs.max_by_key(|run| run.len()).unwrap_or_default()
}

/// Every byte of a field, and its name beside its first line.
fn dump(lines: &mut Lines, field: &Seen<'_>) {
    let style = field_style(field.name);
    for (number, bytes) in field.bytes.chunks(DUMPED).enumerate() {
        let name = if number == 0 { field.name } else { "" };
        let mut text = String::new();
        for byte in bytes {
            _ = write!(text, "{byte:02x} ");
        }
        let shown = bytes.iter().map(|byte| if is_text(*byte) { char::from(*byte) } else { '.' });
        let shown: String = shown.collect();
        let width = 3 * DUMPED;
        let offset = (field.offset + number * DUMPED).to_string();
        let text = format!("{style}{text:<width$}{style:#} {DIM}{shown}{DIM:#}");
        lines.row(&offset, name, PLAIN, "", &text);
    }
}

fn is_text(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}
