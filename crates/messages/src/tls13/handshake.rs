//! The form of every message of the handshake: type, length, body (RFC 8446, section 4).

use super::certificate;
use super::extension::{self, Extension, In};
use super::vector::vector;
use super::{Certificate, CertificateRequest, CertificateVerify, ClientHello, ServerHello};
use crate::decoder::{DecodeError, Decoder, Explained};

/// Length of type and length in bytes.
pub const HEADER_LEN: usize = 4;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeType(pub u8);

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeMessage {
    /// The client's offer.
    ClientHello(ClientHello),
    /// The server's choice, or its request for another offer.
    ServerHello(ServerHello),
    /// A ticket, with which the client can come back.
    NewSessionTicket(NewSessionTicket),
    /// The rest of the server's choice, encrypted.
    EncryptedExtensions(Vec<Extension>),
    /// The wish for a certificate of the client.
    CertificateRequest(CertificateRequest),
    /// Who the sender is.
    Certificate(Certificate),
    /// The proof that it is.
    CertificateVerify(CertificateVerify),
    /// The proof that both saw the same handshake.
    Finished(Vec<u8>),
    /// New keys for what the sender sends.
    KeyUpdate {
        /// Whether the receiver is to do the same.
        update_requested: bool,
    },
}

/// A ticket (RFC 8446, section 4.6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSessionTicket {
    /// Seconds for which it is good.
    pub lifetime: u32,
    /// What the client adds to its age, so that nobody sees that two visits belong together.
    pub age_add: u32,
    /// What makes its key another than that of other tickets.
    pub nonce: Vec<u8>,
    /// The ticket, for the server to read.
    pub ticket: Vec<u8>,
    /// What else there is to say.
    pub extensions: Vec<Extension>,
}

impl HandshakeType {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "ClientHello",
            2 => "ServerHello",
            4 => "NewSessionTicket",
            5 => "EndOfEarlyData",
            8 => "EncryptedExtensions",
            11 => "Certificate",
            13 => "CertificateRequest",
            15 => "CertificateVerify",
            20 => "Finished",
            24 => "KeyUpdate",
            25 => "CompressedCertificate",
            254 => "message_hash",
            _ => "unknown message",
        }
    }

    /// Returns whether a message of this kind can be read: whatever else comes is not due at any time.
    pub fn is_known(self) -> bool {
        matches!(self.0, 1 | 2 | 4 | 8 | 11 | 13 | 15 | 20 | 24)
    }
}

impl HandshakeMessage {
    /// Its kind.
    pub fn kind(&self) -> HandshakeType {
        HandshakeType(match self {
            Self::ClientHello(_) => 1,
            Self::ServerHello(_) => 2,
            Self::NewSessionTicket(_) => 4,
            Self::EncryptedExtensions(_) => 8,
            Self::Certificate(_) => 11,
            Self::CertificateRequest(_) => 13,
            Self::CertificateVerify(_) => 15,
            Self::Finished(_) => 20,
            Self::KeyUpdate { .. } => 24,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ServerHello(hello) if hello.is_retry_request() => "HelloRetryRequest",
            _ => self.kind().name(),
        }
    }

    /// Its bytes, type and length in front.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.kind().0];
        vector(3, &mut out, |out| match self {
            Self::ClientHello(hello) => hello.encode(out),
            Self::ServerHello(hello) => hello.encode(out),
            Self::NewSessionTicket(ticket) => ticket.encode(out),
            Self::EncryptedExtensions(extensions) => extension::encode_all(extensions, out),
            Self::CertificateRequest(request) => request.encode(out),
            Self::Certificate(certificate) => certificate.encode(out),
            Self::CertificateVerify(verify) => verify.encode(out),
            Self::Finished(verify_data) => out.extend_from_slice(verify_data),
            Self::KeyUpdate { update_requested } => out.push((*update_requested).into()),
        });
        out
    }

    /// Reads one from its first byte to its last.
    ///
    /// # Errors
    /// [`DecodeError`]: the peer is told `decode_error`.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(message);
        let read =
            Self::read(&mut decoder)?.ok_or(DecodeError::NoSuch { what: "known message" })?;
        if decoder.is_done() { Ok(read) } else { Err(DecodeError::Surplus { what: "message" }) }
    }

    /// Tells what a message says, span by span, as far as it can be read.
    pub fn explain(message: &[u8]) -> Explained {
        let mut decoder = Decoder::new(message);
        _ = Self::read(&mut decoder);
        decoder.give_up("rest", "Bytes that could not be read.");
        decoder.explained()
    }

    /// Reads one. `None` if it is of a kind that can be named, and that no handshake here has a use for.
    fn read(decoder: &mut Decoder<'_>) -> Result<Option<Self>, DecodeError> {
        let what = "What the message is.";
        let kind = decoder.u8("msg_type", what, |kind| HandshakeType(kind).name().to_owned())?;
        let name = HandshakeType(kind).name();
        decoder.vector(3, name, "The message itself.", |decoder| {
            Ok(Some(match kind {
                1 => Self::ClientHello(ClientHello::read(decoder)?),
                2 => Self::ServerHello(ServerHello::read(decoder)?),
                4 => Self::NewSessionTicket(NewSessionTicket::read(decoder)?),
                8 => Self::EncryptedExtensions(extension::read_all(
                    decoder,
                    In::EncryptedExtensions,
                )?),
                11 => Self::Certificate(Certificate::read(decoder)?),
                13 => Self::CertificateRequest(CertificateRequest::read(decoder)?),
                15 => Self::CertificateVerify(CertificateVerify::read(decoder)?),
                20 => {
                    let what =
                        "A tag over the whole handshake, by a key that only the two sides have.";
                    Self::Finished(
                        decoder.bytes(decoder.rest().len(), "verify_data", what)?.to_vec(),
                    )
                }
                24 => {
                    let what = "Whether the receiver is to change its keys too.";
                    match decoder.u8("request_update", what, |it| it.to_string())? {
                        0 => Self::KeyUpdate { update_requested: false },
                        1 => Self::KeyUpdate { update_requested: true },
                        _ => return Err(DecodeError::BadValue { field: "request_update" }),
                    }
                }
                // EndOfEarlyData has no bytes.
                5 if decoder.is_done() => return Ok(None),
                25 => {
                    certificate::name_compressed(decoder)?;
                    return Ok(None);
                }
                _ => return Err(DecodeError::NoSuch { what: "known message" }),
            }))
        })
    }
}

impl NewSessionTicket {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.lifetime.to_be_bytes());
        out.extend_from_slice(&self.age_add.to_be_bytes());
        vector(1, out, |out| out.extend_from_slice(&self.nonce));
        vector(2, out, |out| out.extend_from_slice(&self.ticket));
        extension::encode_all(&self.extensions, out);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let lifetime = decoder.u32("ticket_lifetime", "Seconds for which the ticket is good.")?;
        let what = "What the client adds to the ticket's age, so that visits cannot be linked.";
        let age_add = decoder.u32("ticket_age_add", what)?;
        let what = "What makes this ticket's key another than that of other tickets.";
        let nonce = decoder.opaque(1, "ticket_nonce", what)?.to_vec();
        let ticket =
            decoder.some_opaque(2, "ticket", "The ticket: for the server to read.")?.to_vec();
        let extensions = extension::read_all(decoder, In::NewSessionTicket)?;
        Ok(Self { lifetime, age_add, nonce, ticket, extensions })
    }
}
