//! Rules, each on one certificate. [`leaf`], [`authority`], [`time`] and [`key`] are on top of rustls-webpki, which
//! leaves key usage to others and takes a root as it is: they make a client refuse more, never less. [`version`],
//! [`end_entity`] and [`purpose`] are those of rustls-webpki, to find the certificate that breaks one.

use std::time::Duration;

use crypto::signature::{MAX_BITS, MIN_BITS};
use messages::x509::{Certificate, Says};

use crate::CertificateError;

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
    key(certificate)
}

/// Checks the certificate of someone who signed others, with `below` authorities between it and the server.
///
/// # Errors
/// [`CertificateError::NotAnAuthority`], [`CertificateError::PathTooLong`], [`CertificateError::UnacceptableKey`].
pub fn authority(certificate: &Certificate<'_>, below: u64) -> Result<(), CertificateError> {
    let not_an_authority =
        |why| CertificateError::NotAnAuthority { subject: certificate.subject.text.clone(), why };
    let constraints = certificate.extension("basicConstraints");
    let Some(constraints) = constraints else {
        return Err(not_an_authority("its certificate has no basicConstraints"));
    };
    match constraints.says {
        Says::BasicConstraints { is_ca: true, path_len } => {
            if path_len.is_some_and(|path_len| below > path_len) {
                return Err(CertificateError::PathTooLong);
            }
        }
        _ => return Err(not_an_authority("its basicConstraints say that it is no authority")),
    }
    if !constraints.critical {
        return Err(not_an_authority("its basicConstraints are not critical"));
    }
    match key_usage(certificate) {
        None => return Err(not_an_authority("its certificate has no keyUsage")),
        Some(usages) if !usages.contains(&"keyCertSign") => {
            return Err(not_an_authority("its keyUsage does not have keyCertSign"));
        }
        Some(_) => {}
    }
    key(certificate)
}

/// Checks that the key of a server or client may sign, if its certificate says what it may do: at TLS 1.3 nothing more is
/// asked of it.
///
/// # Errors
/// [`CertificateError::WrongUse`].
pub fn may_sign(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    let subject = || certificate.subject.text.clone();
    match key_usage(certificate) {
        Some(usages) if !usages.contains(&"digitalSignature") => Err(CertificateError::WrongUse {
            subject: subject(),
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

/// Checks that a certificate is for servers, or does not say for whom.
///
/// # Errors
/// [`CertificateError::WrongUse`].
pub fn purpose(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    match certificate.extension("extKeyUsage").map(|it| &it.says) {
        Some(Says::ExtKeyUsage(purposes)) if !purposes.iter().any(|it| it == "serverAuth") => {
            let why = "its extKeyUsage does not have serverAuth";
            Err(CertificateError::WrongUse { subject: certificate.subject.text.clone(), why })
        }
        _ => Ok(()),
    }
}

/// Checks an authority as [`authority`] does, whatever its key is.
///
/// # Errors
/// [`CertificateError::NotAnAuthority`], [`CertificateError::PathTooLong`].
#[cfg(feature = "tls13")]
pub fn tls13_authority(certificate: &Certificate<'_>, below: u64) -> Result<(), CertificateError> {
    match authority(certificate, below) {
        Err(CertificateError::UnacceptableKey { .. }) => Ok(()),
        checked => checked,
    }
}

/// Returns whether a certificate says that its owner may sign others.
pub(crate) fn says_authority(certificate: &Certificate<'_>) -> bool {
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

/// Checks that a key is RSA and neither too short nor too long.
///
/// # Errors
/// [`CertificateError::UnacceptableKey`].
pub fn key(certificate: &Certificate<'_>) -> Result<(), CertificateError> {
    let bits = certificate.key_bits.and_then(|bits| u32::try_from(bits).ok());
    if bits.is_some_and(|bits| (MIN_BITS..=MAX_BITS).contains(&bits)) {
        return Ok(());
    }
    let key = match bits {
        Some(bits) => format!("RSA of {bits} bits"),
        None => certificate.key_algorithm.clone(),
    };
    Err(CertificateError::UnacceptableKey { subject: certificate.subject.text.clone(), key })
}

fn key_usage<'c>(certificate: &'c Certificate<'_>) -> Option<&'c [&'static str]> {
    match &certificate.extension("keyUsage")?.says {
        Says::KeyUsage(usages) => Some(usages),
        _ => None,
    }
}
