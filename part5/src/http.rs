//! Where a request or an answer of HTTP/1.1 ends (RFC 9112): TLS carries bytes, and says nothing of that.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail, ensure};
use httparse::{EMPTY_HEADER, Header, Status};
use tls::TlsStream;

/// The longest head of a request or an answer that is read, in bytes.
const MAX_HEAD_LEN: usize = 16 * 1024;
/// The longest body that is read behind one.
const MAX_BODY_LEN: usize = 1024 * 1024;
/// The most fields of a head.
const MAX_FIELDS: usize = 100;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub path: String,
    /// Whether the client would show a page.
    pub wants_page: bool,
    /// Whether it is the last one on its connection.
    pub is_last: bool,
}

/// Reads requests or answers off a stream, one after the other.
pub struct Reader {
    /// What was read, and not taken yet.
    bytes: Vec<u8>,
}

impl Reader {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Reads a request. `None` if the client said that there is no further one.
    ///
    /// # Errors
    /// Those of the stream, and bytes that are no request.
    pub fn request<T: Read + Write + Clone>(
        &mut self,
        stream: &mut TlsStream<T>,
    ) -> Result<Option<Request>> {
        loop {
            let mut fields = [EMPTY_HEADER; MAX_FIELDS];
            let mut head = httparse::Request::new(&mut fields);
            if let Status::Complete(len) =
                head.parse(&self.bytes).context("the request is not HTTP/1.1")?
            {
                let says =
                    |name, text| field(head.headers, name).is_some_and(|it| it.contains(text));
                let request = Request {
                    path: head.path.unwrap_or_default().to_owned(),
                    wants_page: says("accept", "text/html"),
                    is_last: says("connection", "close") || head.version == Some(0),
                };
                let body = body_len(head.headers)?.unwrap_or(0);
                self.take(stream, len + body)?;
                return Ok(Some(request));
            }
            if !self.more(stream)? {
                ensure!(self.bytes.is_empty(), "the client closed in the middle of a request");
                return Ok(None);
            }
        }
    }

    /// Reads an answer, head and body. `None` if the server said that there is none.
    ///
    /// # Errors
    /// Those of the stream, and bytes that are no answer whose length is known.
    pub fn answer<T: Read + Write + Clone>(
        &mut self,
        stream: &mut TlsStream<T>,
    ) -> Result<Option<Vec<u8>>> {
        loop {
            let mut fields = [EMPTY_HEADER; MAX_FIELDS];
            let mut head = httparse::Response::new(&mut fields);
            if let Status::Complete(len) =
                head.parse(&self.bytes).context("the answer is not HTTP/1.1")?
            {
                let body = body_len(head.headers)?.context("the answer has no Content-Length")?;
                return self.take(stream, len + body).map(Some);
            }
            if !self.more(stream)? {
                ensure!(self.bytes.is_empty(), "the server closed in the middle of an answer");
                return Ok(None);
            }
        }
    }

    /// Takes so many bytes, and waits for those that are not there yet.
    fn take<T: Read + Write + Clone>(
        &mut self,
        stream: &mut TlsStream<T>,
        len: usize,
    ) -> Result<Vec<u8>> {
        while self.bytes.len() < len {
            ensure!(self.more(stream)?, "the peer closed in the middle of a body");
        }
        let rest = self.bytes.split_off(len);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    /// Reads what comes next. `false` at the end.
    fn more<T: Read + Write + Clone>(&mut self, stream: &mut TlsStream<T>) -> Result<bool> {
        if self.bytes.len() > MAX_HEAD_LEN + MAX_BODY_LEN {
            bail!(
                "the peer sends more than {MAX_HEAD_LEN} bytes of head and {MAX_BODY_LEN} of body"
            );
        }
        let mut buffer = [0; 4096];
        let len = stream.read(&mut buffer)?;
        self.bytes.extend_from_slice(buffer.get(..len).unwrap_or_default());
        Ok(len > 0)
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// The length of the body, if the head says it.
fn body_len(fields: &[Header<'_>]) -> Result<Option<usize>> {
    let Some(text) = field(fields, "content-length") else { return Ok(None) };
    let len: usize = text.trim().parse().context("Content-Length is no number")?;
    ensure!(len <= MAX_BODY_LEN, "the body has {len} bytes, and {MAX_BODY_LEN} are read at most");
    Ok(Some(len))
}

/// Finds a field of the head, in lower case.
fn field(fields: &[Header<'_>], name: &str) -> Option<String> {
    let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(field.value).to_lowercase())
}
