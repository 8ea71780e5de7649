//! `cargo xtask list`: the stages, with what each adds, stops and lets through.

use std::fmt::Write;

use anstyle::Style;
use framing::stage::STAGES;
use transcript::lines::{WIDTH, wrapped_to};

const BOLD: Style = Style::new().bold();

/// The list, styled with escape codes.
pub fn text() -> String {
    let mut text = String::new();
    for stage in STAGES {
        let (name, title, port) = (stage.name, stage.title, stage.port);
        _ = writeln!(text, "{BOLD}{name}{BOLD:#}: {title} (port {port})");
        for (what, words) in
            [("adds", stage.adds), ("stops", stage.stops), ("lets through", stage.lets_through)]
        {
            let first = format!("  {what:<13} ");
            let options =
                wrapped_to(WIDTH).initial_indent(&first).subsequent_indent("                ");
            _ = writeln!(text, "{}", textwrap::fill(words, options));
        }
    }
    text
}
