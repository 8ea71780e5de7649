//! The identity that a side shows, and its proofs.

use std::time::{Duration, SystemTime};

use certificates::{CertificateError, Roots, ServerName, Terms, has_signed_by};
use crypto::tls13::scheme::Scheme;
use crypto::tls13::transcript::Transcript;
use messages::tls13::{CertificateVerify, names};
use messages::x509::Certificate;
use tls::schedule::signed;
use transcript::overview::FIRST_SESSION;
use transcript::{EventKind, Role};

use super::check::{either, fails, holds, not_made};

/// A side's certificate, as it was sent.
#[derive(Default)]
pub enum Chain {
    /// Nothing, or nothing that could be opened.
    #[default]
    Unknown,
    /// A chain in DER, the leaf first; empty, if the side has none.
    Certificates(Vec<Vec<u8>>),
    /// A certificate that is not unpacked here.
    Compressed,
    /// A bare public key.
    RawKey,
}

/// Returns the time now, since 1970.
fn today() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl Chain {
    /// Checks it against the roots, at the time of the capture.
    pub fn check(
        &self,
        of: Role,
        name: Option<&str>,
        roots: Option<&Roots>,
        now: Duration,
    ) -> EventKind {
        let what = "Certificate";
        let chain = match self {
            Self::Certificates(chain) if chain.is_empty() => {
                return not_made(of, what, format!("the {of} has no certificate to show"));
            }
            Self::Certificates(chain) => chain,
            _ => return not_made(of, what, self.why_not()),
        };
        let Some(roots) = roots else {
            return not_made(of, what, "no roots were given to check it against: --roots");
        };
        let terms = if of == Role::Server { Terms::TLS13_SERVER } else { Terms::TLS13_CLIENT };
        let wanted = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let (now, then) = if now < FIRST_SESSION {
            (today(), "today, since the capture has no date of its own")
        } else {
            (now, "when the capture was made")
        };
        match roots.verify(&terms, wanted.as_ref(), chain, now) {
            Ok(_) => {
                let for_whom = match (of, name) {
                    (Role::Server, Some(name)) => format!(", and it is for {name}"),
                    (Role::Server, None) => {
                        "; the client asked for no name that it could be for".to_owned()
                    }
                    _ => String::new(),
                };
                let message =
                    format!("a path leads from it to one of the roots, valid {then}{for_whom}");
                holds(of, what, message)
            }
            Err(
                error @ (CertificateError::UnacceptableKey { .. }
                | CertificateError::UnacceptableSignature
                | CertificateError::TooMany { .. }
                | CertificateError::TooMuchWork
                | CertificateError::UnknownCriticalExtension),
            ) => not_made(of, what, format!("it cannot be checked here: {error}")),
            Err(error) => fails(of, what, error.to_string()),
        }
    }

    /// Checks a signature by the key of the leaf. `transcript` is what it is over.
    pub fn check_signature(
        &self,
        of: Role,
        verify: &CertificateVerify,
        transcript: &Transcript,
    ) -> EventKind {
        let what = "CertificateVerify";
        let Self::Certificates(chain) = self else { return not_made(of, what, self.why_not()) };
        let Some(leaf) = chain.first() else {
            let message = format!("the {of} shows no certificate, and signs all the same");
            return fails(of, what, message);
        };
        let scheme = names::scheme(verify.scheme);
        let Some(found) = Scheme::find(verify.scheme) else {
            let message = format!("{scheme} is not among the schemes that can be checked here");
            return not_made(of, what, message);
        };
        let known = Certificate::decode(leaf).ok().map(|leaf| Terms::TLS13_SERVER.key(&leaf));
        match known {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                return not_made(of, what, format!("{scheme} cannot be checked here: {error}"));
            }
            None => {
                let message = "the certificate cannot be read, and so its key is not known";
                return not_made(of, what, message);
            }
        }
        let who = if of == Role::Client { tls::Role::Client } else { tls::Role::Server };
        let good = format!(
            "{scheme} by the key of its certificate, over the hash of all that was said before it"
        );
        let bad = format!(
            "{scheme}: the signature is not one by the key of its certificate over what was said before it"
        );
        let is_good = has_signed_by(leaf, found, &signed(who, transcript), &verify.signature);
        either(of, what, is_good, [&good, &bad])
    }

    /// Says why it cannot be checked.
    fn why_not(&self) -> &'static str {
        match self {
            Self::Compressed => {
                "the certificate is compressed, and not unpacked here: neither its chain nor what its key signed can be \
                 checked"
            }
            Self::RawKey => {
                "a bare public key was sent instead of a certificate: nobody vouches for it"
            }
            _ => "the certificate is not known",
        }
    }
}
