//! The request that a client makes of a proxy: CONNECT (RFC 9110, section 9.3.6).

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use httparse::{EMPTY_HEADER, Error, Request, Status};

/// The longest request, in bytes.
const MAX_LEN: usize = 8 << 10;

/// The most header fields of a request.
const MAX_HEADERS: usize = 64;

/// Time limit for a request, and for each attempt to connect to where it wants to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A reason that a request leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The client left. Some ask whether anyone is there.
    #[error("the client left before its request was whole")]
    Gone,
    /// The request took too long.
    #[error("the request was not whole after {} s", PATIENCE.as_secs())]
    Late,
    /// The request is too long.
    #[error(
        "the request is longer than {MAX_LEN} bytes, or has more than {MAX_HEADERS} header fields"
    )]
    TooLong,
    /// Those bytes are no request.
    #[error("the first bytes are no HTTP request: the tap is a proxy, and waits for CONNECT")]
    NoRequest,
    /// The request has another method.
    #[error("the method is {0}, which is not for TLS: the tap knows CONNECT alone")]
    Method(String),
    /// Nobody is there.
    #[error("cannot connect to {0}: {1}")]
    Unreachable(String, io::Error),
}

impl Refusal {
    /// Returns what a client is answered.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Gone | Self::NoRequest => "400 Bad Request",
            Self::Late => "408 Request Timeout",
            Self::TooLong => "431 Request Header Fields Too Large",
            Self::Method(_) => "501 Not Implemented",
            Self::Unreachable(..) => "502 Bad Gateway",
        }
    }
}

/// Reads a request. Returns where the client wants to, and the bytes behind it.
///
/// # Errors
/// When it is none for a tunnel.
pub fn read(client: &TcpStream) -> Result<(String, Vec<u8>), Refusal> {
    let deadline = Instant::now() + PATIENCE;
    let (mut bytes, mut stream) = (Vec::new(), client);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refusal::Late);
        }
        client.set_read_timeout(Some(left)).map_err(|_| Refusal::Gone)?;
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer) {
            Ok(0) => return Err(Refusal::Gone),
            Ok(n) => bytes.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(Refusal::Late);
            }
            Err(_) => return Err(Refusal::Gone),
        }
        if let Some((to, len)) = parse(&bytes)? {
            client.set_read_timeout(None).map_err(|_| Refusal::Gone)?;
            return Ok((to, bytes.split_off(len)));
        }
    }
}

/// Returns where a request wants to, and its length, if it is whole.
fn parse(bytes: &[u8]) -> Result<Option<(String, usize)>, Refusal> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    let parsed = request.parse(bytes.get(..MAX_LEN).unwrap_or(bytes));
    match (parsed, request.method, request.path) {
        (Ok(Status::Complete(len)), Some("CONNECT"), Some(to)) => Ok(Some((to.to_owned(), len))),
        (Ok(Status::Complete(_)), Some(method), _) => Err(Refusal::Method(method.to_owned())),
        (Ok(Status::Partial), ..) if bytes.len() < MAX_LEN => Ok(None),
        (Ok(Status::Partial) | Err(Error::TooManyHeaders), ..) => Err(Refusal::TooLong),
        _ => Err(Refusal::NoRequest),
    }
}

/// Connects to a host and a port, at the first of its addresses where someone is.
///
/// # Errors
/// When nobody is there.
pub fn connect(to: &str) -> Result<(TcpStream, SocketAddr), Refusal> {
    let none = || io::Error::new(ErrorKind::NotFound, "it has no address");
    let unreachable = |error| Refusal::Unreachable(to.to_owned(), error);
    let mut last = none();
    for addr in to.to_socket_addrs().map_err(unreachable)? {
        match TcpStream::connect_timeout(&addr, PATIENCE) {
            Ok(stream) => return Ok((stream, addr)),
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_once_it_is_whole() {
        let request = b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n";
        for len in 0..request.len() {
            assert_eq!(parse(&request[..len]).unwrap(), None, "{len} bytes");
        }
        let followed = [request, &b"\x16\x03\x01"[..]].concat();
        assert_eq!(parse(&followed).unwrap(), Some(("[::1]:8443".to_owned(), request.len())));
    }

    #[test]
    fn what_leads_nowhere_is_refused_with_a_status() {
        let long = format!("CONNECT a:1 HTTP/1.1\r\nA: {}", "a".repeat(MAX_LEN));
        let end = format!("{long}\r\n\r\n");
        let many = format!("CONNECT a:1 HTTP/1.1\r\n{}\r\n", "A: a\r\n".repeat(65));
        for (request, status) in [
            (&b"GET http://a/ HTTP/1.1\r\n\r\n"[..], "501 Not Implemented"),
            (b"\x16\x03\x01\x00\x05hello", "400 Bad Request"),
            (b"\x05\x01\x00", "400 Bad Request"),
            (long.as_bytes(), "431 Request Header Fields Too Large"),
            (end.as_bytes(), "431 Request Header Fields Too Large"),
            (many.as_bytes(), "431 Request Header Fields Too Large"),
        ] {
            let refused = parse(request).unwrap_err();
            assert_eq!(refused.status(), status, "{}: {refused}", request.escape_ascii());
        }
    }

    #[test]
    fn an_address_may_be_one_of_ipv6_and_a_name() {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let listener = match std::net::TcpListener::bind(format!("{host}:0")) {
                Ok(listener) => listener,
                Err(_) if host == "[::1]" => continue,
                Err(error) => panic!("{error}"),
            };
            let addr = listener.local_addr().unwrap();
            let (_, server) = connect(&format!("{host}:{}", addr.port())).unwrap();
            assert_eq!(server, addr);
        }
        for nobody in ["localhost", "localhost:65536", "::1", ""] {
            assert_eq!(connect(nobody).unwrap_err().status(), "502 Bad Gateway", "{nobody}");
        }
    }
}
