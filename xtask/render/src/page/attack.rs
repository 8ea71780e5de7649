//! An attack as a page: its story at each stage, side by side.

use std::io::{self, Write};
use std::ops::Deref;

use askama::Template;
use stages::{Field, Role, Stage};
use transcript::lines::{named, statement};
use xtask::lab::story::words::{Content, Line, Tone, cut_off, field_at_a_glance, shown};
use xtask::lab::story::{Act, Belief, Change, Deed, Message, Story, Who, acts};
use xtask::lab::verdict::Verdict;

use super::fields::{Run, runs_of};
use super::message::{self, Field as MessageField, Pair};

/// Bytes of a changed field in a row.
const ROW: usize = 8;
/// Rows of a field of a message that are shown.
const ROWS: usize = 4;

/// Writes the page of these stories, which are all of one attack.
///
/// # Errors
/// Those of writing.
pub fn write(out: &mut impl Write, stories: &[Story]) -> io::Result<()> {
    let acts: Vec<Vec<Act>> = stories.iter().map(|story| acts::in_short(&story.acts)).collect();
    let tales = stories.iter().zip(&acts).map(|(story, acts)| Tale::new(story, acts)).collect();
    let Some(first) = stories.first() else { return Ok(()) };
    AttackView { attack: &first.attack, tries: &first.tries, tales }.write_into(out)?;
    out.flush()
}

/// The page.
#[derive(Template)]
#[template(path = "attack.html")]
struct AttackView<'s> {
    attack: &'s str,
    tries: &'s str,
    tales: Vec<Tale<'s>>,
}

/// A story at one stage.
struct Tale<'s> {
    story: &'s Story,
    scenes: Vec<Scene<'s>>,
    beliefs: Vec<Scene<'s>>,
}

/// What happens in a connection, or what its sides believe of it.
struct Scene<'s> {
    heading: Option<String>,
    turns: Vec<Turn<'s>>,
}

/// What one party does before another does something.
struct Turn<'s> {
    who: Who,
    name: String,
    parts: Vec<Part<'s>>,
}

/// What there is to tell of an act.
enum Part<'s> {
    /// In words, as a terminal tells it.
    Line(Line<'s>),
    /// The fields of a message of the handshake, at a glance.
    Fields(Vec<String>),
    /// What a message of the handshake was, beside what became of it: field by field.
    Versions(Vec<[Option<Version>; 2]>),
}

/// A field of a message, before or after.
struct Version {
    name: &'static str,
    len: usize,
    /// What it is about, if it is a certificate.
    words: Option<String>,
    /// The bytes of its value, or those that differ.
    rows: Vec<Vec<Run>>,
    /// Whether there are more.
    more: bool,
}

impl<'s> Tale<'s> {
    fn new(story: &'s Story, acts: &'s [Act]) -> Self {
        let scenes = story.scenes(acts).into_iter().map(|(connection, acts)| {
            let said = acts.into_iter().map(|(act, lines)| (act.who, parts(story, act, lines)));
            Scene::new(story, connection, said)
        });
        let beliefs = story.beliefs.iter().map(|belief: &Belief| {
            let sides = story.sides(belief).map(|(who, lines)| (who, in_words(lines)));
            Scene::new(story, belief.connection, sides)
        });
        Self { story, scenes: scenes.collect(), beliefs: beliefs.collect() }
    }

    /// Returns the class of its verdict in the style sheet.
    fn class(&self) -> &'static str {
        match self.story.verdict {
            Verdict::Succeeded if self.story.is_open() => "open",
            Verdict::Succeeded | Verdict::Refused => "closed",
            Verdict::NotApplicable => "none",
        }
    }
}

impl<'s> Scene<'s> {
    fn new(
        story: &Story,
        connection: usize,
        said: impl IntoIterator<Item = (Who, Vec<Part<'s>>)>,
    ) -> Self {
        let mut turns: Vec<Turn<'s>> = Vec::new();
        for (who, parts) in said {
            match turns.last_mut() {
                Some(turn) if turn.who == who => turn.parts.extend(parts),
                _ => turns.push(Turn { who, name: story.name_of(who, connection), parts }),
            }
        }
        Self { heading: story.name_of_connection(connection), turns }
    }
}

impl Turn<'_> {
    /// Returns the class of who does it in the style sheet.
    fn class(&self) -> &'static str {
        match self.who {
            Who::Client => "client",
            Who::Attacker => "attacker",
            Who::Server => "server",
        }
    }
}

fn in_words(lines: Vec<Line<'_>>) -> Vec<Part<'_>> {
    lines.into_iter().map(Part::Line).collect()
}

/// Returns what there is to tell of an act: its lines, and the message of the handshake that it is about.
fn parts<'s>(story: &'s Story, act: &'s Act, mut lines: Vec<Line<'s>>) -> Vec<Part<'s>> {
    let header_len = story.stage_of(Who::Attacker).map_or(0, |stage| stage.header().len());
    let payload = |bytes: &'s [u8]| bytes.get(header_len..).unwrap_or_default();
    let versions = |before: Option<&'s [u8]>, after: &'s [u8]| match before {
        Some(before) => versions(payload(before), payload(after)),
        None => glimpse(payload(after)),
    };
    let shown = match &act.deed {
        Deed::SendsHello { bytes, .. } => glimpse(payload(bytes)),
        Deed::Takes { message, bytes, .. } | Deed::PassesOn { message, bytes }
            if message.is_hello =>
        {
            if let Some(line) = lines.first_mut() {
                let name = story.name_of_hello(*message).unwrap_or_default();
                line.content = Content::Words(format!("{} B: {name}", bytes.len()).into());
            }
            glimpse(payload(bytes))
        }
        Deed::Puts { message, bytes, changes, .. } if message.is_hello && !changes.is_empty() => {
            versions(taken(story, *message), bytes)
        }
        Deed::Makes { step: Some(_), replaces, bytes, .. } => {
            versions(replaces.and_then(|message| taken(story, message)), bytes)
        }
        _ => return in_words(lines),
    };
    // What follows from the message stands behind it.
    let behind = lines.split_off(lines.len().min(1));
    in_words(lines).into_iter().chain([shown]).chain(in_words(behind)).collect()
}

/// Finds a message as it was when the attacker took it.
fn taken(story: &Story, message: Message) -> Option<&[u8]> {
    story.acts.iter().find_map(|act| match &act.deed {
        Deed::Takes { message: it, bytes, .. } | Deed::PassesOn { message: it, bytes }
            if *it == message =>
        {
            Some(&**bytes)
        }
        _ => None,
    })
}

/// The fields of a message, each with the first bytes of its value.
fn glimpse<'s>(message: &[u8]) -> Part<'s> {
    let field = |field: MessageField| field_at_a_glance(field.span.name, value(&field));
    Part::Fields(message::fields(message).into_iter().map(field).collect())
}

/// Each field of a message as it was, and as it became.
fn versions<'s>(before: &[u8], after: &[u8]) -> Part<'s> {
    let pairs = message::compare(before, after).into_iter().map(|Pair { before, after }| {
        let version = |it: &Option<MessageField>, other: &Option<MessageField>| {
            let it = it.as_ref()?;
            Some(Version::new(it.span.name, value(it), other.as_ref().map(value)))
        };
        [version(&before, &after), version(&after, &before)]
    });
    Part::Versions(pairs.collect())
}

/// The value of a field: what is behind its tag and its length.
fn value<'m>(field: &MessageField<'m>) -> &'m [u8] {
    let value = field.span.inside.last();
    let from = value.map(|value| value.offset.saturating_sub(field.span.offset));
    from.and_then(|from| field.bytes.get(from..)).unwrap_or(field.bytes)
}

impl Version {
    /// Shows a value beside its other version, if it has one: the rows that differ, or else its beginning.
    fn new(name: &'static str, value: &[u8], other: Option<&[u8]>) -> Self {
        let comparable = other.filter(|other| other.len() == value.len());
        let differ: Vec<bool> = match comparable {
            Some(other) => value.iter().zip(other).map(|(one, other)| one != other).collect(),
            None => vec![true; value.len()],
        };
        // Where most bytes differ, marks tell nothing.
        let are_most = 2 * differ.iter().filter(|differs| **differs).count() > value.len();
        let is_marked = other.is_none() || comparable.is_some() && !are_most;
        let rows = || value.chunks(ROW).zip(differ.chunks(ROW));
        let is_changed = |(_, differ): &(&[u8], &[bool])| differ.contains(&true);
        let is_same = !rows().any(|row| is_changed(&row));
        let shown: Vec<_> = if is_same {
            rows().take(1).collect()
        } else {
            rows().filter(is_changed).take(ROWS).collect()
        };
        let more = shown.len() < rows().count();
        let run = |(bytes, differ): (&[u8], &[bool])| {
            let marks: Vec<_> = differ.iter().map(|differs| *differs && is_marked).collect();
            runs_of(bytes, &marks, " ", |byte| format!("{byte:02x}"))
        };
        let rows = shown.into_iter().map(run).collect();
        Self { name, len: value.len(), words: statement(value), rows, more }
    }
}

/// Returns the class of a tone in the style sheet.
fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Quiet => "quiet",
    }
}

/// Returns the fields of a record, each with its class in the style sheet.
fn fields_of(stage: &Stage, bytes: &[u8]) -> Vec<(&'static str, String)> {
    let parts = stage.split(bytes).unwrap_or_default();
    named(&parts).into_iter().map(|(field, text)| (class_of(field), text)).collect()
}

fn class_of(field: &Field) -> &'static str {
    match field.role {
        Role::ContentType | Role::Version | Role::Length => "f-length",
        Role::Seq => "f-seq",
        Role::Nonce => "f-nonce",
        Role::Plaintext => "f-plaintext",
        Role::Message => "f-message",
        Role::Ciphertext | Role::InnerType => "f-ciphertext",
        Role::Tag => "f-tag",
    }
}

/// A text in quotes, and whether more follows that is not shown.
fn text_of(text: &[u8], other: Option<&[u8]>) -> (Vec<Run>, bool) {
    let (shown, differ) = shown(text, other);
    let runs = runs_of(shown, &differ, "", |byte| byte.escape_ascii().to_string());
    (runs, shown.len() < text.len())
}

/// A row of a changed field.
struct Row {
    /// Its offset in the message.
    offset: usize,
    before: Vec<Run>,
    after: Vec<Run>,
    /// Both as numbers, where they are.
    numbers: Option<(u64, u64)>,
}

/// The rows of a changed field.
fn rows(change: &Change, field: &Field) -> Vec<Row> {
    let Change { offset, before, after, .. } = change;
    let rows = (0..).step_by(ROW).zip(before.chunks(ROW)).filter_map(|(at, old)| {
        let new = after.get(at..(at + old.len()).min(after.len())).unwrap_or_default();
        let hex = |one: &[u8], other: &[u8]| {
            let differ: Vec<_> = (0..one.len()).map(|at| one.get(at) != other.get(at)).collect();
            runs_of(one, &differ, " ", |byte| format!("{byte:02x}"))
        };
        let is_shown = old != new && !new.is_empty();
        is_shown.then(|| Row {
            offset: offset + at,
            before: hex(old, new),
            after: hex(new, old),
            numbers: field.number(old).zip(field.number(new)),
        })
    });
    rows.collect()
}
