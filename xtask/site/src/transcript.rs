//! Output of a terminal in the palette: the speakers, the fields and the outcomes.
//!
//! A page has the plain text of a command's output. It is coloured by what a reader also relies on:
//! the margin, the fields' names, the signs. What is not recognised stays plain, so that no new
//! wording breaks a page.

use std::fmt::Write;
use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use stages::STAGES;

use crate::escaped;

/// The parties that have a margin of their own.
const SPEAKERS: [&str; 4] = ["client", "server", "wire", "attacker"];

/// A row after the margin: what comes before a field's name, the name, a length or a verdict, and
/// the rest.
static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = fields().collect::<Vec<_>>().join("|");
    let row = format!(r"^(\s*(?:\d+\s+)?)({names})(\s+)((?:\d+ B|OK|FAILED|refused)\s+|)(\S.*)$");
    Regex::new(&row).ok()
});

/// The marks of the attack table, verdicts in words, and bytes that an attacker changed.
static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let marks = r"(✗ open\b|\bit succeeds: .*|^ refuses\b)|(✓ \w+|\bit is refused by \w+|^ accepts +tag OK)|(· passes)|(\[[0-9a-f]{2}\])";
    Regex::new(marks).ok()
});

/// A piece of a summary: a field's name, and its number or its first bytes.
static PIECE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = fields().collect::<Vec<_>>().join("|");
    Regex::new(&format!(r"\b({names}) ([0-9a-f]{{8}}…|\d+)")).ok()
});

/// Names every field that a record of some stage has, once.
pub fn fields() -> impl Iterator<Item = &'static str> {
    let names = STAGES.iter().flat_map(|stage| stage.fields).map(|field| field.name);
    let mut names: Vec<_> = names.chain(["plaintext"]).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Returns the output of commands, with the commands after `$`, as HTML.
pub fn html(text: &str) -> String {
    let mut html = String::from(r#"<pre class="transcript" tabindex="0">"#);
    let (mut speaker, mut field) = ("", "");
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = escaped(command);
            _ = write!(html, "<span class=\"command\"><i>$ </i>{command}\n</span>");
            continue;
        }
        let said = line
            .split_once('│')
            .filter(|(margin, _)| margin.trim().is_empty() || speaker_of(margin).is_some());
        let Some((margin, said)) = said else {
            _ = writeln!(html, "{}", marked(line));
            continue;
        };
        if let Some(name) = speaker_of(margin) {
            (speaker, field) = (name, "");
        }
        // The end of the line is inside: a block that ends with one shows no empty line for it.
        let row = row(said, &mut field);
        _ = write!(html, "<span class=\"line by-{speaker}\"><b>{margin}│</b>{row}\n</span>");
    }
    html + "</pre>"
}

/// Names whose margin it is: `client`, or `client 0` where there are several.
fn speaker_of(margin: &str) -> Option<&'static str> {
    let first = margin.split_whitespace().next()?;
    SPEAKERS.into_iter().find(|name| *name == first)
}

/// What follows the margin. A row without a name continues the field of the row above.
fn row(said: &str, field: &mut &'static str) -> String {
    let found = ROW.as_ref().and_then(|row| row.captures(said));
    let Some(found) = found else {
        let (space, rest) = said.split_at(said.len() - said.trim_start().len());
        let goes_on = rest.starts_with(['"', '…']) || rest.starts_with("becomes ");
        if !field.is_empty() && goes_on {
            return format!(r#"{space}<span class="f-{field} bytes">{}</span>"#, marked(rest));
        }
        *field = "";
        let is_refusal = rest.contains(" refused: ");
        let rest = pieces(&marked(said));
        return if is_refusal { format!(r#"<span class="open">{rest}</span>"#) } else { rest };
    };
    let part = |at| found.get(at).map_or("", |part: regex_lite::Match<'_>| part.as_str());
    *field = fields().find(|name| *name == part(2)).unwrap_or_default();
    let (before, gap, verdict, rest) = (part(1), part(3), part(4), marked(part(5)));
    let is_check = !verdict.trim_end().ends_with(" B") && !verdict.is_empty();
    let rest = if is_check { rest } else { format!(r#"<span class="bytes">{rest}</span>"#) };
    let class = match verdict.trim_end() {
        "OK" => "closed",
        "FAILED" | "refused" => "open",
        _ => "",
    };
    let (word, space) = verdict.split_at(verdict.trim_end().len());
    let verdict = if class.is_empty() {
        escaped(verdict)
    } else {
        format!(r#"<span class="{class}">{word}</span>{space}"#)
    };
    format!(r#"{before}<span class="f-{field}"><em>{field}</em>{gap}{verdict}{rest}</span>"#)
}

/// Colours a summary's pieces.
fn pieces(html: &str) -> String {
    let piece = |found: &Captures<'_>| {
        let name = found.get(1).map_or("", |name| name.as_str());
        format!(r#"<span class="f-{name}">{}</span>"#, found.get(0).map_or("", |it| it.as_str()))
    };
    PIECE.as_ref().map_or(html.to_owned(), |pieces| pieces.replace_all(html, piece).into_owned())
}

fn marked(text: &str) -> String {
    let text = escaped(text);
    let class = |found: &Captures<'_>| {
        let classes = ["open", "closed", "passes", "changed"];
        let class = (1..).zip(classes).find(|(at, _)| found.get(*at).is_some());
        let class = class.map_or("", |(_, class)| class);
        format!(r#"<span class="{class}">{}</span>"#, found.get(0).map_or("", |it| it.as_str()))
    };
    match MARK.as_ref() {
        Some(mark) => mark.replace_all(&text, class).into_owned(),
        None => text,
    }
}
