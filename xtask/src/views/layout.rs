//! `cargo xtask layout`: where each field of a record and of a message lies, and what protects it.

use std::fmt::Write;

use clap::Args;
use framing::MAX_PLAINTEXT_LEN;
use messages::Span;
use stages::{Message, Place, Role, STAGES, Stage};
use transcript::lines::hex;

use super::Table;
use crate::stage_names;

/// Whose layout is shown, and how.
#[derive(Args, Debug)]
pub struct LayoutOptions {
    /// The stage's name; without it, all stages side by side
    #[arg(value_name = "STAGE", value_parser = stage_names::any)]
    stage: Option<&'static Stage>,

    /// As Markdown, as the book carries it
    #[arg(long)]
    markdown: bool,
}

/// Writes a field's offset and length, as a table of several stages has them.
pub fn offset_and_len(place: &Place) -> String {
    format!("{place}, {}", len(place.field.len))
}

/// Writes a length as tables have it: N is the length of the text.
pub fn len(len: Option<usize>) -> String {
    len.map_or_else(|| "N".to_owned(), |len| len.to_string())
}

/// Returns the text that was asked for.
pub fn text(options: &LayoutOptions) -> String {
    options.stage.map_or_else(|| all(options.markdown), |stage| of(stage, options.markdown))
}

/// One stage: the messages of its handshake, and a record of data.
fn of(stage: &Stage, markdown: bool) -> String {
    let mut text = String::new();
    for message in stage.handshake {
        let (name, direction, len) = (message.name, message.direction, message.max_record_len());
        _ = writeln!(text, "{name}, {direction}, {len} bytes at most, all in the clear:\n");
        text += &message_fields(stage, message, markdown).shown(markdown);
        text.push('\n');
    }
    if !stage.has_data() {
        return text + "No data follows.\n";
    }
    if !stage.handshake.is_empty() {
        text += "Each record after that:\n\n";
    }
    text + &record_fields(stage, markdown).shown(markdown)
}

/// The spans of a message in its record. What they say is the same in every message, values apart.
fn message_fields(stage: &Stage, message: &Message, with_meaning: bool) -> Table {
    let head = ["offset", "length", "field", "bytes"];
    let mut table = Table::new(head.into_iter().chain(with_meaning.then_some("what it is")));
    let mut row = |offset: usize, len: usize, name: &str, bytes: String, what: &str| {
        let cells = [offset.to_string(), len.to_string(), format!("`{name}`"), bytes];
        table.row(cells.into_iter().chain(with_meaning.then(|| what.to_owned())));
    };
    let (header, payload) = (stage.header(), message.blank());
    if let Some(length) = stage.places().find(|place| place.field.role == Role::Length) {
        let bytes = hex(&header.encode(payload.len()));
        row(
            0,
            header.len(),
            length.field.name,
            format!("{bytes} = {}", payload.len()),
            length.field.what,
        );
    }
    for Span { name, what, offset, len, says, .. } in messages::explain(&payload).leaves() {
        let bytes = payload.get(*offset..offset + len).filter(|_| !says.is_empty());
        let bytes = bytes.map(|bytes| format!("{} = {says}", hex(bytes))).unwrap_or_default();
        row(header.len() + offset, *len, name, bytes, what);
    }
    table
}

/// The fields of a record. In a terminal there is no room for what they are.
fn record_fields(stage: &Stage, with_meaning: bool) -> Table {
    let head = ["offset", "length", "field", "encrypted", "under the tag"];
    let mut table = Table::new(head.into_iter().chain(with_meaning.then_some("what it is")));
    for place in stage.places() {
        let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
        let cells = [
            place.to_string(),
            len(place.field.len),
            format!("`{}`", place.field.name),
            yes_or_no(place.field.is_encrypted()),
            yes_or_no(place.field.is_covered),
        ];
        table.row(cells.into_iter().chain(with_meaning.then(|| place.field.what.to_owned())));
    }
    table
}

/// The records of data of all stages side by side, then their messages.
fn all(markdown: bool) -> String {
    let stages = |wanted: fn(&Stage) -> bool| -> Vec<&Stage> {
        STAGES.iter().copied().filter(|stage| wanted(stage)).collect()
    };
    let with_records = stages(|stage| stage.has_records() && stage.has_data());
    let with_messages = stages(|stage| !stage.handshake.is_empty());
    let tables = [records(&with_records), messages(&with_messages)];
    tables.map(|table| table.shown(markdown)).join("\n")
}

/// A row: a name, and a cell for each stage.
fn across(stages: &[&Stage], name: &str, cell: impl Fn(&Stage) -> String) -> Vec<String> {
    let cells = stages.iter().map(|stage| cell(stage));
    [name.to_owned()].into_iter().chain(cells).collect()
}

fn records(stages: &[&Stage]) -> Table {
    let across = |name: &str, cell: &dyn Fn(&Stage) -> String| across(stages, name, cell);
    let mut table =
        Table::new(across("field: offset, length", &|stage| format!("`{}`", stage.name)));
    for name in field_names(stages) {
        table.row(across(name, &|stage| {
            let place = stage.places().find(|place| place.field.name == name);
            place.map_or("-".to_owned(), |place| offset_and_len(&place))
        }));
    }
    table.row(across("bytes beside the plaintext", &|stage| stage.record_overhead().to_string()));
    let longest = |stage: &Stage| (stage.record_overhead() + MAX_PLAINTEXT_LEN).to_string();
    table.row(across("longest record", &longest));
    table
}

fn messages(stages: &[&Stage]) -> Table {
    let across = |name: &str, cell: &dyn Fn(&Stage) -> String| across(stages, name, cell);
    let find = |stage: &Stage, name| stage.handshake.iter().find(|message| message.name == name);
    let all = stages.iter().flat_map(|stage| stage.handshake);
    let mut table = Table::new(across("value in a message: offset, length", &|stage| {
        format!("`{}`", stage.name)
    }));
    for name in distinct(all.clone().map(|message| message.name)) {
        let same = all.clone().filter(|message| message.name == name);
        for field in distinct(same.flat_map(|message| message.fields).map(|field| field.tag.name)) {
            table.row(across(&format!("{name}: {field}"), &|stage| {
                find(stage, name)
                    .and_then(|message| place_of_value(stage, message, field))
                    .map_or("-".to_owned(), |(offset, len)| format!("{offset}, {len}"))
            }));
        }
        let whole = |message: &Message| message.max_record_len().to_string();
        table.row(across(&format!("{name}, longest"), &|stage| {
            find(stage, name).map_or("-".to_owned(), whole)
        }));
    }
    table
}

/// Finds a value in the record of a message: its offset and length.
fn place_of_value(stage: &Stage, message: &Message, name: &str) -> Option<(usize, usize)> {
    let explained = messages::explain(&message.blank());
    let value = explained.leaves().find(|span| span.name == name)?;
    Some((stage.header().len() + value.offset, value.len))
}

/// Lists names once each, in the order in which they come first.
pub(super) fn distinct(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// Lists the names of all fields, each as early as in the stage that has the most.
fn field_names(stages: &[&Stage]) -> Vec<&'static str> {
    let mut by_count = stages.to_vec();
    by_count.sort_by_key(|stage| std::cmp::Reverse(stage.fields.len()));
    distinct(by_count.iter().flat_map(|stage| stage.fields).map(|field| field.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::{PART2_AEAD, PART3_DH, PART3_HKDF, PART3_X25519};

    /// The rows of a table for a terminal, their columns without what aligns them.
    fn rows(text: &str) -> Vec<String> {
        let columns = |line: &str| {
            line.split("  ")
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join(" | ")
        };
        text.lines().map(columns).collect()
    }

    #[test]
    fn a_message_is_laid_out_to_its_last_byte() {
        let text = of(&PART3_DH, false);
        let rows = rows(&text);
        assert_eq!(
            rows[..13],
            [
                "ClientHello, client to server, 529 bytes at most, all in the clear:",
                "",
                "offset | length | field | bytes",
                "0 | 4 | length | 00 00 02 0d = 525",
                "4 | 2 | tag | 00 01 = prime p",
                "6 | 2 | length | 01 00 = 256",
                "8 | 256 | prime p",
                "264 | 2 | tag | 00 02 = generator g",
                "266 | 2 | length | 00 01 = 1",
                "268 | 1 | generator g",
                "269 | 2 | tag | 00 03 = public value",
                "271 | 2 | length | 01 00 = 256",
                "273 | 256 | public value",
            ]
        );
        assert!(text.ends_with("No data follows.\n"), "{text}");
    }

    #[test]
    fn a_stage_with_a_handshake_shows_its_messages_before_its_record() {
        let record = of(&PART2_AEAD, false);
        assert!(record.starts_with("offset  length  field "), "{record}");
        let text = of(&PART3_HKDF, false);
        let (messages, behind) = text.split_once("Each record after that:\n\n").unwrap();
        assert_eq!(behind, record);
        assert_eq!(messages.matches("8       32      X25519 key\n").count(), 2, "{messages}");
    }

    #[test]
    fn all_stages_stand_side_by_side_in_100_columns() {
        let text = all(false);
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        let rows = rows(&text);
        let (dh, x25519) = (PART3_DH.name, PART3_X25519.name);
        let head =
            format!("value in a message: offset, length | {dh} | {x25519} | {}", PART3_HKDF.name);
        for row in [
            "length | 0, 4 | 0, 4 | 0, 4 | 0, 4 | 0, 4",
            &head,
            "ClientHello: public value | 273, 256 | - | -",
            "ServerHello: X25519 key | - | 8, 32 | 8, 32",
            "ServerHello, longest | 264 | 40 | 40",
        ] {
            assert!(rows.iter().any(|found| found == row), "{row}:\n{text}");
        }
    }
}
