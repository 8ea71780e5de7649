//! Signature algorithms for rustls-webpki: it finds out what is to be verified, and `crypto` verifies it.

use crypto::signature::{self, Scheme};
#[cfg(feature = "tls13")]
use crypto::tls13;
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

/// An algorithm of TLS 1.3: how the key and the signature are written in a certificate, and what it is.
#[cfg(feature = "tls13")]
#[derive(Debug)]
struct Tls13(AlgorithmIdentifier, AlgorithmIdentifier, tls13::scheme::Scheme);

#[cfg(feature = "tls13")]
const ECDSA_P256: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, tls13::scheme::Scheme::EcdsaP256Sha256);
#[cfg(feature = "tls13")]
const ECDSA_P384: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, tls13::scheme::Scheme::EcdsaP384Sha384);
#[cfg(feature = "tls13")]
const ED25519: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::ED25519, alg_id::ED25519, tls13::scheme::Scheme::Ed25519);
#[cfg(feature = "tls13")]
const RSA_PSS_256: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256, tls13::scheme::Scheme::RsaPssSha256);
#[cfg(feature = "tls13")]
const RSA_PSS_384: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384, tls13::scheme::Scheme::RsaPssSha384);
#[cfg(feature = "tls13")]
const RSA_PSS_512: &dyn SignatureVerificationAlgorithm =
    &Tls13(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512, tls13::scheme::Scheme::RsaPssSha512);

/// Those that are accepted on a certificate at TLS 1.3.
#[cfg(feature = "tls13")]
pub(crate) const OF_TLS13_CERTIFICATES: &[&dyn SignatureVerificationAlgorithm] = &[
    ECDSA_P256,
    ECDSA_P384,
    ED25519,
    RSA_PSS_256,
    RSA_PSS_384,
    RSA_PSS_512,
    &Rsa(alg_id::RSA_PKCS1_SHA256, Scheme::Pkcs1Sha256),
    &Rsa(alg_id::RSA_PKCS1_SHA384, Scheme::Pkcs1Sha384),
    &Rsa(alg_id::RSA_PKCS1_SHA512, Scheme::Pkcs1Sha512),
];

/// The numbers of the schemes that are accepted on a certificate at TLS 1.3 (RFC 8446, section 4.2.3).
#[cfg(feature = "tls13")]
pub const SCHEMES: &[u16] =
    &[0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];

/// That of a scheme of CertificateVerify at TLS 1.3.
#[cfg(feature = "tls13")]
pub(crate) fn of_scheme(
    scheme: tls13::scheme::Scheme,
) -> &'static dyn SignatureVerificationAlgorithm {
    use tls13::scheme::Scheme;
    match scheme {
        Scheme::EcdsaP256Sha256 => ECDSA_P256,
        Scheme::EcdsaP384Sha384 => ECDSA_P384,
        Scheme::Ed25519 => ED25519,
        Scheme::RsaPssSha256 => RSA_PSS_256,
        Scheme::RsaPssSha384 => RSA_PSS_384,
        Scheme::RsaPssSha512 => RSA_PSS_512,
    }
}

#[cfg(feature = "tls13")]
impl SignatureVerificationAlgorithm for Tls13 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let verified = self.2.verify(public_key, message, signature);
        verified.then_some(()).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.1
    }
}
