//! Signature algorithms for rustls-webpki: it finds out what is to be verified, and `crypto` verifies it.

#[cfg(feature = "tls13")]
pub(crate) mod tls13;

use crypto::signature::{self, Scheme};
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// An algorithm: how it is written in a certificate, and what it is.
#[derive(Debug)]
struct Rsa(AlgorithmIdentifier, Scheme);

/// The algorithms that are accepted on a certificate. SHA-1 is not: two documents with one hash can be made.
pub(crate) const OF_CERTIFICATES: &[&dyn SignatureVerificationAlgorithm] = &[
    &Rsa(alg_id::RSA_PKCS1_SHA256, Scheme::Pkcs1Sha256),
    &Rsa(alg_id::RSA_PKCS1_SHA384, Scheme::Pkcs1Sha384),
    &Rsa(alg_id::RSA_PKCS1_SHA512, Scheme::Pkcs1Sha512),
    &Rsa(alg_id::RSA_PSS_SHA256, Scheme::Pss),
];

/// The algorithm of CertificateVerify. Nothing on the wire names it.
pub(crate) const OF_CERTIFICATE_VERIFY: &dyn SignatureVerificationAlgorithm =
    &Rsa(alg_id::RSA_PSS_SHA256, Scheme::PssLongestSalt);

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let verified = signature::verify(self.1, public_key, message, signature);
        verified.then_some(()).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0
    }
}
