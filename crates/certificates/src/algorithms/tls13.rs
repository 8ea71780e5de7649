//! The algorithms of TLS 1.3, of which RSA is one kind among others.

use crypto::signature;
use crypto::tls13::scheme::Scheme;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::Rsa;

/// An algorithm: how the key and the signature are written in a certificate, and what it is.
#[derive(Debug)]
struct Algorithm(AlgorithmIdentifier, AlgorithmIdentifier, Scheme);

const ECDSA_P256: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, Scheme::EcdsaP256Sha256);
const ECDSA_P384: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, Scheme::EcdsaP384Sha384);
const ED25519: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::ED25519, alg_id::ED25519, Scheme::Ed25519);
const RSA_PSS_256: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256, Scheme::RsaPssSha256);
const RSA_PSS_384: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384, Scheme::RsaPssSha384);
const RSA_PSS_512: &dyn SignatureVerificationAlgorithm =
    &Algorithm(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512, Scheme::RsaPssSha512);

/// The algorithms that are accepted on a certificate.
pub(crate) const OF_CERTIFICATES: &[&dyn SignatureVerificationAlgorithm] = &[
    ECDSA_P256,
    ECDSA_P384,
    ED25519,
    RSA_PSS_256,
    RSA_PSS_384,
    RSA_PSS_512,
    &Rsa(alg_id::RSA_PKCS1_SHA256, signature::Scheme::Pkcs1Sha256),
    &Rsa(alg_id::RSA_PKCS1_SHA384, signature::Scheme::Pkcs1Sha384),
    &Rsa(alg_id::RSA_PKCS1_SHA512, signature::Scheme::Pkcs1Sha512),
];

/// The numbers of the schemes that are accepted on a certificate at TLS 1.3 (RFC 8446, section 4.2.3).
pub const SCHEMES: &[u16] =
    &[0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];

/// Returns the algorithm of a scheme of CertificateVerify.
pub(crate) fn of_scheme(scheme: Scheme) -> &'static dyn SignatureVerificationAlgorithm {
    match scheme {
        Scheme::EcdsaP256Sha256 => ECDSA_P256,
        Scheme::EcdsaP384Sha384 => ECDSA_P384,
        Scheme::Ed25519 => ED25519,
        Scheme::RsaPssSha256 => RSA_PSS_256,
        Scheme::RsaPssSha384 => RSA_PSS_384,
        Scheme::RsaPssSha512 => RSA_PSS_512,
    }
}

impl SignatureVerificationAlgorithm for Algorithm {
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
