//! A story as a person reads it in a terminal, styled with escape codes.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use framing::Direction;
use stages::{Field, Role};
use transcript::lines::{
    BAD, DIM, GOOD, HEADING, PLAIN, field_style, flowed, glimpse, role_style, width, wrapped_to,
};
use transcript::{Event, EventKind, HandshakeMessage, Hex, Record, Way, text, visible};

use super::acts::in_short;
use super::words::{Content, Line, Tone, cut_off, is_sealed, payload_of_hello, shown};
use super::{Act, Change, Deed, Message, Story, Who};
use crate::lab::verdict::Verdict;
use crate::views::Step;

pub(crate) const ATTACKER: Style = AnsiColor::Yellow.on_default().bold();

/// Columns of a party's name.
const NAME: usize = 8;
/// Columns left of the bar.
pub const MARGIN: usize = NAME + 1;
/// Columns of a word that says what is done, or where.
const WORD: usize = 9;
/// Columns left of the text: a name, a bar, a word.
const GUTTER: usize = NAME + 3 + WORD + 1;
/// Columns of a field's name.
const FIELD: usize = 12;
/// Columns left of the text in the conclusion.
const CONCLUSION: usize = "closed by  ".len();
/// Bytes in a row, at most.
const ROW: usize = 16;

/// Words and their style. Spaces within one are kept, and it is not broken.
type Piece = (Style, String);

/// Shows one story, or several of one attack, with the result above each.
pub fn told(stories: &[Story], is_detailed: bool) -> String {
    let mut text = String::new();
    if let [story] = stories {
        let Story { attack, tries, .. } = story;
        heading(&mut text, &format!("{attack} at {}: {tries}", story.at()));
        text.push('\n');
        paragraph(&mut text, verdict_style(story), &verdict(story));
    } else if let Some(first) = stories.first() {
        heading(&mut text, &format!("{}: {}", first.attack, first.tries));
        text.push('\n');
        let column = stories.iter().map(|story| story.stage.len()).max().unwrap_or_default() + 2;
        for story in stories {
            let indent = " ".repeat(column);
            let options = wrapped_to(width()).subsequent_indent(&indent);
            let line = format!("{:<column$}{}", story.stage, verdict(story));
            let style = verdict_style(story);
            for line in textwrap::wrap(&line, options) {
                _ = writeln!(text, "{style}{line}{style:#}");
            }
        }
    }
    for story in stories {
        if stories.len() > 1 {
            text.push('\n');
            heading(&mut text, &format!("At {}", story.at()));
        }
        text += &told_below(story, is_detailed).text;
    }
    if !is_detailed && stories.iter().any(|story| !story.acts.is_empty()) {
        text += "more: --detail, --step, --page FILE.html\n";
    }
    text
}

/// Tells one story step by step: asks before each verdict of a client or a server, and has what came of it all at
/// the end.
///
/// # Errors
/// When not all of it can be printed.
pub fn step_through<R: BufRead, W: Write>(
    story: &Story,
    is_detailed: bool,
    step: &mut Step<R, W>,
) -> io::Result<()> {
    let Story { attack, stage, tries, .. } = story;
    let mut above = String::new();
    heading(&mut above, &format!("{attack} at {stage}: {tries}"));
    step.tell(&above)?;
    let Telling { text, verdicts, .. } = told_below(story, is_detailed);
    let mut told = 0;
    for Told { place, who, accepted } in verdicts {
        step.tell(&text[told..place.start])?;
        step.ask_whether_accepted(&who);
        step.tell(&text[place.clone()])?;
        step.answer(accepted);
        told = place.end;
    }
    let mut below = text[told..].to_owned() + "\n";
    paragraph(&mut below, verdict_style(story), &verdict(story));
    step.tell(&below)
}

/// The conversation, what each side believes in the end, and the conclusion.
fn told_below(story: &Story, is_detailed: bool) -> Telling<'_> {
    let mut telling = Telling::new(story);
    if let Some(detail) = story.detail.as_ref().filter(|_| is_detailed) {
        telling.gap();
        telling.text += detail;
    } else if is_detailed {
        telling.all_acts();
    } else {
        telling.acts(&in_short(&story.acts));
    }
    telling.beliefs();
    telling.conclusion();
    telling
}

/// Shows the result in a line.
fn verdict(story: &Story) -> String {
    let (sign, word) = story.verdict_in_a_word();
    let colon = if story.by.is_some() { "" } else { ":" };
    visible(&format!("{sign} {word}{colon} {}", story.verdict_in_short()))
}

fn verdict_style(story: &Story) -> Style {
    match story.verdict {
        Verdict::Succeeded if story.is_open() => BAD,
        Verdict::Succeeded | Verdict::Refused => GOOD.bold(),
        Verdict::NotApplicable => PLAIN,
    }
}

fn heading(text: &mut String, words: &str) {
    paragraph(text, HEADING, words);
}

fn paragraph(text: &mut String, style: Style, words: &str) {
    for line in textwrap::wrap(words, wrapped_to(width())) {
        _ = writeln!(text, "{style}{line}{style:#}");
    }
}

/// Lines as they grow, each with the name of who does something in front.
struct Telling<'s> {
    story: &'s Story,
    width: usize,
    text: String,
    is_detailed: bool,
    /// Whose name stands above.
    above: Option<String>,
    verdicts: Vec<Told>,
}

/// A verdict of a client or a server on a message, as it was told.
struct Told {
    /// Where in the text.
    place: Range<usize>,
    /// Whose.
    who: String,
    accepted: bool,
}

impl<'s> Telling<'s> {
    fn new(story: &'s Story) -> Self {
        Self {
            story,
            width: width(),
            text: String::new(),
            is_detailed: false,
            above: None,
            verdicts: Vec::new(),
        }
    }

    fn gap(&mut self) {
        self.text.push('\n');
        self.above = None;
    }

    fn room(&self) -> usize {
        self.width - GUTTER
    }

    /// Shows every act, as the party who did it reports it.
    fn all_acts(&mut self) {
        self.is_detailed = true;
        let story = self.story;
        let events = || story.server.iter().chain(story.clients.iter().flatten());
        let is_end = |event: &&Event| matches!(event.kind, EventKind::Closed { .. });
        let is_beginning = |event: &&Event| {
            matches!(event.kind, EventKind::Listening { .. } | EventKind::Connected { .. })
        };
        self.gap();
        for event in events().filter(is_beginning) {
            self.event("", event);
        }
        let between = styled(PLAIN, "between them: each connection goes through it");
        self.pieces((Who::Attacker, 0), PLAIN, "stands", between);
        self.acts(&story.acts);
        self.gap();
        for event in events().filter(is_end) {
            self.event("", event);
        }
    }

    /// An event as a run tells it, with a wider margin.
    fn event(&mut self, number: &str, event: &Event) {
        let wider = NAME - "client".len();
        let mut pad = format!("{number:<wider$}");
        for line in text::event_within(self.width - wider, event).lines() {
            _ = writeln!(self.text, "{}", line.replacen(" │", &format!("{pad} │"), 1));
            pad = " ".repeat(wider);
        }
        self.above = None;
    }

    /// An act as the client or the server reports it, if it is one of theirs.
    fn reported(&self, act: &Act) -> Option<Event> {
        let role = match act.who {
            Who::Client => transcript::Role::Client,
            Who::Server => transcript::Role::Server,
            Who::Attacker => return None,
        };
        let stage = self.story.stage_of(act.who)?;
        let header_len = stage.header().len();
        let record = |index: u64, plaintext: &[u8], bytes: &Hex| {
            Record::new(stage, index, plaintext, payload(bytes, header_len))
        };
        let hello = |step: &str, way, message: Option<&Hex>, bytes, checked: &[&str]| {
            let sealed = payload(bytes, header_len);
            match message {
                Some(message) => {
                    HandshakeMessage::new(step, way, message, checked).sealed_in(Some(sealed))
                }
                None => HandshakeMessage::new(step, way, sealed, checked),
            }
        };
        let kind = match &act.deed {
            Deed::Sends { index, plaintext, bytes } => {
                EventKind::Sent(record(*index, plaintext, bytes))
            }
            Deed::Accepts { index, plaintext, bytes, .. } => {
                EventKind::Received(record(*index, plaintext, bytes))
            }
            Deed::SendsHello { step, message, bytes } => {
                EventKind::Handshake(hello(step, Way::Sent, message.as_ref(), bytes, &[]))
            }
            Deed::AcceptsHello { step, checked, message, bytes, .. } => {
                let checked: Vec<_> = checked.iter().map(String::as_str).collect();
                EventKind::Handshake(hello(step, Way::Received, message.as_ref(), bytes, &checked))
            }
            Deed::Derives { label, from, to, fingerprint } => EventKind::Derived {
                label: label.clone(),
                from: from.clone(),
                direction: to.map(direction_to),
                fingerprint: fingerprint.clone(),
            },
            Deed::Refuses { index, step, check, message } => EventKind::Rejected {
                index: *index,
                error: check.clone(),
                message: message.clone(),
                step: step.clone(),
                expected_seq: None,
                record: None,
            },
            _ => return None,
        };
        Some(Event { role, stage, kind })
    }

    fn acts(&mut self, acts: &[Act]) {
        let story = self.story;
        for (connection, scene) in story.scenes(acts) {
            self.gap();
            self.connection(connection);
            for (act, lines) in scene {
                let start = self.text.len();
                self.act(act, &lines, connection);
                if let Deed::Accepts { .. } | Deed::Refuses { .. } = act.deed {
                    let accepted = matches!(act.deed, Deed::Accepts { .. });
                    let who = story.name_of(act.who, act.connection);
                    self.verdicts.push(Told { place: start..self.text.len(), who, accepted });
                }
            }
        }
    }

    fn act(&mut self, act: &Act, lines: &[Line], connection: usize) {
        if let Some(event) = self.is_detailed.then(|| self.reported(act)).flatten() {
            let name = self.story.name_of(act.who, act.connection);
            self.event(name.strip_prefix("client").unwrap_or_default(), &event);
            return;
        }
        for line in lines {
            self.line(act.who, connection, line);
        }
        if let Deed::Takes { message, bytes, .. } = &act.deed
            && self.is_detailed
        {
            self.every_byte(*message, bytes, connection);
        }
    }

    fn connection(&mut self, connection: usize) {
        if let Some(name) = self.story.name_of_connection(connection) {
            _ = writeln!(self.text, "{DIM}{name}{DIM:#}");
        }
        self.above = None;
    }

    fn line(&mut self, who: Who, connection: usize, line: &Line) {
        let style = style_of(line.tone);
        let by = (who, connection);
        let pieces = match &line.content {
            // What stands alone is told as the word would be.
            Content::Words(text) if line.word.is_empty() => styled(style, text),
            Content::Words(text) => styled(PLAIN, text),
            Content::Text { text, other, note } => {
                let note = note.iter().map(|note| (BAD, format!("({note})")));
                quoted(text, *other, self.room()).into_iter().chain(note).collect()
            }
            Content::Fields { before, stage, bytes } => {
                let parts = stage.split(bytes).unwrap_or_default();
                styled(PLAIN, before).into_iter().chain(glimpse(&parts)).collect()
            }
            Content::Change { change, field, becomes } => {
                return self.change(by, change, field, becomes);
            }
        };
        self.pieces(by, style, &line.word, pieces);
    }

    /// All bytes of a message, field by field.
    fn every_byte(&mut self, message: Message, bytes: &[u8], connection: usize) {
        let by = (Who::Attacker, connection);
        if message.is_hello && !is_sealed(bytes) {
            let payload = payload_of_hello(bytes);
            let header_len = bytes.len() - payload.len();
            let header = bytes.get(..header_len).unwrap_or_default();
            let explained = messages::explain(payload);
            let longest = explained.leaves().map(|span| span.name.len()).max();
            let column = longest.map_or(FIELD, |longest| FIELD.max(longest));
            self.rows(by, 0, (column, "length"), field_style(Role::Length), header);
            for span in explained.leaves() {
                let bytes = payload.get(span.offset..span.offset + span.len).unwrap_or_default();
                self.rows(by, header_len + span.offset, (column, span.name), PLAIN, bytes);
            }
            return;
        }
        let stage = self.story.stage_of(Who::Attacker).filter(|stage| stage.has_records());
        for part in stage.and_then(|stage| stage.split(bytes)).unwrap_or_default() {
            let name = (FIELD, part.field.name);
            self.rows(by, part.offset, name, field_style(part.field.role), part.bytes);
        }
    }

    /// The bytes of a field, on as many rows as they take, behind its name in a column of this width.
    fn rows(
        &mut self,
        by: (Who, usize),
        offset: usize,
        (column, name): (usize, &str),
        style: Style,
        bytes: &[u8],
    ) {
        let fit = self.bytes_in_a_row(column);
        for (at, row) in (offset..).step_by(fit).zip(bytes.chunks(fit)) {
            let row = format!("{name:<column$}{}", marked(style, row, row));
            self.pieces(by, DIM, &format!("byte {at}"), vec![(PLAIN, row)]);
        }
    }

    /// How many bytes fit into a row behind a name of so many columns.
    fn bytes_in_a_row(&self, column: usize) -> usize {
        (self.room().saturating_sub(column + 1) / 3).clamp(4, ROW) / 4 * 4
    }

    /// A field and its replacement, with the bytes that differ in brackets; of a long one, only the
    /// rows with differences.
    fn change(&mut self, by: (Who, usize), change: &Change, field: &Field, becomes: &str) {
        let Change { offset, before, after, .. } = change;
        if field.role == Role::Plaintext {
            for (word, one, other) in [("changes", before, after), ("into", after, before)] {
                self.pieces(by, PLAIN, word, quoted(one, Some(&**other), self.room()));
            }
            return;
        }
        let fit = self.bytes_in_a_row(FIELD);
        for (at, old) in (0..).step_by(fit).zip(before.chunks(fit)) {
            let new = after.get(at..(at + old.len()).min(after.len())).unwrap_or_default();
            if old == new || new.is_empty() {
                continue;
            }
            let place = format!("byte {}", offset + at);
            for (place, name, one, other) in
                [(&*place, field.name, old, new), ("", becomes, new, old)]
            {
                let value =
                    field.number(one).map(|value| format!(" = {value}")).unwrap_or_default();
                let row = marked(field_style(field.role), one, other);
                self.pieces(by, DIM, place, vec![(PLAIN, format!("{name:<FIELD$}{row}{value}"))]);
            }
        }
        if let Some(what) = cut_off(change) {
            self.pieces(by, PLAIN, "cuts off", styled(PLAIN, &what));
        }
    }

    fn beliefs(&mut self) {
        let story = self.story;
        if !story.beliefs.is_empty() {
            self.gap();
            _ = writeln!(self.text, "{HEADING}What each side believes{HEADING:#}");
        }
        for belief in &story.beliefs {
            self.connection(belief.connection);
            for (who, lines) in story.sides(belief) {
                for line in &lines {
                    self.line(who, belief.connection, line);
                }
            }
        }
    }

    fn conclusion(&mut self) {
        self.text.push('\n');
        for (name, text) in self.story.conclusion() {
            let indent = " ".repeat(CONCLUSION);
            let line = format!("{name:<CONCLUSION$}{text}");
            let options = wrapped_to(self.width).subsequent_indent(&indent);
            for (number, line) in textwrap::wrap(&line, options).iter().enumerate() {
                match line.split_at_checked(name.len()).filter(|_| number == 0) {
                    Some((name, rest)) => {
                        _ = writeln!(self.text, "{HEADING}{name}{HEADING:#}{rest}");
                    }
                    None => _ = writeln!(self.text, "{line}"),
                }
            }
        }
    }

    /// What someone does in a word, and pieces that are not broken, on as many lines as they take.
    fn pieces(&mut self, by: (Who, usize), style: Style, word: &str, pieces: Vec<Piece>) {
        let mut word = word;
        for line in flowed(pieces, self.room()) {
            self.margin(by);
            _ = writeln!(self.text, "{style}{word:<WORD$}{style:#} {line}");
            word = "";
        }
    }

    fn margin(&mut self, (who, connection): (Who, usize)) {
        let name = self.story.name_of(who, connection);
        let style = match who {
            Who::Client => role_style(transcript::Role::Client),
            Who::Server => role_style(transcript::Role::Server),
            Who::Attacker => ATTACKER,
        };
        let shown = if self.above.as_ref() == Some(&name) { "" } else { &name };
        _ = write!(self.text, "{style}{shown:<NAME$} │{style:#} ");
        self.above = Some(name);
    }
}

/// A record without its header.
fn payload(bytes: &Hex, header_len: usize) -> &[u8] {
    bytes.get(header_len..).unwrap_or_default()
}

/// The direction to someone.
fn direction_to(who: Who) -> Direction {
    if who == Who::Client { Direction::ToClient } else { Direction::ToServer }
}

fn style_of(tone: Tone) -> Style {
    match tone {
        Tone::Plain => PLAIN,
        Tone::Good => GOOD,
        Tone::Bad => BAD,
        Tone::Quiet => DIM,
    }
}

fn styled(style: Style, text: &str) -> Vec<Piece> {
    text.split_whitespace().map(|word| (style, word.to_owned())).collect()
}

/// Bytes in hexadecimal, each run of those that differ from `other` in brackets.
pub(crate) fn marked(style: Style, bytes: &[u8], other: &[u8]) -> String {
    let mut text = String::new();
    let mut before = false;
    for (number, byte) in bytes.iter().enumerate() {
        let changed = other.get(number) != Some(byte);
        let gap = match (before, changed) {
            (false, true) => "[",
            (true, false) => "]",
            _ => " ",
        };
        let style = if changed { BAD } else { style };
        _ = write!(text, "{gap}{style}{byte:02x}{style:#}");
        before = changed;
    }
    if before {
        text.push(']');
    }
    text
}

/// A text in quotes, or the part of it worth showing, with the bytes that differ from `other` in
/// brackets. Bytes that are not text are shown as far as there is room. Each word is a piece.
fn quoted(bytes: &[u8], other: Option<&[u8]>, room: usize) -> Vec<Piece> {
    let (mut text, differ) = shown(bytes, other);
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    if !text.iter().all(is_text) {
        let fits = |text: &[u8]| text.escape_ascii().count() + "\"\" …".chars().count() <= room;
        while let Some((_, less)) = text.split_last().filter(|_| !fits(text)) {
            text = less;
        }
    }
    let mut quoted = String::from("\"");
    let mut before = false;
    for (byte, now) in text.iter().zip(differ) {
        quoted.push_str(match (before, now) {
            (false, true) => "[",
            (true, false) => "]",
            _ => "",
        });
        _ = write!(quoted, "{}", byte.escape_ascii());
        before = now;
    }
    quoted.push_str(if before { "]\"" } else { "\"" });
    let more = (text.len() < bytes.len()).then(|| (DIM, "…".to_owned()));
    let words = quoted.split(' ').map(|word| (PLAIN, word.to_owned()));
    words.chain(more).collect()
}

/// A heading, with a gap above it if something precedes it.
pub(crate) fn section(text: &mut String, title: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    _ = writeln!(text, "{gap}{HEADING}{title}{HEADING:#}\n");
}
