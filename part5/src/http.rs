//! Where a request or an answer of HTTP/1.1 ends (RFC 9112): TLS carries bytes, and says nothing of that.

use std::borrow::Cow;
use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use httparse::{EMPTY_HEADER, Header, Status};
use thiserror::Error;

/// The longest head that is read, in bytes.
const MAX_HEAD_LEN: usize = 16 * 1024;
/// The longest body that is read behind one.
const MAX_BODY_LEN: usize = 16 * 1024 * 1024;
/// The most fields of a head.
const MAX_FIELDS: usize = 100;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for, without what stands behind a question mark.
    pub path: String,
    /// Whether the client would show a page.
    pub wants_page: bool,
    /// Whether the answer is wanted without its body.
    pub is_head: bool,
    /// Whether it is the last one on its connection.
    pub is_last: bool,
}

/// Bytes that are not read further, and what a client that sent them is told.
#[derive(Debug, Error)]
#[error("{why}")]
pub struct Refused {
    /// The answer's status.
    pub status: &'static str,
    /// The reason.
    pub why: String,
}

/// Reads requests or answers off a stream, one after the other.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was read, and not taken yet.
    bytes: Vec<u8>,
}

/// How long the body behind a head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Bytes(usize),
    /// In pieces, each with its length in front.
    Chunks,
    /// As long as the peer sends.
    ToTheEnd,
}

/// Returns a request with the empty line that ends it, if it has none: a person who types one does not see that it is
/// missing, and the server would wait for it.
pub fn with_end(request: &[u8]) -> Cow<'_, [u8]> {
    const END: &[u8] = b"\r\n\r\n";
    if request.windows(END.len()).any(|bytes| bytes == END) {
        return request.into();
    }
    [request, END].concat().into()
}

impl Reader {
    /// Reads a request, and skips its body. `None` if the client said that there is no further one.
    ///
    /// # Errors
    /// [`Refused`] if it is none, or one that is too long; those of the stream.
    pub fn request(&mut self, stream: &mut impl Read) -> Result<Option<Request>> {
        let head = self.head(stream, |bytes| {
            let mut fields = [EMPTY_HEADER; MAX_FIELDS];
            let mut head = httparse::Request::new(&mut fields);
            let parsed = head.parse(bytes).map_err(not_http)?;
            let Status::Complete(len) = parsed else { return Ok(None) };
            let target = head.path.unwrap_or_default();
            let request = Request {
                path: target.split_once('?').map_or(target, |(path, _)| path).to_owned(),
                wants_page: values(head.headers, "accept").any(|it| it.starts_with("text/html")),
                is_head: head.method == Some("HEAD"),
                is_last: head.version == Some(0)
                    || values(head.headers, "connection").any(|it| it == "close"),
            };
            Ok(Some((len, (request, body(head.headers)?))))
        })?;
        let Some((request, body)) = head else { return Ok(None) };
        match body {
            Body::Bytes(len) => self.skip(stream, len)?,
            Body::Chunks => {
                bail!(refused("501 Not Implemented", "chunks are not read from a client"))
            }
            // Without a length, a request has no body.
            Body::ToTheEnd => {}
        }
        Ok(Some(request))
    }

    /// Reads an answer, and returns its body. `None` if the server said that there is none.
    ///
    /// # Errors
    /// Those of the stream, and bytes that are no answer.
    pub fn answer(&mut self, stream: &mut impl Read) -> Result<Option<Vec<u8>>> {
        loop {
            let head = self.head(stream, |bytes| {
                let mut fields = [EMPTY_HEADER; MAX_FIELDS];
                let mut head = httparse::Response::new(&mut fields);
                let parsed = head.parse(bytes).map_err(not_http)?;
                let Status::Complete(len) = parsed else { return Ok(None) };
                Ok(Some((len, (head.code.unwrap_or_default(), body(head.headers)?))))
            })?;
            let Some((code, body)) = head else { return Ok(None) };
            let body = match (code, body) {
                // Not the answer yet.
                (100..=199, _) => continue,
                (204 | 304, _) => Vec::new(),
                (_, Body::Bytes(len)) => self.take(stream, len)?,
                (_, Body::Chunks) => self.chunks(stream)?,
                (_, Body::ToTheEnd) => {
                    while self.more(stream)? {
                        ensure_short(self.bytes.len())?;
                    }
                    std::mem::take(&mut self.bytes)
                }
            };
            return Ok(Some(body));
        }
    }

    /// Reads until `parse` has found a head: its length, and what it says. `None` if the peer said that there is none.
    fn head<H>(
        &mut self,
        stream: &mut impl Read,
        parse: impl Fn(&[u8]) -> Result<Option<(usize, H)>, Refused>,
    ) -> Result<Option<H>> {
        loop {
            if let Some((len, head)) = parse(&self.bytes)? {
                self.bytes.drain(..len);
                return Ok(Some(head));
            }
            if self.bytes.len() > MAX_HEAD_LEN {
                let why = format!("the head is longer than {MAX_HEAD_LEN} bytes");
                bail!(refused("431 Request Header Fields Too Large", why));
            }
            if !self.more(stream)? {
                ensure!(self.bytes.is_empty(), "the peer closed in the middle of a head");
                return Ok(None);
            }
        }
    }

    /// Reads a body of chunks, and the fields behind it, which say nothing of use here.
    fn chunks(&mut self, stream: &mut impl Read) -> Result<Vec<u8>> {
        let wrong = || refused("400 Bad Request", "the length of a chunk is no number");
        let ends = || "the peer closed in the middle of a body";
        let mut body = Vec::new();
        loop {
            let size = self.head(stream, |bytes| {
                if bytes.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
                    return Err(wrong());
                }
                match httparse::parse_chunk_size(bytes).map_err(|_| wrong())? {
                    Status::Complete(parsed) => Ok(Some(parsed)),
                    Status::Partial => Ok(None),
                }
            })?;
            let size = usize::try_from(size.with_context(ends)?).unwrap_or(usize::MAX);
            if size == 0 {
                break;
            }
            ensure_short(body.len().saturating_add(size))?;
            body.extend(self.take(stream, size)?);
            ensure!(self.take(stream, 2)? == b"\r\n", "a chunk is longer than its length");
        }
        let behind = self.head(stream, |bytes| {
            let mut fields = [EMPTY_HEADER; MAX_FIELDS];
            match httparse::parse_headers(bytes, &mut fields).map_err(not_http)? {
                Status::Complete((len, _)) => Ok(Some((len, ()))),
                Status::Partial => Ok(None),
            }
        })?;
        behind.with_context(ends)?;
        Ok(body)
    }

    /// Takes so many bytes, and waits for those that are not there yet.
    fn take(&mut self, stream: &mut impl Read, len: usize) -> Result<Vec<u8>> {
        while self.bytes.len() < len {
            ensure!(self.more(stream)?, "the peer closed in the middle of a body");
        }
        let rest = self.bytes.split_off(len);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    /// Skips so many bytes, and keeps none of them.
    fn skip(&mut self, stream: &mut impl Read, mut len: usize) -> Result<()> {
        while len > self.bytes.len() {
            len -= self.bytes.len();
            self.bytes.clear();
            ensure!(self.more(stream)?, "the peer closed in the middle of a body");
        }
        self.bytes.drain(..len);
        Ok(())
    }

    /// Reads what comes next. `false` at the end.
    fn more(&mut self, stream: &mut impl Read) -> Result<bool> {
        let mut buffer = [0; 4096];
        let len = stream.read(&mut buffer)?;
        self.bytes.extend_from_slice(buffer.get(..len).unwrap_or_default());
        Ok(len > 0)
    }
}

/// Finds what a head says of the body behind it (RFC 9112, section 6.3). One that can be read in two ways is refused:
/// two who read it differently would take one's body for the other's next request.
fn body(fields: &[Header<'_>]) -> Result<Body, Refused> {
    let wrong = |why| Err(refused("400 Bad Request", why));
    let codings: Vec<_> = values(fields, "transfer-encoding").collect();
    let lengths: Vec<_> = values(fields, "content-length").collect();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(Body::ToTheEnd),
        ([coding], []) if coding == "chunked" => Ok(Body::Chunks),
        (_, []) => Err(refused("501 Not Implemented", "the only coding that is read is chunked")),
        ([], [length]) => {
            if length.is_empty() || length.bytes().any(|byte| !byte.is_ascii_digit()) {
                return wrong("Content-Length is no number");
            }
            // What has too many digits is too long.
            let len = length.parse().unwrap_or(usize::MAX);
            ensure_short(len)?;
            Ok(Body::Bytes(len))
        }
        _ => wrong("the length of the body is told twice"),
    }
}

/// Checks the length of a body.
fn ensure_short(len: usize) -> Result<(), Refused> {
    if len <= MAX_BODY_LEN {
        return Ok(());
    }
    let why = format!("the body is longer than {MAX_BODY_LEN} bytes");
    Err(refused("413 Content Too Large", why))
}

/// Lists the values of a field, in lower case. One field may have several, with commas between them, and be there
/// several times.
fn values<'f>(fields: &'f [Header<'f>], name: &'f str) -> impl Iterator<Item = String> + 'f {
    let fields = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    fields.flat_map(|field| {
        let text = String::from_utf8_lossy(field.value).to_lowercase();
        text.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>()
    })
}

fn refused(status: &'static str, why: impl Into<String>) -> Refused {
    Refused { status, why: why.into() }
}

fn not_http(error: httparse::Error) -> Refused {
    refused("400 Bad Request", format!("this is not HTTP/1.1: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Bytes that arrive in pieces of at most so many.
    struct Pieces<'b>(&'b [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.0.len().min(self.1).min(buffer.len());
            let (now, later) = self.0.split_at(len);
            buffer[..len].copy_from_slice(now);
            self.0 = later;
            Ok(len)
        }
    }

    fn request(path: &str) -> Request {
        Request { path: path.to_owned(), wants_page: false, is_head: false, is_last: false }
    }

    fn requests(stream: &mut impl Read) -> Result<Vec<Request>> {
        let mut reader = Reader::default();
        std::iter::from_fn(|| reader.request(stream).transpose()).collect()
    }

    fn answers(stream: &mut impl Read) -> Result<Vec<Vec<u8>>> {
        let mut reader = Reader::default();
        std::iter::from_fn(|| reader.answer(stream).transpose()).collect()
    }

    #[test]
    fn a_request_is_ended_once() {
        for (typed, sent) in [
            ("GET / HTTP/1.1", "GET / HTTP/1.1\r\n\r\n"),
            ("", "\r\n\r\n"),
            ("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
            ("POST / HTTP/1.1\r\n\r\nbody", "POST / HTTP/1.1\r\n\r\nbody"),
        ] {
            assert_eq!(with_end(typed.as_bytes()), sent.as_bytes());
        }
    }

    fn status(bytes: &[u8]) -> &'static str {
        let error = requests(&mut Pieces(bytes, usize::MAX)).unwrap_err();
        error.downcast_ref::<Refused>().unwrap_or_else(|| panic!("{error}")).status
    }

    #[test]
    fn requests_behind_each_other_are_the_same_however_they_are_cut() {
        let bytes = b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n\
            POST /b HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 9\r\n\r\nGET / HTT\
            HEAD /c HTTP/1.1\r\nACCEPT: application/xml, Text/HTML;q=0.9\r\n\r\n\
            GET /d HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n\
            GET /e HTTP/1.0\r\n\r\n";
        let expected = [
            request("/a"),
            request("/b"),
            Request { wants_page: true, is_head: true, ..request("/c") },
            Request { is_last: true, ..request("/d") },
            Request { is_last: true, ..request("/e") },
        ];
        for len in (1..bytes.len()).chain([usize::MAX]) {
            assert_eq!(requests(&mut Pieces(bytes, len)).unwrap(), expected, "pieces of {len}");
        }
    }

    #[test]
    fn answers_of_every_kind_are_the_same_however_they_are_cut() {
        let bytes = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, client\
            HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n\
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            5;name=value\r\nhello\r\n08\r\n, client\r\n0\r\nTrailer: x\r\n\r\n\
            HTTP/1.1 200 OK\r\n\r\nto the end";
        let expected: [&[u8]; 4] = [b"hello, client", b"", b"hello, client", b"to the end"];
        for len in (1..bytes.len()).chain([usize::MAX]) {
            assert_eq!(answers(&mut Pieces(bytes, len)).unwrap(), expected, "pieces of {len}");
        }
    }

    #[test]
    fn what_ends_too_early_is_an_error_wherever_it_ends() {
        let whole = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789";
        for len in 1..whole.len() {
            let error = requests(&mut Pieces(&whole[..len], 7)).unwrap_err();
            assert!(error.to_string().starts_with("the peer closed in the middle of a "), "{len}");
        }
        let bodies = [
            "Content-Length: 5\r\n\r\nhello",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ];
        for body in bodies {
            let whole = format!("HTTP/1.1 200 OK\r\n{body}").into_bytes();
            for len in 1..whole.len() {
                let error = answers(&mut Pieces(&whole[..len], 7)).unwrap_err();
                assert!(
                    error.to_string().starts_with("the peer closed in the middle of a "),
                    "{len}"
                );
            }
        }
    }

    #[test]
    fn lengths_that_can_be_read_in_two_ways_are_refused() {
        let bad = [
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3\r\nContent-Length: 4",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length: -3",
            "Content-Length: 0x3",
            "Content-Length: 3 3",
            "Content-Length:",
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity\r\nContent-Length: 3",
            "Content-Length : 3",
            "X: y\r\n Content-Length: 3",
        ];
        for fields in bad {
            let bytes = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\nabc");
            assert_eq!(status(bytes.as_bytes()), "400 Bad Request", "{fields}");
        }
        for fields in [
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ] {
            let bytes = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n0\r\n\r\n");
            assert_eq!(status(bytes.as_bytes()), "501 Not Implemented", "{fields}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_is_kept() {
        let too_long = "GET / HTTP/1.1\r\nX: ".to_owned() + &"y".repeat(2 * MAX_HEAD_LEN);
        assert_eq!(status(too_long.as_bytes()), "431 Request Header Fields Too Large");
        for len in ["16777217", "99999999999999999999999999"] {
            let bytes = format!("POST / HTTP/1.1\r\nContent-Length: {len}\r\n\r\n");
            assert_eq!(status(bytes.as_bytes()), "413 Content Too Large");
        }
        let many = "GET / HTTP/1.1\r\n".to_owned() + &"a: b\r\n".repeat(101) + "\r\n";
        assert_eq!(status(many.as_bytes()), "400 Bad Request");
        let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n";
        let error = answers(&mut Pieces(chunk, usize::MAX)).unwrap_err();
        assert_eq!(error.to_string(), "the body is longer than 16777216 bytes");

        // A body is skipped: the longest one leaves nothing behind.
        let mut head: &[u8] = b"POST /a HTTP/1.1\r\nContent-Length: 16777216\r\n\r\n";
        let mut next: &[u8] = b"GET /b HTTP/1.1\r\n\r\n";
        let mut stream = (&mut head).chain(io::repeat(b'x').take(16_777_216)).chain(&mut next);
        let mut reader = Reader::default();
        assert_eq!(reader.request(&mut stream).unwrap(), Some(request("/a")));
        assert!(reader.bytes.capacity() < 64 * 1024);
        assert_eq!(reader.request(&mut stream).unwrap(), Some(request("/b")));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for bytes in [
            "hello\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "\x16\x03\x01",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            assert_eq!(status(bytes.as_bytes()), "400 Bad Request", "{bytes:?}");
        }
        let chunks = ["", "x", "\r\n", "fffffffffffffffff\r\n", "1\r\nab", "1\nab"];
        for chunk in chunks {
            let bytes = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
            assert!(answers(&mut Pieces(bytes.as_bytes(), 1)).is_err(), "{chunk:?}");
        }
    }
}
