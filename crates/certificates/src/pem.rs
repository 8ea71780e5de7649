//! Certificates and keys as files have them (RFC 7468).

use crypto::signature::KeyError;
use messages::DecodeError;
use messages::cert::MAX_CERTIFICATES;
use pki_types::CertificateDer;
use pki_types::pem::{self, PemObject as _};
use thiserror::Error;

/// A reason that a file is of no use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PemError {
    /// It is not what it says it is.
    #[error("it is no PEM: {0}")]
    NotPem(&'static str),
    /// There is no certificate.
    #[error("there is no certificate in it: nothing between BEGIN CERTIFICATE and END CERTIFICATE")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("certificate {number} in it cannot be read: {error}")]
    BadCertificate {
        /// Its place in the file, from 1.
        number: usize,
        /// The fault in it.
        error: DecodeError,
    },
    /// More certificates than a message may have.
    #[error("there are {0} certificates in it, and a server sends {MAX_CERTIFICATES} at most")]
    TooMany(usize),
    /// More bytes than a message may have.
    #[error("its certificates make a message of {len} bytes, and no client takes more than {most}")]
    TooLong {
        /// The length of the message in bytes.
        len: usize,
        /// The longest that is taken.
        most: usize,
    },
    /// There is no private key.
    #[error("there is no private key in it: nothing between BEGIN PRIVATE KEY and END PRIVATE KEY")]
    NoKey,
    /// The private key is in another form.
    #[error(
        "its private key is not in PKCS #8; `openssl pkcs8 -topk8 -nocrypt -in FILE` makes that of it"
    )]
    NotPkcs8,
    /// The private key is encrypted.
    #[error(
        "its private key is encrypted, and nobody is asked for a password here; \
         `openssl pkcs8 -topk8 -nocrypt -in FILE` decrypts it"
    )]
    Encrypted,
    /// The private key is not one of ours.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The private key is that of another certificate.
    #[error("the private key does not belong to the first certificate: its public half is another")]
    OtherKey,
}

/// Reads all certificates of a file, one at least.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, PemError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|it| it.as_ref().to_vec()))
        .collect();
    let certificates = certificates.map_err(|error| not_pem(&error))?;
    if certificates.is_empty() {
        return Err(PemError::NoCertificate);
    }
    Ok(certificates)
}

/// Says what is wrong with a file, and nothing of what is in it, which may be a key.
pub(crate) fn not_pem(error: &pem::Error) -> PemError {
    PemError::NotPem(match error {
        pem::Error::MissingSectionEnd { .. } => "it ends before the END line, so it is cut",
        pem::Error::IllegalSectionStart { .. } => "its BEGIN line does not end with -----",
        _ => "the lines between BEGIN and END are not base64",
    })
}
