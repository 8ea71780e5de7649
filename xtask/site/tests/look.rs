//! What happens to a page's Markdown on its way into the book.

use std::fs;
use std::path::Path;

use site::look::Look;

fn dressed(text: &str) -> String {
    Look::new(Path::new("nowhere")).dressed(Path::new("page.md"), text)
}

#[test]
fn output_is_coloured_by_speaker_field_and_verdict_and_keeps_every_letter() {
    let page = "```console\n\
                $ cargo xtask run part2-aead | grep '<'\n\
                client │ sends record 0: 101 bytes on the wire\n       \
                │       nonce         12 B  5a 27\n       \
                │       plaintext     61 B  \"200 OK <a>\\r\\n\"\n       \
                │                           \"\\r\\n\"\n\
                server │ record 0 refused: its tag does not verify\n       \
                │       seq             OK  0 is the one expected\n\
                wire   │ 101 B    length 97, nonce 54ba2e14…\n\
                server │ accepts  tag OK\n\
                eavesdrop   ✗ open   ✓ encryption   · passes\n\
                ```\n";
    let html = dressed(page);
    for part in [
        r#"<span class="line by-client"><b>client │</b> sends"#,
        r#"<span class="f-nonce"><em>nonce</em>         12 B  <span class="bytes">5a 27</span>"#,
        r#"<span class="bytes">&quot;200 OK &lt;a&gt;"#,
        r#"<span class="f-plaintext bytes">&quot;\r\n&quot;</span>"#,
        r#"<span class="line by-server"><b>server │</b><span class="open"> record 0 refused"#,
        r#"<span class="f-length">length 97</span>, <span class="f-nonce">nonce 54ba2e14…</span>"#,
        r#"<span class="closed"> accepts  tag OK</span>"#,
        r#"<em>seq</em>             <span class="closed">OK</span>  0 is"#,
        r#"<span class="open">✗ open</span>   <span class="closed">✓ encryption</span>   <span class="passes">· passes"#,
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    let mut text = html;
    while let Some((from, to)) =
        text.find('<').and_then(|from| Some((from, text[from..].find('>')?)))
    {
        text.replace_range(from..=from + to, "");
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let body = page.trim_start_matches("```console\n").trim_end().trim_end_matches("```");
    assert_eq!(text.trim_end(), body.trim_end());
}

#[test]
fn a_long_diff_is_folded_and_a_short_one_is_not() {
    let diff = |lines: usize| dressed(&format!("```diff\n{}-gone\n```\n", "+new\n".repeat(lines)));
    assert!(!diff(3).contains("<details"), "{}", diff(3));
    let long = diff(30);
    let summary =
        "<details class=\"fold\">\n<summary>The diff: 31 lines, 30 of them new, 1 gone</summary>";
    assert!(long.starts_with(summary), "{long}");
}

#[test]
fn a_table_knows_its_columns_and_marks_what_is_open() {
    let table = "Above.\n\n| attack | plain | ctr | hmac | closed by |\n|---|---|---|---|---|\n\
                 | `replay`<br>twice | - | ✗ **open** | ✓ out_of_order | it's `seq` |\n\nBelow.\n";
    let html = dressed(table);
    for part in [
        "<div class=\"rows matrix\" style=\"--l1:'attack';--l2:'plain';--l3:'ctr';--l4:'hmac';--l5:'closed by';\">\n\n|",
        r#"<span class="open">✗&nbsp;open</span>"#,
        r#"<span class="closed">✓&nbsp;out_<wbr>of_<wbr>order</span>"#,
        r#"<code class="f-seq bytes">seq</code>"#,
        "\n\n</div>\n\nBelow.",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(dressed("| a |\n|---|\n| b |\n").contains("class=\"rows\""));
}

#[test]
fn a_drawing_of_ours_becomes_part_of_the_page_and_another_picture_does_not() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    let look = Look::new(&docs);
    let html = look.dressed(
        Path::new("part1/ctr.md"),
        "![A record: \"ctr\"](../images/part1-ctr-record.svg)\n",
    );
    assert!(html.starts_with("<figure class=\"drawing\">\n<svg "), "{html}");
    assert!(html.contains("aria-label=\"A record: &quot;ctr&quot;\""), "{html}");
    assert!(!html.contains("<style") && !html.contains("id="), "{html}");
    let speed = "![Speed](speed.svg)\n";
    assert_eq!(look.dressed(Path::new("reference/speed.md"), speed), speed);
}

/// Whatever the look recognises, it recognises in the book.
#[test]
fn every_page_of_the_book_keeps_its_prose() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    let look = Look::new(&docs);
    for page in ["opening.md", "part1/plain.md", "part2/hmac.md", "further/lab.md"] {
        let text = fs::read_to_string(docs.join(page)).unwrap();
        let html = look.dressed(Path::new(page), &text);
        for paragraph in text.split("\n\n").filter(|it| it.starts_with("**In short.**")) {
            assert!(html.contains(paragraph), "{page}: {paragraph}");
        }
        assert!(!html.contains("```console") && !html.contains("✗ **open**"), "{page}");
    }
}
