//! `cargo xtask diff`: what changes from one stage to another: the handshake, the keys, the record, the code, and
//! what the attacks can do.

use std::cmp::Ordering;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use attacker::Attack;
use clap::Args;
use similar::{ChangeTag, TextDiff};
use stages::{Message, Place, Stage};
use transcript::lines::{GOOD, HEADING};

use super::Table;
use super::layout::{bytes_of, distinct, offset_and_len};
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
    let markdown = options.markdown;
    let parts = [
        handshake(before, after, markdown),
        keys(before, after, markdown),
        record(before, after, markdown),
        Some(code(before, after, markdown)?),
        Some(attacks(before, after, markdown)),
    ];
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// A part's name, and a line about it.
fn heading(name: &str, words: &str, markdown: bool) -> String {
    if markdown {
        format!("**{name}:** {words}.\n\n")
    } else {
        format!("{HEADING}{name}{HEADING:#}: {words}\n\n")
    }
}

/// A part that is told in a line.
fn line(name: &str, words: &str, markdown: bool) -> String {
    heading(name, words, markdown).trim_end().to_owned() + "\n"
}

/// The messages that cross before data, if either stage has any.
fn handshake(before: &Stage, after: &Stage, markdown: bool) -> Option<String> {
    let stages = [before, after];
    if stages.iter().all(|stage| stage.handshake.is_empty()) {
        return None;
    }
    let bytes = |stage: &Stage| {
        if stage.has_types() {
            let sealed = stage.handshake.iter().filter(|message| message.is_sealed).count();
            return format!("{} messages, {sealed} of them encrypted", stage.handshake.len());
        }
        let lens = stage.handshake.iter().map(Message::max_record_len);
        let about = if stage.handshake.iter().any(Message::varies) { "about " } else { "" };
        match lens.sum::<usize>() {
            0 => "none".to_owned(),
            bytes => format!("{} messages, {about}{bytes} bytes", stage.handshake.len()),
        }
    };
    if before.handshake == after.handshake {
        let words = format!("{}, as before", bytes(after));
        return Some(line("The handshake", &words, markdown));
    }
    let words = format!("{} where there were {}", bytes(after), bytes(before));
    let mut text = heading("The handshake", &words, markdown);
    let names = stages.map(|stage| format!("`{}`", stage.name));
    let mut table = Table::new(["message"].map(str::to_owned).into_iter().chain(names));
    for name in distinct(stages.iter().flat_map(|stage| stage.handshake).map(|it| it.name)) {
        let contents = stages.map(|stage| {
            let message = stage.handshake.iter().find(|message| message.name == name);
            message.map_or_else(|| "-".to_owned(), |message| contents(stage, message))
        });
        table.row([name.to_owned()].into_iter().chain(contents));
    }
    text += &table.shown(markdown);
    Some(text)
}

/// The values in a message, or, where they are up to both sides, whether anyone can read them.
fn contents(stage: &Stage, message: &Message) -> String {
    if stage.has_types() {
        return if message.is_sealed { "encrypted" } else { "in the clear" }.to_owned();
    }
    let same = message.fields.chunk_by(|one, other| one.tag == other.tag);
    let names = same.filter_map(|same| {
        let name = same.first()?.tag.name;
        Some(if same.len() > 1 { format!("{} × {name}", same.len()) } else { name.to_owned() })
    });
    format!("{}: {}", names.collect::<Vec<_>>().join(", "), bytes_of(message, ""))
}

/// The keys, if they are others.
fn keys(before: &Stage, after: &Stage, markdown: bool) -> Option<String> {
    (before.keys != after.keys).then(|| {
        let words = format!("{}. Before: {}", after.keys, before.keys);
        line("The keys", &words, markdown)
    })
}

/// The record of data, if either stage has one.
fn record(before: &Stage, after: &Stage, markdown: bool) -> Option<String> {
    let words = match (before.has_data(), after.has_data()) {
        (false, false) => return None,
        (true, false) => {
            let words = "none: the handshake is all there is";
            return Some(line("The record", words, markdown));
        }
        (false, true) => format!("{} bytes beside the plaintext", after.record_overhead()),
        (true, true) => overheads(before, after),
    };
    let mut text = heading("The record", &words, markdown);

    let [name_before, name_after] = [before, after].map(|stage| format!("`{}`", stage.name));
    let mut table =
        Table::new(["field: offset, length", &name_before, &name_after, "what changed"]);
    let places = |stage: &Stage| stage.places().filter(|_| stage.has_data()).collect::<Vec<_>>();
    let [old, new] = [before, after].map(places);
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
    Some(text)
}

/// Compares what a record has beside its plaintext.
fn overheads(before: &Stage, after: &Stage) -> String {
    let (was, is) = (before.record_overhead(), after.record_overhead());
    let more = match is.cmp(&was) {
        Ordering::Greater => format!("{} bytes more", is - was),
        Ordering::Less => format!("{} bytes less", was - is),
        Ordering::Equal => "as long as before".to_owned(),
    };
    format!("{more}, {is} beside the plaintext where there were {was}")
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

/// The code of two stages where they differ most: how they seal and open a record, how they agree on a secret, or,
/// from the one to the other, what their clients do. `None` if a stage has no such code.
fn sources(before: &Stage, after: &Stage) -> [Option<String>; 2] {
    let stages = [before, after];
    if stages.iter().all(|stage| stage.handshake.is_empty()) {
        let module = |stage: &Stage| format!("crates/crypto/src/{}.rs", stage.module());
        return stages.map(|stage| stage.has_records().then(|| module(stage)));
    }
    if stages.iter().all(|stage| !stage.has_data()) {
        return stages.map(|stage| Some(format!("crates/handshake/src/{}.rs", stage.module())));
    }
    let client =
        |stage: &Stage| format!("{}/src/bin/{}.rs", stage.package(), stage.program("client"));
    stages.map(|stage| Some(client(stage)))
}

/// Returns the lines of a source, without the module docs, the imports, and the marks of the book.
fn lines(source: Option<&str>) -> Result<Vec<String>> {
    let Some(source) = source else { return Ok(Vec::new()) };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {source}"))?;
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
    let [old_source, new_source] = sources(before, after);
    let (old, new) = (lines(old_source.as_deref())?, lines(new_source.as_deref())?);
    let named = |source: Option<String>, stage: &Stage| {
        source.map_or_else(|| format!("{} has none", stage.name), |path| format!("`{path}`"))
    };
    let words = format!("{} against {}", named(new_source, after), named(old_source, before));
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
    use stages::{
        PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, PART3_DH, PART3_HKDF,
        PART3_X25519, PART4_CERT, PART5_TLS13, STAGES,
    };

    #[test]
    fn a_handshake_and_its_keys_are_told_where_they_come_and_where_they_change() {
        let keys_of_aead = "one, printed in the source, for both directions";
        let text = handshake(&PART2_AEAD, &PART3_DH, true).unwrap();
        assert_eq!(
            text,
            "**The handshake:** 2 messages, 793 bytes where there were none.\n\n\
             | message | `part2-aead` | `part3-dh` |\n|---|---|---|\n\
             | ClientHello | - | prime p, generator g, public value: 529 bytes |\n\
             | ServerHello | - | public value: 264 bytes |\n"
        );
        let text = handshake(&PART3_X25519, &PART3_HKDF, true).unwrap();
        assert_eq!(text, "**The handshake:** 2 messages, 80 bytes, as before.\n");
        assert_eq!(handshake(&PART2_HMAC, &PART2_AEAD, true), None);

        let text = handshake(&PART3_HKDF, &PART4_CERT, true).unwrap();
        assert_eq!(
            text,
            "**The handshake:** 3 messages, about 2301 bytes where there were 2 messages, 80 bytes.\n\n\
             | message | `part3-hkdf` | `part4-cert` |\n|---|---|---|\n\
             | ClientHello | X25519 key: 40 bytes | X25519 key: 40 bytes |\n\
             | ServerHello | X25519 key: 40 bytes | X25519 key: 40 bytes |\n\
             | ServerAuth | - | 2 × certificate, CertificateVerify: about 2221 bytes |\n"
        );

        let text = handshake(&PART4_CERT, &PART5_TLS13, true).unwrap();
        assert_eq!(
            text,
            "**The handshake:** 9 messages, 5 of them encrypted where there were 3 messages, about 2301 bytes.\n\n\
             | message | `part4-cert` | `part5-tls13` |\n|---|---|---|\n\
             | ClientHello | X25519 key: 40 bytes | in the clear |\n\
             | ServerHello | X25519 key: 40 bytes | in the clear |\n\
             | ServerAuth | 2 × certificate, CertificateVerify: about 2221 bytes | - |\n\
             | ChangeCipherSpec | - | in the clear |\n\
             | EncryptedExtensions | - | encrypted |\n\
             | Certificate | - | encrypted |\n\
             | CertificateVerify | - | encrypted |\n\
             | Finished | - | encrypted |\n"
        );
        let text = record(&PART4_CERT, &PART5_TLS13, true).unwrap();
        let words = "18 bytes less, 22 beside the plaintext where there were 40";
        assert!(text.contains(words) && text.contains("now under the tag"), "{text}");

        let text = keys(&PART2_AEAD, &PART3_HKDF, false).unwrap();
        assert!(text.contains("two, one for each direction, made of the secret"), "{text}");
        assert!(text.trim_end().ends_with(&format!("Before: {keys_of_aead}")), "{text}");
        assert_eq!(keys(&PART3_DH, &PART3_X25519, true), None);
    }

    #[test]
    fn a_record_is_told_where_data_travels_at_both_stages_comes_or_goes() {
        let text = record(&PART2_AEAD, &PART3_HKDF, true).unwrap();
        assert!(
            text.contains("as long as before") && text.contains("| 24 + N, 16 | 24 + N, 16 |  |")
        );
        let text = record(&PART2_AEAD, &PART3_DH, true).unwrap();
        assert_eq!(text, "**The record:** none: the handshake is all there is.\n");
        assert_eq!(record(&PART3_DH, &PART3_X25519, true), None);
        let text = record(&PART3_X25519, &PART3_HKDF, true).unwrap();
        assert!(text.starts_with("**The record:** 40 bytes beside the plaintext."), "{text}");
        assert!(text.contains("| `tag` | - | 24 + N, 16 | new |"), "{text}");
        assert!(!text.contains("message"), "{text}");
    }

    #[test]
    fn the_code_that_is_gone_was_in_one_module_and_what_is_new_is_in_the_other() {
        for [before, after] in STAGES.windows(2).map(|two| [two[0], two[1]]) {
            let text = code(before, after, true).unwrap();
            let marked = |mark: char| {
                let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
                lines.map(|line| line.to_owned() + "\n").collect::<Vec<_>>()
            };
            let (gone, new) = (marked('-'), marked('+'));
            let [old_module, new_module] =
                sources(before, after).map(|source| lines(source.as_deref()).unwrap());
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
