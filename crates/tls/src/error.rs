//! What went wrong, and what the peer is told about it (RFC 8446, section 6.2).

use std::io;

use certificates::CertificateError;
use crypto::signature::SignError;
use crypto::{OpenError, SealError};
use framing::reader::FrameError;
use messages::DecodeError;
use messages::tls13::names;
use thiserror::Error;

const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const RECORD_OVERFLOW: u8 = 22;
const HANDSHAKE_FAILURE: u8 = 40;
const BAD_CERTIFICATE: u8 = 42;
const UNSUPPORTED_CERTIFICATE: u8 = 43;
const CERTIFICATE_EXPIRED: u8 = 45;
const CERTIFICATE_UNKNOWN: u8 = 46;
const ILLEGAL_PARAMETER: u8 = 47;
const UNKNOWN_CA: u8 = 48;
const DECODE_ERROR: u8 = 50;
const DECRYPT_ERROR: u8 = 51;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;
const MISSING_EXTENSION: u8 = 109;
const UNSUPPORTED_EXTENSION: u8 = 110;
const CERTIFICATE_REQUIRED: u8 = 116;
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// A reason that a connection is over.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The stream failed or timed out.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes are no records, or the stream ended inside one.
    #[error(transparent)]
    Frame(FrameError),
    /// The stream ended in the handshake.
    #[error(
        "the peer closed the connection where its {due} was due; perhaps it is at another stage"
    )]
    Ended {
        /// The message that was due.
        due: &'static str,
    },
    /// The stream ended without a `close_notify`: whether something is missing, nobody knows.
    #[error("the peer closed the connection where {due} was due, and did not say that it would")]
    Truncated {
        /// What was due.
        due: &'static str,
    },
    /// A record does not verify.
    #[error("a record was refused: {0}")]
    BadRecord(OpenError),
    /// A record is longer than any may be.
    #[error("a record has more than 2^14 bytes of plaintext")]
    RecordOverflow,
    /// A message has not the form that it must have.
    #[error("{message} refused: {error}")]
    Malformed {
        /// Its name.
        message: &'static str,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// Something else came than what was due.
    #[error("{got} came where {due} was due")]
    Unexpected {
        /// What was due.
        due: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A value is one that may not be there.
    #[error("{message} refused: {why}")]
    Illegal {
        /// The message's name.
        message: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// An extension that has to be there is not.
    #[error("{message} refused: it has no {extension}")]
    MissingExtension {
        /// The message's name.
        message: &'static str,
        /// The extension's name.
        extension: &'static str,
    },
    /// An extension answers one that was not sent.
    #[error("{message} refused: it has {extension}, which was not asked for")]
    UnsupportedExtension {
        /// The message's name.
        message: &'static str,
        /// The extension's name.
        extension: String,
    },
    /// The peer does not speak TLS 1.3.
    #[error("the peer does not offer TLS 1.3")]
    Version,
    /// The two have nothing in common.
    #[error("the two sides have no {what} in common")]
    NothingInCommon {
        /// Of what there is none: a suite, a group, a signature scheme.
        what: &'static str,
    },
    /// The two have no protocol in common.
    #[error("the two sides have no protocol (ALPN) in common")]
    NoProtocol,
    /// The certificates are not to be believed.
    #[error("Certificate refused: {0}")]
    Certificate(CertificateError),
    /// There has to be a certificate, and there is none.
    #[error("the client has no certificate, and this server wants one")]
    CertificateRequired,
    /// The signature does not verify.
    #[error(
        "CertificateVerify refused: its signature is not one over this handshake by the key that the certificate \
         names"
    )]
    BadSignature,
    /// Finished does not verify.
    #[error(
        "Finished refused: the two sides did not see the same handshake, or do not have the same secret"
    )]
    BadFinished,
    /// The peer says that it is over.
    #[error("the peer sent the alert {}", names::alert(*alert))]
    Alert {
        /// The alert's number.
        alert: u8,
    },
    /// The peer sends more of something than anyone needs.
    #[error("the peer sends {0} without end")]
    Flood(&'static str),
    /// A record could not be sealed.
    #[error(transparent)]
    NotSealed(#[from] SealError),
    /// A signature could not be made.
    #[error(transparent)]
    NotSigned(#[from] SignError),
    /// The operating system has no random bytes to give.
    #[error("no random bytes from the operating system: {0}")]
    Random(#[from] getrandom::Error),
    /// This side has closed its direction.
    #[error("nothing can be sent any more: this side has said close_notify")]
    Closed,
    /// The connection is over since an error before.
    #[error("the connection has already failed")]
    Dead,
}

impl From<FrameError> for TlsError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => Self::Io(error),
            FrameError::TooLong { .. } => Self::RecordOverflow,
            FrameError::TooManyEmptyRecords => Self::Flood("records that carry nothing"),
            error @ (FrameError::Truncated { .. } | FrameError::TooShort { .. }) => {
                Self::Frame(error)
            }
        }
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Io(error) => error,
            error => Self::other(error),
        }
    }
}

impl TlsError {
    /// The alert that the peer is told, or `None` if it is gone, or was the one to tell.
    pub fn alert(&self) -> Option<u8> {
        Some(match self {
            Self::Io(_)
            | Self::Frame(_)
            | Self::Ended { .. }
            | Self::Truncated { .. }
            | Self::Alert { .. }
            | Self::Closed
            | Self::Dead => return None,
            Self::Unexpected { .. } | Self::Flood(_) => UNEXPECTED_MESSAGE,
            Self::BadRecord(_) => BAD_RECORD_MAC,
            Self::RecordOverflow => RECORD_OVERFLOW,
            Self::NothingInCommon { .. } => HANDSHAKE_FAILURE,
            Self::Certificate(error) => of_certificate(error),
            Self::Illegal { .. } => ILLEGAL_PARAMETER,
            Self::Malformed { error, .. } => of_form(error),
            Self::BadSignature | Self::BadFinished => DECRYPT_ERROR,
            Self::Version => PROTOCOL_VERSION,
            Self::NotSealed(_) | Self::NotSigned(_) | Self::Random(_) => INTERNAL_ERROR,
            Self::MissingExtension { .. } => MISSING_EXTENSION,
            Self::UnsupportedExtension { .. } => UNSUPPORTED_EXTENSION,
            Self::CertificateRequired => CERTIFICATE_REQUIRED,
            Self::NoProtocol => NO_APPLICATION_PROTOCOL,
        })
    }
}

impl TlsError {
    /// The name of the check that refused the peer's bytes, such as `bad_tag`, or `None` if the peer's bytes were not at
    /// fault.
    pub fn rejection(&self) -> Option<&'static str> {
        Some(match self {
            Self::Frame(FrameError::Truncated { .. }) | Self::Truncated { .. } => "truncated",
            Self::Frame(FrameError::TooLong { .. }) | Self::RecordOverflow => "record_overflow",
            Self::Frame(FrameError::TooManyEmptyRecords) => "too_many_empty_records",
            Self::BadRecord(OpenError::BadTag) => "bad_tag",
            Self::Frame(FrameError::TooShort { .. })
            | Self::BadRecord(OpenError::TooShort { .. }) => "too_short",
            Self::BadRecord(_) => "sequence_exhausted",
            Self::Malformed { .. } => "malformed",
            Self::Unexpected { .. } => "unexpected_message",
            Self::Illegal { .. } => "illegal_parameter",
            Self::MissingExtension { .. } => "missing_extension",
            Self::UnsupportedExtension { .. } => "unsupported_extension",
            Self::Version => "protocol_version",
            Self::NothingInCommon { .. } => "nothing_in_common",
            Self::NoProtocol => "no_protocol",
            Self::Certificate(error) => error.name(),
            Self::CertificateRequired => "certificate_required",
            Self::BadSignature => "bad_signature",
            Self::BadFinished => "bad_finished",
            Self::Flood(_) => "flood",
            Self::Io(_)
            | Self::Frame(FrameError::Io(_))
            | Self::Ended { .. }
            | Self::Alert { .. }
            | Self::NotSealed(_)
            | Self::NotSigned(_)
            | Self::Random(_)
            | Self::Closed
            | Self::Dead => return None,
        })
    }
}

/// The alert about a message that can be read and says what none may say, or one that cannot be read.
fn of_form(error: &DecodeError) -> u8 {
    match error {
        DecodeError::Repeated { .. }
        | DecodeError::Misplaced { .. }
        | DecodeError::BadValue { .. } => ILLEGAL_PARAMETER,
        _ => DECODE_ERROR,
    }
}

fn of_certificate(error: &CertificateError) -> u8 {
    match error {
        CertificateError::UnknownIssuer { .. } => UNKNOWN_CA,
        CertificateError::Expired { .. } | CertificateError::NotYetValid { .. } => {
            CERTIFICATE_EXPIRED
        }
        CertificateError::UnacceptableKey { .. }
        | CertificateError::UnacceptableSignature
        | CertificateError::WrongUse { .. } => UNSUPPORTED_CERTIFICATE,
        CertificateError::TooMuchWork | CertificateError::Other(_) => CERTIFICATE_UNKNOWN,
        CertificateError::Malformed { .. }
        | CertificateError::TooMany { .. }
        | CertificateError::BadCertificateSignature
        | CertificateError::WrongName { .. }
        | CertificateError::NotAnAuthority { .. }
        | CertificateError::PathTooLong
        | CertificateError::NameNotPermitted
        | CertificateError::BadExtension { .. }
        | CertificateError::UnknownCriticalExtension => BAD_CERTIFICATE,
    }
}
