//! Gives an exercise chains of certificates, and reports what it says is wrong with them.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result};
use certificates::{Identity, Roots};
use crypto::signature::{Scheme, verify};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Reader as _, SliceReader};
use messages::x509::{self, Says};
use stages::PART4_CERT;
use transcript::{Event, EventKind, EventWriter, Format, Role};

/// A certificate: what its issuer says about its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it, as it says itself.
    pub issuer: String,
    /// The names of servers that it is for: its subjectAltName.
    pub names: Vec<String>,
    /// Whether its subject may sign certificates: its basicConstraints.
    pub is_authority: bool,
    /// The first second of its validity, since 1970.
    pub not_before: Duration,
    /// The last second of its validity, since 1970.
    pub not_after: Duration,
    /// The statement, the signature over it, and the subject's key.
    signed: (Vec<u8>, Vec<u8>),
    public_key: Vec<u8>,
}

/// What a client has before it connects.
#[derive(Clone, Debug)]
pub struct Client {
    /// The certificate that it trusts for itself.
    pub root: Certificate,
    /// The name that it wants.
    pub name: String,
    /// The time, since 1970.
    pub now: Duration,
}

/// What can be wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The issuer of a certificate is not there.
    UnknownIssuer,
    /// A signature was not made with the key of the issuer.
    BadSignature,
    /// An issuer may not sign certificates.
    NotAnAuthority,
    /// A certificate is not valid any more.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The server's certificate is for other names.
    WrongName,
}

impl Certificate {
    /// Returns whether the signature on it was made with the key that `other` names.
    pub fn is_signed_by(&self, other: &Self) -> bool {
        let (statement, signature) = &self.signed;
        verify(Scheme::Pkcs1Sha256, &other.public_key, statement, signature)
    }

    fn decode(der: &[u8]) -> Result<Self> {
        let decoded = x509::Certificate::decode(der)?;
        let says = |kind| decoded.extension(kind).map(|extension| &extension.says);
        let names = match says("subjectAltName") {
            Some(Says::SubjectAltName(names)) => names.clone(),
            _ => Vec::new(),
        };
        let constraints = says("basicConstraints");
        Ok(Self {
            subject: decoded.subject.text.clone(),
            issuer: decoded.issuer.text.clone(),
            names,
            is_authority: matches!(constraints, Some(Says::BasicConstraints { is_ca: true, .. })),
            not_before: decoded.not_before,
            not_after: decoded.not_after,
            signed: signed(der)?,
            public_key: public_key(decoded.public_key_info)?,
        })
    }
}

/// Returns the statement of a certificate and the signature over it (RFC 5280, section 4.1).
fn signed(der: &[u8]) -> der::Result<(Vec<u8>, Vec<u8>)> {
    SliceReader::new(der)?.sequence(|reader| {
        let statement = reader.tlv_bytes()?.to_vec();
        AnyRef::decode(reader)?;
        let signature = BitStringRef::decode(reader)?;
        der::Result::Ok((statement, signature.raw_bytes().to_vec()))
    })
}

/// Returns the key in a SubjectPublicKeyInfo (RFC 5280, section 4.1).
fn public_key(der: &[u8]) -> der::Result<Vec<u8>> {
    SliceReader::new(der)?.sequence(|reader| {
        AnyRef::decode(reader)?;
        der::Result::Ok(BitStringRef::decode(reader)?.raw_bytes().to_vec())
    })
}

impl Fault {
    /// The name of the check of the real client that finds it.
    fn check(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "unknown_issuer",
            Self::BadSignature => "bad_certificate_signature",
            Self::NotAnAuthority => "not_an_authority",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongName => "wrong_name",
        }
    }
}

/// Takes four things from the command line: files with a chain and a root, a name, and the time in seconds since 1970.
/// Reports what `fault` finds as a client reports why it refuses a chain.
pub fn run(fault: fn(&[Certificate], &Client) -> Option<Fault>) -> ExitCode {
    crate::begin(crate::LIMIT);
    let given: Vec<_> = env::args().skip(1).take(4).collect();
    let (chain, client) = match read(&given) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::from(2);
        }
    };
    if let Some(fault) = fault(&chain, &client) {
        let kind = EventKind::Rejected {
            index: 0,
            step: Some("ServerAuth".to_owned()),
            error: fault.check().to_owned(),
            message: format!("{fault:?}"),
            expected_seq: None,
            record: None,
        };
        let event = Event { role: Role::Client, stage: &PART4_CERT, kind };
        EventWriter::new(Format::Json).write(&event);
    }
    ExitCode::SUCCESS
}

fn read(given: &[String]) -> Result<(Vec<Certificate>, Client)> {
    let [chain, roots, name, now] = given else {
        anyhow::bail!("expected a chain, a root, a name and a time, found {given:?}");
    };
    let pem = |file: &str| fs::read(Path::new(file)).with_context(|| format!("cannot read {file}"));
    let in_chain = || format!("{chain}: no chain");
    let certificates = Identity::chain(&pem(chain)?).with_context(in_chain)?;
    let certificates = certificates.iter().map(|der| Certificate::decode(der));
    let certificates = certificates.collect::<Result<_>>().with_context(in_chain)?;
    let root = Roots::from_pem(&pem(roots)?).with_context(|| format!("{roots}: no root"))?;
    let root = root.der().next().context("there is no root")?;
    let now = Duration::from_secs(now.parse()?);
    Ok((certificates, Client { root: Certificate::decode(root)?, name: name.clone(), now }))
}
