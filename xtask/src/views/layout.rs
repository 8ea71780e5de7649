//! `cargo xtask layout`: where each field of a record lies, and what protects it.

use clap::Args;
use framing::MAX_PLAINTEXT_LEN;
use stages::{Place, STAGES, Stage};

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
    options.stage.map_or_else(all, |stage| of(stage, options.markdown)).shown(options.markdown)
}

/// Shows one stage. In a terminal there is no room for the meaning of the fields.
fn of(stage: &Stage, with_meaning: bool) -> Table {
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

/// The stages with records side by side.
fn all() -> Table {
    let stages: Vec<_> = STAGES.iter().copied().filter(|stage| stage.has_records()).collect();
    let across = |name: &str, cell: &dyn Fn(&Stage) -> String| {
        let cells = stages.iter().map(|stage| cell(stage));
        [name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let mut table =
        Table::new(across("field: offset, length", &|stage| format!("`{}`", stage.name)));
    for name in field_names(&stages) {
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

/// Lists the names of all fields, each as early as in the stage that has the most.
fn field_names(stages: &[&Stage]) -> Vec<&'static str> {
    let mut by_count = stages.to_vec();
    by_count.sort_by_key(|stage| std::cmp::Reverse(stage.fields.len()));
    let mut names = Vec::new();
    for field in by_count.iter().flat_map(|stage| stage.fields) {
        if !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}
