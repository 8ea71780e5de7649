//! One certificate: what it says, and who signs it.

use std::net::IpAddr;
use std::str::FromStr;
use std::thread;
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};
use crypto::signature::IdentityKey;
use p256::elliptic_curve::Generate as _;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding, SecretDocument};
use rsa::{Pkcs1v15Sign, PrivateKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString};
use x509_cert::der::pem::encode_string;
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::der::{Decode as _, Encode, Tag, Tagged as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};
use zeroize::Zeroizing;

/// Length of the keys in bits.
const KEY_BITS: usize = 2_048;

/// serverAuth (RFC 5280, section 4.2.1.12).
pub const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// clientAuth.
pub const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// Someone with a name and a key.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its common name. Empty: it is nobody, and its certificate has no subject.
    pub name: String,
    key: Key,
}

/// A private key.
#[derive(Clone, Debug)]
enum Key {
    Rsa(PrivateKey),
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// What a certificate says about its subject. The issuer adds the rest.
#[derive(Clone, Debug)]
pub struct Statement {
    /// From when to when it holds.
    pub validity: (SystemTime, SystemTime),
    /// Everything else.
    pub extensions: Vec<Extension>,
}

impl Party {
    /// Someone of each name, with a new key. Making keys takes long, so all are made at the same time, and `made` is
    /// called whenever one is.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn all<const N: usize>(names: [&str; N], made: impl Fn() + Sync) -> Result<[Self; N]> {
        thread::scope(|scope| {
            let makers = names.map(|name| {
                scope.spawn(|| {
                    let party = Self::with_bits(name, KEY_BITS);
                    made();
                    party
                })
            });
            let parties =
                makers.map(|maker| maker.join().map_err(|_| anyhow!("no key was made"))?);
            let parties: Vec<_> = parties.into_iter().collect::<Result<_>>()?;
            parties.try_into().map_err(|_| anyhow!("a key is missing"))
        })
    }

    /// Someone of this name, with a new RSA key of this length in bits.
    ///
    /// # Errors
    /// When the operating system gives no random bytes, or the length is none for a key.
    pub fn with_bits(name: &str, bits: usize) -> Result<Self> {
        let key = PrivateKey::new(&mut getrandom::SysRng, bits).context("cannot make a key")?;
        Ok(Self { name: name.to_owned(), key: Key::Rsa(key) })
    }

    /// Someone of this name, with a new key on P-256.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn with_p256(name: &str) -> Result<Self> {
        let key = p256::ecdsa::SigningKey::try_generate_from_rng(&mut getrandom::SysRng)?;
        Ok(Self { name: name.to_owned(), key: Key::P256(key) })
    }

    /// Someone of this name, with a new key for Ed25519.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn with_ed25519(name: &str) -> Result<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut())?;
        let key = ed25519_dalek::SigningKey::from_bytes(&secret);
        Ok(Self { name: name.to_owned(), key: Key::Ed25519(key) })
    }

    /// The same key under another name.
    #[must_use]
    pub fn called(&self, name: &str) -> Self {
        Self { name: name.to_owned(), key: self.key.clone() }
    }

    /// Its private key in PKCS #8, as PEM.
    ///
    /// # Errors
    /// When it cannot be written as DER.
    pub fn key_pem(&self) -> Result<impl AsRef<[u8]>> {
        let pem = self.pkcs8()?.to_pem("PRIVATE KEY", LineEnding::LF);
        Ok(Secret(pem.map_err(|error| anyhow!("{error}"))?))
    }

    fn pkcs8(&self) -> Result<SecretDocument> {
        let der = match &self.key {
            Key::Rsa(key) => key.to_pkcs8_der(),
            Key::P256(key) => key.to_pkcs8_der(),
            // Without the public key beside it, which not every library expects there (RFC 8410, section 7).
            Key::Ed25519(key) => {
                let secret_key = key.to_bytes();
                ed25519_dalek::pkcs8::KeypairBytes { secret_key, public_key: None }.to_pkcs8_der()
            }
        };
        der.map_err(|error| anyhow!("{error}"))
    }

    /// Its private key, to sign a handshake with.
    ///
    /// # Errors
    /// When it is too short for that, or not RSA.
    pub fn identity_key(&self) -> Result<IdentityKey> {
        Ok(IdentityKey::from_pkcs8(self.pkcs8()?.as_bytes())?)
    }

    /// Signs a statement about someone. Returns the certificate in DER.
    ///
    /// # Errors
    /// When the statement cannot be written down.
    pub fn certify(&self, subject: &Party, statement: &Statement) -> Result<Vec<u8>> {
        let profile = Profile { issuer: self, subject, extensions: &statement.extensions };
        let (from, to) = statement.validity;
        let validity = Validity::new(Time::try_from(from)?, Time::try_from(to)?);
        let public_key = subject.public_key_info()?;
        let builder = CertificateBuilder::new(profile, serial_number()?, validity, public_key);
        let certificate = builder.and_then(|builder| match &self.key {
            Key::Rsa(key) => builder.build(&SigningKey::<Sha256>::new(key.clone())),
            Key::P256(key) => builder.build::<_, p256::ecdsa::DerSignature>(key),
            Key::Ed25519(key) => builder.build(key),
        });
        Ok(certificate.map_err(|error| anyhow!("{error}"))?.to_der()?)
    }

    fn public_key_info(&self) -> Result<SubjectPublicKeyInfo<Any, BitString>> {
        Ok(match &self.key {
            Key::Rsa(key) => SubjectPublicKeyInfo::from_key(&key.to_public_key()),
            Key::P256(key) => SubjectPublicKeyInfo::from_key(key.verifying_key()),
            Key::Ed25519(key) => SubjectPublicKeyInfo::from_key(&key.verifying_key()),
        }?)
    }

    /// Signs a certificate again, after `edit` has changed the elements of its statement (tbsCertificate of RFC 5280,
    /// section 4.1) into some that the library does not write.
    ///
    /// # Errors
    /// When that is no certificate.
    pub fn certify_edited(
        &self,
        certificate: &[u8],
        hash: Hash,
        edit: impl FnOnce(&mut Vec<Any>),
    ) -> Result<Vec<u8>> {
        let elements = Vec::<Any>::from_der(certificate)?;
        let statement = elements.first().context("there is no statement in it")?;
        let mut statement: Vec<Any> = statement.decode_as()?;
        edit(&mut statement);
        // Behind the version and the number, it is the first that is made of others.
        if let Some(algorithm) = statement.iter_mut().find(|it| it.tag() == Tag::Sequence) {
            *algorithm = hash.algorithm()?;
        }
        let statement = statement.to_der()?;
        let Key::Rsa(key) = &self.key else { bail!("only RSA keys have a choice of the hash") };
        let signature = BitString::from_bytes(&hash.signature(key, &statement)?)?;
        let signature = Any::encode_from(&signature)?;
        Ok(vec![Any::from_der(&statement)?, hash.algorithm()?, signature].to_der()?)
    }

    /// Its subject key identifier.
    ///
    /// # Errors
    /// When it cannot be written as DER.
    pub fn key_identifier(&self) -> Result<OctetString> {
        let public_key = self.public_key_info()?;
        let identifier = SubjectKeyIdentifier::try_from(public_key.owned_to_ref());
        Ok(identifier.map_err(|error| anyhow!("{error}"))?.0)
    }
}

/// The hash of a signature by RSASSA-PKCS1-v1_5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Broken: two documents with one hash have been made.
    Sha1,
    /// That of most certificates.
    Sha256,
}

impl Hash {
    fn signature(self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Sha1 => key.sign(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(message))?,
            Self::Sha256 => key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))?,
        })
    }

    /// `AlgorithmIdentifier` (RFC 5280, section 4.1.1.2).
    fn algorithm(self) -> Result<Any> {
        let oid = ObjectIdentifier::new_unwrap(match self {
            Self::Sha1 => "1.2.840.113549.1.1.5",
            Self::Sha256 => "1.2.840.113549.1.1.11",
        });
        let parameters = Some(Any::null());
        Ok(Any::encode_from(&AlgorithmIdentifierOwned { oid, parameters })?)
    }
}

/// Text that is wiped.
struct Secret(rsa::pkcs8::der::zeroize::Zeroizing<String>);

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The extensions of an authority, with at most `path_len` others between it and a server.
///
/// # Errors
/// When it cannot be written as DER.
pub fn of_authority(path_len: u8) -> Result<Vec<Extension>> {
    Ok(vec![
        extension(true, &BasicConstraints { ca: true, path_len_constraint: Some(path_len) })?,
        extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
    ])
}

/// The extensions of a server of these names.
///
/// # Errors
/// When a name has characters that no name has.
pub fn of_server<N: AsRef<str>>(subject: &Party, names: &[N]) -> Result<Vec<Extension>> {
    of_leaf(subject, SERVER_AUTH, names)
}

/// The extensions of a client of these names.
///
/// # Errors
/// When a name has characters that no name has.
pub fn of_client<N: AsRef<str>>(subject: &Party, names: &[N]) -> Result<Vec<Extension>> {
    of_leaf(subject, CLIENT_AUTH, names)
}

fn of_leaf<N: AsRef<str>>(
    subject: &Party,
    purpose: ObjectIdentifier,
    names: &[N],
) -> Result<Vec<Extension>> {
    let usage = match subject.key {
        Key::Rsa(_) => KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
        // Nothing can be encrypted with these (RFC 8813, RFC 9295).
        Key::P256(_) | Key::Ed25519(_) => KeyUsages::DigitalSignature.into(),
    };
    // The names are all there is of someone without a subject (RFC 5280, section 4.1.2.6).
    let is_nobody = subject.name.is_empty();
    Ok(vec![
        extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
        extension(true, &KeyUsage(usage))?,
        extension(false, &ExtendedKeyUsage(vec![purpose]))?,
        extension(is_nobody, &alternative_names(names)?)?,
    ])
}

/// Names of a server: DNS names and IP addresses.
///
/// # Errors
/// When one has characters that no name has.
pub fn alternative_names<N: AsRef<str>>(names: &[N]) -> Result<SubjectAltName> {
    let name = |name: &N| {
        let name = name.as_ref();
        Ok(match name.parse() {
            Ok(IpAddr::V4(it)) => GeneralName::IpAddress(OctetString::new(it.octets())?),
            Ok(IpAddr::V6(it)) => GeneralName::IpAddress(OctetString::new(it.octets())?),
            Err(_) => GeneralName::DnsName(Ia5String::new(name)?),
        })
    };
    Ok(SubjectAltName(names.iter().map(name).collect::<Result<_>>()?))
}

/// The identifiers of the subject's key and of the issuer's.
///
/// # Errors
/// When it cannot be written as DER.
pub fn key_identifiers(subject: &Party, issuer: &Party) -> Result<Vec<Extension>> {
    let of_issuer = AuthorityKeyIdentifier {
        key_identifier: Some(issuer.key_identifier()?),
        ..Default::default()
    };
    Ok(vec![
        extension(false, &SubjectKeyIdentifier(subject.key_identifier()?))?,
        extension(false, &of_issuer)?,
    ])
}

/// An extension of a kind that the library knows.
///
/// # Errors
/// When it cannot be written as DER.
pub fn extension<E>(critical: bool, value: &E) -> Result<Extension>
where
    E: Encode + x509_cert::der::oid::AssociatedOid,
{
    Ok(Extension { extn_id: E::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

/// PEM of certificates, or of what stands in their place, one after the other.
///
/// # Errors
/// When it cannot be written as DER.
pub fn pem<D: AsRef<[u8]>>(certificates: impl IntoIterator<Item = D>) -> Result<String> {
    let pem = |der: D| encode_string("CERTIFICATE", LineEnding::LF, der.as_ref());
    let pem: Result<_, _> = certificates.into_iter().map(pem).collect();
    pem.map_err(|error| anyhow!("{error}"))
}

/// 16 random bytes, of which the first keeps the number positive and without a zero in front.
fn serial_number() -> Result<SerialNumber> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::new(&bytes)?)
}

/// What the library asks for, to write a certificate down.
struct Profile<'p> {
    issuer: &'p Party,
    subject: &'p Party,
    extensions: &'p [Extension],
}

impl BuilderProfile for Profile<'_> {
    fn get_issuer(&self, _subject: &Name) -> Name {
        name_of(self.issuer)
    }

    fn get_subject(&self) -> Name {
        name_of(self.subject)
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(self.extensions.to_vec())
    }
}

/// The whole name, as the articles have it.
fn name_of(party: &Party) -> Name {
    if party.name.is_empty() {
        return Name::default();
    }
    // Backwards (RFC 4514). What has a meaning in this form is escaped.
    let mut common_name = String::new();
    for char in party.name.chars() {
        if matches!(char, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#' | ' ') {
            common_name.push('\\');
        }
        common_name.push(char);
    }
    let name = format!("CN={common_name},O=Rebuilt TLS,L=Dornbirn,ST=Vorarlberg,C=AT");
    Name::from_str(&name).unwrap_or_default()
}
