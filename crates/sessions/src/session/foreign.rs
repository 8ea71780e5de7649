//! Names of the protocols that are no TLS, or that come in front of it.

/// The beginnings of other protocols, and their names.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"GET ", "HTTP"),
    (b"POST ", "HTTP"),
    (b"PUT ", "HTTP"),
    (b"HEAD ", "HTTP"),
    (b"DELETE ", "HTTP"),
    (b"OPTIONS ", "HTTP"),
    (b"PATCH ", "HTTP"),
    (b"CONNECT ", "HTTP, and the wish for a tunnel"),
    (b"PRI * HTTP/2", "HTTP/2"),
    (b"HTTP/", "HTTP"),
    (b"SSH-", "SSH"),
    (b"220", "SMTP or FTP"),
    (b"EHLO ", "SMTP"),
    (b"HELO ", "SMTP"),
    (b"* OK", "IMAP"),
    (b"+OK", "POP3"),
    (b"PROXY ", "the PROXY protocol"),
    (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", "PostgreSQL, and the wish for TLS"),
    (b"\x03\x00\x00", "RDP"),
    (b"\x05", "SOCKS 5"),
];

/// Names the protocol that bytes begin like, as far as that can be told.
pub fn name(bytes: &[u8]) -> &'static str {
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    match bytes {
        _ if known.is_some() => known.map_or("", |(_, name)| name),
        [first, _, 1, 0 | 2 | 3, ..] if first & 0x80 != 0 => "SSL 2.0",
        _ if !bytes.is_empty()
            && bytes.iter().take(16).all(|it| matches!(it, 9..=13 | 32..=126)) =>
        {
            "some protocol of text"
        }
        _ => "a protocol that is not recognised here",
    }
}
