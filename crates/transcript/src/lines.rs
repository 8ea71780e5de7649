//! The lines of one event: a margin that tells who speaks, and rows of name, length and bytes.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use stages::{Part, field};

use crate::{Role, visible};

/// Columns of a line.
pub const WIDTH: usize = 100;
/// Columns left of an event's text: who speaks.
const MARGIN: usize = 9;
/// Columns left of the text in a row: the margin, an offset, a name, a length.
const GUTTER: usize = MARGIN + 27;
/// Columns left for the text in a row.
const ROW: usize = WIDTH - GUTTER;
/// Bytes of a field that are shown, and behind them `…` where there are more.
const SHOWN: usize = 16;
/// Lines of a plaintext that are shown, and below them `…` where there are more.
pub(crate) const QUOTED: usize = 12;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

const fn role_style(role: Role) -> Style {
    match role {
        Role::Client => AnsiColor::Cyan.on_default().bold(),
        Role::Server => AnsiColor::Magenta.on_default().bold(),
        Role::Wire => AnsiColor::Yellow.on_default().bold(),
    }
}

/// The colour of a field's bytes on the wire.
pub(crate) fn field_style(role: field::Role) -> Style {
    match role {
        field::Role::Length => AnsiColor::Blue.on_default(),
        field::Role::Seq => AnsiColor::Green.on_default(),
        field::Role::Nonce => AnsiColor::Yellow.on_default(),
        field::Role::Tag => AnsiColor::Cyan.on_default(),
        field::Role::Plaintext | field::Role::Ciphertext => PLAIN,
    }
}

/// Lines as they grow; the first names the role.
pub(crate) struct Lines {
    role: Role,
    pub(crate) text: String,
}

impl Lines {
    pub(crate) fn of(role: Role) -> Self {
        Self { role, text: String::new() }
    }

    /// A line, or as many as it takes. The text may be a stranger's, out of a run file.
    pub(crate) fn say(&mut self, style: Style, text: &str) {
        for line in textwrap::wrap(&visible(text), wrapped_to(WIDTH - MARGIN)) {
            self.margin();
            _ = writeln!(self.text, "{style}{line}{style:#}");
        }
    }

    /// A field as its sender reports it: a number also in decimal.
    pub(crate) fn sent(&mut self, part: &Part<'_>) {
        let value = part.number().map(|number| format!(" = {number}")).unwrap_or_default();
        let (len, bytes) = (format!("{} B", part.bytes.len()), hex(part.bytes));
        self.row("", part.field.name, DIM, &len, &format!("{bytes}{value}"));
    }

    /// A field as it passes by, at its offset in the record.
    pub(crate) fn seen(&mut self, part: &Part<'_>) {
        let style = field_style(part.field.role);
        let (len, bytes) = (format!("{} B", part.bytes.len()), hex(part.bytes));
        let bytes = format!("{style}{bytes}{style:#}");
        self.row(&part.offset.to_string(), part.field.name, DIM, &len, &bytes);
    }

    /// A check, and what it found.
    pub(crate) fn check(&mut self, name: &str, style: Style, verdict: &str, found: &str) {
        self.row("", name, style, verdict, found);
    }

    /// Bytes as quoted text.
    pub(crate) fn quote(&mut self, name: &str, bytes: &[u8]) {
        let mut lines = quoted(bytes);
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
        self.margin();
        _ = writeln!(self.text, "{offset:>5} {name:<10} {style}{verdict:>7}{style:#}  {text}");
    }

    pub(crate) fn margin(&mut self) {
        let Self { role, text } = self;
        let style = role_style(*role);
        let name = if text.is_empty() { role.to_string() } else { String::new() };
        _ = write!(text, "{style}{name:<6} │{style:#} ");
    }
}

/// Wraps at spaces only: a stage's name has hyphens.
pub fn wrapped_to(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// The first bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (i, byte) in bytes.iter().take(SHOWN).enumerate() {
        _ = write!(text, "{}{byte:02x}", if i == 0 { "" } else { " " });
    }
    if bytes.len() > SHOWN {
        text.push_str(" …");
    }
    text
}

/// Bytes as quoted text, what is not printable ASCII escaped: a line for each line in it, and for what
/// does not fit into one.
fn quoted(bytes: &[u8]) -> impl Iterator<Item = String> {
    let fits = ROW - 2;
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(move |line| {
        let whole = line.escape_ascii().count() <= fits;
        line.chunks(if whole { line.len() } else { fits / r"\x00".len() })
            .map(|piece| format!("\"{}\"", piece.escape_ascii()))
    })
}
