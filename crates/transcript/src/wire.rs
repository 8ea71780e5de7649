//! The wire's lane of a transcript: what passed by, as someone without a key sees it.

use std::fmt::Write;

use framing::Cutter;
use framing::cutter::Cut;
use stages::{Field, Part, Stage, field};

use crate::certified::Keys;
use crate::lines::{BAD, DIM, Lines, PLAIN, Piece, field_style};
use crate::within::{Told, Within};
use crate::{Direction, Event, EventKind, Role};

/// The shortest run of printable characters that counts as text: fewer in a row turn up in random bytes
/// by chance.
const MIN_TEXT: usize = 16;

/// Amount of detail in which a transcript shows the wire.
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

/// Puts the chunks that pass by together into records, and shows them as text.
#[derive(Debug, Default)]
pub struct WireLane {
    detail: Detail,
    cutters: Cutters,
    keys: Keys,
    within: Within,
}

impl WireLane {
    /// Shows as much as `detail` says.
    pub fn new(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// The lines of one event of the wire, styled with escape codes: one record, several, or none as
    /// yet.
    pub fn event(&mut self, event: &Event) -> String {
        let mut text = String::new();
        let Self { detail, cutters, keys, within } = self;
        within.event(event);
        cutters.event(event, |direction, micros, cut| {
            let within = within.take();
            text += &lane(*detail, event.stage, direction, micros, cut, keys, &within);
        });
        if let EventKind::End { .. } = event.kind {
            *keys = Keys::default();
        }
        text
    }
}

/// Records of the current connection that are not whole yet, by direction.
#[derive(Debug, Default)]
pub(crate) struct Cutters {
    to_server: Option<Cutter>,
    to_client: Option<Cutter>,
    /// Records so far each way, those of which nothing is told included, if the connection is one out of a capture.
    captured: Option<[u64; 2]>,
}

impl Cutters {
    /// Hands over what an event of the wire completes: which way it went, when, and what it is.
    pub(crate) fn event(&mut self, event: &Event, mut found: impl FnMut(Direction, u64, &Cut)) {
        match (&event.kind, &mut self.captured) {
            (EventKind::Captured { .. }, captured) => *captured = Some([0; 2]),
            (EventKind::Folded { direction, records, .. }, Some(counts)) => {
                *count(counts, *direction) += records;
            }
            // Out of a capture come whole ones, and behind bytes that are missing there may be more.
            (EventKind::Chunk { direction, micros, bytes }, Some(counts)) => {
                let Some(records) = records(event.stage, bytes) else {
                    return found(*direction, *micros, &Cut::Loose(bytes.to_vec()));
                };
                for bytes in records {
                    let index = count(counts, *direction);
                    *index += 1;
                    let cut = Cut::Record { index: *index - 1, bytes: bytes.to_vec() };
                    found(*direction, *micros, &cut);
                }
            }
            (EventKind::Chunk { direction, micros, bytes }, None) => {
                let cutter = self.cutter(*direction);
                let cutter = cutter.get_or_insert_with(|| event.stage.cutter(*direction));
                cutter.push(bytes, |cut| found(*direction, *micros, &cut));
            }
            (EventKind::End { direction, micros }, None) => {
                let cut = self.cutter(*direction).take().and_then(|mut cutter| cutter.end());
                if let Some(cut) = cut {
                    found(*direction, *micros, &cut);
                }
            }
            _ => {}
        }
    }

    fn cutter(&mut self, direction: Direction) -> &mut Option<Cutter> {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// Cuts bytes that are records from end to end.
fn records<'b>(stage: &Stage, mut bytes: &'b [u8]) -> Option<Vec<&'b [u8]>> {
    let header = stage.header();
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let len = header.len() + header.payload_len(bytes)?;
        let (record, rest) = bytes.split_at_checked(len)?;
        records.push(record);
        bytes = rest;
    }
    Some(records)
}

fn count(counts: &mut [u64; 2], direction: Direction) -> &mut u64 {
    let [to_server, to_client] = counts;
    if direction == Direction::ToServer { to_server } else { to_client }
}

/// The field that stands for bytes that are not a record.
const NO_RECORD: Field = Field {
    name: "no record",
    len: None,
    role: field::Role::Plaintext,
    is_covered: false,
    what: "",
    readers: "Everyone on the path.",
    protection: "",
};

/// Cuts what passed by into fields, which tile it from end to end.
pub(crate) fn parts<'b>(stage: &Stage, direction: Direction, cut: &'b Cut) -> Vec<Part<'b>> {
    match cut {
        Cut::Loose(bytes) if stage.has_records() => {
            vec![Part { field: &NO_RECORD, offset: 0, bytes }]
        }
        _ => stage.split_cut(direction, cut).unwrap_or_default(),
    }
}

/// Names the message that passed by in the clear, if it is one.
pub(crate) fn message(stage: &Stage, direction: Direction, cut: &Cut) -> Option<&'static str> {
    let Cut::Record { index, bytes } = cut else { return None };
    if !stage.has_types() {
        return stage.message(direction, *index).map(|message| message.name);
    }
    let parts = stage.split_at(direction, *index, bytes)?;
    let message = parts.iter().find(|part| part.field.role == field::Role::Message)?;
    Some(messages::tls13::name(message.bytes))
}

fn lane(
    detail: Detail,
    stage: &Stage,
    direction: Direction,
    micros: u64,
    cut: &Cut,
    keys: &mut Keys,
    within: &Told,
) -> String {
    let mut lines = Lines::of(Role::Wire);
    let parts = within.parts(stage, direction, cut);
    let message = message(stage, direction, cut);
    let (Cut::Record { bytes, .. } | Cut::Loose(bytes)) = cut;
    let len = bytes.len();
    let what = match cut {
        Cut::Record { index, .. } => match message {
            Some(_) if within.is_untold() => format!("a record, {direction}"),
            Some(_) if within.is_cut() => format!("{}, {direction}", within.names()),
            Some(message) => format!("{message}, {direction}"),
            None if stage.has_types() => format!("encrypted record {index}, {direction}"),
            None => format!("record {}, {direction}", index - stage.messages(direction)),
        },
        Cut::Loose(_) => direction.to_string(),
    };
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    match detail {
        Detail::Off => return String::new(),
        Detail::Fields | Detail::Full => {
            lines.say(PLAIN, &format!("{what}: {len} bytes at {seconds}.{micros:06} s"));
        }
    }
    if stage.has_types() {
        lines.make_room_for(&parts);
    }
    if detail == Detail::Full {
        for piece in lines.pieces(&parts) {
            dump(&mut lines, &piece);
        }
    } else {
        lines.seen(&parts);
    }
    if let Some(part) = parts.iter().find(|part| part.field.role == field::Role::Message) {
        keys.pass(direction, part.bytes);
        if let Some([client, server]) = keys.signed_in(part.bytes) {
            let signed =
                "both X25519 keys of the connection, as they stood on the wire, and nothing else:";
            lines.check("signed", DIM, &format!("{} B", client.len() + server.len()), signed);
            for (name, key) in [("  client's", client), ("  server's", server)] {
                lines.all_bytes(name, field_style(field::Role::Message), key);
            }
        }
        lines.check("readers", DIM, "", part.field.readers);
        lines.check("protection", DIM, "", stage.protection_of(part.bytes));
        return lines.text;
    }
    match (cut, readable(stage, cut)) {
        (_, Some(text)) => lines.quote("readable", text),
        (Cut::Record { .. }, None) if message.is_some() => {
            let readers = if within.is_untold() {
                "it may be encrypted: not explained"
            } else {
                NO_RECORD.readers
            };
            lines.check("readers", DIM, "", readers);
        }
        (Cut::Loose(_), None) => {
            lines.check("readable", BAD, "", "no record of this stage: its receiver refuses it");
        }
        (Cut::Record { .. }, None) => {
            let plaintext_len = len.saturating_sub(stage.record_overhead());
            let seen = format!("no text; that {plaintext_len} bytes were sent, which way and when");
            lines.check("readable", DIM, "", &seen);
        }
    }
    lines.text
}

/// Returns the text in what passed by that anyone can read, or `None`.
pub(crate) fn readable<'b>(stage: &Stage, cut: &'b Cut) -> Option<&'b [u8]> {
    match cut {
        Cut::Loose(_) if stage.has_records() => None,
        Cut::Loose(bytes) => Some(bytes),
        Cut::Record { bytes, .. } => {
            Some(longest_text(bytes)).filter(|text| text.len() >= MIN_TEXT)
        }
    }
}

/// The longest run of printable characters and line ends.
fn longest_text(bytes: &[u8]) -> &[u8] {
    let runs = bytes.split(|byte| !is_text(*byte) && !byte.is_ascii_whitespace());
    runs.max_by_key(|run| run.len()).unwrap_or_default()
}

/// Every byte of a field or a span, and its name beside its first line.
fn dump(lines: &mut Lines, piece: &Piece<'_>) {
    let style = piece.style;
    let in_a_row = lines.dumped_in_a_row();
    let label = piece.label();
    for (number, bytes) in piece.bytes.chunks(in_a_row).enumerate() {
        let name = if number == 0 { label.as_str() } else { "" };
        let mut text = String::new();
        for byte in bytes {
            _ = write!(text, "{byte:02x} ");
        }
        let shown = bytes.iter().map(|byte| if is_text(*byte) { char::from(*byte) } else { '.' });
        let shown: String = shown.collect();
        let width = 3 * in_a_row;
        let offset = (piece.offset + number * in_a_row).to_string();
        let text = format!("{style}{text:<width$}{style:#} {DIM}{shown}{DIM:#}");
        lines.row(&offset, name, PLAIN, "", &text);
    }
}

fn is_text(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::{PART1_PLAIN, PART2_AEAD, PART3_HKDF, STAGES};

    /// A record of `stage` none of whose bytes is text.
    fn record(stage: &Stage, plaintext_len: usize) -> Vec<u8> {
        let len = stage.overhead() + plaintext_len;
        let payload: Vec<u8> = (0x80..=0xff).cycle().take(len).collect();
        stage.record(&payload)
    }

    fn chunk(stage: &'static Stage, bytes: &[u8]) -> Event {
        let kind = EventKind::Chunk {
            direction: Direction::ToServer,
            micros: 1_000_042,
            bytes: bytes.into(),
        };
        Event { role: Role::Wire, stage, kind }
    }

    fn shown(lane: &mut WireLane, events: &[Event]) -> String {
        let text: String = events.iter().map(|event| lane.event(event)).collect();
        anstream::adapter::strip_str(&text).to_string()
    }

    fn end(stage: &'static Stage) -> Event {
        let kind = EventKind::End { direction: Direction::ToServer, micros: 1_000_042 };
        Event { role: Role::Wire, stage, kind }
    }

    #[test]
    fn a_record_is_shown_once_it_is_whole_however_it_was_cut() {
        let bytes = [record(&PART2_AEAD, 61), record(&PART2_AEAD, 0)].concat();
        let whole = shown(&mut WireLane::new(Detail::Fields), &[chunk(&PART2_AEAD, &bytes)]);
        let lines: Vec<_> = whole.lines().collect();
        assert_eq!(lines[0], "wire   │ record 0, client to server: 101 bytes at 1.000042 s");
        assert_eq!(lines[1], "       │     0 length         4 B  00 00 00 61");
        assert_eq!(
            lines[5],
            "       │    85 tag           16 B  d1 d2 d3 d4 d5 d6 d7 d8 d9 da db dc dd de df e0"
        );
        assert_eq!(lines[7], "wire   │ record 1, client to server: 40 bytes at 1.000042 s");
        for piece in [1, 7, 101] {
            let pieces: Vec<_> =
                bytes.chunks(piece).map(|bytes| chunk(&PART2_AEAD, bytes)).collect();
            assert_eq!(shown(&mut WireLane::new(Detail::Fields), &pieces), whole);
        }
        assert_eq!(shown(&mut WireLane::new(Detail::Off), &[chunk(&PART2_AEAD, &bytes)]), "");
    }

    #[test]
    fn a_message_is_shown_with_its_spans_who_can_read_it_and_what_protects_it() {
        let payload = [&b"\x00\x10\x00\x20"[..], &[0xab; 32]].concat();
        let event = chunk(&PART3_HKDF, &PART3_HKDF.record(&payload));
        let text = shown(&mut WireLane::new(Detail::Fields), std::slice::from_ref(&event));
        let lines: Vec<_> = text.lines().collect();
        let key = ["ab"; 16].join(" ");
        assert_eq!(
            lines[..6],
            [
                "wire   │ ClientHello, client to server: 40 bytes at 1.000042 s",
                "       │     0 length         4 B  00 00 00 24",
                "       │     4 tag            2 B  00 10 = X25519 key",
                "       │     6 length         2 B  00 20 = 32",
                &format!("       │     8 X25519 key    32 B  {key} …"),
                "       │       readers             Everyone on the path.",
            ]
        );
        assert!(lines[6].starts_with("       │       protection          Nothing. "), "{text}");
        // A dump has the same names at the same offsets.
        let full = shown(&mut WireLane::new(Detail::Full), &[event]);
        for (offset, name) in [(0, "length"), (4, "tag"), (6, "length"), (8, "X25519 key")] {
            let row = format!("       │ {offset:>5} {name} ");
            assert!(full.lines().any(|line| line.starts_with(&row)), "{row}:\n{full}");
        }
    }

    #[test]
    fn every_byte_is_in_the_full_view_at_its_offset() {
        for stage in STAGES {
            let bytes = record(stage, 100);
            let full = shown(&mut WireLane::new(Detail::Full), &[chunk(stage, &bytes)]);
            let mut dumped = vec![];
            for line in full.lines().skip(1).filter(|line| line.len() > 40) {
                let columns: Vec<char> = line.chars().skip(9).collect();
                let text = |from: usize, to: usize| columns[from..to].iter().collect::<String>();
                let Ok(offset) = text(0, 5).trim().parse::<usize>() else { continue };
                assert_eq!(offset, dumped.len());
                let row = text(26, 26 + 48);
                dumped.extend(
                    row.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()),
                );
            }
            assert_eq!(dumped, bytes, "{}", stage.name);
        }
    }

    #[test]
    fn text_in_a_record_is_picked_out_wherever_it_stands() {
        let mut bytes = record(&PART2_AEAD, 61);
        bytes[30..50].copy_from_slice(b"to=bob&amount=100 \r\n");
        let text = shown(&mut WireLane::new(Detail::Fields), &[chunk(&PART2_AEAD, &bytes)]);
        assert!(text.contains(r#"readable      20 B  "to=bob&amount=100 \r\n""#), "{text}");
        let text = shown(&mut WireLane::new(Detail::Fields), &[chunk(&PART1_PLAIN, b"hi\x1b")]);
        assert!(text.contains(r#"readable       3 B  "hi\x1b""#), "{text}");
    }

    #[test]
    fn bytes_that_are_no_record_are_shown_as_such() {
        let cut = &record(&PART2_AEAD, 61)[..50];
        for events in
            [vec![chunk(&PART2_AEAD, &[0xff; 50])], vec![chunk(&PART2_AEAD, cut), end(&PART2_AEAD)]]
        {
            let text = shown(&mut WireLane::new(Detail::Fields), &events);
            assert!(text.contains("no record     50 B"), "{text}");
            assert!(text.contains("its receiver refuses it"), "{text}");
        }
    }
}
