//! `cargo xtask layout`: where each field of a record and of a message lies, and what protects it.

use std::fmt::Write;

use clap::Args;
use framing::MAX_PLAINTEXT_LEN;
use messages::Span;
use stages::{Field, Message, Place, Role, STAGES, Stage, part};
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

/// Writes a length or an offset, marked if it is that of the articles' certificates and others have another.
fn about(number: usize, varies: bool) -> String {
    format!("{}{number}", if varies { "~" } else { "" })
}

/// Writes the bytes of the record of a message: as many as it has at most, or `about` as many.
pub(super) fn bytes_of(message: &Message, at_most: &str) -> String {
    let len = message.max_record_len();
    if message.varies() { format!("about {len} bytes") } else { format!("{len} bytes{at_most}") }
}

/// The meaning of the mark.
const ABOUT: &str =
    "~ with the articles' certificates; with others, and with a longer key, it is more or less.\n";

/// One stage: the messages of its handshake, and a record of data.
fn of(stage: &Stage, markdown: bool) -> String {
    if stage.has_types() {
        return of_types(stage, markdown);
    }
    let mut text = String::new();
    for message in stage.handshake {
        let (name, direction, len) =
            (message.name, message.direction, bytes_of(message, " at most"));
        _ = writeln!(text, "{name}, {direction}, {len}, all in the clear:\n");
        text += &message_fields(stage, message, markdown).shown(markdown);
        text.push('\n');
        if message.varies() {
            _ = writeln!(text, "{ABOUT}");
        }
    }
    if !stage.has_data() {
        return text + "No data follows.\n";
    }
    if !stage.handshake.is_empty() {
        text += "Each record after that:\n\n";
    }
    text + &record_fields(stage.fields, markdown).shown(markdown)
}

/// One stage whose records tell what they carry: which messages are encrypted, and both kinds of records. No message has
/// a length of its own: what is in it is up to both sides.
fn of_types(stage: &Stage, markdown: bool) -> String {
    let mut messages = Table::new(["message", "direction", "encrypted"]);
    for message in stage.handshake {
        let is_sealed = yes_or_no(message.is_sealed);
        messages.row([message.name.to_owned(), message.direction.to_string(), is_sealed]);
    }
    let (open, sealed) = (stage.fields_of_messages(), stage.fields);
    [
        "The messages of a handshake, each as long as what the two offer and choose:\n",
        &messages.shown(markdown),
        "A message that is not encrypted, in its record:\n",
        &record_fields(open, markdown).shown(markdown),
        "Every other record, of a message or of data:\n",
        &record_fields(sealed, markdown).shown(markdown),
    ]
    .join("\n")
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// The spans of a message in its record. What they say is the same in every message, values apart.
fn message_fields(stage: &Stage, message: &Message, with_meaning: bool) -> Table {
    let head = ["offset", "length", "field", "bytes"];
    let mut table = Table::new(head.into_iter().chain(with_meaning.then_some("what it is")));
    let mut row = |offset: String, len: String, name: &str, bytes: String, what: &str| {
        let cells = [offset, len, format!("`{name}`"), bytes];
        table.row(cells.into_iter().chain(with_meaning.then(|| what.to_owned())));
    };
    let (header, payload) = (stage.header(), message.blank());
    // Bytes that are others with other certificates are not told.
    let told = |bytes: &[u8], says: &str, varies: bool| {
        if varies { format!("~{says}") } else { format!("{} = {says}", hex(bytes)) }
    };
    if let Some(length) = stage.places().find(|place| place.field.role == Role::Length) {
        let bytes =
            told(&header.encode(payload.len()), &payload.len().to_string(), message.varies());
        row("0".to_owned(), header.len().to_string(), length.field.name, bytes, length.field.what);
    }
    let explained = messages::explain(&payload);
    let mut is_behind_varying = false;
    for (field, span) in message.fields.iter().zip(&explained.spans) {
        for Span { name, what, offset, len, says, .. } in &span.inside {
            let is_value = says.is_empty();
            let bytes = payload.get(*offset..offset + len).filter(|_| !is_value);
            let is_length = *len > 0 && says.parse::<usize>().is_ok();
            let bytes = bytes.map(|bytes| told(bytes, says, is_length && field.varies()));
            row(
                about(header.len() + offset, is_behind_varying),
                about(*len, is_value && field.varies()),
                name,
                bytes.unwrap_or_default(),
                what,
            );
        }
        is_behind_varying |= field.varies();
    }
    table
}

/// The fields of a record. In a terminal there is no room for what they are.
fn record_fields(fields: &'static [Field], with_meaning: bool) -> Table {
    let head = ["offset", "length", "field", "encrypted", "under the tag"];
    let mut table = Table::new(head.into_iter().chain(with_meaning.then_some("what it is")));
    for place in part::places(fields) {
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

/// The records of data of all stages side by side, then their messages. Stages that have the same stand in one
/// column, under the name of the first.
fn all(markdown: bool) -> String {
    let with_records = STAGES.iter().copied().filter(|it| it.has_records() && it.has_data());
    let (with_types, with_fields): (Vec<_>, Vec<_>) =
        STAGES.iter().copied().partition(|it| it.has_types());
    let with_messages = with_fields.into_iter().filter(|it| !it.handshake.is_empty());
    let (of_records, same_records) = columns(with_records, |one, other| one.fields == other.fields);
    let (of_messages, same_messages) =
        columns(with_messages, |one, other| one.handshake == other.handshake);
    let varies = of_messages.iter().flat_map(|stage| stage.handshake).any(Message::varies);
    let parts = [
        records(&of_records).shown(markdown),
        same("records", &same_records),
        messages(&of_messages).shown(markdown),
        same("messages", &same_messages),
        if varies { ABOUT.to_owned() } else { String::new() },
        with_types.iter().map(|stage| own_messages(stage)).collect(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Divides stages into those that differ from every one before them, and the others, each behind the one that it is
/// the same as.
fn columns(
    stages: impl Iterator<Item = &'static Stage>,
    is_same: fn(&Stage, &Stage) -> bool,
) -> (Vec<&'static Stage>, Vec<[&'static Stage; 2]>) {
    let (mut columns, mut same): (Vec<&Stage>, _) = (Vec::new(), Vec::new());
    for stage in stages {
        match columns.iter().find(|column| is_same(column, stage)) {
            Some(column) => same.push([*column, stage]),
            None => columns.push(stage),
        }
    }
    (columns, same)
}

/// Names the stages that have no column of their own.
fn same(what: &str, pairs: &[[&Stage; 2]]) -> String {
    let line = |[column, stage]: &[&Stage; 2]| {
        format!("{} has the {what} of {}.\n", stage.name, column.name)
    };
    pairs.iter().map(line).collect()
}

/// Says where the messages of a stage are told that have no values at known offsets.
fn own_messages(stage: &Stage) -> String {
    let count = stage.handshake.len();
    format!("{0} has {count} messages of another form: cargo xtask layout {0}\n", stage.name)
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
            let places = |stage: &Stage| {
                find(stage, name).map(|message| places_of_value(stage, message, field))
            };
            let most = stages.iter().filter_map(|stage| places(stage)).map(|it| it.len()).max();
            for at in 0..most.unwrap_or(0) {
                let behind = if at > 0 { ", the next" } else { "" };
                table.row(across(&format!("{name}: {field}{behind}"), &|stage| {
                    let place = places(stage).and_then(|places| places.into_iter().nth(at));
                    place.unwrap_or_else(|| "-".to_owned())
                }));
            }
        }
        let whole = |message: &Message| about(message.max_record_len(), message.varies());
        table.row(across(&format!("{name}, longest"), &|stage| {
            find(stage, name).map_or("-".to_owned(), whole)
        }));
    }
    table
}

/// Finds the values of this name in the record of a message: the offset and the length of each.
fn places_of_value(stage: &Stage, message: &Message, name: &str) -> Vec<String> {
    let explained = messages::explain(&message.blank());
    let mut is_behind_varying = false;
    let mut places = Vec::new();
    for (field, span) in message.fields.iter().zip(&explained.spans) {
        if let Some(value) = span.inside.last().filter(|_| field.tag.name == name) {
            let offset = about(stage.header().len() + value.offset, is_behind_varying);
            places.push(format!("{offset}, {}", about(value.len, field.varies())));
        }
        is_behind_varying |= field.varies();
    }
    places
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
    use stages::{PART2_AEAD, PART3_DH, PART3_HKDF, PART3_X25519, PART4_CERT, PART5_TLS13};

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
    fn a_stage_with_types_shows_what_is_encrypted_and_both_kinds_of_records() {
        let text = of(&PART5_TLS13, false);
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        let rows = rows(&text);
        for expected in [
            &["ClientHello | client to server | no", "ServerHello | server to client | no"][..],
            &["CertificateVerify | server to client | yes", "Finished | server to client | yes"],
            &["3 | 2 | length | no | no", "5 | N | message | no | no"],
            &["3 | 2 | length | no | yes", "5 | N | ciphertext | yes | yes"],
            &["5 + N | 1 | inner type | yes | yes", "6 + N | 16 | tag | no | no"],
        ] {
            assert!(rows.windows(2).any(|rows| rows == expected), "{expected:?}:\n{text}");
        }
        assert!(!text.contains('~'), "{text}");
    }

    #[test]
    fn all_stages_stand_side_by_side_in_100_columns() {
        let text = all(false);
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        let rows = rows(&text);
        let (dh, x25519) = (PART3_DH.name, PART3_X25519.name);
        let head =
            format!("value in a message: offset, length | {dh} | {x25519} | {}", PART4_CERT.name);
        for row in [
            "length | 0, 4 | 0, 4 | 0, 4 | 0, 4 | 3, 2",
            "bytes beside the plaintext | 20 | 52 | 60 | 40 | 22",
            "longest record | 16404 | 16436 | 16444 | 16424 | 16406",
            "part5-tls13 has 9 messages of another form: cargo xtask layout part5-tls13",
            "part3-hkdf has the records of part2-aead.",
            "part4-cert has the records of part2-aead.",
            &head,
            "ClientHello: public value | 273, 256 | - | -",
            "ServerHello: X25519 key | - | 8, 32 | 8, 32",
            "ServerHello, longest | 264 | 40 | 40",
            "part3-hkdf has the messages of part3-x25519.",
        ] {
            assert!(rows.iter().any(|found| found == row), "{row}:\n{text}");
        }
    }

    #[test]
    fn what_is_longer_or_shorter_with_other_certificates_is_marked_and_nothing_else_is() {
        let all = rows(&all(false));
        for row in [
            "ServerAuth: certificate | - | - | 8, ~995",
            "ServerAuth: certificate, the next | - | - | ~1007, ~954",
            "ServerAuth: CertificateVerify | - | - | ~1965, ~256",
            "ServerAuth, longest | - | - | ~2221",
            ABOUT.trim_end(),
        ] {
            assert!(all.iter().any(|found| found == row), "{row}:\n{all:#?}");
        }
        let text = of(&PART4_CERT, false);
        let message = text.split_once("ServerAuth, ").unwrap().1;
        let expected = [
            "server to client, about 2221 bytes, all in the clear:",
            "",
            "offset | length | field | bytes",
            "0 | 4 | length | ~2217",
            "4 | 2 | tag | 00 20 = certificate",
            "6 | 2 | length | ~995",
            "8 | ~995 | certificate",
            "~1003 | 2 | tag | 00 20 = certificate",
            "~1005 | 2 | length | ~954",
            "~1007 | ~954 | certificate",
            "~1961 | 2 | tag | 00 21 = CertificateVerify",
            "~1963 | 2 | length | ~256",
            "~1965 | ~256 | CertificateVerify",
        ];
        assert_eq!(rows(message)[..expected.len()], expected);
        assert!(!of(&PART3_HKDF, false).contains('~'));
    }
}
