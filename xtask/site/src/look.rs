//! The look of a page: what it has beyond Markdown.
//!
//! The pages stay plain Markdown, which GitHub shows too. On their way into the book, their outputs are
//! coloured, their tables learn to stack on a narrow screen, long diffs are folded, and the pictures become
//! part of the page, so that they are dark where it is.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex_lite::{Captures, Regex};

use crate::{escaped, transcript};

/// Lines up to which a diff is not folded.
const SHORT: usize = 16;

/// Columns from which a table that names attacks is the attack table.
const MATRIX: usize = 5;

/// The changes that are made to a page on its way into the book.
pub struct Look {
    source: PathBuf,
}

/// The replacement of a part of a page.
type Edit = (Range<usize>, String);

impl Look {
    /// The look of the pages in the folder `source`.
    pub fn new(source: &Path) -> Self {
        Self { source: source.to_owned() }
    }

    /// Returns the text of the page at `path`, from the folder, as the book has it.
    pub fn dressed(&self, path: &Path, text: &str) -> String {
        let mut dressed = text.to_owned();
        for (range, new) in self.edits(path, text).into_iter().rev() {
            dressed.replace_range(range, &new);
        }
        dressed
    }

    fn edits(&self, path: &Path, text: &str) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        let mut code: Option<(String, String)> = None;
        let mut table: Option<(Range<usize>, Vec<String>)> = None;
        let mut is_head = false;
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    code = Some((info.to_string(), String::new()));
                }
                Event::Text(words) if code.is_some() => {
                    if let Some((_, code)) = &mut code {
                        *code += &words;
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    let Some((info, code)) = code.take() else { continue };
                    let html = match info.split(',').next() {
                        Some("console") => transcript::html(&code),
                        Some("diff") => diff(&code),
                        _ => continue,
                    };
                    let html =
                        html.trim_end().replace('\n', &format!("\n{}", indent(text, &range)));
                    edits.push((range, html));
                }
                Event::Start(Tag::Table(_)) => table = Some((range, Vec::new())),
                Event::Start(Tag::TableHead) => is_head = true,
                Event::End(TagEnd::TableHead) => is_head = false,
                Event::Start(Tag::TableCell) if is_head => {
                    if let Some((_, labels)) = &mut table {
                        labels.push(String::new());
                    }
                }
                Event::Text(words) | Event::Code(words) if is_head => {
                    if let Some(label) = table.as_mut().and_then(|(_, labels)| labels.last_mut()) {
                        *label += &words;
                    }
                }
                Event::End(TagEnd::Table) => {
                    let Some((range, labels)) = table.take() else { continue };
                    let indent = indent(text, &range);
                    let rows = text.get(range.clone()).unwrap_or_default();
                    edits.push((range, stacking(rows, &labels, &indent)));
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let folder = self.source.join(path.parent().unwrap_or(Path::new("")));
                    let alt = text.get(range.clone()).and_then(|it| it.strip_prefix("!["));
                    let alt = alt.and_then(|it| it.split_once(']')).map_or("", |(alt, _)| alt);
                    let drawing = drawing(&folder.join(&*dest_url), alt);
                    edits.extend(drawing.map(|drawing| (range, drawing)));
                }
                _ => {}
            }
        }
        edits
    }
}

/// What precedes a block in its line, and so each of its lines.
fn indent(text: &str, range: &Range<usize>) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default().to_owned()
}

/// Folds a long diff.
fn diff(code: &str) -> String {
    let count = |mark| code.lines().filter(|line| line.starts_with(mark)).count();
    let (gone, new) = (count('-'), count('+'));
    let mut html = String::from(r#"<pre class="diff" tabindex="0">"#);
    for line in code.lines() {
        let class = match line.as_bytes().first() {
            Some(b'+') => "new",
            Some(b'-') => "gone",
            Some(b'@') => "place",
            _ => "same",
        };
        _ = write!(html, "<span class=\"{class}\">{}\n</span>", escaped(line));
    }
    html += "</pre>";
    if code.lines().count() <= SHORT {
        return html;
    }
    let lines = code.lines().count();
    let what = format!("The diff: {lines} lines, {new} of them new, {gone} gone");
    format!("<details class=\"fold\">\n<summary>{what}</summary>\n{html}\n</details>")
}

/// Wraps a table so that, on a narrow screen, each of its cells can name its column.
fn stacking(rows: &str, labels: &[String], indent: &str) -> String {
    let is_matrix = labels.len() >= MATRIX && labels.first().is_some_and(|it| it == "attack");
    let class = if is_matrix { "rows matrix" } else { "rows" };
    let mut style = String::new();
    for (number, label) in (1..).zip(labels) {
        let label = label.replace(['\\', '\'', '"', '<', '>', '&'], "");
        _ = write!(style, "--l{number}:'{label}';");
    }
    let rows = marked(rows.trim_end());
    format!(
        "<div class=\"{class}\" style=\"{style}\">\n{indent}\n{indent}{rows}\n{indent}\n{indent}</div>\n"
    )
}

/// Colours the marks of the attack table, and the names of fields.
fn marked(rows: &str) -> String {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let fields = transcript::fields().collect::<Vec<_>>().join("|");
        let marks = r"(✗ \*\*open\*\*)|✓ (\w+)|(· passes)";
        Regex::new(&format!(r"{marks}|`({fields})`")).ok()
    });
    let html = |found: &Captures<'_>| {
        let part = |at| found.get(at).map(|it| it.as_str());
        if part(1).is_some() {
            r#"<span class="open">✗&nbsp;open</span>"#.to_owned()
        } else if let Some(check) = part(2) {
            format!(r#"<span class="closed">✓&nbsp;{}</span>"#, check.replace('_', "_<wbr>"))
        } else if let Some(field) = part(4) {
            format!(r#"<code class="f-{field} bytes">{field}</code>"#)
        } else {
            r#"<span class="passes">·&nbsp;passes</span>"#.to_owned()
        }
    };
    match MARK.as_ref() {
        Some(mark) => mark.replace_all(rows, html).into_owned(),
        None => rows.to_owned(),
    }
}

/// Returns a drawing as part of the page, without the style that it has for viewing it on its own.
/// Any other picture stays what it is.
fn drawing(path: &Path, alt: &str) -> Option<String> {
    let svg = fs::read_to_string(path).ok()?;
    let (head, rest) = svg.split_once("<title")?;
    let (_, body) = rest.split_once("</style>")?;
    // Only those whose colours are the palette's.
    if !rest.contains("var(--tone)") {
        return None;
    }
    let head = head.replace(r#" aria-labelledby="title desc""#, "");
    let head = head.trim_end().trim_end_matches('>');
    let alt = escaped(alt);
    Some(format!("<figure class=\"drawing\">\n{head} aria-label=\"{alt}\">{body}</figure>"))
}
