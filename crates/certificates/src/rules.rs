//! Rules, each on one certificate. [`leaf`], [`authority`], [`time`] and `key` are on top of rustls-webpki, which
//! leaves key usage to others and takes a root as it is: they make a client refuse more, never less. [`version`],
//! [`end_entity`], [`intermediate`] and [`purpose`] are those of rustls-webpki, to find the certificate that breaks one.
//!
//! [`leaf`] and [`authority`] are those of part 4. At TLS 1.3, which has to believe the certificates of others, they are
//! [`tls13_leaf`] and [`tls13_authority`]: what a certificate leaves out is not held against it, other keys are accepted.

use std::time::Duration;

use crypto::signature::{MAX_BITS, MIN_BITS};
use messages::x509::{Certificate, Says};

use crate::CertificateError;

/// A purpose of extKeyUsage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// serverAuth.
    Server,
    /// clientAuth.
    Client,
}

/// The names of the keys that are accepted at part 4.
pub(crate) const KEYS: &[&str] = &["rsaEncryption"];

/// Those that are accepted at TLS 1.3.
#[cfg(feature = "tls13")]
pub(crate) const TLS13_KEYS: &[&str] = &["rsaEncryption", "P-256", "P-384", "Ed25519"];

/// Checks the certificate of a server.
///
/// # Errors
/// [`CertificateError::WrongUse`], [`CertificateError::BadExtension`], [`CertificateError::UnacceptableKey`].
pub fn leaf(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    let subject = || certificate.subject.text.clone();
    let wrong_use = |why| CertificateError::WrongUse { subject: subject(), why };
    let bad_extension = |why| CertificateError::BadExtension { subject: subject(), why };
    may_sign(certificate)?;
    if key_usage(certificate).is_some_and(|usages| usages.contains(&"keyCertSign")) {
        return Err(wrong_use("its keyUsage has keyCertSign, which is for authorities"));
    }
    let names = certificate.extension("subjectAltName");
    // An empty SEQUENCE: then the subject is in the names alone (RFC 5280, section 4.1.2.6).
    let has_subject = certificate.subject.der.len() > 2;
    if has_subject && names.is_some_and(|names| names.critical) {
        return Err(bad_extension("its subjectAltName is critical although it has a subject"));
    }
    if certificate.extension("authorityKeyIdentifier").is_none() {
        return Err(bad_extension("it has no authorityKeyIdentifier (RFC 5280, section 4.2.1.1)"));
    }
    key(certificate, KEYS)
}

/// Checks the certificate of a server or a client at TLS 1.3.
///
/// # Errors
/// [`CertificateError::WrongUse`], [`CertificateError::UnacceptableKey`].
#[cfg(feature = "tls13")]
pub fn tls13_leaf(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    may_sign(certificate)?;
    key(certificate, TLS13_KEYS)
}

/// Checks the certificate of someone who signed others, with `below` authorities between it and the server.
///
/// # Errors
/// [`CertificateError::NotAnAuthority`], [`CertificateError::PathTooLong`], [`CertificateError::UnacceptableKey`].
pub fn authority(certificate: &Certificate<'_>, below: u64) -> Result<(), CertificateError> {
    let not_an_authority = |why| Err(not_an_authority(certificate, why));
    let Some(constraints) = certificate.extension("basicConstraints") else {
        return not_an_authority("its certificate has no basicConstraints");
    };
    if !constraints.critical {
        return not_an_authority("its basicConstraints are not critical");
    }
    if key_usage(certificate).is_none() {
        return not_an_authority("its certificate has no keyUsage");
    }
    may_certify(certificate, below)?;
    key(certificate, KEYS)
}

/// Checks the same at TLS 1.3.
///
/// # Errors
/// [`CertificateError::NotAnAuthority`], [`CertificateError::PathTooLong`], [`CertificateError::UnacceptableKey`].
#[cfg(feature = "tls13")]
pub fn tls13_authority(certificate: &Certificate<'_>, below: u64) -> Result<(), CertificateError> {
    may_certify(certificate, below)?;
    key(certificate, TLS13_KEYS)
}

/// Checks that a certificate, where it says whether its key may sign others, says that it may, and so many in a row
/// (RFC 5280, section 6.1.4 (k) to (n)). That an intermediate says it at all, rustls-webpki has seen to; not every root
/// does.
fn may_certify(certificate: &Certificate<'_>, below: u64) -> Result<(), CertificateError> {
    match certificate.extension("basicConstraints").map(|it| &it.says) {
        Some(Says::BasicConstraints { is_ca: true, path_len: Some(path_len) })
            if below > *path_len =>
        {
            return Err(CertificateError::PathTooLong);
        }
        None | Some(Says::BasicConstraints { is_ca: true, .. }) => {}
        Some(_) => {
            let why = "its basicConstraints say that it is no authority";
            return Err(not_an_authority(certificate, why));
        }
    }
    match key_usage(certificate) {
        Some(usages) if !usages.contains(&"keyCertSign") => {
            Err(not_an_authority(certificate, "its keyUsage does not have keyCertSign"))
        }
        _ => Ok(()),
    }
}

fn not_an_authority(certificate: &Certificate<'_>, why: &'static str) -> CertificateError {
    CertificateError::NotAnAuthority { subject: certificate.subject.text.clone(), why }
}

/// Checks that the key of a leaf may sign, if its certificate says what it may do.
fn may_sign(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    match key_usage(certificate) {
        Some(usages) if !usages.contains(&"digitalSignature") => Err(CertificateError::WrongUse {
            subject: certificate.subject.text.clone(),
            why: "its keyUsage does not have digitalSignature",
        }),
        _ => Ok(()),
    }
}

/// Checks that a certificate says what its key may be used for: with version 3 came extensions.
///
/// # Errors
/// [`CertificateError::BadExtension`].
pub fn version(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    if certificate.version == 3 {
        return Ok(());
    }
    let why = "its version is not 3, so it cannot say what its key may be used for";
    Err(CertificateError::BadExtension { subject: certificate.subject.text.clone(), why })
}

/// Checks that a certificate is not that of an authority.
///
/// # Errors
/// [`CertificateError::WrongUse`].
pub fn end_entity(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    if !says_authority(certificate) {
        return Ok(());
    }
    let why = "it is that of an authority, which signs certificates and serves nobody";
    Err(CertificateError::WrongUse { subject: certificate.subject.text.clone(), why })
}

/// Checks that a certificate is for this purpose, or does not say for which.
///
/// # Errors
/// [`CertificateError::WrongUse`].
pub fn purpose(certificate: &Certificate<'_>, wanted: Purpose) -> Result<(), CertificateError> {
    let (name, why) = match wanted {
        Purpose::Server => ("serverAuth", "its extKeyUsage does not have serverAuth"),
        Purpose::Client => ("clientAuth", "its extKeyUsage does not have clientAuth"),
    };
    match certificate.extension("extKeyUsage").map(|it| &it.says) {
        Some(Says::ExtKeyUsage(purposes)) if !purposes.iter().any(|it| it == name) => {
            Err(CertificateError::WrongUse { subject: certificate.subject.text.clone(), why })
        }
        _ => Ok(()),
    }
}

/// Checks that an intermediate says that it may sign others.
///
/// # Errors
/// [`CertificateError::NotAnAuthority`].
pub fn intermediate(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    if says_authority(certificate) {
        return Ok(());
    }
    Err(not_an_authority(certificate, "its certificate does not say that it is an authority"))
}

/// Returns whether a certificate says that its owner may sign others.
fn says_authority(certificate: &Certificate<'_>) -> bool {
    let constraints = certificate.extension("basicConstraints").map(|it| &it.says);
    matches!(constraints, Some(Says::BasicConstraints { is_ca: true, .. }))
}

/// Checks that a certificate is valid at `now`, since 1970. Both ends of its time are inside it.
///
/// # Errors
/// [`CertificateError::Expired`], [`CertificateError::NotYetValid`].
pub fn time(certificate: &Certificate<'_>, now: Duration) -> Result<(), CertificateError> {
    let subject = || certificate.subject.text.clone();
    let Certificate { not_before, not_after, .. } = *certificate;
    let now = Duration::from_secs(now.as_secs());
    if now < not_before {
        return Err(CertificateError::NotYetValid { subject: subject(), not_before });
    }
    if now > not_after {
        return Err(CertificateError::Expired { subject: subject(), not_after });
    }
    Ok(())
}

/// Checks that a key is one of these kinds, and at RSA neither too short nor too long.
pub(crate) fn key(certificate: &Certificate<'_>, kinds: &[&str]) -> Result<(), CertificateError> {
    let Certificate { key_algorithm, key_curve, key_bits, subject, .. } = certificate;
    let kind = key_curve.as_ref().unwrap_or(key_algorithm);
    let is_rsa = kind == "rsaEncryption";
    let bits = key_bits.and_then(|bits| u32::try_from(bits).ok());
    let has_length = bits.is_some_and(|bits| (MIN_BITS..=MAX_BITS).contains(&bits));
    if kinds.contains(&kind.as_str()) && (has_length || !is_rsa) {
        return Ok(());
    }
    let (subject, key) = (subject.text.clone(), certificate.key());
    Err(CertificateError::UnacceptableKey { subject, key })
}

fn key_usage<'c>(certificate: &'c Certificate<'_>) -> Option<&'c [&'static str]> {
    match &certificate.extension("keyUsage")?.says {
        Says::KeyUsage(usages) => Some(usages),
        _ => None,
    }
}
