//! Certificates that say what a test wants, signed by whoever it wants, in whichever way.

use std::time::Duration;

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use pki_types::{AlgorithmIdentifier, alg_id};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::{pkcs1v15, pss};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// 2027-06-01 00:00:00 UTC.
pub const NOW: Duration = Duration::from_secs(1_811_808_000);

/// A key: a private one, or only what a certificate says of one.
#[derive(Clone)]
pub enum Key {
    Rsa(rsa::PrivateKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    /// An algorithm, and the content of the bit string.
    Public(Vec<u8>, Vec<u8>),
}

/// A way to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Pkcs1(u16),
    Pss(u16),
    /// With a salt of so many bytes, which is not that of the hash.
    PssSalt(usize),
    Ecdsa(u16),
    Ed25519,
}

/// A certificate before it is signed.
#[derive(Clone)]
pub struct Draft {
    pub subject: &'static str,
    pub key: Key,
    pub issuer: &'static str,
    /// Two moments, such as `270601000000Z`.
    pub validity: [&'static str; 2],
    pub version: u8,
    pub extensions: Vec<Vec<u8>>,
}

/// A private key in PKCS #8 of the vectors: RSA of 2,048 bits, or 1,024 or 4,096.
pub fn rsa(name: &str) -> Key {
    let vectors = include_str!("../../../handshake/tests/vectors/handshakes.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let der = hex::decode(vectors["keys"][name].as_str().unwrap()).unwrap();
    Key::Rsa(rsa::PrivateKey::from_pkcs8_der(&der).unwrap())
}

pub fn p256(number: u8) -> Key {
    Key::P256(p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap())
}

pub fn p384(number: u8) -> Key {
    Key::P384(p384::ecdsa::SigningKey::from_slice(&[number; 48]).unwrap())
}

pub fn ed25519(number: u8) -> Key {
    Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[number; 32]))
}

/// A public key of so many bits, which has no private one.
pub fn rsa_of(bits: usize) -> Key {
    let modulus = [&[0, 0x80][..], &vec![1; bits / 8 - 1]].concat();
    let public = element(0x30, &[element(2, &modulus), element(2, &[1, 0, 1])].concat());
    Key::Public(alg_id::RSA_ENCRYPTION.to_vec(), public)
}

/// An element, with a length in as few bytes as it takes.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let header = match len {
        0..0x80 => vec![tag, u8::try_from(len).unwrap()],
        0x80..0x100 => vec![tag, 0x81, u8::try_from(len).unwrap()],
        _ => [&[tag, 0x82], &u16::try_from(len).unwrap().to_be_bytes()[..]].concat(),
    };
    [&header, content].concat()
}

/// An extension under 2.5.29.
pub fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { &[1, 1, 0xff][..] } else { &[] };
    element(0x30, &[&[6, 3, 0x55, 29, number], critical, &element(4, value)].concat())
}

/// basicConstraints.
pub fn constraints(critical: bool, is_ca: bool, path_len: Option<u8>) -> Vec<u8> {
    let is_ca = if is_ca { &[1, 1, 0xff][..] } else { &[] };
    let path_len = path_len.map_or(vec![], |len| vec![2, 1, len]);
    extension(19, critical, &element(0x30, &[is_ca, &path_len].concat()))
}

/// keyUsage: the bits of one byte, digitalSignature the highest, keyCertSign 4.
pub fn usage(bits: u8) -> Vec<u8> {
    extension(15, true, &[3, 2, u8::try_from(bits.trailing_zeros()).unwrap(), bits])
}

/// extKeyUsage: the last numbers under 1.3.6.1.5.5.7.3, or 0 for any.
pub fn purposes(last: &[u8]) -> Vec<u8> {
    let purpose = |last: &u8| match last {
        0 => element(6, &[0x55, 29, 37, 0]),
        last => element(6, &[0x2b, 6, 1, 5, 5, 7, 3, *last]),
    };
    extension(37, false, &element(0x30, &last.iter().flat_map(purpose).collect::<Vec<_>>()))
}

/// subjectAltName: DNS names, and addresses in digits.
pub fn names(names: &[&str]) -> Vec<u8> {
    let name = |name: &&str| match name.parse() {
        Ok(std::net::IpAddr::V4(it)) => element(0x87, &it.octets()),
        Ok(std::net::IpAddr::V6(it)) => element(0x87, &it.octets()),
        Err(_) => element(0x82, name.as_bytes()),
    };
    extension(17, false, &element(0x30, &names.iter().flat_map(name).collect::<Vec<_>>()))
}

/// An authority, with a key that has the right to sign others.
pub fn authority(subject: &'static str, key: &Key, issuer: &'static str) -> Draft {
    Draft {
        subject,
        key: key.clone(),
        issuer,
        validity: ["260101000000Z", "300101000000Z"],
        version: 3,
        extensions: vec![constraints(true, true, None), usage(4)],
    }
}

/// A leaf for `bank.example`, for a server and a client.
pub fn leaf(key: &Key, issuer: &'static str) -> Draft {
    let extensions = vec![usage(0x80), purposes(&[1, 2]), names(&["bank.example"])];
    Draft { extensions, ..authority("bank.example", key, issuer) }
}

impl Draft {
    /// Signs it in the usual way of a key.
    pub fn signed(&self, key: &Key) -> Vec<u8> {
        self.signed_by(key, key.usual())
    }

    pub fn signed_by(&self, key: &Key, by: By) -> Vec<u8> {
        self.signed_as(&by.algorithm(), |statement| key.sign(by, statement))
    }

    /// Signs it under the name of this algorithm.
    pub fn signed_as(&self, algorithm: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let algorithm = element(0x30, algorithm);
        let common_name = |name: &str| {
            let attribute = [element(6, &[0x55, 4, 3]), element(12, name.as_bytes())].concat();
            element(0x30, &element(0x31, &element(0x30, &attribute)))
        };
        let mut statement = Vec::new();
        if self.version > 1 {
            statement.push(element(0xa0, &[2, 1, self.version - 1]));
        }
        let validity = self.validity.map(|moment| element(0x17, moment.as_bytes()));
        statement.extend([
            element(2, &[5]),
            algorithm.clone(),
            common_name(self.issuer),
            element(0x30, &validity.concat()),
            common_name(self.subject),
            self.key.public_key_info(),
        ]);
        if self.version > 2 {
            statement.push(element(0xa3, &element(0x30, &self.extensions.concat())));
        }
        let statement = element(0x30, &statement.concat());
        let signature = [&[0][..], &sign(&statement)].concat();
        element(0x30, &[statement, algorithm, element(3, &signature)].concat())
    }
}

impl Key {
    fn public_key_info(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(key) => {
                let key = key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
                (alg_id::RSA_ENCRYPTION.to_vec(), key)
            }
            Self::P256(key) => {
                let key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (alg_id::ECDSA_P256.to_vec(), key)
            }
            Self::P384(key) => {
                let key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (alg_id::ECDSA_P384.to_vec(), key)
            }
            Self::Ed25519(key) => (alg_id::ED25519.to_vec(), key.verifying_key().to_bytes().into()),
            Self::Public(algorithm, key) => (algorithm.clone(), key.clone()),
        };
        let key = [&[0][..], &key].concat();
        element(0x30, &[element(0x30, &algorithm), element(3, &key)].concat())
    }

    fn usual(&self) -> By {
        match self {
            Self::Rsa(_) => By::Pkcs1(256),
            Self::P256(_) => By::Ecdsa(256),
            Self::P384(_) => By::Ecdsa(384),
            Self::Ed25519(_) => By::Ed25519,
            Self::Public(..) => panic!("it has no private key"),
        }
    }

    pub fn sign(&self, by: By, message: &[u8]) -> Vec<u8> {
        let rng = &mut getrandom::SysRng;
        let hash = |bits| match bits {
            256 => Sha256::digest(message).to_vec(),
            384 => Sha384::digest(message).to_vec(),
            _ => Sha512::digest(message).to_vec(),
        };
        match (self, by) {
            (Self::Rsa(key), by) => {
                let key = key.clone();
                match by {
                    By::Pkcs1(256) => {
                        pkcs1v15::SigningKey::<Sha256>::new(key).sign(message).to_vec()
                    }
                    By::Pkcs1(384) => {
                        pkcs1v15::SigningKey::<Sha384>::new(key).sign(message).to_vec()
                    }
                    By::Pkcs1(_) => pkcs1v15::SigningKey::<Sha512>::new(key).sign(message).to_vec(),
                    By::Pss(256) => {
                        let key = pss::SigningKey::<Sha256>::new(key);
                        key.try_sign_with_rng(rng, message).unwrap().to_vec()
                    }
                    By::Pss(384) => {
                        let key = pss::SigningKey::<Sha384>::new(key);
                        key.try_sign_with_rng(rng, message).unwrap().to_vec()
                    }
                    By::Pss(_) => {
                        let key = pss::SigningKey::<Sha512>::new(key);
                        key.try_sign_with_rng(rng, message).unwrap().to_vec()
                    }
                    By::PssSalt(len) => {
                        let key = pss::SigningKey::<Sha256>::new_with_salt_len(key, len);
                        key.try_sign_with_rng(rng, message).unwrap().to_vec()
                    }
                    other => panic!("RSA does not sign by {other:?}"),
                }
            }
            (Self::P256(key), By::Ecdsa(bits)) => {
                let signature: p256::ecdsa::DerSignature = key.sign_prehash(&hash(bits)).unwrap();
                signature.as_bytes().to_vec()
            }
            (Self::P384(key), By::Ecdsa(bits)) => {
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(&hash(bits)).unwrap();
                signature.as_bytes().to_vec()
            }
            (Self::Ed25519(key), By::Ed25519) => key.sign(message).to_bytes().to_vec(),
            (_, other) => panic!("this key does not sign by {other:?}"),
        }
    }
}

impl By {
    pub fn algorithm(self) -> AlgorithmIdentifier {
        match self {
            Self::Pkcs1(256) => alg_id::RSA_PKCS1_SHA256,
            Self::Pkcs1(384) => alg_id::RSA_PKCS1_SHA384,
            Self::Pkcs1(_) => alg_id::RSA_PKCS1_SHA512,
            Self::Pss(256) | Self::PssSalt(_) => alg_id::RSA_PSS_SHA256,
            Self::Pss(384) => alg_id::RSA_PSS_SHA384,
            Self::Pss(_) => alg_id::RSA_PSS_SHA512,
            Self::Ecdsa(256) => alg_id::ECDSA_SHA256,
            Self::Ecdsa(384) => alg_id::ECDSA_SHA384,
            Self::Ecdsa(_) => alg_id::ECDSA_SHA512,
            Self::Ed25519 => alg_id::ED25519,
        }
    }
}
