//! What a client is answered: a browser a page about the connection that it has made, any other the articles' answer.

use askama::Template;
use crypto::tls13::group::Group;
use messages::tls13::extension::{self, Extension, KeyShareEntry};
use messages::tls13::hello::ClientHello;
use messages::tls13::{HandshakeMessage, names};
use program::RESPONSE;
use tls::Agreed;
use transcript::outline::{Item, outline};

use crate::http::{Refused, Request};

/// Fields of every page's head: nothing but the page itself, whoever asks for more; nobody keeps it.
const HEAD: &str = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\
                    X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

/// The page.
#[derive(Template)]
#[template(path = "connection.html")]
struct Page<'p> {
    /// What allows the page's own style, and no other.
    nonce: &'p str,
    suite: String,
    group: String,
    is_post_quantum: bool,
    scheme: String,
    protocol: String,
    name: String,
    retried: bool,
    /// Whether the ClientHello has an extension that hides the true one, or looks as if.
    may_hide: bool,
    /// What the browser offered.
    parts: Vec<Part>,
    /// The ClientHello, field by field.
    lines: Vec<Item<'p>>,
    len: usize,
}

/// Something that the browser offered.
struct Part {
    name: String,
    /// What it is for.
    what: &'static str,
    /// What it says, if that is no list.
    says: String,
    list: Vec<Entry>,
}

/// One of a list, the preferred one first.
struct Entry {
    name: String,
    is_chosen: bool,
}

impl Part {
    /// What was chosen of it.
    fn chosen(&self) -> Option<&Entry> {
        self.list.iter().find(|entry| entry.is_chosen)
    }
}

/// A page where there is nothing.
#[derive(Template)]
#[template(path = "nothing.html")]
struct Nothing;

/// Answers a request. The demo's answer never depends on what was asked.
pub fn answer(request: &Request, agreed: &Agreed, hello: &[u8], nonce: [u8; 16]) -> Vec<u8> {
    let mut answer = match (request.path.as_str(), request.wants_page) {
        ("/favicon.ico", _) => answer_of("404 Not Found", "", ""),
        ("/", true) => {
            let nonce = hex::encode(nonce);
            let policy = format!(
                "Content-Security-Policy: default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n{HEAD}"
            );
            answer_of("200 OK", &policy, &page(agreed, hello, &nonce))
        }
        (_, true) => {
            let policy = format!("Content-Security-Policy: default-src 'none'\r\n{HEAD}");
            answer_of("404 Not Found", &policy, &Nothing.render().unwrap_or_default())
        }
        (_, false) => RESPONSE.to_vec(),
    };
    if request.is_head {
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").map_or(0, |at| at + 4);
        answer.truncate(end);
    }
    answer
}

/// Answers what is no request, or one that is not read further. It is the last answer.
pub fn refusal(refused: &Refused) -> Vec<u8> {
    let fields = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
    answer_of(refused.status, fields, &format!("{}\n", refused.why))
}

fn answer_of(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let len = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {len}\r\n\r\n{body}").into_bytes()
}

fn page(agreed: &Agreed, hello: &[u8], nonce: &str) -> String {
    let explained = messages::explain(hello);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // The handshake has read it already.
    let parts = match HandshakeMessage::decode(hello) {
        Ok(HandshakeMessage::ClientHello(hello)) => parts(&hello, agreed),
        _ => Vec::new(),
    };
    let page = Page {
        nonce,
        suite: names::suite(agreed.suite.id()),
        group: names::group(agreed.group.id()),
        is_post_quantum: agreed.group == Group::X25519MlKem768,
        scheme: names::scheme(agreed.scheme.id()),
        protocol: agreed.protocol.as_deref().map_or_else(String::new, text),
        name: agreed.name.as_ref().map_or_else(String::new, |it| it.to_str().into_owned()),
        retried: agreed.retried,
        may_hide: parts.iter().any(|part| part.name == "encrypted_client_hello"),
        lines: outline(&explained.spans, usize::MAX),
        parts,
        len: hello.len(),
    };
    page.render().unwrap_or_default()
}

/// Lists what a ClientHello offers: its suites, then its extensions in their order, GREASE among them.
fn parts(hello: &ClientHello, agreed: &Agreed) -> Vec<Part> {
    let suites = numbers(&hello.cipher_suites, names::suite, agreed.suite.id());
    let what = "How records may be protected. Those of TLS 1.3 begin with TLS_AES or TLS_CHACHA20; the others \
                are for servers of TLS 1.2.";
    let suites = Part { name: "cipher_suites".into(), what, says: String::new(), list: suites };
    [suites].into_iter().chain(hello.extensions.iter().map(|it| part(it, agreed))).collect()
}

fn part(extension: &Extension, agreed: &Agreed) -> Part {
    let group = agreed.group.id();
    let bytes = |len| match len {
        0 => String::new(),
        1 => "1 byte".to_owned(),
        len => format!("{len} bytes"),
    };
    let (mut says, mut list) = (String::new(), Vec::new());
    match extension {
        Extension::ServerName(name) => says = name.clone().unwrap_or_default(),
        Extension::SupportedGroups(groups) => list = numbers(groups, names::group, group),
        Extension::SignatureAlgorithms(schemes) => {
            list = numbers(schemes, names::scheme, agreed.scheme.id());
        }
        // Of these none is chosen: a certificate is there, or it is not.
        Extension::SignatureAlgorithmsCert(schemes) => list = numbers(schemes, names::scheme, 0),
        Extension::Alpn(protocols) => {
            let entry = |protocol: &Vec<u8>| Entry {
                name: String::from_utf8_lossy(protocol).into_owned(),
                is_chosen: agreed.protocol.as_ref() == Some(protocol),
            };
            list = protocols.iter().map(entry).collect();
        }
        Extension::SupportedVersions(versions) => {
            list = numbers(versions, names::version, names::TLS13);
        }
        Extension::KeyShares(shares) => {
            let entry = |share: &KeyShareEntry| Entry {
                name: format!("{}, {} bytes", names::group(share.group), share.key_exchange.len()),
                is_chosen: share.group == group,
            };
            list = shares.iter().map(entry).collect();
        }
        Extension::PskKeyExchangeModes(modes) => {
            let names: Vec<_> = modes.iter().map(|mode| names::psk_mode(*mode)).collect();
            says = names.join(", ");
        }
        Extension::RecordSizeLimit(limit) => says = format!("{limit} bytes"),
        Extension::Cookie(cookie) => says = bytes(cookie.len()),
        Extension::Other { body, .. } => says = bytes(body.len()),
        Extension::SelectedVersion(_) | Extension::KeyShare(_) | Extension::SelectedGroup(_) => {}
    }
    let kind = extension.kind();
    Part { name: names::extension(kind), what: extension::meaning(kind), says, list }
}

fn numbers(numbers: &[u16], name: fn(u16) -> String, chosen: u16) -> Vec<Entry> {
    let entry = |number: &u16| Entry { name: name(*number), is_chosen: *number == chosen };
    numbers.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use crypto::tls13::scheme::Scheme;
    use crypto::tls13::suite::Suite;

    use super::*;

    fn request(path: &str) -> Request {
        Request { path: path.to_owned(), wants_page: true, is_head: false, is_last: false }
    }

    fn agreed(protocol: &[u8]) -> Agreed {
        Agreed {
            suite: Suite::ALL[0],
            group: Group::ALL[0],
            scheme: Scheme::ALL[0],
            protocol: Some(protocol.to_vec()),
            name: None,
            retried: false,
            certificates: Vec::new(),
        }
    }

    fn hello(extensions: Vec<Extension>) -> Vec<u8> {
        HandshakeMessage::ClientHello(ClientHello {
            legacy_version: names::TLS12,
            random: [0; 32],
            legacy_session_id: Vec::new(),
            cipher_suites: vec![0x0a0a, Suite::ALL[0].id(), 0xc02b],
            legacy_compression_methods: vec![0],
            extensions,
        })
        .encode()
    }

    fn text(answer: Vec<u8>) -> String {
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn what_a_client_offers_cannot_become_part_of_the_page() {
        let script = "<script>alert(1)</script>\"'&";
        let protocol = b"\"><img src=x onerror=y>\xff".to_vec();
        let hello = hello(vec![
            Extension::ServerName(Some(script.to_owned())),
            Extension::Alpn(vec![protocol.clone()]),
            Extension::Other { kind: 0x1234, body: b"<b>".to_vec() },
        ]);
        let page = text(answer(&request("/"), &agreed(&protocol), &hello, [7; 16]));
        assert!(
            !page.contains("<script") && !page.contains("<img") && !page.contains("alert(1)</")
        );
        assert_eq!(page.matches("<style").count(), 1);
        let nonce = "07".repeat(16);
        assert!(page.contains(&format!("style-src 'nonce-{nonce}'; img-src data:;")));
        assert!(page.contains(&format!("<style nonce=\"{nonce}\">")));
        assert!(!page.contains("style=\"") && !page.contains("http-equiv"));
    }

    #[test]
    fn what_was_chosen_is_marked_where_it_was_offered() {
        let group = Group::ALL[0].id();
        let groups = Extension::SupportedGroups(vec![0x2a2a, group, 0x0018]);
        let hello =
            hello(vec![groups, Extension::Alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()])]);
        let page = text(answer(&request("/"), &agreed(b"http/1.1"), &hello, [0; 16]));
        let chosen: Vec<_> = page
            .lines()
            .filter(|line| line.contains("<span class=\"mark\">chosen</span></li>"))
            .map(|line| line.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0)
            .collect();
        let suite = names::suite(Suite::ALL[0].id());
        assert_eq!(chosen, [&*suite, &names::group(group), "http/1.1"]);
        assert_eq!(page.matches("<code>GREASE</code>").count(), 2);
    }

    #[test]
    fn each_request_has_its_answer_and_a_head_has_no_body() {
        let answer = |request: &Request| {
            let answer = text(answer(request, &agreed(b"x"), &hello(vec![]), [0; 16]));
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let len = head.split_once("Content-Length: ").unwrap().1;
            let len: usize = len.split("\r\n").next().unwrap().parse().unwrap();
            (head.lines().next().unwrap().to_owned(), len, body.len())
        };
        for (path, wants_page, status) in [
            ("/", true, "HTTP/1.1 200 OK"),
            ("/other", true, "HTTP/1.1 404 Not Found"),
            ("/favicon.ico", false, "HTTP/1.1 404 Not Found"),
            ("/favicon.ico", true, "HTTP/1.1 404 Not Found"),
            ("/transfer", false, "HTTP/1.1 200 OK"),
        ] {
            let request = Request { wants_page, ..request(path) };
            let (first, len, body) = answer(&request);
            assert_eq!((first.as_str(), body), (status, len), "{path}");
            let headed = answer(&Request { is_head: true, ..request });
            assert_eq!(headed, (first, len, 0), "{path}");
        }
        let refused = Refused { status: "400 Bad Request", why: "no".to_owned() };
        let expected = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
                        Connection: close\r\nContent-Length: 3\r\n\r\nno\n";
        assert_eq!(text(refusal(&refused)), expected);
    }
}
