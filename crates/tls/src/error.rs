//! What went wrong, and what the peer is told about it (RFC 8446, section 6.2).

use std::io;

use certificates::CertificateError;
use crypto::signature::SignError;
use crypto::{OpenError, SealError};
use framing::reader::FrameError;
use messages::DecodeError;
use messages::tls13::names;
use thiserror::Error;

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
    /// The connection is over since an error before.
    #[error("the connection has already failed")]
    Dead,
}

impl From<FrameError> for TlsError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => Self::Io(error),
            FrameError::TooLong { .. } => Self::RecordOverflow,
            error => Self::Frame(error),
        }
    }
}

impl TlsError {
    /// The alert that the peer is told, or `None` if it is gone, or was the one to tell.
    pub fn alert(&self) -> Option<u8> {
        Some(match self {
            Self::Io(_)
            | Self::Ended { .. }
            | Self::Truncated { .. }
            | Self::Alert { .. }
            | Self::Frame(FrameError::Truncated { .. })
            | Self::Dead => return None,
            Self::Unexpected { .. } | Self::Flood(_) => 10,
            Self::BadRecord(_) => 20,
            Self::RecordOverflow => 22,
            Self::NothingInCommon { .. } => 40,
            Self::Certificate(error) => of_certificate(error),
            Self::Illegal { .. } => 47,
            Self::Frame(_) | Self::Malformed { .. } => 50,
            Self::BadSignature | Self::BadFinished => 51,
            Self::Version => 70,
            Self::NotSealed(_) | Self::NotSigned(_) | Self::Random(_) => 80,
            Self::MissingExtension { .. } => 109,
            Self::UnsupportedExtension { .. } => 110,
            Self::CertificateRequired => 116,
            Self::NoProtocol => 120,
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
            | Self::Dead => return None,
        })
    }
}

fn of_certificate(error: &CertificateError) -> u8 {
    match error {
        CertificateError::UnknownIssuer { .. } => 48,
        CertificateError::Expired { .. } | CertificateError::NotYetValid { .. } => 45,
        CertificateError::UnacceptableKey { .. }
        | CertificateError::UnacceptableSignature
        | CertificateError::WrongUse { .. } => 43,
        _ => 42,
    }
}
