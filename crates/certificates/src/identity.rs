//! Who a server is, and how it can prove that.

use crypto::signature::{IdentityKey, KeyError};
#[cfg(feature = "tls13")]
use crypto::tls13::scheme::SigningKey;
use messages::Message as _;
use messages::cert::{MAX_CERTIFICATES, ServerAuth};
use messages::x509::Certificate;
use pki_types::PrivateKeyDer;
use pki_types::pem::{self, PemObject as _};
use zeroize::Zeroize as _;

use crate::pem::{PemError, certificates, not_pem};

/// The certificates of a server, or of a client at TLS 1.3, and the private key that belongs to the first.
pub struct Identity<K = IdentityKey> {
    /// The leaf, and the intermediates behind it, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// The private key.
    pub key: K,
}

impl Identity {
    /// Adds the private key, in PEM, to a [`chain`](Self::chain).
    ///
    /// # Errors
    /// [`PemError`], for the key.
    pub fn new(certificates: Vec<Vec<u8>>, key: &[u8]) -> Result<Self, PemError> {
        let key = private_key(key, IdentityKey::from_pkcs8)?;
        belongs(&certificates, &key.public_key_info())?;
        Ok(Self { certificates, key })
    }

    /// Reads a chain in PEM, the leaf first.
    ///
    /// # Errors
    /// [`PemError`].
    pub fn chain(pem: &[u8]) -> Result<Vec<Vec<u8>>, PemError> {
        let certificates = certificates(pem)?;
        if certificates.len() > MAX_CERTIFICATES {
            return Err(PemError::TooMany(certificates.len()));
        }
        for (index, certificate) in certificates.iter().enumerate() {
            let bad = |error| PemError::BadCertificate { number: index + 1, error };
            Certificate::decode(certificate).map_err(bad)?;
        }
        let message = ServerAuth { certificates, signature: vec![0; 512] };
        let (len, most) = (message.encode().len(), ServerAuth::MAX_LEN);
        if len > most {
            return Err(PemError::TooLong { len, most });
        }
        Ok(message.certificates)
    }
}

#[cfg(feature = "tls13")]
impl Identity<SigningKey> {
    /// Adds the private key, in PEM, to a [`chain`](Identity::chain): one that signs at TLS 1.3.
    ///
    /// # Errors
    /// [`PemError`], for the key.
    pub fn for_tls(certificates: Vec<Vec<u8>>, key: &[u8]) -> Result<Self, PemError> {
        let key = private_key(key, SigningKey::from_pkcs8)?;
        belongs(&certificates, &key.public_key_info())?;
        Ok(Self { certificates, key })
    }
}

/// Checks that the first certificate is for the key with this public half.
fn belongs(certificates: &[Vec<u8>], public_key_info: &[u8]) -> Result<(), PemError> {
    let leaf = certificates.first().map(|leaf| Certificate::decode(leaf));
    let leaf = leaf.and_then(Result::ok).ok_or(PemError::NoCertificate)?;
    if leaf.public_key_info == public_key_info { Ok(()) } else { Err(PemError::OtherKey) }
}

/// Reads a private key in PKCS #8.
fn private_key<K>(
    pem: &[u8],
    from_pkcs8: impl FnOnce(&[u8]) -> Result<K, KeyError>,
) -> Result<K, PemError> {
    let is_encrypted = || pem.windows(9).any(|text| text == b"ENCRYPTED");
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        _ if is_encrypted() => PemError::Encrypted,
        pem::Error::NoItemsFound => PemError::NoKey,
        error => not_pem(&error),
    })?;
    let PrivateKeyDer::Pkcs8(mut der) = key else { return Err(PemError::NotPkcs8) };
    let key = from_pkcs8(der.secret_pkcs8_der());
    der.zeroize();
    Ok(key?)
}
