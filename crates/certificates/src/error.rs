use std::time::Duration;

use crypto::signature::{MAX_BITS, MIN_BITS};
use messages::DecodeError;
use messages::x509::moment;
use thiserror::Error;

/// A reason not to believe a chain. `subject` is whom the certificate at fault is about.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CertificateError {
    /// Bytes that are no certificate.
    #[error("certificate {number} of the chain cannot be read: {error}")]
    Malformed {
        /// Its place in the chain, from 1.
        number: usize,
        /// The fault in it.
        error: DecodeError,
    },
    /// More certificates than are looked at.
    #[error("there are {count} certificates, and {most} at most are looked at")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// No path leads to a root.
    #[error(
        "nobody who is trusted signed this: \"{subject}\" is signed by \"{issuer}\", which is neither among the \
         certificates that were sent nor a root"
    )]
    UnknownIssuer {
        /// The last certificate of the path.
        subject: String,
        /// Whoever it says has signed it.
        issuer: String,
    },
    /// A signature on a certificate does not verify.
    #[error(
        "a signature in the chain is wrong: the certificate was changed, or whoever signed it only has the name \
         of its issuer, and not its key"
    )]
    BadCertificateSignature,
    /// The time is over.
    #[error("the certificate of \"{subject}\" has expired: it was valid until {}", moment(*not_after))]
    Expired {
        /// Whose it is.
        subject: String,
        /// The last moment, since 1970.
        not_after: Duration,
    },
    /// The time has not come.
    #[error("the certificate of \"{subject}\" is not valid yet: it will be from {}", moment(*not_before))]
    NotYetValid {
        /// Whose it is.
        subject: String,
        /// The first moment, since 1970.
        not_before: Duration,
    },
    /// It is somebody else's.
    #[error(
        "the certificate is for {names}, and not for {wanted}: an honest server, it may be, but not the one that \
         was asked for"
    )]
    WrongName {
        /// The name that was asked for.
        wanted: String,
        /// The names that it is for.
        names: String,
    },
    /// Someone signed a certificate who may not.
    #[error("\"{subject}\" may not sign certificates: {why}")]
    NotAnAuthority {
        /// The one who signed.
        subject: String,
        /// What its certificate says, or does not say.
        why: &'static str,
    },
    /// More authorities stand in the path than one of them allows, or than are tried.
    #[error(
        "the path is too long: there are more authorities between the server and a root than one of them, or this \
         client, allows"
    )]
    PathTooLong,
    /// An authority signed a name that it may not.
    #[error("an authority in the path may not sign for this name")]
    NameNotPermitted,
    /// The certificate is not for this.
    #[error("the certificate of \"{subject}\" is not for this use: {why}")]
    WrongUse {
        /// Whose it is.
        subject: String,
        /// What it says, or does not say.
        why: &'static str,
    },
    /// The key is of a kind, or of a size, that is not accepted.
    #[error(
        "the key of \"{subject}\" is {key}, and RSA of {MIN_BITS} to {MAX_BITS} bits is accepted, at TLS 1.3 also \
         P-256, P-384 and Ed25519"
    )]
    UnacceptableKey {
        /// Whose it is.
        subject: String,
        /// What it is.
        key: String,
    },
    /// The signature is of a kind that is not accepted.
    #[error(
        "a certificate in the path is signed by an algorithm that is not accepted: RSA with SHA-256, SHA-384 or \
         SHA-512 is, at TLS 1.3 also ECDSA on P-256 with SHA-256 and on P-384 with SHA-384, and Ed25519"
    )]
    UnacceptableSignature,
    /// An extension is not as it has to be.
    #[error("the certificate of \"{subject}\" breaks a rule: {why}")]
    BadExtension {
        /// Whose it is.
        subject: String,
        /// The rule, and what it says instead.
        why: &'static str,
    },
    /// An extension that nobody here understands must not be passed over.
    #[error(
        "a certificate in the path has a critical extension that is not known here, so it must not be believed"
    )]
    UnknownCriticalExtension,
    /// The path was not found within bounds.
    #[error("so many paths can be tried that the search was given up")]
    TooMuchWork,
    /// The verifier says no for another reason.
    #[error("the chain was refused: {0}")]
    Other(String),
}

impl CertificateError {
    /// The name of the check that failed, such as `unknown_issuer`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed_certificate",
            Self::TooMany { .. } => "too_many_certificates",
            Self::UnknownIssuer { .. } => "unknown_issuer",
            Self::BadCertificateSignature => "bad_certificate_signature",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::WrongName { .. } => "wrong_name",
            Self::NotAnAuthority { .. } => "not_an_authority",
            Self::PathTooLong => "path_too_long",
            Self::NameNotPermitted => "name_not_permitted",
            Self::WrongUse { .. } => "wrong_use",
            Self::UnacceptableKey { .. } => "unacceptable_key",
            Self::UnacceptableSignature => "unacceptable_signature",
            Self::BadExtension { .. } => "bad_extension",
            Self::UnknownCriticalExtension => "unknown_critical_extension",
            Self::TooMuchWork => "too_much_work",
            Self::Other(_) => "bad_certificate",
        }
    }
}
