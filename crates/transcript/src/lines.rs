//! The lines of one event: a margin that tells who speaks, and rows of name, length and bytes.

use std::env;
use std::fmt::Write;
use std::iter;
use std::sync::OnceLock;

use anstyle::{Ansi256Color, AnsiColor, Style};

use messages::Span;
use messages::x509::Certificate;
use stages::{Field, Part, field};

use crate::outline::{FOLDED, Item, outline};
use crate::{Role, visible};

/// Columns of a line where there is no terminal to ask.
pub const WIDTH: usize = 100;
/// Columns below which no sensible layout is possible.
const MIN_WIDTH: usize = 48;
/// Columns left of an event's text: who speaks.
const MARGIN: usize = 9;
/// Columns of an offset in a row, and of what is between it, a name, and the text.
const OFFSET: usize = 9;
/// Columns left of the text in a summary: the margin, and what is done.
const SUMMARY_GUTTER: usize = MARGIN + 9;
/// Bytes of a field that are shown, or as many as fit on a line, followed by `…` if there are more.
const SHOWN: usize = 16;
/// Columns of a quoted text that are shown from its beginning, however narrow the terminal is.
const SHOWN_AT_LEAST: usize = 38;
/// Bytes of a field that are shown at a glance.
const GLIMPSED: usize = 4;
/// Values of a message that are shown at a glance, followed by `…` if there are more.
const GLIMPSED_VALUES: usize = 8;
/// Columns of a name and the length or verdict beside it, in a row. What is part of something else takes more.
const NAMED: usize = 18;
/// Columns by which a part of something stands behind its name.
const INDENT: usize = 2;
/// Lines of a plaintext that are shown, followed by `…` if there are more.
pub(crate) const QUOTED: usize = 12;

/// Ordinary text.
pub const PLAIN: Style = Style::new();
/// A heading.
pub const HEADING: Style = Style::new().bold();
/// What passed a check.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What was refused, or changed on the way.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();

/// The colour of the speaker: as on the page and in the book, and unlike that of any field. All of
/// them can be read on a light background and on a dark one.
pub const fn role_style(role: Role) -> Style {
    match role {
        Role::Client => Ansi256Color(30).on_default().bold(),
        Role::Server => Ansi256Color(162).on_default().bold(),
        Role::Wire => PLAIN.bold(),
        Role::KeyLog => Ansi256Color(94).on_default().bold(),
    }
}

/// The colour of a field's bytes: as on the page and in the book.
pub fn field_style(role: field::Role) -> Style {
    match role {
        field::Role::ContentType | field::Role::Version | field::Role::Length => {
            Ansi256Color(244).on_default()
        }
        field::Role::Seq => Ansi256Color(27).on_default(),
        // What a message carries is like a nonce: it need not be secret, and is fresh in every connection.
        field::Role::Nonce | field::Role::Message => Ansi256Color(98).on_default(),
        field::Role::Ciphertext | field::Role::InnerType => Ansi256Color(64).on_default(),
        field::Role::Tag => Ansi256Color(166).on_default(),
        field::Role::Plaintext => PLAIN,
    }
}

/// The colour of a span of a message: what tells its form is like a length, the rest is what it carries.
pub fn span_style(span: &Span) -> Style {
    field_style(if is_value(span) { field::Role::Message } else { field::Role::Length })
}

/// Returns whether a span's bytes are there for their own sake: nothing short can be said of them.
fn is_value(span: &Span) -> bool {
    span.says.is_empty()
}

/// Columns of a line, once a program has asked for them.
static COLUMNS: OnceLock<usize> = OnceLock::new();

/// Fits lines to the terminal that standard output is, or else to what `COLUMNS` says: for a program, as it starts.
pub fn fit_to_terminal() {
    COLUMNS.get_or_init(|| {
        let terminal =
            terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| width.into());
        let asked = || env::var("COLUMNS").ok()?.parse().ok();
        terminal.or_else(asked).unwrap_or(WIDTH).max(MIN_WIDTH)
    });
}

/// Returns the columns of a line: those that it was fitted to, or else 100.
pub fn width() -> usize {
    COLUMNS.get().copied().unwrap_or(WIDTH)
}

/// Lines as they grow; the first names the role.
pub(crate) struct Lines {
    role: Role,
    width: usize,
    named: usize,
    pub(crate) text: String,
}

impl Lines {
    pub(crate) fn of(role: Role) -> Self {
        Self::as_wide_as(width(), role)
    }

    pub(crate) fn as_wide_as(width: usize, role: Role) -> Self {
        Self { role, width, named: NAMED, text: String::new() }
    }

    /// A line, or as many as it takes. The text may be a stranger's, out of a run file.
    pub(crate) fn say(&mut self, style: Style, text: &str) {
        for line in textwrap::wrap(&visible(text), wrapped_to(self.width - MARGIN)) {
            self.margin();
            _ = writeln!(self.text, "{style}{line}{style:#}");
        }
    }

    /// Fields as their sender reports them: a number also in decimal.
    pub(crate) fn sent(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            let number = part.number().map(|number| number.to_string());
            for piece in Piece::of(part, usize::MAX) {
                let says = number.as_ref().unwrap_or(&piece.says);
                self.piece("", &piece, says);
            }
        }
    }

    /// Fields as they pass by, each at its offset in the record.
    pub(crate) fn seen(&mut self, parts: &[Part<'_>]) {
        for piece in self.pieces(parts) {
            self.piece(&piece.offset.to_string(), &piece, &piece.says);
        }
    }

    /// Cuts fields into pieces, to tell them from here on with room for the names of all.
    pub(crate) fn pieces<'b>(&mut self, parts: &[Part<'b>]) -> Vec<Piece<'b>> {
        let pieces: Vec<_> = parts.iter().flat_map(|part| Piece::of(part, FOLDED)).collect();
        if pieces.iter().any(|piece| piece.depth > 0) {
            self.make_room(&pieces);
        }
        pieces
    }

    /// Makes room for the names of all that fields are made of, from here on.
    pub(crate) fn make_room_for(&mut self, parts: &[Part<'_>]) {
        let pieces: Vec<_> = parts.iter().flat_map(|part| Piece::of(part, FOLDED)).collect();
        self.make_room(&pieces);
    }

    fn make_room(&mut self, pieces: &[Piece<'_>]) {
        let named = |piece: &Piece<'_>| piece.label().len() + format!(" {} B", piece.len).len();
        let room = self.width.saturating_sub(MARGIN + OFFSET + 3 * SHOWN);
        self.named = pieces.iter().map(named).max().unwrap_or(0).min(room).max(self.named);
    }

    fn piece(&mut self, offset: &str, piece: &Piece<'_>, says: &str) {
        let Piece { style, len, .. } = *piece;
        let name = piece.label();
        if piece.is_told_by_what_it_says {
            let mut labels = (offset, name.as_str(), format!("{len} B"));
            for line in textwrap::wrap(&visible(says), wrapped_to(self.width - self.gutter())) {
                self.row(labels.0, labels.1, DIM, &labels.2, &line);
                labels = ("", "", String::new());
            }
            return;
        }
        let value = if says.is_empty() { String::new() } else { format!(" = {says}") };
        self.bytes(offset, &name, style, piece.bytes, &value);
    }

    /// Bytes, or the first of them, on as many rows as they take.
    pub(crate) fn bytes(
        &mut self,
        offset: &str,
        name: &str,
        style: Style,
        bytes: &[u8],
        value: &str,
    ) {
        let (len, fit) = (bytes.len(), self.bytes_in_a_row());
        let shown = bytes.get(..SHOWN.max(fit)).unwrap_or(bytes);
        let rest = if shown.len() < len { " …" } else { value };
        self.rows_of_bytes((offset, name, &format!("{len} B")), style, shown, rest);
    }

    /// Bytes, all of them, on as many rows as they take.
    pub(crate) fn all_bytes(&mut self, name: &str, style: Style, bytes: &[u8]) {
        self.rows_of_bytes(("", name, &format!("{} B", bytes.len())), style, bytes, "");
    }

    fn rows_of_bytes(
        &mut self,
        mut labels: (&str, &str, &str),
        style: Style,
        shown: &[u8],
        rest: &str,
    ) {
        let fit = self.bytes_in_a_row();
        let bytes = shown.chunks(fit).map(|row| (style, hex(row)));
        // What does not fit behind the bytes stands below them.
        let rest = (!rest.is_empty()).then(|| (PLAIN, rest.trim_start().to_owned()));
        for row in flowed(bytes.chain(rest), self.width - self.gutter()) {
            self.row(labels.0, labels.1, DIM, labels.2, &row);
            labels = ("", "", "");
        }
    }

    /// Columns left of the text in a row: the margin, an offset, a name, a length.
    fn gutter(&self) -> usize {
        MARGIN + OFFSET + self.named
    }

    /// Returns how many bytes of a field, in hexadecimal, fit beside its name: a multiple of 8, or 4.
    fn bytes_in_a_row(&self) -> usize {
        let fit = (self.width - self.gutter() + 1) / 3;
        if fit < 8 { 4 } else { fit / 8 * 8 }
    }

    /// Returns how many bytes fit into a line of a hex dump, with their text beside them: a multiple of 4.
    pub(crate) fn dumped_in_a_row(&self) -> usize {
        ((self.width - self.gutter()) / 4).max(4) / 4 * 4
    }

    /// A check, and what it found. The text may be a stranger's.
    pub(crate) fn check(&mut self, name: &str, style: Style, verdict: &str, found: &str) {
        let mut labels = (name, verdict);
        for line in textwrap::wrap(&visible(found), wrapped_to(self.width - self.gutter())) {
            self.row("", labels.0, style, labels.1, &line);
            labels = ("", "");
        }
    }

    /// Bytes as quoted text.
    pub(crate) fn quote(&mut self, name: &str, bytes: &[u8]) {
        let mut lines = quoted(bytes, self.width - self.gutter());
        let first = lines.next().unwrap_or_else(|| "(empty)".to_owned());
        self.row("", name, DIM, &format!("{} B", bytes.len()), &first);
        for line in lines.by_ref().take(QUOTED - 1) {
            self.row("", "", PLAIN, "", &line);
        }
        if lines.next().is_some() {
            self.row("", "", PLAIN, "", "…");
        }
    }

    /// Any row: an offset, a name, a length or a verdict, and text.
    pub(crate) fn row(
        &mut self,
        offset: &str,
        name: &str,
        style: Style,
        verdict: &str,
        text: &str,
    ) {
        // A name takes from what is in front of the length, and a line of its own if that is not enough.
        if !name.is_empty() && name.len() + 1 + verdict.len() > self.named {
            self.margin();
            _ = writeln!(self.text, "{offset:>5} {name}");
            return self.row("", "", style, verdict, text);
        }
        self.margin();
        let room = self.named - 1 - name.len().clamp(10, self.named - 2);
        let gap = if text.is_empty() { "" } else { "  " };
        _ = writeln!(
            self.text,
            "{offset:>5} {name:<10} {style}{verdict:>room$}{style:#}{gap}{text}"
        );
    }

    /// What is done, in a word, and pieces of text that are not broken, on as many lines as they
    /// take.
    pub(crate) fn summary<'p>(
        &mut self,
        style: Style,
        word: &str,
        pieces: impl IntoIterator<Item = (Style, &'p str)>,
    ) {
        let pieces = pieces.into_iter().map(|(style, piece)| (style, visible(piece)));
        let mut word = word;
        for line in flowed(pieces, self.width - SUMMARY_GUTTER) {
            self.margin();
            _ = writeln!(self.text, "{style}{word:<8}{style:#} {line}");
            word = "";
        }
    }

    /// Bytes as quoted text on one line of a summary: their beginning and their end, if all of it is too long.
    pub(crate) fn quoted_shortly(&self, bytes: &[u8]) -> String {
        let room = self.width - SUMMARY_GUTTER - "\"\"".len();
        let whole = bytes.escape_ascii().to_string();
        if whole.len() <= room {
            return format!("\"{whole}\"");
        }
        let room = room - " … ".chars().count();
        // The line that a text begins with says most: in a narrow terminal the end gives way to it.
        let of_head = (room / 2).max(SHOWN_AT_LEAST.min(room));
        let head = escapes_within(of_head, bytes.iter());
        let mut tail = escapes_within((room - of_head).min(room / 2), bytes.iter().rev());
        tail.reverse();
        format!("\"{} … {}", head.concat(), tail.concat()).trim_end().to_owned() + "\""
    }

    /// Data on one line of a summary: as text where it begins with some, else its first bytes.
    pub(crate) fn data_shortly(&self, bytes: &[u8]) -> String {
        if begins_with_text(bytes) {
            return self.quoted_shortly(bytes);
        }
        let len = format!("{} bytes", bytes.len());
        match bytes.get(..SHOWN.min(bytes.len())).unwrap_or_default() {
            [] => "no data".to_owned(),
            first if first.len() < bytes.len() => format!("{len}: {} …", hex(first)),
            all => format!("{len}: {}", hex(all)),
        }
    }

    /// Data: as quoted text where it begins with some, else its first bytes.
    pub(crate) fn data(&mut self, name: &str, bytes: &[u8]) {
        if bytes.is_empty() || begins_with_text(bytes) {
            self.quote(name, bytes);
        } else {
            self.bytes("", name, field_style(field::Role::Plaintext), bytes, "");
        }
    }

    pub(crate) fn margin(&mut self) {
        let Self { role, text, .. } = self;
        let style = role_style(*role);
        let name = if text.is_empty() { role.to_string() } else { String::new() };
        _ = write!(text, "{style}{name:<6} │{style:#} ");
    }
}

/// Bytes of a record with one meaning: a field, or a span of a message in one.
pub(crate) struct Piece<'b> {
    /// From the start of the record.
    pub(crate) offset: usize,
    name: &'static str,
    /// How many others it is part of.
    depth: usize,
    pub(crate) style: Style,
    /// Its bytes, up to those of the pieces that are part of it.
    pub(crate) bytes: &'b [u8],
    /// The length in bytes, with those.
    len: usize,
    /// What it says, if that is something short.
    says: String,
    /// Whether that stands for its bytes.
    is_told_by_what_it_says: bool,
}

impl<'b> Piece<'b> {
    /// Lists the spans of a message as [`outline`] does, or the field alone if it carries none.
    fn of(part: &Part<'b>, folded: usize) -> Vec<Self> {
        let Part { field, offset, bytes } = *part;
        if field.role != field::Role::Message {
            return vec![Self {
                offset,
                name: field.name,
                depth: 0,
                style: field_style(field.role),
                bytes,
                len: bytes.len(),
                // Its number is what everything else calls it by.
                says: part
                    .number()
                    .filter(|_| field.role == field::Role::ContentType)
                    .map_or_else(String::new, |number| number.to_string()),
                is_told_by_what_it_says: false,
            }];
        }
        let of_item = |item: &Item<'_>| Self {
            offset: offset + item.span.offset,
            name: item.span.name,
            depth: item.depth,
            style: span_style(item.span),
            bytes: bytes.get(item.span.offset..item.span.offset + item.own).unwrap_or_default(),
            len: item.span.len,
            says: item.says.to_owned(),
            is_told_by_what_it_says: item.is_open || item.is_folded() && !item.says.is_empty(),
        };
        outline(&messages::explain(bytes).spans, folded).iter().map(of_item).collect()
    }

    /// Its name, behind that of what it is part of.
    pub(crate) fn label(&self) -> String {
        format!("{:1$}{2}", "", INDENT * self.depth, self.name)
    }
}

/// The bytes of a span in its message.
fn of_span<'m>(span: &Span, message: &'m [u8]) -> &'m [u8] {
    message.get(span.offset..span.offset + span.len).unwrap_or_default()
}

/// Puts pieces, which are not broken, on as many lines of so many columns as they take. Escape codes in a piece
/// take none.
pub fn flowed(pieces: impl IntoIterator<Item = (Style, String)>, columns: usize) -> Vec<String> {
    let (mut lines, mut used) = (vec![String::new()], 0);
    for (style, piece) in pieces {
        let shown = anstream::adapter::strip_str(&piece);
        let len = shown.map(|text| text.chars().count()).sum::<usize>();
        if used > 0 && used + 1 + len > columns {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        _ = write!(line, "{style}{piece}{style:#}");
        used += len;
    }
    lines
}

/// Lists names as a sentence does: "seq, nonce and ciphertext".
pub fn listed<N: AsRef<str>>(names: &[N]) -> String {
    joined(names, "and")
}

/// Lists names of which one is meant: "a, b or c".
pub fn either<N: AsRef<str>>(names: &[N]) -> String {
    joined(names, "or")
}

fn joined<N: AsRef<str>>(names: &[N], before_last: &str) -> String {
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    match &*names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} {before_last} {last}", first.join(", ")),
    }
}

/// Names the fields of a record, each with its number or its first bytes.
pub fn named(parts: &[Part<'_>]) -> Vec<(&'static Field, String)> {
    let named = |part: &Part<'_>| format!("{} {}", part.field.name, shortly(part));
    parts.iter().map(|part| (part.field, named(part))).collect()
}

/// Lists the fields of a record in their colours, as [`named`] does, with commas between.
pub fn glimpse(parts: &[Part<'_>]) -> Vec<(Style, String)> {
    let last = parts.len().saturating_sub(1);
    let named = named(parts).into_iter().enumerate();
    named
        .map(|(at, (field, text))| {
            (field_style(field.role), if at < last { text + "," } else { text })
        })
        .collect()
}

/// Lists the values of a message in their colour, each with its first bytes or what it says, and commas between.
pub fn glimpse_values(message: &[u8]) -> Vec<(Style, String)> {
    let explained = messages::explain(message);
    let items = outline(&explained.spans, usize::MAX);
    let mut values = items.iter().filter(|item| item.is_folded() || is_value(item.span)).peekable();
    let mut glimpsed = Vec::new();
    let mut count = 0;
    while let Some(Item { span, .. }) = values.next() {
        if count == GLIMPSED_VALUES {
            glimpsed.push((PLAIN, "…".to_owned()));
            break;
        }
        count += 1;
        let bytes = of_span(span, message);
        let (style, last) = (field_style(field::Role::Message), values.peek().is_none());
        let Some(words) = statement(bytes) else {
            let comma = if last { "" } else { "," };
            glimpsed.push((style, format!("{} {}{comma}", span.name, first_bytes(bytes))));
            continue;
        };
        let words = format!("certificate {words}{}", if last { "" } else { ";" });
        glimpsed.extend(words.split(' ').map(|word| (style, word.to_owned())));
    }
    glimpsed
}

/// Says what the value of a field is about, if that is a certificate.
pub fn statement(value: &[u8]) -> Option<String> {
    let Certificate { subject, issuer, .. } = Certificate::decode(value).ok()?;
    Some(format!("{:?}, signed by {:?}", subject.text, issuer.text))
}

/// A number, or the first bytes of a field.
fn shortly(part: &Part<'_>) -> String {
    part.number().map_or_else(|| first_bytes(part.bytes), |number| number.to_string())
}

fn first_bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let shown = bytes.get(..GLIMPSED).unwrap_or(bytes);
    let digits = hex::encode(shown);
    if shown.len() < bytes.len() { digits + "…" } else { digits }
}

/// A fingerprint as people compare it: in groups of four digits.
pub fn fingerprint(bytes: &[u8]) -> String {
    let groups: Vec<_> = bytes.chunks(2).take(GLIMPSED).map(hex::encode).collect();
    groups.join(" ")
}

/// Wraps at spaces only: a stage's name has hyphens.
pub fn wrapped_to(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// Returns whether bytes begin with text, or are text: printable characters and the ends of lines.
fn begins_with_text(bytes: &[u8]) -> bool {
    let is_text = |byte: &&u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let text = bytes.iter().take_while(is_text).count();
    text > 0 && text >= SHOWN.min(bytes.len())
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (i, byte) in bytes.iter().enumerate() {
        _ = write!(text, "{}{byte:02x}", if i == 0 { "" } else { " " });
    }
    text
}

/// The first of these bytes, escaped, as many as there is room for. No escape is broken.
fn escapes_within<'b>(mut room: usize, bytes: impl Iterator<Item = &'b u8>) -> Vec<String> {
    let escapes = bytes.map(|byte| byte.escape_ascii().to_string());
    escapes
        .take_while(|escape| {
            let fits = escape.len() <= room;
            room = room.saturating_sub(escape.len());
            fits
        })
        .collect()
}

/// Bytes as quoted text, what is not printable ASCII escaped: a line for each line in it, or as many as it
/// takes. No escape is broken.
fn quoted(bytes: &[u8], room: usize) -> impl Iterator<Item = String> {
    let fits = room - "\"\"".len();
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(move |mut line| {
        iter::from_fn(move || {
            let escapes = escapes_within(fits, line.iter());
            line = line.get(escapes.len()..).unwrap_or_default();
            (!escapes.is_empty()).then(|| format!("\"{}\"", escapes.concat()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_in_a_narrow_terminal_and_its_end_in_a_wider_one() {
        let text = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let quoted = |width| Lines::as_wide_as(width, Role::Client).quoted_shortly(text);
        assert_eq!(quoted(60), "\"GET /transfer?to=bob&amount=100 HTTP/ …\"");
        let in_80 = "\"GET /transfer?to=bob&amount=100 HTTP/1 … : localhost\\r\\n\\r\\n\"";
        assert_eq!(quoted(80), in_80);
        assert_eq!(quoted(100), format!("\"{}\"", text.escape_ascii()));
    }
}
