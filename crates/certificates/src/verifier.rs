//! The client's side: is this the server that I want? And at TLS 1.3 the server's: is this one of my clients?

use std::cell::RefCell;
use std::ptr;
use std::time::Duration;

use messages::DecodeError;
use messages::x509::Certificate;
use pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, VerifiedPath};

use crate::algorithms::OF_CERTIFICATE_VERIFY;
#[cfg(feature = "tls13")]
use crate::algorithms::tls13::of_scheme;
use crate::pem::{PemError, certificates};
use crate::{CertificateError, Terms, rules};

/// Certificates that a client trusts for themselves.
#[derive(Clone, Debug)]
pub struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    /// What rustls-webpki takes from each.
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// Reads them from PEM, one or more.
    ///
    /// # Errors
    /// [`PemError`] if there is none, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PemError> {
        Self::from_der(certificates(pem)?)
    }

    /// Takes them in DER.
    ///
    /// # Errors
    /// [`PemError::BadCertificate`] if one cannot be read.
    pub fn from_der(certificates: Vec<Vec<u8>>) -> Result<Self, PemError> {
        let certificates: Vec<_> = certificates.into_iter().map(CertificateDer::from).collect();
        let mut anchors = Vec::new();
        for (number, certificate) in (1..).zip(&certificates) {
            let bad = |error| PemError::BadCertificate { number, error };
            Certificate::decode(certificate).map_err(bad)?;
            let anchor = webpki::anchor_from_trusted_cert(certificate);
            let anchor = anchor.map_err(|_| bad(DecodeError::NoSuch { what: "root" }))?;
            anchors.push(anchor.to_owned());
        }
        Ok(Self { certificates, anchors })
    }

    /// The certificates, in DER.
    pub fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates.iter().map(AsRef::as_ref)
    }

    /// Finds the certificate of one of the anchors.
    fn of(&self, anchor: &TrustAnchor<'_>) -> Option<&[u8]> {
        // This one and none that is equal: two certificates can have one name and one key, and differ in their time.
        let mut both = self.certificates.iter().zip(&self.anchors);
        both.find(|(_, it)| ptr::eq(*it, anchor)).map(|(certificate, _)| certificate.as_ref())
    }
}

/// What a client has beforehand: whom it trusts, and whom it wants.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// The roots.
    pub roots: Roots,
    /// The name of the server.
    pub name: ServerName<'static>,
}

/// A chain that is believed.
#[derive(Debug)]
pub struct Believed<'c> {
    leaf: CertificateDer<'c>,
    /// The certificates of the path, in DER: the leaf, the intermediates that were needed, the root.
    pub path: Vec<Vec<u8>>,
}

impl Believed<'_> {
    /// Returns whether the key that belongs to the leaf is of the kind that signs by this scheme.
    #[cfg(feature = "tls13")]
    pub fn can_sign_by(&self, scheme: crypto::tls13::scheme::Scheme) -> bool {
        use webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext as OtherKind;
        let leaf = EndEntityCert::try_from(&self.leaf);
        let verified = leaf.and_then(|leaf| leaf.verify_signature(of_scheme(scheme), &[], &[]));
        !matches!(verified, Err(OtherKind(_)))
    }

    /// Returns whether `signature` over `message` was made with the key that belongs to the leaf, by this scheme of TLS
    /// 1.3: a key of another kind never makes one.
    #[cfg(feature = "tls13")]
    pub fn has_signed_by(
        &self,
        scheme: crypto::tls13::scheme::Scheme,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        has_signed_by(&self.leaf, scheme, message, signature)
    }

    /// Returns whether `signature` over `message` was made with the key that belongs to the leaf, by the scheme of
    /// CertificateVerify.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let leaf = EndEntityCert::try_from(&self.leaf);
        leaf.is_ok_and(|leaf| {
            leaf.verify_signature(OF_CERTIFICATE_VERIFY, message, signature).is_ok()
        })
    }
}

/// Returns whether `signature` over `message` was made by this scheme of TLS 1.3, with the key that belongs to a
/// certificate in DER, whoever vouches for it.
#[cfg(feature = "tls13")]
pub fn has_signed_by(
    certificate: &[u8],
    scheme: crypto::tls13::scheme::Scheme,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let leaf = certificate.into();
    let leaf = EndEntityCert::try_from(&leaf);
    leaf.is_ok_and(|leaf| leaf.verify_signature(of_scheme(scheme), message, signature).is_ok())
}

impl Verifier {
    /// Checks the chain of a server of part 4.
    ///
    /// # Errors
    /// [`CertificateError`], for the first check that failed.
    pub fn verify<'c>(
        &self,
        chain: &'c [Vec<u8>],
        now: Duration,
    ) -> Result<Believed<'c>, CertificateError> {
        self.roots.verify(&Terms::PART4, Some(&self.name), chain, now)
    }
}

impl Roots {
    // ANCHOR: verify
    /// Checks a chain in DER, the leaf first, at `now`, since 1970: whether a path leads to one of these roots, and
    /// the leaf is for this name, if one was asked for.
    ///
    /// # Errors
    /// [`CertificateError`], for the first check that failed.
    pub fn verify<'c>(
        &self,
        terms: &Terms,
        name: Option<&ServerName<'_>>,
        chain: &'c [Vec<u8>],
        now: Duration,
    ) -> Result<Believed<'c>, CertificateError> {
        terms.count(chain.len())?;
        let certificates = decoded(chain)?;
        let path = self.path(terms, chain, &certificates, now)?;
        let leaf = chain.first().map_or(&[][..], Vec::as_slice).into();
        if let Some(name) = name {
            check_name(name, &leaf, &certificates)?;
        }
        Ok(Believed { leaf, path })
    }
    // ANCHOR_END: verify

    /// Finds a path from the leaf to a root.
    fn path(
        &self,
        terms: &Terms,
        chain: &[Vec<u8>],
        certificates: &[Certificate<'_>],
        now: Duration,
    ) -> Result<Vec<Vec<u8>>, CertificateError> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let Some((leaf, others)) = chain.split_first() else {
            return Err(CertificateError::Other("there is no certificate".to_owned()));
        };
        let why = |error| self.why(terms, &error, certificates);
        let leaf = EndEntityCert::try_from(leaf).map_err(why)?;
        let broken = RefCell::new(None);
        let check = |path: &VerifiedPath<'_>| {
            self.check_rules(terms, path, certificates, now).map_err(|error| {
                *broken.borrow_mut() = Some(error);
                webpki::Error::CertDistrusted
            })
        };
        let path = leaf.verify_for_usage(
            terms.algorithms,
            &self.anchors,
            others,
            UnixTime::since_unix_epoch(now),
            terms.usage(),
            None,
            Some(&check),
        );
        match path {
            Ok(path) => Ok(self.certificates_of(&path)),
            Err(error) => Err(broken.take().unwrap_or_else(|| why(error))),
        }
    }

    /// Checks the rules that rustls-webpki leaves open, on a path that it has found.
    fn check_rules(
        &self,
        terms: &Terms,
        path: &VerifiedPath<'_>,
        certificates: &[Certificate<'_>],
        now: Duration,
    ) -> Result<(), CertificateError> {
        let mut below = 0;
        for intermediate in path.intermediate_certificates() {
            (terms.authority)(&again(&intermediate.der())?, below)?;
            below += 1;
        }
        let root = self.of(path.anchor()).unwrap_or_default();
        let root = again(root)?;
        (terms.authority)(&root, below)?;
        rules::time(&root, now)?;
        certificates.first().map_or(Ok(()), terms.leaf)
    }

    fn certificates_of(&self, path: &VerifiedPath<'_>) -> Vec<Vec<u8>> {
        let leaf = [path.end_entity().der().to_vec()];
        let others = path.intermediate_certificates().map(|it| it.der().to_vec());
        let root = self.of(path.anchor()).map(<[u8]>::to_vec);
        leaf.into_iter().chain(others).chain(root).collect()
    }

    /// Says in our words what rustls-webpki found, and on which certificate.
    fn why(
        &self,
        terms: &Terms,
        error: &webpki::Error,
        chain: &[Certificate<'_>],
    ) -> CertificateError {
        use webpki::Error;
        let first = || chain.first().map_or_else(String::new, |leaf| leaf.subject.text.clone());
        let subject_of = |is_it: &dyn Fn(&Certificate<'_>) -> bool| {
            chain.iter().find(|it| is_it(it)).map_or_else(first, |it| it.subject.text.clone())
        };
        let broken = |rule: &dyn Fn(&Certificate<'_>) -> Result<(), CertificateError>| {
            let fault = chain.iter().find_map(|it| rule(it).err());
            fault.unwrap_or_else(|| CertificateError::Other(error.to_string()))
        };
        let at = |time: &UnixTime| Duration::from_secs(time.as_secs());
        match error {
            Error::CertExpired { not_after, .. } => CertificateError::Expired {
                subject: subject_of(&|it| it.not_after == at(not_after)),
                not_after: at(not_after),
            },
            Error::CertNotValidYet { not_before, .. } => CertificateError::NotYetValid {
                subject: subject_of(&|it| it.not_before == at(not_before)),
                not_before: at(not_before),
            },
            Error::UnknownIssuer => unknown_issuer(chain),
            Error::InvalidSignatureForPublicKey => {
                // A key that is too short or too long makes no signature that is accepted.
                let roots = self.der().filter_map(|root| again(root).ok());
                let mut signers = chain.iter().cloned().chain(roots);
                let weak = signers
                    .find_map(|it| is_signer(&it, chain).then(|| terms.key(&it).err()).flatten());
                weak.unwrap_or(CertificateError::BadCertificateSignature)
            }
            Error::EndEntityUsedAsCa => broken(&|it| {
                if is_signer(it, chain) { rules::intermediate(it) } else { Ok(()) }
            }),
            Error::CaUsedAsEndEntity => broken(&rules::end_entity),
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
                broken(&|it| rules::purpose(it, terms.purpose))
            }
            Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
                CertificateError::PathTooLong
            }
            Error::NameConstraintViolation => CertificateError::NameNotPermitted,
            Error::UnsupportedCriticalExtension => CertificateError::UnknownCriticalExtension,
            Error::UnsupportedCertVersion => broken(&rules::version),
            Error::InvalidCertValidity => CertificateError::BadExtension {
                subject: subject_of(&|it| it.not_before > it.not_after),
                why: "its validity ends before it begins",
            },
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                CertificateError::UnacceptableSignature
            }
            Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded => CertificateError::TooMuchWork,
            other => CertificateError::Other(other.to_string()),
        }
    }
}

/// Checks that a leaf, the first of these certificates, is for a name.
fn check_name(
    name: &ServerName<'_>,
    leaf: &CertificateDer<'_>,
    certificates: &[Certificate<'_>],
) -> Result<(), CertificateError> {
    let leaf = EndEntityCert::try_from(leaf);
    let named = leaf.and_then(|leaf| leaf.verify_is_valid_for_subject_name(name));
    named.map_err(|error| match error {
        webpki::Error::CertNotValidForName(_) => CertificateError::WrongName {
            wanted: name.to_str().into_owned(),
            names: certificates.first().map_or_else(String::new, names),
        },
        other => CertificateError::Other(other.to_string()),
    })
}

/// Follows the names from the leaf as far as they lead.
fn unknown_issuer(chain: &[Certificate<'_>]) -> CertificateError {
    let mut last = chain.first();
    for _ in chain {
        let next = last.and_then(|last| chain.iter().find(|it| it.subject.der == last.issuer.der));
        last = next.or(last);
    }
    let text = |of: &dyn Fn(&Certificate<'_>) -> String| last.map_or_else(String::new, of);
    CertificateError::UnknownIssuer {
        subject: text(&|it| it.subject.text.clone()),
        issuer: text(&|it| it.issuer.text.clone()),
    }
}

/// Reads every certificate of a chain.
fn decoded<'c>(chain: &'c [Vec<u8>]) -> Result<Vec<Certificate<'c>>, CertificateError> {
    let decode = |(number, der): (usize, &'c Vec<u8>)| {
        Certificate::decode(der).map_err(|error| CertificateError::Malformed { number, error })
    };
    (1..).zip(chain).map(decode).collect()
}

/// Reads a certificate of a path once more.
fn again(der: &[u8]) -> Result<Certificate<'_>, CertificateError> {
    Certificate::decode(der).map_err(|error| CertificateError::Other(error.to_string()))
}

/// The most names that an error tells.
const MAX_NAMES: usize = 5;

/// The names that a certificate is for.
fn names(certificate: &Certificate<'_>) -> String {
    match certificate.names() {
        [] => "no name at all (it has no subjectAltName)".to_owned(),
        names => match names.split_at_checked(MAX_NAMES) {
            Some((first, rest)) if !rest.is_empty() => {
                format!("{} and {} more", first.join(", "), rest.len())
            }
            _ => names.join(", "),
        },
    }
}

fn is_signer(certificate: &Certificate<'_>, chain: &[Certificate<'_>]) -> bool {
    chain.iter().any(|it| it.issuer.der == certificate.subject.der)
}
