//! The palette of the book: that of a run's page, in the form that mdBook's themes need.
//!
//! A page of a run is dark where the system is. In the book the reader chooses, and mdBook sets a
//! class.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xtask::complain;
use xtask::views::NewFile;

use crate::Finding;

/// Where it is, from the root.
const PATH: &str = "docs/theme/palette.css";

const COLOURS: &str = include_str!("../../render/templates/colours.css");
const DRAWING: &str = include_str!("../templates/drawing.css");

/// mdBook's themes that are dark.
const DARK: &str = "html:is(.navy, .coal, .ayu)";

/// Writes the palette; or, to `check`, reports that it differs.
///
/// # Errors
/// When it cannot be written.
pub fn remake(root: &Path, check: bool) -> Result<Option<Finding>> {
    let css = css().context("the palette has no light half and no dark one")?;
    let there = fs::read_to_string(root.join(PATH)).unwrap_or_default();
    if there == css {
        return Ok(None);
    }
    if check {
        let what = "the palette differs from that of the runs' pages".to_owned();
        return Ok(Some(Finding { path: PATH.into(), line: 1, what }));
    }
    NewFile::write(&root.join(PATH), css.as_bytes())?;
    complain(&format!("{PATH}: made anew"));
    Ok(None)
}

/// The style sheet: light, dark for those who chose it and for those without scripts, and the drawings'.
fn css() -> Option<String> {
    let (light, rest) = COLOURS.strip_prefix(":root {\n")?.split_once("}\n")?;
    let (_, rest) = rest.split_once("  :root {\n")?;
    let (dark, fields) = rest.split_once("  }\n}\n")?;
    let light = light.replace("  color-scheme: light dark;\n", "  --color-scheme: light;\n");
    let dark = dark.replace("    ", "  ");
    Some(format!(
        "/* Made by `cargo xtask book` of xtask/render/templates/colours.css. Change that. */\n\
         html:root {{\n{light}}}\n\
         {DARK} {{\n  --color-scheme: dark;\n{dark}}}\n\
         @media (prefers-color-scheme: dark) {{\n\
         html:not(.js) {{\n  --color-scheme: dark;\n{dark}}}\n}}\n\
         {fields}\n.drawing {{\n{DRAWING}}}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_colour_of_the_pages_in_light_and_in_dark() {
        let css = css().unwrap();
        let colours = COLOURS.split(';').filter_map(|it| Some(it.split_once("--")?.1.trim()));
        let colours: Vec<_> = colours.filter(|colour| colour.contains('#')).collect();
        assert!(colours.len() > 40, "{colours:?}");
        for colour in colours {
            assert!(css.contains(&format!("--{colour};")), "{colour}");
        }
    }
}
