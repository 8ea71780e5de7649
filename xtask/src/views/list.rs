//! `cargo xtask list`: the stages, with what each adds, stops and lets through.

use std::fmt::Write;

use clap::Args;
use stages::{STAGES, Stage};
use transcript::lines::{HEADING, width, wrapped_to};

use super::Table;

/// Options of `cargo xtask list`.
#[derive(Args, Debug)]
pub struct ListOptions {
    /// As Markdown, as README and docs carry it
    #[arg(long)]
    markdown: bool,
}

/// Returns the text that was asked for.
pub fn text(options: &ListOptions) -> String {
    if options.markdown { markdown() } else { styled() }
}

/// The list as a table.
fn markdown() -> String {
    let mut table = Table::new(["stage", "adds", "stops", "still lets through"]);
    for stage in STAGES {
        table.row([&format!("`{}`", stage.name), stage.adds, stage.stops, stage.lets_through]);
    }
    table.shown(true)
}

/// The list, styled with escape codes, with a line between two parts.
fn styled() -> String {
    let parts = STAGES.chunk_by(|a, b| a.package() == b.package());
    parts.map(part).collect::<Vec<_>>().join("\n")
}

fn part(stages: &[&Stage]) -> String {
    let mut text = String::new();
    for stage in stages {
        let (name, title, port) = (stage.name, stage.title, stage.port);
        _ = writeln!(text, "{HEADING}{name}{HEADING:#}: {title} (port {port})");
        for (what, words) in
            [("adds", stage.adds), ("stops", stage.stops), ("lets through", stage.lets_through)]
        {
            let first = format!("  {what:<13} ");
            let options =
                wrapped_to(width()).initial_indent(&first).subsequent_indent("                ");
            _ = writeln!(text, "{}", textwrap::fill(words, options));
        }
    }
    text
}
