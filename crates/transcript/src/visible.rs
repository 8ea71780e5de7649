//! Strangers' text, made harmless.

/// Shows text from outside, such as a file's or a peer's: every character that a terminal or a page would act
/// on, or show as nothing, is written as its escape, `\u{1b}`. Those are the characters that
/// [`char::escape_debug`] escapes, quotes and backslashes apart: control and format characters, separators
/// other than the space, combining marks, and what Unicode has not assigned.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        let escaped = char.escape_debug();
        if escaped.len() == 1 || ['\\', '\'', '"'].contains(&char) {
            shown.push(char);
        } else {
            shown.extend(escaped);
        }
    }
    shown
}

/// Shows text of several lines, as [`visible`] shows each.
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(visible).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_seen_is_escaped() {
        for hidden in [
            "\0\u{7}\u{1b}\u{7f}",              // Controls: C0 and DEL,
            "\u{80}\u{85}\u{9b}\u{9f}",         // C1.
            "\u{202a}\u{202e}\u{2066}\u{2069}", // The direction of text.
            "\u{200e}\u{200f}\u{61c}",          // Marks of it.
            "\u{200b}\u{200d}\u{2060}\u{feff}", // Of no width.
            "\u{ad}\u{fff9}\u{e0041}",          // Other format characters.
            "\u{2028}\u{2029}\u{a0}\u{2003}",   // Separators.
            "\u{301}\u{fe0f}",                  // Drawn over another character.
            "\u{e000}\u{10ffff}\u{378}",        // Private, and unassigned.
        ] {
            for char in hidden.chars() {
                let shown = visible(&format!("a{char}b"));
                let escape = char.escape_unicode().to_string();
                assert!([format!("a{escape}b"), r"a\0b".to_owned()].contains(&shown), "{shown}");
            }
        }
        assert_eq!(visible("a\tb\r\n"), r"a\tb\r\n");
        assert_eq!(visible_lines("a\tb\r\n\u{9b}\n"), "a\\tb\n\\u{9b}");
    }

    #[test]
    fn what_is_seen_stays() {
        let seen = r#"no stage "é│…", \ and 'ß' 日本 🙂 "#;
        assert_eq!(visible(seen), seen);
    }
}
