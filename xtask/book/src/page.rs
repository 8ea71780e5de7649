//! A page of the book, README among them: what in it is made by commands, and what it names.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex_lite::Regex;

/// A page, taken apart.
#[derive(Debug, Default)]
pub struct Page {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// Its fenced code blocks.
    pub blocks: Vec<Block>,
    /// Its parts that a command prints.
    pub generated: Vec<Generated>,
    /// Where its links and images lead.
    pub links: Vec<Named>,
    /// Its inline code.
    pub spans: Vec<Named>,
    /// Its includes: path, and anchor after a colon.
    pub includes: Vec<Named>,
    /// The names of its headings, as a link has them after a `#`.
    pub headings: Vec<String>,
}

/// Something that is named, and the line it is in.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// Counted from 1.
    pub line: usize,
    /// As it is written.
    pub text: String,
}

/// A fenced block of code.
#[derive(Debug)]
pub struct Block {
    /// The line of the fence above, counted from 1.
    pub line: usize,
    /// Its purpose.
    pub kind: Kind,
    /// What is between the fences, in the page.
    pub body: Range<usize>,
    /// What stands before each line.
    pub indent: String,
    /// What is between the fences, without that.
    pub text: String,
}

/// The purpose of a code block, as the word after its fence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `console`: commands after `$`, each followed by what it prints.
    Console {
        /// `console,fails`: commands that should end with anything but 0.
        fails: bool,
    },
    /// `sh`: a script, whose output is not shown.
    Script {
        /// `sh,fails`: a script that should end with anything but 0.
        fails: bool,
    },
    /// `sh,by-hand`: commands for a person. They are not run, but what they name exists.
    ByHand,
    /// Anything else.
    Other,
}

/// A part that a command prints: between `<!-- COMMAND -->` and `<!-- end -->`.
#[derive(Debug)]
pub struct Generated {
    /// The command, and its line.
    pub command: Named,
    /// What is between the two, in the page. `None` if there is no end.
    pub body: Option<Range<usize>>,
}

impl Generated {
    /// Whether the command itself puts its measurements there, which differ each time.
    pub fn is_measured(&self) -> bool {
        self.command.text.contains("--write-docs")
    }
}

impl Page {
    /// Takes a page apart.
    pub fn new(path: &Path, text: String) -> Self {
        let mut page = Self { path: path.to_owned(), ..Self::default() };
        let mut code = Vec::new();
        let mut heading: Option<String> = None;
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_HEADING_ATTRIBUTES;
        for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
            let line = line_of(&text, range.start);
            let named = |text: &str| Named { line, text: text.to_owned() };
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    if let CodeBlockKind::Fenced(info) = kind {
                        page.blocks.push(Block::new(&text, range.clone(), &info));
                    }
                    code.push(range);
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(named(&dest_url));
                }
                Event::Start(Tag::Heading { id, .. }) => {
                    heading = Some(String::new());
                    page.headings.extend(id.map(|id| id.to_string()));
                }
                Event::End(TagEnd::Heading(_)) => {
                    let id = id_of(&heading.take().unwrap_or_default());
                    let same = page.headings.iter().filter(|known| **known == id).count();
                    page.headings.push(if same == 0 { id } else { format!("{id}-{same}") });
                }
                Event::Code(ref words) | Event::Text(ref words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(words);
                    }
                    if let Event::Code(_) = event {
                        page.spans.push(named(words));
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    page.links.extend(targets(&html).map(named));
                }
                _ => {}
            }
        }
        page.generated = generated(&text, &code);
        page.includes = includes(&text);
        page.text = text;
        page
    }

    /// Finds where a line begins, in bytes; lines are counted from 1.
    pub fn start_of(&self, line: usize) -> usize {
        self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
    }
}

impl Block {
    fn new(page: &str, range: Range<usize>, info: &str) -> Self {
        let line_start = page[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = page[line_start..range.start].to_owned();
        let fence = &page[range.clone()];
        let start = range.start + fence.find('\n').map_or(fence.len(), |at| at + 1);
        let end = range.start + fence.rfind('\n').map_or(fence.len(), |at| at + 1);
        let body = start..end.max(start);
        let without = |line: &str| line.strip_prefix(&indent).unwrap_or(line).to_owned() + "\n";
        let text = page[body.clone()].lines().map(without).collect();
        let words: Vec<_> = info.split(',').map(str::trim).collect();
        let kind = match words[..] {
            ["console"] => Kind::Console { fails: false },
            ["console", "fails"] => Kind::Console { fails: true },
            ["sh"] => Kind::Script { fails: false },
            ["sh", "fails"] => Kind::Script { fails: true },
            ["sh", "by-hand"] => Kind::ByHand,
            _ => Kind::Other,
        };
        Self { line: line_of(page, range.start), kind, body, indent, text }
    }

    /// Lists its commands with their lines: those of a console follow `$`, and go on in the next
    /// line after a `\`.
    pub fn commands(&self) -> impl Iterator<Item = Named> {
        let is_console = matches!(self.kind, Kind::Console { .. });
        let is_code = self.kind == Kind::Other;
        let mut lines = (self.line + 1..).zip(self.text.lines()).filter(move |_| !is_code);
        std::iter::from_fn(move || {
            let prompt = |(line, text): (usize, &str)| match text.strip_prefix("$ ") {
                Some(text) if is_console => Some((line, text.to_owned())),
                _ => (!is_console).then(|| (line, text.to_owned())),
            };
            let (line, mut text) = lines.by_ref().find_map(prompt)?;
            while is_console && text.ends_with('\\') {
                let (_, next) = lines.next()?;
                text = text + "\n" + next;
            }
            Some(Named { line, text })
        })
    }
}

/// Returns the line of a byte, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Turns a heading into the name that mdBook and GitHub give it in links.
fn id_of(heading: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_alphanumeric() || "_-".contains(letter) => {
            Some(letter.to_ascii_lowercase())
        }
        letter if letter.is_whitespace() => Some('-'),
        _ => None,
    };
    heading.trim().chars().filter_map(letter).collect()
}

/// Lists where the links and images of a piece of HTML lead.
fn targets(html: &str) -> impl Iterator<Item = &str> {
    static TARGET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\b(?:src|href|srcset)="([^"]*)""#).ok());
    let all = TARGET.as_ref().map(|target| target.captures_iter(html));
    all.into_iter().flatten().filter_map(|found| Some(found.get(1)?.as_str()))
}

fn generated(text: &str, code: &[Range<usize>]) -> Vec<Generated> {
    let mut parts: Vec<Generated> = Vec::new();
    let (mut at, mut open) = (0, None);
    for (line, words) in (1..).zip(text.split_inclusive('\n')) {
        let start = at;
        at += words.len();
        let comment = words.trim().strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->"));
        let in_code = open.is_none() && code.iter().any(|code| code.contains(&start));
        match comment.filter(|_| !in_code) {
            Some("end") => {
                if let (Some(from), Some(part)) = (open.take(), parts.last_mut()) {
                    part.body = Some(from..start);
                }
            }
            Some(command) if command.starts_with("cargo ") => {
                open = Some(at);
                let command = Named { line, text: command.to_owned() };
                parts.push(Generated { command, body: None });
            }
            _ => {}
        }
    }
    parts
}

fn includes(text: &str) -> Vec<Named> {
    static INCLUDE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\{\{#(?:rustdoc_)?include +([^}]+?) *\}\}").ok());
    let mut includes = Vec::new();
    for found in INCLUDE.iter().flat_map(|include| include.captures_iter(text)) {
        if let Some(what) = found.get(1) {
            let line = line_of(text, what.start());
            includes.push(Named { line, text: what.as_str().to_owned() });
        }
    }
    includes
}
