//! What a chain is wanted for, and what that asks of it.

use messages::x509::Certificate;
use pki_types::SignatureVerificationAlgorithm;
use webpki::KeyUsage;

use crate::algorithms::OF_CERTIFICATES;
#[cfg(feature = "tls13")]
use crate::algorithms::tls13;
use crate::rules::{self, Purpose};
use crate::{CertificateError, rules::KEYS};

/// What is asked of a chain, by a client of part 4, or by either side at TLS 1.3.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The purpose that the leaf has to be for.
    pub purpose: Purpose,
    /// The algorithms of the signatures on certificates that are accepted.
    pub algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
    /// The rules for the leaf.
    pub leaf: fn(&Certificate<'_>) -> Result<(), CertificateError>,
    /// The rules for whoever signs others, with so many between it and the leaf.
    pub authority: fn(&Certificate<'_>, u64) -> Result<(), CertificateError>,
    keys: &'static [&'static str],
    /// The most certificates that are looked at.
    most: usize,
}

/// The most certificates of a chain at TLS 1.3.
#[cfg(feature = "tls13")]
const MAX_CERTIFICATES: usize = 10;

impl Terms {
    /// Those for a server of part 4.
    pub const PART4: Self = Self {
        purpose: Purpose::Server,
        algorithms: OF_CERTIFICATES,
        leaf: rules::leaf,
        authority: rules::authority,
        keys: KEYS,
        // Its message has no room for more than eight.
        most: usize::MAX,
    };

    /// Those for a server at TLS 1.3.
    #[cfg(feature = "tls13")]
    pub const TLS13_SERVER: Self = Self {
        purpose: Purpose::Server,
        algorithms: tls13::OF_CERTIFICATES,
        leaf: rules::tls13_leaf,
        authority: rules::tls13_authority,
        keys: rules::TLS13_KEYS,
        most: MAX_CERTIFICATES,
    };

    /// Those for a client at TLS 1.3.
    #[cfg(feature = "tls13")]
    pub const TLS13_CLIENT: Self = Self { purpose: Purpose::Client, ..Self::TLS13_SERVER };

    /// Checks that a key is of a kind and a length that are accepted.
    ///
    /// # Errors
    /// [`CertificateError::UnacceptableKey`].
    pub fn key(&self, certificate: &Certificate<'_>) -> Result<(), CertificateError> {
        rules::key(certificate, self.keys)
    }

    /// Checks that a chain of so many certificates can be looked at in no time: whoever sends them may mean no good.
    ///
    /// # Errors
    /// [`CertificateError::TooMany`].
    pub fn count(&self, count: usize) -> Result<(), CertificateError> {
        let most = self.most;
        if count > most { Err(CertificateError::TooMany { count, most }) } else { Ok(()) }
    }

    pub(crate) fn usage(&self) -> KeyUsage {
        match self.purpose {
            Purpose::Server => KeyUsage::server_auth(),
            Purpose::Client => KeyUsage::client_auth(),
        }
    }
}
