//! An event as a person reads it, in 100 columns, a margin telling who speaks.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use framing::{LENGTH_LEN, Stage};

use crate::{Event, Record, Role, What};

/// Columns of a line.
pub const WIDTH: usize = 100;
/// Columns left of an event's text: who speaks.
const MARGIN: usize = 9;
/// Columns left of a field's bytes: the margin, the field's name, its length.
const GUTTER: usize = MARGIN + 23;
/// Bytes of a field that are shown, and behind them `…` where there are more.
const SHOWN: usize = 16;
/// Lines of a plaintext that are shown.
const LINES: usize = 12;

const CLIENT: Style = AnsiColor::Cyan.on_default().bold();
const SERVER: Style = AnsiColor::Magenta.on_default().bold();
const WIRE: Style = AnsiColor::Yellow.on_default().bold();
const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// A stage's name and title, above a transcript.
pub fn heading(stage: &Stage) -> String {
    format!("{HEADING}{}{HEADING:#}: {}\n\n", stage.name, stage.title)
}

/// The lines of one event of a client or a server, styled with escape codes.
pub fn event(event: &Event) -> String {
    let mut lines = Lines { role: event.role, text: String::new() };
    match &event.what {
        What::Listening { addr } => {
            lines.say(&format!("{}: listening on {addr}", event.stage.name));
        }
        What::Connected { peer } => {
            let way = if event.role == Role::Client { "to" } else { "from" };
            lines.say(&format!("{}: connected {way} {peer}", event.stage.name));
        }
        What::Sent(record) => lines.sent(event.stage, record),
        What::Received(record) => lines.received(event.stage, record),
        What::Rejected { message, .. } => {
            lines.styled(BAD, message);
        }
        What::Closed { clean, records_sent, records_received } => {
            let how = if *clean { "closed" } else { "closed after a failure" };
            let unit = if event.stage.has_records { "records" } else { "messages" };
            lines.say(&format!("{how}: {unit} sent {records_sent}, received {records_received}"));
        }
        What::Chunk { .. } | What::End { .. } => {}
    }
    lines.text
}

/// The lines of one event as they grow; the first names the role.
struct Lines {
    role: Role,
    text: String,
}

impl Lines {
    fn sent(&mut self, stage: &Stage, record: &Record) {
        if stage.has_records {
            self.say(&format!("sends record {}: {}", record.index, on_the_wire(record)));
        } else {
            self.say(&format!("sends {} bytes", record.record.len()));
        }
        self.plaintext(&record.plaintext);
        if stage.has_records {
            self.field("length", LENGTH_LEN, &length_field(&record.record));
            for part in stage.split(&record.record).unwrap_or_default() {
                let note = if part.name == "seq" { seq_note(record) } else { String::new() };
                self.field(part.name, part.bytes.len(), &(bytes(part.bytes) + &note));
            }
        }
    }

    fn received(&mut self, stage: &Stage, record: &Record) {
        if stage.has_records {
            self.say(&format!("receives record {}: {}", record.index, on_the_wire(record)));
        } else {
            self.say(&format!("receives {} bytes", record.record.len()));
        }
        let names = || stage.fields.iter().map(|field| field.name);
        if names().any(|name| name == "tag") {
            let covered: Vec<_> = names().take_while(|name| *name != "tag").collect();
            self.check("tag", &format!("it verifies over {}", listed(&covered)));
        } else {
            self.row(
                "check",
                "none",
                DIM,
                "nothing here tells a genuine message from a changed one",
            );
        }
        if let Some(seq) = record.seq {
            self.check("seq", &format!("{seq} is the one expected"));
        }
        self.plaintext(&record.plaintext);
    }

    /// A line, or as many as it takes.
    fn say(&mut self, text: &str) {
        self.styled(Style::new(), text);
    }

    fn styled(&mut self, style: Style, text: &str) {
        for line in textwrap::wrap(text, wrapped_to(WIDTH - MARGIN)) {
            self.margin();
            _ = writeln!(self.text, "{style}{line}{style:#}");
        }
    }

    fn check(&mut self, name: &str, found: &str) {
        self.row(name, "OK", GOOD, found);
    }

    fn field(&mut self, name: &str, len: usize, text: &str) {
        self.row(name, &format!("{len} B"), DIM, text);
    }

    fn row(&mut self, name: &str, verdict: &str, style: Style, text: &str) {
        self.margin();
        _ = writeln!(self.text, "  {name:<10} {style}{verdict:>7}{style:#}  {text}");
    }

    fn plaintext(&mut self, plaintext: &[u8]) {
        let len = format!("{} B", plaintext.len());
        let mut lines = quoted_lines(plaintext);
        let first = lines.next().unwrap_or_else(|| "(empty)".to_owned());
        self.row("plaintext", &len, DIM, &first);
        for (number, line) in lines.enumerate() {
            if number + 1 == LINES {
                self.row("", "", DIM, "…");
                return;
            }
            self.row("", "", DIM, &line);
        }
    }

    fn margin(&mut self) {
        let Self { role, text } = self;
        let style = style_of(*role);
        if text.is_empty() {
            _ = write!(text, "{style}{role} │{style:#} ");
        } else {
            _ = write!(text, "{style}       │{style:#} ");
        }
    }
}

const fn style_of(role: Role) -> Style {
    match role {
        Role::Client => CLIENT,
        Role::Server => SERVER,
        Role::Wire => WIRE,
    }
}

/// Wraps at spaces only: a stage's name has hyphens.
pub fn wrapped_to(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn on_the_wire(record: &Record) -> String {
    format!("{} bytes on the wire", LENGTH_LEN + record.record.len())
}

fn length_field(payload: &[u8]) -> String {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    format!("{} = {length}", bytes(&length.to_be_bytes()))
}

fn seq_note(record: &Record) -> String {
    record.seq.map(|seq| format!(" = {seq}")).unwrap_or_default()
}

/// The first bytes in hexadecimal.
fn bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (i, byte) in bytes.iter().take(SHOWN).enumerate() {
        _ = write!(text, "{}{byte:02x}", if i == 0 { "" } else { " " });
    }
    if bytes.len() > SHOWN {
        text.push_str(" …");
    }
    text
}

/// "seq, nonce and ciphertext".
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Bytes as quoted text, what is not printable ASCII escaped: a line for each line in it, and for what
/// does not fit into one.
fn quoted_lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let per_line = (WIDTH - GUTTER - 2) / r"\x00".len();
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(move |line| {
        let fits = line.escape_ascii().count() <= WIDTH - GUTTER - 2;
        line.chunks(if fits { line.len() } else { per_line })
            .map(|piece| format!("\"{}\"", piece.escape_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use framing::stage::{PART1_CTR, PART2_AEAD};

    fn plain_text(role: Role, stage: &'static Stage, what: What) -> String {
        anstream::adapter::strip_str(&event(&Event { role, stage, what })).to_string()
    }

    #[test]
    fn a_rejection_says_why_in_the_checkers_words() {
        let message = "record 1 refused: it carries seq 0, expected 1: its tag is valid, so it is a \
                       genuine record in the wrong place, a replay or a reordering";
        let what = What::Rejected {
            index: 1,
            error: "out_of_order".to_owned(),
            message: message.to_owned(),
            expected_seq: Some(1),
            record: None,
        };
        let text = plain_text(Role::Server, &PART2_AEAD, what);
        let lines: Vec<_> = text.lines().map(|line| line.split_once("│ ").unwrap()).collect();
        assert_eq!((lines[0].0, lines[1].0), ("server ", "       "));
        let words = lines.iter().map(|(_, words)| *words).collect::<Vec<_>>().join(" ");
        assert_eq!(words, message);
    }

    #[test]
    fn a_long_plaintext_is_shortened_and_its_true_length_stated() {
        let (plaintext, payload) = (vec![0xff; 16_384], vec![0; 16 + 16_384]);
        let record = Record::new(&PART1_CTR, 0, &plaintext, &payload);
        let text = plain_text(Role::Client, &PART1_CTR, What::Sent(record));
        assert!(text.contains("plaintext  16384 B  "), "{text}");
        assert!(text.contains("16404 bytes on the wire"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(r#""\xff"#)).count(), LINES);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn an_empty_plaintext_is_said_to_be_empty() {
        let text = plain_text(
            Role::Server,
            &PART1_CTR,
            What::Received(Record::new(&PART1_CTR, 0, b"", &[0; 16])),
        );
        assert!(text.contains("plaintext      0 B  (empty)"), "{text}");
    }
}
