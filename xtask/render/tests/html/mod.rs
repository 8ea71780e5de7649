//! A run's page, and what a reader finds in it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use render::page::Page;
use transcript::Event;

pub fn page(events: &[Event]) -> String {
    let mut html = Vec::new();
    let mut page = Page::new(&mut html);
    for event in events {
        page.write(event).unwrap();
    }
    page.finish().unwrap();
    String::from_utf8(html).unwrap()
}

/// Its text, as a reader has it.
pub fn text(html: &str) -> String {
    let pieces = html.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
    let text = pieces.collect::<String>();
    ["&#60;", "&#62;", "&#34;", "&#39;", "&#38;"]
        .into_iter()
        .zip(["<", ">", "\"", "'", "&"])
        .fold(text, |text, (escape, char)| text.replace(escape, char))
}

/// The text between the first `start` and the first `end` after it.
fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
    html.split_once(start).and_then(|(_, behind)| behind.split_once(end)).unwrap().0
}

/// The fields of the records that were `sent` or `arrived`: name and bytes.
pub fn fields(html: &str, which: &str) -> Vec<(String, Vec<u8>)> {
    let records = html.split("<div class=\"record ").filter(|part| part.starts_with(which));
    let fields = records.flat_map(|record| record.split("<details class=\"field ").skip(1));
    fields
        .map(|field| {
            let all = field.rsplit_once("class=\"all\"").map_or(field, |(_, all)| all);
            let code = text(&format!("<code>{}", between(all, "<code>", "</code>")));
            let bytes = code.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap());
            (between(field, "data-field=\"", "\"").to_owned(), bytes.collect())
        })
        .collect()
}

/// The messages of a handshake with certificates, by the articles' own programs: both Hellos, and `ServerAuth`.
pub fn certified() -> [Vec<u8>; 3] {
    let vectors = include_str!("../../../../crates/handshake/tests/vectors/handshakes.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let mut all = vectors["handshakes"].as_array().unwrap().iter();
    let one = all.find(|it| it.get("server_auth").is_some()).unwrap();
    ["client_hello", "server_hello", "server_auth"]
        .map(|name| hex::decode(one[name].as_str().unwrap()).unwrap())
}
