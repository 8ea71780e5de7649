//! ClientHello, ServerHello and HelloRetryRequest (RFC 8446, sections 4.1.2 to 4.1.4).

use super::extension::{self, Extension, In};
use super::names;
use super::vector::{numbers, vector};
use crate::decoder::{DecodeError, Decoder};

/// Length of a random value in bytes.
pub const RANDOM_LEN: usize = 32;

/// The random value that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest".
pub const RETRY_RANDOM: [u8; RANDOM_LEN] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The client's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// 0x0303, whatever is offered.
    pub legacy_version: u16,
    /// Random bytes.
    pub random: [u8; RANDOM_LEN],
    /// Bytes that the server sends back, for devices on the way that know TLS 1.2: 0 to 32.
    pub legacy_session_id: Vec<u8>,
    /// The suites, the preferred one first.
    pub cipher_suites: Vec<u16>,
    /// One zero byte: no compression.
    pub legacy_compression_methods: Vec<u8>,
    /// The extensions, in order.
    pub extensions: Vec<Extension>,
}

/// The server's choice, or its request for another offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// 0x0303.
    pub legacy_version: u16,
    /// Random bytes, or [`RETRY_RANDOM`].
    pub random: [u8; RANDOM_LEN],
    /// That of the ClientHello.
    pub legacy_session_id_echo: Vec<u8>,
    /// The suite.
    pub cipher_suite: u16,
    /// 0.
    pub legacy_compression_method: u8,
    /// The extensions, in order.
    pub extensions: Vec<Extension>,
}

impl ClientHello {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.legacy_version.to_be_bytes());
        out.extend_from_slice(&self.random);
        vector(1, out, |out| out.extend_from_slice(&self.legacy_session_id));
        numbers(2, out, &self.cipher_suites);
        vector(1, out, |out| out.extend_from_slice(&self.legacy_compression_methods));
        extension::encode_all(&self.extensions, out);
    }

    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let what = "TLS 1.2, whatever is offered: the version is in supported_versions.";
        let legacy_version = decoder.u16("legacy_version", what, names::version)?;
        let random = random(decoder)?;
        let what = "Bytes that the server sends back, for devices on the way that know TLS 1.2.";
        let legacy_session_id = session_id(decoder, "legacy_session_id", what)?;
        let what = "How records may be protected, the preferred one first.";
        let cipher_suites = decoder.saying(|decoder| {
            let suites = decoder.some_list(2, "cipher_suites", what, |decoder| {
                decoder.u16("cipher_suite", "One of them.", names::suite)
            })?;
            let says = extension::listed(suites.iter().map(|suite| names::suite(*suite)));
            Ok((suites, "cipher_suites", what, says))
        })?;
        let what = "One zero byte: no compression.";
        let legacy_compression_methods =
            decoder.some_opaque(1, "legacy_compression_methods", what)?.to_vec();
        // TLS 1.2 may leave them out, and its client then hears that this is another version.
        let extensions = if decoder.is_done() {
            Vec::new()
        } else {
            extension::read_all(decoder, In::ClientHello)?
        };
        Ok(Self {
            legacy_version,
            random,
            legacy_session_id,
            cipher_suites,
            legacy_compression_methods,
            extensions,
        })
    }

    /// Returns the name of the server that is wanted.
    pub fn server_name(&self) -> Option<&str> {
        self.extensions.iter().find_map(|extension| match extension {
            Extension::ServerName(name) => name.as_deref(),
            _ => None,
        })
    }
}

impl ServerHello {
    /// Returns the version that was chosen: at TLS 1.3, `legacy_version` is that of TLS 1.2.
    pub fn version(&self) -> u16 {
        let chosen = self.extensions.iter().find_map(|extension| match extension {
            Extension::SelectedVersion(version) => Some(*version),
            _ => None,
        });
        chosen.unwrap_or(self.legacy_version)
    }

    /// Returns whether it asks for another ClientHello.
    pub fn is_retry_request(&self) -> bool {
        self.random == RETRY_RANDOM
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.legacy_version.to_be_bytes());
        out.extend_from_slice(&self.random);
        vector(1, out, |out| out.extend_from_slice(&self.legacy_session_id_echo));
        out.extend_from_slice(&self.cipher_suite.to_be_bytes());
        out.push(self.legacy_compression_method);
        extension::encode_all(&self.extensions, out);
    }

    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let what = "TLS 1.2, whatever was chosen: the version is in supported_versions.";
        let legacy_version = decoder.u16("legacy_version", what, names::version)?;
        let random = random(decoder)?;
        let what = "What the client sent as its legacy_session_id.";
        let legacy_session_id_echo = session_id(decoder, "legacy_session_id_echo", what)?;
        let what = "How records are protected.";
        let cipher_suite = decoder.u16("cipher_suite", what, names::suite)?;
        let legacy_compression_method =
            decoder.u8("legacy_compression_method", "0: none.", |it| it.to_string())?;
        let message = if random == RETRY_RANDOM { In::HelloRetryRequest } else { In::ServerHello };
        // A server of TLS 1.2 may have none, or others: its client hears that this is another version.
        let extensions =
            if decoder.is_done() { Vec::new() } else { extension::read_list(decoder, message)? };
        if extensions.iter().any(|it| matches!(it, Extension::SelectedVersion(_))) {
            extension::check_places(&extensions, message)?;
        }
        Ok(Self {
            legacy_version,
            random,
            legacy_session_id_echo,
            cipher_suite,
            legacy_compression_method,
            extensions,
        })
    }
}

fn random(decoder: &mut Decoder<'_>) -> Result<[u8; RANDOM_LEN], DecodeError> {
    let what = "Random bytes: no two handshakes are alike. One value means HelloRetryRequest.";
    let says = |bytes: &[u8]| {
        if bytes == RETRY_RANDOM { "HelloRetryRequest".to_owned() } else { String::new() }
    };
    let bytes = decoder.told(RANDOM_LEN, "random", what, says)?;
    Ok(bytes.try_into().unwrap_or_default())
}

fn session_id(
    decoder: &mut Decoder<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<Vec<u8>, DecodeError> {
    let id = decoder.opaque(1, name, what)?;
    if id.len() > 32 {
        return Err(DecodeError::TooMany { field: "byte of a session id", most: 32 });
    }
    Ok(id.to_vec())
}
