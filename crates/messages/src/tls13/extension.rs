//! Extensions (RFC 8446, section 4.2): what a message says beside its fixed fields.

use super::named;
use super::names;
use super::vector::{numbers, vector};
use crate::decoder::{DecodeError, Decoder};

/// The most names that are listed as what an extension says: no client that means it offers more of anything.
const MAX_LISTED: usize = 40;

/// The message that an extension stands in: the same extension has another form in another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    /// ClientHello.
    ClientHello,
    /// ServerHello.
    ServerHello,
    /// HelloRetryRequest.
    HelloRetryRequest,
    /// EncryptedExtensions.
    EncryptedExtensions,
    /// CertificateRequest.
    CertificateRequest,
    /// An entry of Certificate.
    Certificate,
    /// NewSessionTicket.
    NewSessionTicket,
}

/// A public key for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyShareEntry {
    /// The group.
    pub group: u16,
    /// The public key: 32 bytes at x25519, 65 at secp256r1; at X25519MLKEM768 1,216 from the client, 1,120 from the
    /// server.
    pub key_exchange: Vec<u8>,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The name of the server that the client wants (RFC 6066, section 3); empty in the server's answer.
    ServerName(Option<String>),
    /// The groups that a client or server can agree in, the preferred one first.
    SupportedGroups(Vec<u16>),
    /// The schemes that CertificateVerify may be signed by.
    SignatureAlgorithms(Vec<u16>),
    /// The schemes that certificates may be signed by.
    SignatureAlgorithmsCert(Vec<u16>),
    /// The protocols to speak inside (RFC 7301): those offered, or the one that was chosen.
    Alpn(Vec<Vec<u8>>),
    /// The versions that a client offers.
    SupportedVersions(Vec<u16>),
    /// The version that a server chose.
    SelectedVersion(u16),
    /// The public keys that a client offers.
    KeyShares(Vec<KeyShareEntry>),
    /// The public key of a server.
    KeyShare(KeyShareEntry),
    /// The group that a server wants a key for.
    SelectedGroup(u16),
    /// Bytes that a server gets back in the second ClientHello.
    Cookie(Vec<u8>),
    /// How a client would use a key from before: 0 alone, 1 with a new agreement.
    PskKeyExchangeModes(Vec<u8>),
    /// The longest record, its inner type included, that the sender takes (RFC 8449).
    RecordSizeLimit(u16),
    /// An extension that is not looked into.
    Other {
        /// Its type.
        kind: u16,
        /// Its body.
        body: Vec<u8>,
    },
}

impl Extension {
    /// Its type.
    pub fn kind(&self) -> u16 {
        match self {
            Self::ServerName(_) => 0,
            Self::SupportedGroups(_) => 10,
            Self::SignatureAlgorithms(_) => 13,
            Self::Alpn(_) => 16,
            Self::RecordSizeLimit(_) => 28,
            Self::SupportedVersions(_) | Self::SelectedVersion(_) => 43,
            Self::Cookie(_) => 44,
            Self::PskKeyExchangeModes(_) => 45,
            Self::SignatureAlgorithmsCert(_) => 50,
            Self::KeyShares(_) | Self::KeyShare(_) | Self::SelectedGroup(_) => 51,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// Appends it: type, length and body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind().to_be_bytes());
        vector(2, out, |out| self.encode_body(out));
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::ServerName(None) => {}
            Self::ServerName(Some(name)) => vector(2, out, |out| {
                out.push(0);
                vector(2, out, |out| out.extend_from_slice(name.as_bytes()));
            }),
            Self::SupportedGroups(list)
            | Self::SignatureAlgorithms(list)
            | Self::SignatureAlgorithmsCert(list) => numbers(2, out, list),
            Self::Alpn(protocols) => vector(2, out, |out| {
                for protocol in protocols {
                    vector(1, out, |out| out.extend_from_slice(protocol));
                }
            }),
            Self::SupportedVersions(versions) => numbers(1, out, versions),
            Self::SelectedVersion(number)
            | Self::SelectedGroup(number)
            | Self::RecordSizeLimit(number) => out.extend_from_slice(&number.to_be_bytes()),
            Self::KeyShares(shares) => vector(2, out, |out| {
                for share in shares {
                    share.encode(out);
                }
            }),
            Self::KeyShare(share) => share.encode(out),
            Self::Cookie(cookie) => vector(2, out, |out| out.extend_from_slice(cookie)),
            Self::PskKeyExchangeModes(modes) => vector(1, out, |out| out.extend_from_slice(modes)),
            Self::Other { body, .. } => out.extend_from_slice(body),
        }
    }

    /// Reads one that stands in a message of this kind.
    ///
    /// # Errors
    /// [`DecodeError`] if its body has not the form of its type.
    pub fn read(decoder: &mut Decoder<'_>, message: In) -> Result<Self, DecodeError> {
        decoder.saying(|decoder| {
            let what = "What the extension is about.";
            let kind = decoder.u16("type", what, names::extension)?;
            let name = names::known_extension(kind).unwrap_or("unknown extension");
            let what = meaning(kind);
            let (extension, says) = decoder.vector(2, "body", what, |decoder| {
                if let Some(extension) = Self::body(decoder, kind, message)? {
                    let says = extension.says();
                    return Ok((extension, says));
                }
                let body = decoder.rest().to_vec();
                let says = named::read(decoder, kind, message);
                Ok((Self::Other { kind, body }, says))
            })?;
            Ok((extension, name, what, says))
        })
    }

    /// Reads a body that is looked into. `None`, and nothing read, if that of this type is not.
    fn body(
        decoder: &mut Decoder<'_>,
        kind: u16,
        message: In,
    ) -> Result<Option<Self>, DecodeError> {
        use In::{
            CertificateRequest, ClientHello, EncryptedExtensions, HelloRetryRequest, ServerHello,
        };
        let number = |decoder: &mut Decoder<'_>, name, says: fn(u16) -> String| {
            decoder.u16(name, meaning(kind), says)
        };
        Ok(Some(match (kind, message) {
            (0, ClientHello) => Self::ServerName(server_name(decoder)?),
            (0, EncryptedExtensions) => Self::ServerName(None),
            (10, ClientHello | EncryptedExtensions) => {
                Self::SupportedGroups(list_of(decoder, 2, "groups", "group", names::group)?)
            }
            (13, ClientHello | CertificateRequest) => {
                Self::SignatureAlgorithms(list_of(decoder, 2, "schemes", "scheme", names::scheme)?)
            }
            (50, ClientHello | CertificateRequest) => {
                let schemes = list_of(decoder, 2, "schemes", "scheme", names::scheme)?;
                Self::SignatureAlgorithmsCert(schemes)
            }
            (16, ClientHello | EncryptedExtensions) => {
                let what = "Protocols, the preferred one first.";
                Self::Alpn(decoder.some_list(2, "protocols", what, |decoder| {
                    decoder.some_opaque(1, "protocol", "A protocol's name.").map(<[u8]>::to_vec)
                })?)
            }
            (43, ClientHello) => {
                Self::SupportedVersions(list_of(decoder, 1, "versions", "version", names::version)?)
            }
            (43, ServerHello | HelloRetryRequest) => {
                Self::SelectedVersion(number(decoder, "selected_version", names::version)?)
            }
            (51, ClientHello) => {
                let what = "Public keys, each for another group.";
                Self::KeyShares(decoder.list(2, "client_shares", what, KeyShareEntry::read)?)
            }
            (51, ServerHello) => Self::KeyShare(KeyShareEntry::read(decoder)?),
            (51, HelloRetryRequest) => {
                Self::SelectedGroup(number(decoder, "selected_group", names::group)?)
            }
            (44, ClientHello | HelloRetryRequest) => {
                Self::Cookie(decoder.some_opaque(2, "cookie", meaning(kind))?.to_vec())
            }
            (45, ClientHello) => {
                let modes = decoder.some_opaque(1, "ke_modes", meaning(kind))?;
                Self::PskKeyExchangeModes(modes.to_vec())
            }
            (28, ClientHello | EncryptedExtensions) => {
                Self::RecordSizeLimit(number(decoder, "limit", |limit| limit.to_string())?)
            }
            _ => return Ok(None),
        }))
    }

    /// What it says, in one line.
    fn says(&self) -> String {
        let joined = |numbers: &[u16], name: fn(u16) -> String| {
            listed(numbers.iter().map(|number| name(*number)))
        };
        match self {
            Self::ServerName(name) => name.clone().unwrap_or_default(),
            Self::SupportedGroups(groups) => joined(groups, names::group),
            Self::SignatureAlgorithms(schemes) | Self::SignatureAlgorithmsCert(schemes) => {
                joined(schemes, names::scheme)
            }
            Self::Alpn(protocols) => {
                listed(protocols.iter().map(|protocol| names::protocol(protocol)))
            }
            Self::SupportedVersions(versions) => joined(versions, names::version),
            Self::SelectedVersion(version) => names::version(*version),
            Self::KeyShares(shares) => listed(shares.iter().map(|share| names::group(share.group))),
            Self::KeyShare(share) => names::group(share.group),
            Self::SelectedGroup(group) => names::group(*group),
            Self::RecordSizeLimit(limit) => limit.to_string(),
            Self::PskKeyExchangeModes(modes) => {
                listed(modes.iter().map(|mode| names::psk_mode(*mode)))
            }
            Self::Cookie(_) | Self::Other { .. } => String::new(),
        }
    }
}

impl KeyShareEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.group.to_be_bytes());
        vector(2, out, |out| out.extend_from_slice(&self.key_exchange));
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let what = "A public key for this connection, for one group.";
        decoder.saying(|decoder| {
            let group = decoder.u16("group", "The group that the key is for.", names::group)?;
            let key_exchange = decoder.some_opaque(2, "key_exchange", "The public key.")?.to_vec();
            Ok((Self { group, key_exchange }, "KeyShareEntry", what, names::group(group)))
        })
    }
}

/// Reads the extensions of a message, up to its end.
///
/// # Errors
/// Those of [`read_list`]; [`DecodeError::Misplaced`] if one is known and has its place in other messages (RFC 8446,
/// section 4.2).
pub fn read_all(decoder: &mut Decoder<'_>, message: In) -> Result<Vec<Extension>, DecodeError> {
    let extensions = read_list(decoder, message)?;
    check_places(&extensions, message)?;
    Ok(extensions)
}

/// Reads extensions, whatever their place is.
///
/// # Errors
/// [`DecodeError::Repeated`] if one is there twice.
pub fn read_list(decoder: &mut Decoder<'_>, message: In) -> Result<Vec<Extension>, DecodeError> {
    let what = "What else there is to say.";
    let extensions =
        decoder.list(2, "extensions", what, |decoder| Extension::read(decoder, message))?;
    let mut kinds: Vec<_> = extensions.iter().map(Extension::kind).collect();
    kinds.sort_unstable();
    if kinds.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(DecodeError::Repeated { field: "extension" });
    }
    Ok(extensions)
}

/// Checks that extensions stand where they belong.
///
/// # Errors
/// [`DecodeError::Misplaced`].
pub fn check_places(extensions: &[Extension], message: In) -> Result<(), DecodeError> {
    match extensions.iter().find(|extension| !belongs_in(extension.kind(), message)) {
        None => Ok(()),
        Some(extension) => {
            let field = names::known_extension(extension.kind()).unwrap_or("extension");
            Err(DecodeError::Misplaced { field })
        }
    }
}

/// Returns whether an extension may stand in a message, by the table of section 4.2 and IANA's registry. One that is not
/// known may stand anywhere.
fn belongs_in(kind: u16, message: In) -> bool {
    use In::{
        Certificate, CertificateRequest, ClientHello, EncryptedExtensions, HelloRetryRequest,
        NewSessionTicket, ServerHello,
    };
    match kind {
        // server_name, max_fragment_length, supported_groups, ALPN, record_size_limit
        0 | 1 | 10 | 16 | 28 => matches!(message, ClientHello | EncryptedExtensions),
        // status_request, signed_certificate_timestamp, delegated_credential
        5 | 18 | 34 => matches!(message, ClientHello | CertificateRequest | Certificate),
        // signature_algorithms, compress_certificate, certificate_authorities, signature_algorithms_cert
        13 | 27 | 47 | 50 => matches!(message, ClientHello | CertificateRequest),
        // padding, psk_key_exchange_modes, post_handshake_auth
        21 | 45 | 49 => message == ClientHello,
        // pre_shared_key
        41 => matches!(message, ClientHello | ServerHello),
        // early_data
        42 => matches!(message, ClientHello | EncryptedExtensions | NewSessionTicket),
        // supported_versions, key_share
        43 | 51 => matches!(message, ClientHello | ServerHello | HelloRetryRequest),
        // cookie
        44 => matches!(message, ClientHello | HelloRetryRequest),
        // oid_filters
        48 => message == CertificateRequest,
        _ => true,
    }
}

/// Appends extensions with their length.
pub fn encode_all(extensions: &[Extension], out: &mut Vec<u8>) {
    vector(2, out, |out| {
        for extension in extensions {
            extension.encode(out);
        }
    });
}

/// Reads the only name that there may be (RFC 6066, section 3).
fn server_name(decoder: &mut Decoder<'_>) -> Result<Option<String>, DecodeError> {
    let what = "Names of the server, of which there is one.";
    let names = decoder.some_list(2, "server_name_list", what, |decoder| {
        let kind = decoder.u8("name_type", "0 is a host name.", |kind| kind.to_string())?;
        if kind != 0 {
            return Err(DecodeError::NoSuch { what: "host_name" });
        }
        let what = "The name that the client wants to reach.";
        let name = decoder.some_opaque(2, "host_name", what)?;
        let name = std::str::from_utf8(name);
        name.map(str::to_owned).map_err(|_| DecodeError::BadValue { field: "host_name" })
    })?;
    if names.len() > 1 {
        return Err(DecodeError::Repeated { field: "host_name" });
    }
    Ok(names.into_iter().next())
}

pub(super) fn list_of(
    decoder: &mut Decoder<'_>,
    len_len: usize,
    name: &'static str,
    element: &'static str,
    says: fn(u16) -> String,
) -> Result<Vec<u16>, DecodeError> {
    let what = "A list, the preferred one first.";
    decoder.some_list(len_len, name, what, |decoder| decoder.u16(element, "One of them.", says))
}

/// Lists the first names of many.
pub(super) fn listed(mut names: impl Iterator<Item = String>) -> String {
    let first: Vec<_> = names.by_ref().take(MAX_LISTED).collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

/// Tells what an extension is for, in a sentence.
pub fn meaning(kind: u16) -> &'static str {
    match kind {
        0 => {
            "The name of the server that the client wants, in the clear: one address serves many names."
        }
        1 => {
            "A shorter limit for records, by a list of four: record_size_limit has taken its place."
        }
        5 => {
            "A wish for a statement of the issuer that the certificate was not revoked, or that statement."
        }
        10 => "The groups in which the sender can agree on a secret.",
        11 => "The forms of points that the sender reads, at TLS 1.2.",
        13 => "How a CertificateVerify may be signed.",
        16 => "Which protocol is spoken inside, such as http/1.1 or h2.",
        18 => "Proofs that the certificate stands in public logs, or a wish for them.",
        21 => {
            "Zero bytes that make the message longer: some devices on the way fail at some lengths."
        }
        22 => "At TLS 1.2, the tag of a record in CBC mode over the ciphertext.",
        23 => "At TLS 1.2, a master secret that hangs on the whole handshake.",
        27 => "How certificates may be compressed.",
        28 => "The longest record that the sender takes.",
        34 => "That the sender takes a key for a short time, signed by the certificate's key.",
        35 => "A ticket of TLS 1.2, or a wish for one.",
        41 => "Keys from earlier sessions, and a proof for each; or the one that was chosen.",
        42 => "Data under a key from an earlier session, sent before the server has answered.",
        43 => "Which version of TLS: this, not the fixed field, tells.",
        44 => "Bytes that the server gets back, so that it need remember nothing.",
        45 => "How a key from an earlier session may be used.",
        47 => "The issuers whose certificates the sender trusts.",
        48 => "What a client's certificate has to say.",
        49 => "That the client can say who it is after the handshake too.",
        50 => "How certificates may be signed.",
        51 => "The public keys from which the secret is made.",
        65_037 => "The true ClientHello, encrypted; or bytes that look like it.",
        65_281 => "That the handshake does not continue an earlier one: TLS 1.2 had such a thing.",
        9 | 19 | 20 => "The kinds of certificate that the sender takes: X.509, or a bare key.",
        14 => "How SRTP is protected, whose keys are made here.",
        15 => "Whether heartbeats may be sent: no use of them is known here.",
        17 => "A wish for statements that certificates were not revoked, of the whole chain.",
        24 => "Parameters of a key that cookies are bound to.",
        54 => "What DTLS knows a connection by when its addresses change.",
        57 => "What QUIC wants to know beforehand: limits, addresses, timeouts.",
        58 => "How many tickets the client wants.",
        62 => "Yes and no for extensions that say nothing else.",
        13_172 => "An older way to agree on a protocol, which ALPN has replaced.",
        17_513 | 17_613 => {
            "Settings of the protocol inside, a round trip earlier than it has them."
        }
        64_768 => "Extensions that the hidden ClientHello takes from the outer one.",
        _ if names::known_extension(kind) == Some("GREASE") => {
            "Nothing: a number that clients draw so that servers learn to skip what they do not know."
        }
        _ => "Something that is not looked into here.",
    }
}
