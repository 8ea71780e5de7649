//! `cargo xtask diff`: what changes from one stage to another: the record, the code, and what the
//! attacks can do.

use std::cmp::Ordering;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use attacker::Attack;
use clap::Args;
use similar::{ChangeTag, TextDiff};
use stages::{Place, Stage};
use transcript::lines::{GOOD, HEADING};

use super::Table;
use super::layout::offset_and_len;
use crate::lab::scenario::SCENARIOS;
use crate::lab::verdict::Mark;
use crate::stage_names;

/// Lines of code around a change that are shown with it.
const CONTEXT: usize = 2;

const REMOVED: Style = AnsiColor::Red.on_default();
const ADDED: Style = GOOD;

/// The stages to compare, and how.
#[derive(Args, Debug)]
pub struct DiffOptions {
    /// The stage before
    #[arg(value_name = "STAGE", value_parser = stage_names::any)]
    before: &'static Stage,

    /// The stage after
    #[arg(value_name = "STAGE", value_parser = stage_names::any)]
    after: &'static Stage,

    /// As Markdown, as the book carries it
    #[arg(long)]
    markdown: bool,
}

/// Returns the changes, styled with escape codes where they are for a terminal.
///
/// # Errors
/// When the code of a stage cannot be read.
pub fn text(options: &DiffOptions) -> Result<String> {
    let (before, after) = (options.before, options.after);
    let parts = [
        record(before, after, options.markdown),
        code(before, after, options.markdown)?,
        attacks(before, after, options.markdown),
    ];
    Ok(parts.join("\n"))
}

/// A part's name, and a line about it.
fn heading(name: &str, words: &str, markdown: bool) -> String {
    if markdown {
        format!("**{name}:** {words}.\n\n")
    } else {
        format!("{HEADING}{name}{HEADING:#}: {words}\n\n")
    }
}

fn record(before: &Stage, after: &Stage, markdown: bool) -> String {
    let (was, is) = (before.record_overhead(), after.record_overhead());
    let more = match is.cmp(&was) {
        Ordering::Greater => format!("{} bytes more", is - was),
        Ordering::Less => format!("{} bytes less", was - is),
        Ordering::Equal => "as long as before".to_owned(),
    };
    let words = format!("{more}, {is} beside the plaintext where there were {was}");
    let mut text = heading("The record", &words, markdown);

    let [name_before, name_after] = [before, after].map(|stage| format!("`{}`", stage.name));
    let mut table =
        Table::new(["field: offset, length", &name_before, &name_after, "what changed"]);
    let [old, new] = [before, after].map(|stage| stage.places().collect::<Vec<_>>());
    let find =
        |places: &[Place], name| places.iter().find(|place| place.field.name == name).copied();
    let gone = old.iter().filter(|place| find(&new, place.field.name).is_none());
    for name in new.iter().chain(gone).map(|place| place.field.name) {
        let (old, new) = (find(&old, name), find(&new, name));
        let shown =
            |place: &Option<Place>| place.as_ref().map_or_else(|| "-".to_owned(), offset_and_len);
        table.row([format!("`{name}`"), shown(&old), shown(&new), change(old, new)]);
    }
    text += &table.shown(markdown);
    text
}

/// Describes the change of a field.
fn change(old: Option<Place>, new: Option<Place>) -> String {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (old, _) => return if old.is_some() { "gone" } else { "new" }.to_owned(),
    };
    let mut changes = Vec::new();
    match (old.field.len, new.field.len) {
        (Some(was), Some(is)) if is > was => changes.push(format!("{} bytes more", is - was)),
        (Some(was), Some(is)) if is < was => changes.push(format!("{} bytes less", was - is)),
        _ => {}
    }
    if old.to_string() != new.to_string() {
        changes.push("moved".to_owned());
    }
    if new.field.is_covered && !old.field.is_covered {
        changes.push("now under the tag".to_owned());
    }
    changes.join(", ")
}

/// The module of a stage in `crates/crypto`, if it has one.
fn module(stage: &Stage) -> Option<String> {
    stage.has_records().then(|| format!("crates/crypto/src/{}.rs", stage.module()))
}

/// Returns the lines of a stage's module, without the module docs, the imports, and the marks of
/// the book.
fn lines(stage: &Stage) -> Result<Vec<String>> {
    let Some(module) = module(stage) else { return Ok(Vec::new()) };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&module);
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {module}"))?;
    let skipped = |line: &&str| {
        let starts = ["//!", "use ", "pub use ", "// ANCHOR"];
        starts.iter().any(|start| line.trim_start().starts_with(start))
    };
    let kept = text.lines().filter(|line| !skipped(line)).skip_while(|line| line.is_empty());
    Ok(kept.map(|line| line.to_owned() + "\n").collect())
}

/// Returns the item around line `at`: the nearest line above it that is not indented.
fn around(lines: &[String], at: usize) -> &str {
    let above = lines.iter().take(at).rev();
    let mut items = above.filter(|line| line.starts_with(char::is_alphabetic));
    items.next().map_or("", |line| line.trim_end().trim_end_matches(" {"))
}

fn code(before: &Stage, after: &Stage, markdown: bool) -> Result<String> {
    let (old, new) = (lines(before)?, lines(after)?);
    let module = |stage: &Stage| {
        module(stage).map_or_else(|| format!("{} has none", stage.name), |path| format!("`{path}`"))
    };
    let words = format!("{} against {}", module(after), module(before));
    let words = if markdown { words } else { words.replace('`', "") };
    let mut text = heading("The code", &words, markdown);
    text += if markdown { "```diff\n" } else { "" };
    let (old_text, new_text) = (old.concat(), new.concat());
    let diff = TextDiff::from_lines(&old_text, &new_text);
    for group in diff.grouped_ops(CONTEXT) {
        let at = group.first().map_or(0, |op| op.new_range().start);
        _ = writeln!(text, "{}", format!("@@ {}", around(&new, at)).trim_end());
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (mark, style) = match change.tag() {
                ChangeTag::Delete => ('-', REMOVED),
                ChangeTag::Insert => ('+', ADDED),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let style = if markdown { Style::new() } else { style };
            let line = format!("{mark}{}", change.value().trim_end());
            _ = writeln!(text, "{style}{}{style:#}", line.trim_end());
        }
    }
    text += if markdown { "```\n" } else { "" };
    Ok(text)
}

fn attacks(before: &Stage, after: &Stage, markdown: bool) -> String {
    let mut table = Table::new(["attack", "tries to", before.short_name(), after.short_name()]);
    for scenario in SCENARIOS {
        let [was, is] = [before, after].map(|stage| Mark::known(scenario.attack, stage).markdown());
        if was != is {
            let Attack { name, tries, .. } = scenario.attack;
            table.row([format!("`{name}`"), (*tries).to_owned(), was, is]);
        }
    }
    if table.is_empty() {
        return heading("The attacks", "every one goes as before", markdown);
    }
    heading("The attacks", "those that go otherwise", markdown) + &table.shown(markdown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::STAGES;
    use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ};

    #[test]
    fn the_code_that_is_gone_was_in_one_module_and_what_is_new_is_in_the_other() {
        for [before, after] in STAGES.windows(2).map(|two| [two[0], two[1]]) {
            let text = code(before, after, true).unwrap();
            let marked = |mark: char| {
                let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
                lines.map(|line| line.to_owned() + "\n").collect::<Vec<_>>()
            };
            let (gone, new) = (marked('-'), marked('+'));
            let [old_module, new_module] = [before, after].map(|stage| lines(stage).unwrap());
            assert!(gone.iter().all(|line| old_module.contains(line)), "{text}");
            assert!(new.iter().all(|line| new_module.contains(line)), "{text}");
            assert_eq!(old_module.len() + new.len(), new_module.len() + gone.len(), "{text}");
        }
    }

    #[test]
    fn every_field_says_what_became_of_it() {
        let changes = |before: &Stage, after: &Stage, field: &str| {
            let find = |stage: &Stage| stage.places().find(|place| place.field.name == field);
            change(find(before), find(after))
        };
        assert_eq!(changes(&PART2_HMAC, &PART2_HMAC_SEQ, "length"), "");
        assert_eq!(changes(&PART2_HMAC, &PART2_HMAC_SEQ, "seq"), "new");
        assert_eq!(changes(&PART2_HMAC, &PART2_HMAC_SEQ, "tag"), "moved");
        assert_eq!(changes(&PART2_HMAC_SEQ, &PART2_AEAD, "nonce"), "4 bytes less");
        assert_eq!(changes(&PART2_AEAD, &PART2_HMAC_SEQ, "tag"), "16 bytes more, moved");
        assert_eq!(changes(&PART1_CTR, &PART2_HMAC, "nonce"), "now under the tag");
        assert_eq!(changes(&PART1_PLAIN, &PART1_CTR, "plaintext"), "gone");
    }

    #[test]
    fn an_attack_is_listed_where_its_cells_differ_and_only_there() {
        let text = attacks(&PART2_HMAC, &PART2_HMAC_SEQ, true);
        let row =
            "| `replay` | send a record twice in its connection | ✗ **open** | ✓ out_of_order |";
        assert!(text.contains(row) && !text.contains("`bit-flip`"), "{text}");
        let unchanged = attacks(&PART2_AEAD, &PART2_AEAD, true);
        assert_eq!(unchanged, "**The attacks:** every one goes as before.\n\n");
    }
}
