//! The book's look, and the site that is made from it.
//!
//! - [`look`]: what a page of the book has beyond Markdown; [`transcript`]: output in colour.
//! - [`build`]: `cargo xtask site`; [`index`]: the page that leads into it.
//!
//! The palette is that of a run's page, `xtask/render/templates/colours.css`.

pub mod build;
pub mod index;
pub mod look;
pub mod transcript;

/// Writes text as HTML.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            _ => html.push(letter),
        }
    }
    html
}
