//! What a browser is shown of the connection that it has made: what it offered, and what was agreed on.

use askama::Template;
use messages::tls13::names;
use tls::Agreed;

/// The page.
#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    suite: String,
    group: String,
    scheme: String,
    protocol: String,
    name: String,
    retried: bool,
    /// Lines of the ClientHello, as a tree: how deep, its name, what it says, its length in bytes.
    offered: Vec<Line>,
}

struct Line {
    depth: usize,
    name: &'static str,
    says: String,
    len: usize,
}

/// Answers with the page.
pub fn answer(agreed: &Agreed, hello: &[u8]) -> Vec<u8> {
    let explained = messages::explain(hello);
    let offered = transcript::outline::outline(&explained.spans, usize::MAX);
    let line = |item: &transcript::outline::Item<'_>| Line {
        depth: item.depth,
        name: item.span.name,
        says: item.says.to_owned(),
        len: item.span.len,
    };
    let page = Page {
        suite: names::suite(agreed.suite.id()),
        group: names::group(agreed.group.id()),
        scheme: names::scheme(agreed.scheme.id()),
        protocol: agreed
            .protocol
            .as_deref()
            .map_or_else(String::new, |it| String::from_utf8_lossy(it).into_owned()),
        name: agreed.name.as_ref().map_or_else(String::new, |it| it.to_str().into_owned()),
        retried: agreed.retried,
        offered: offered.iter().map(line).collect(),
    };
    let page = page.render().unwrap_or_default();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        page.len()
    );
    [head.into_bytes(), page.into_bytes()].concat()
}
