//! `cargo xtask layout`: where each field of a record lies, and what protects it.

use std::fmt;

use clap::Args;
use clap::builder::PossibleValuesParser;
use framing::stage::STAGES;
use framing::{LENGTH_LEN, MAX_PLAINTEXT_LEN, Stage};

use crate::page::meaning;
use crate::table::Table;

/// Whose layout is shown, and how.
#[derive(Args, Debug)]
pub struct LayoutOptions {
    /// The stage's name; without it, all stages side by side
    #[arg(value_parser = PossibleValuesParser::new(STAGES.map(|stage| stage.name)))]
    stage: Option<String>,

    /// As Markdown, as the book carries it
    #[arg(long)]
    markdown: bool,
}

/// A field of a record, its length in front included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The field's name.
    pub name: &'static str,
    /// Where it starts, in bytes from the start of the record: a number, or one and N, the length of
    /// the plaintext.
    pub offset: String,
    /// Its length in bytes, or `None` for N.
    pub len: Option<usize>,
    /// Whether only who has the key can read it.
    pub is_encrypted: bool,
    /// Whether the tag covers it.
    pub is_authenticated: bool,
}

/// Offset and length, as a table of several stages has them.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.offset, len(self.len))
    }
}

/// The fields of a record of this stage, from its first byte to its last.
pub fn places(stage: &Stage) -> Vec<Place> {
    let has_tag = stage.fields.iter().any(|field| field.name == "tag");
    let length = stage.has_records.then_some(("length", Some(LENGTH_LEN)));
    let fields = stage.fields.iter().map(|field| (field.name, field.len));
    let (mut fixed, mut behind_text) = (0, false);
    let place = |(name, len): (&'static str, Option<usize>)| {
        let offset = if behind_text { format!("{fixed} + N") } else { fixed.to_string() };
        fixed += len.unwrap_or(0);
        behind_text |= len.is_none();
        Place {
            name,
            offset,
            len,
            is_encrypted: name == "ciphertext",
            is_authenticated: has_tag && !["length", "tag"].contains(&name),
        }
    };
    length.into_iter().chain(fields).map(place).collect()
}

/// Bytes of a record beside the plaintext.
pub fn beside(stage: &Stage) -> usize {
    stage.overhead() + if stage.has_records { LENGTH_LEN } else { 0 }
}

/// A length as tables have it.
pub fn len(len: Option<usize>) -> String {
    len.map_or_else(|| "N".to_owned(), |len| len.to_string())
}

/// What was asked for, as text.
pub fn text(options: &LayoutOptions) -> String {
    let stage = options.stage.as_deref().and_then(Stage::find);
    stage.map_or_else(all, |stage| of(stage, options.markdown)).shown(options.markdown)
}

/// One stage. In a terminal there is no room for what the fields are.
fn of(stage: &Stage, with_meaning: bool) -> Table {
    let head = ["offset", "length", "field", "encrypted", "under the tag"];
    let mut table = Table::new(head.into_iter().chain(with_meaning.then_some("what it is")));
    for place in places(stage) {
        let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
        let meaning = meaning::of(stage, place.name).map(|meaning| meaning.what.to_owned());
        let cells = [
            place.offset,
            len(place.len),
            format!("`{}`", place.name),
            yes_or_no(place.is_encrypted),
            yes_or_no(place.is_authenticated),
        ];
        table.row(cells.into_iter().chain(meaning.filter(|_| with_meaning)));
    }
    table
}

/// The stages with records side by side.
fn all() -> Table {
    let stages: Vec<_> = STAGES.into_iter().filter(|stage| stage.has_records).collect();
    let across = |name: &str, cell: &dyn Fn(&Stage) -> String| {
        let cells = stages.iter().map(|stage| cell(stage));
        [name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let mut table =
        Table::new(across("field: offset, length", &|stage| format!("`{}`", stage.name)));
    for name in ["length", "seq", "nonce", "ciphertext", "tag"] {
        table.row(across(name, &|stage| {
            let place = places(stage).into_iter().find(|place| place.name == name);
            place.map_or("-".to_owned(), |place| place.to_string())
        }));
    }
    table.row(across("bytes beside the plaintext", &|stage| beside(stage).to_string()));
    let longest = |stage: &Stage| (beside(stage) + MAX_PLAINTEXT_LEN).to_string();
    table.row(across("longest record", &longest));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use framing::stage::{PART1_PLAIN, PART2_HMAC_SEQ};

    #[test]
    fn places_lie_end_to_end_from_the_first_byte_of_the_record() {
        let of = |stage| {
            let places = places(stage).into_iter();
            places
                .map(|place| (place.name, place.offset, place.is_encrypted, place.is_authenticated))
                .collect::<Vec<_>>()
        };
        let expected = [
            ("length", "0", false, false),
            ("seq", "4", false, true),
            ("nonce", "12", false, true),
            ("ciphertext", "28", true, true),
            ("tag", "28 + N", false, false),
        ];
        let expected = expected.map(|(name, offset, a, b)| (name, offset.to_owned(), a, b));
        assert_eq!(of(&PART2_HMAC_SEQ), expected);
        assert_eq!(of(&PART1_PLAIN), [("plaintext", "0".to_owned(), false, false)]);
    }
}
