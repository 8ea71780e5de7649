//! An attack as a page: its story at each stage, side by side.

use std::io::{self, Write};
use std::ops::Deref;

use askama::Template;
use stages::{Field, Role, Stage};
use transcript::lines::named;
use xtask::lab::story::words::{Content, Line, Tone, cut_off, shown};
use xtask::lab::story::{Act, Belief, Change, Story, Who, acts};
use xtask::lab::verdict::Verdict;

use super::view::{Run, runs_of};

/// Bytes of a changed field in a row.
const ROW: usize = 8;

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
    lines: Vec<Line<'s>>,
}

impl<'s> Tale<'s> {
    fn new(story: &'s Story, acts: &'s [Act]) -> Self {
        let scenes = story.scenes(acts).into_iter().map(|(connection, acts)| {
            let said = acts.into_iter().map(|(act, lines)| (act.who, lines));
            Scene::new(story, connection, said)
        });
        let beliefs = story
            .beliefs
            .iter()
            .map(|belief: &Belief| Scene::new(story, belief.connection, story.sides(belief)));
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
        said: impl IntoIterator<Item = (Who, Vec<Line<'s>>)>,
    ) -> Self {
        let mut turns: Vec<Turn<'s>> = Vec::new();
        for (who, lines) in said {
            match turns.last_mut() {
                Some(turn) if turn.who == who => turn.lines.extend(lines),
                _ => turns.push(Turn { who, name: story.name_of(who, connection), lines }),
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
        Role::Length => "f-length",
        Role::Seq => "f-seq",
        Role::Nonce => "f-nonce",
        Role::Plaintext | Role::Message => "f-plaintext",
        Role::Ciphertext => "f-ciphertext",
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
