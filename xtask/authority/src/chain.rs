//! A chain, looked at: which certificates make a path, and what each check finds on each of them.
//!
//! Whether the chain is believed is for the client's own [`Verifier`] to say. It stops at the first check that fails;
//! here every certificate is looked at, so that a reader sees all there is to see.

use std::time::Duration;

use certificates::rules::{self, Purpose};
use certificates::{CertificateError, ServerName, Terms, Verifier};
use clap::ValueEnum;
use messages::Message as _;
use messages::cert::{MAX_CERTIFICATES, ServerAuth};
use messages::x509::{Certificate, Says, moment};
use pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::EndEntityCert;
use x509_cert::der::asn1::{Any, BitString};
use x509_cert::der::{Decode as _, Encode as _};

/// The length of a signature by a key of 2,048 bits, which a message has beside its certificates.
const SIGNATURE_LEN: usize = 256;

/// The extensions that a client understands when they are critical: those of rustls-webpki.
const UNDERSTOOD: [&str; 6] = [
    "basicConstraints",
    "keyUsage",
    "extKeyUsage",
    "subjectAltName",
    "nameConstraints",
    "cRLDistributionPoints",
];

/// What a chain is for: who looks at it, and which keys and signatures that side accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// A server of part4-cert
    Part4Cert,
    /// A server of TLS 1.3
    Tls13,
    /// A client of TLS 1.3 that has a certificate
    Tls13Client,
}

impl For {
    /// What a chain is for that begins with this certificate, if nobody says otherwise: part 4 has RSA alone, and no
    /// clients with certificates.
    pub fn of(leaf: &Certificate<'_>) -> Self {
        if leaf.key_bits.is_some() {
            Self::Part4Cert
        } else if rules::purpose(leaf, Purpose::Server).is_err()
            && rules::purpose(leaf, Purpose::Client).is_ok()
        {
            Self::Tls13Client
        } else {
            Self::Tls13
        }
    }

    /// Returns whoever looks at the chain, and whose it is.
    pub fn sides(self) -> [&'static str; 2] {
        if self == Self::Tls13Client { ["server", "client"] } else { ["client", "server"] }
    }

    fn terms(self) -> Terms {
        match self {
            Self::Part4Cert => Terms::PART4,
            Self::Tls13 => Terms::TLS13_SERVER,
            Self::Tls13Client => Terms::TLS13_CLIENT,
        }
    }
}

/// A chain that was looked at.
#[derive(Debug)]
pub struct Examined<'c> {
    /// The path, from the server's certificate as far as names lead.
    pub path: Vec<Step<'c>>,
    /// What was found, in the order of the path; the name comes last.
    pub findings: Vec<Finding>,
    /// What the client says: which check refuses the chain, and why.
    pub verdict: Result<(), (&'static str, String)>,
}

/// A certificate of the path.
#[derive(Clone, Debug)]
pub struct Step<'c> {
    /// Its place in the chain, from 1; `None` for a root that the client has.
    pub number: Option<usize>,
    /// What it says.
    pub certificate: Certificate<'c>,
    der: &'c [u8],
}

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    /// The place of the certificate in the path, if it is about one.
    pub step: Option<usize>,
    /// What was looked at, in a word.
    pub what: &'static str,
    /// What it says.
    pub found: String,
    /// The check that fails, and why, if one does.
    pub refused: Option<(&'static str, String)>,
}

impl<'c> Examined<'c> {
    /// Looks at a chain, the leaf first, with the eyes of a client of part 4 at `now`, since 1970.
    pub fn new(chain: &'c [Vec<u8>], verifier: &'c Verifier, now: Duration) -> Self {
        Self::new_for(For::Part4Cert, chain, verifier, now)
    }

    /// Looks at one with the eyes of whoever it is for. Of a client, no name is asked for.
    pub fn new_for(
        for_whom: For,
        chain: &'c [Vec<u8>],
        verifier: &'c Verifier,
        now: Duration,
    ) -> Self {
        let terms = for_whom.terms();
        let name = (terms.purpose == Purpose::Server).then_some(&verifier.name);
        let believed = verifier.roots.verify(&terms, name, chain, now);
        let mut findings = Findings { for_whom, terms, all: Vec::new() };
        let verdict = findings.message(chain).and_then(|()| {
            let refused = |error: &CertificateError| (error.name(), error.to_string());
            believed.as_ref().map(|_| ()).map_err(refused)
        });
        let mut sent = Vec::new();
        for (index, der) in chain.iter().enumerate() {
            let number = Some(index + 1);
            match Certificate::decode(der) {
                Ok(certificate) => sent.push(Step { number, certificate, der }),
                Err(error) => {
                    let error = CertificateError::Malformed { number: index + 1, error };
                    findings.add(None, "form", format!("certificate {}", index + 1), Err(error));
                }
            }
        }
        let mut roots = Vec::new();
        for der in verifier.roots.der() {
            let certificate = Certificate::decode(der);
            roots.extend(certificate.map(|certificate| Step { number: None, certificate, der }));
        }
        let is_leaf = |step: &Step<'_>| step.number == Some(1);
        let path = match believed {
            Ok(believed) => {
                let step = |der: &Vec<u8>| {
                    let mut all = sent.iter().chain(&roots);
                    all.find(|step| step.der == der.as_slice()).cloned()
                };
                let mut path: Vec<_> = believed.path.iter().filter_map(step).collect();
                // A root may have been sent too.
                if let Some(last) = path.last_mut() {
                    last.number = None;
                }
                path
            }
            Err(_) if sent.first().is_some_and(is_leaf) => by_names(&terms, sent, &roots),
            Err(_) => Vec::new(),
        };
        findings.path(&path, now);
        if let (Some(leaf), Some(name)) = (path.first(), name) {
            findings.name(leaf, name);
        }
        let mut findings = findings.all;
        let is_known =
            |name| findings.iter().any(|it| matches!(it.refused, Some((it, _)) if it == name));
        if let Err((name, why)) = &verdict
            && !is_known(*name)
        {
            let refused = Some((*name, why.clone()));
            findings.push(Finding { step: None, what: "path", found: String::new(), refused });
        }
        Self { path, findings, verdict }
    }
}

/// The path that names make: from the first certificate to one that the client has, or to one whose issuer nobody has
/// shown. Of several of one name, it takes the one whose key has signed.
fn by_names<'c>(terms: &Terms, mut sent: Vec<Step<'c>>, roots: &[Step<'c>]) -> Vec<Step<'c>> {
    let mut path = vec![sent.remove(0)];
    while let Some(last) = path.last()
        && last.number.is_some()
    {
        let is_issuer = |step: &&Step<'c>| {
            let is_used =
                path.iter().any(|used| used.der == step.der && used.number == step.number);
            step.certificate.subject.der == last.certificate.issuer.der && !is_used
        };
        let candidates: Vec<_> = roots.iter().chain(&sent).filter(is_issuer).collect();
        let has_signed = |step: &&&Step<'c>| signature_of(terms, last, step).is_ok();
        let next = candidates.iter().find(has_signed).or(candidates.first());
        let Some(next) = next.map(|next| (*next).clone()) else { break };
        path.push(next);
    }
    path
}

struct Findings {
    for_whom: For,
    terms: Terms,
    all: Vec<Finding>,
}

impl Findings {
    fn add(
        &mut self,
        step: Option<usize>,
        what: &'static str,
        found: String,
        outcome: Result<(), CertificateError>,
    ) {
        let refused = outcome.err().map(|error| (error.name(), error.to_string()));
        self.all.push(Finding { step, what, found, refused });
    }

    /// Checks that a message can have these certificates.
    fn message(&mut self, chain: &[Vec<u8>]) -> Result<(), (&'static str, String)> {
        let count = chain.len();
        if self.for_whom != For::Part4Cert {
            let counted = self.terms.count(count);
            if counted.is_err() {
                self.add(None, "message", String::new(), counted);
            }
            return Ok(());
        }
        let signature = vec![0; SIGNATURE_LEN];
        let len = ServerAuth { certificates: chain.to_vec(), signature }.encode().len();
        let why = if count > MAX_CERTIFICATES {
            format!("there are {count} certificates, and a client takes {MAX_CERTIFICATES} at most")
        } else if len > ServerAuth::MAX_LEN {
            format!(
                "they make a message of {len} bytes, and a client takes {} at most",
                ServerAuth::MAX_LEN
            )
        } else {
            return Ok(());
        };
        let (what, refused) = ("message", ("malformed", why));
        let found = String::new();
        self.all.push(Finding { step: None, what, found, refused: Some(refused.clone()) });
        Err(refused)
    }

    /// Looks at every certificate of a path.
    fn path(&mut self, path: &[Step<'_>], now: Duration) {
        let mut below = 0;
        for (index, step) in path.iter().enumerate() {
            let at = Some(index);
            let Step { number, certificate, .. } = step;
            let subject = certificate.subject.text.clone();
            if number.is_some() {
                self.form(at, certificate);
            }
            let [from, to] = [certificate.not_before, certificate.not_after].map(moment);
            self.add(at, "valid", format!("from {from} to {to}"), rules::time(certificate, now));
            let terms = self.terms;
            // A root is believed for any use.
            let mut may = number.map_or(Ok(()), |_| rules::purpose(certificate, terms.purpose));
            if index == 0 {
                let leaf = rules::end_entity(certificate);
                may = leaf.and(may).and_then(|()| (terms.leaf)(certificate));
            } else {
                let says = number.map_or(Ok(()), |_| rules::intermediate(certificate));
                may = may.and_then(|()| (terms.authority)(certificate, below)).and(says);
                below += 1;
            }
            self.add(at, "use", uses(certificate), may);
            if number.is_none() {
                continue;
            }
            let issuer = certificate.issuer.text.clone();
            let Some(next) = path.get(index + 1) else {
                let unknown = CertificateError::UnknownIssuer { subject, issuer: issuer.clone() };
                self.add(at, "issuer", issuer, Err(unknown));
                continue;
            };
            let [viewer, _] = self.for_whom.sides();
            let found = next.number.map_or_else(
                || format!("{issuer}, which is a root that the {viewer} has"),
                |number| format!("{issuer}, which certificate {number} is about"),
            );
            self.add(at, "issuer", found, Ok(()));
            let found = format!("{}, by {issuer}", certificate.signature_algorithm);
            self.add(at, "signature", found, signature_of(&terms, step, next));
        }
    }

    /// The version, and extensions that must not be passed over.
    fn form(&mut self, at: Option<usize>, certificate: &Certificate<'_>) {
        let version = rules::version(certificate);
        if version.is_err() {
            self.add(at, "version", certificate.version.to_string(), version);
        }
        for extension in &certificate.extensions {
            if extension.critical && !UNDERSTOOD.contains(&extension.kind.as_str()) {
                let refused = Err(CertificateError::UnknownCriticalExtension);
                self.add(at, "extension", extension.kind.clone(), refused);
            }
        }
    }

    fn name(&mut self, leaf: &Step<'_>, name: &ServerName<'_>) {
        let names = match leaf.certificate.names() {
            [] => "no name at all (it has no subjectAltName)".to_owned(),
            names => names.join(", "),
        };
        let der = CertificateDer::from(leaf.der);
        // One that cannot be read that far is refused before its names count.
        let Ok(certificate) = EndEntityCert::try_from(&der) else { return };
        let wanted = name.to_str().into_owned();
        let outcome = certificate.verify_is_valid_for_subject_name(name);
        let wrong = CertificateError::WrongName { wanted: wanted.clone(), names: names.clone() };
        let found = format!("{wanted} was asked for; it is for {names}");
        self.add(Some(0), "name", found, outcome.map_err(|_| wrong));
    }
}

/// What the key may be used for, in one line.
fn uses(certificate: &Certificate<'_>) -> String {
    let mut uses = Vec::new();
    for extension in &certificate.extensions {
        match &extension.says {
            Says::BasicConstraints { is_ca: false, .. } => uses.push("no CA".to_owned()),
            Says::BasicConstraints { path_len: Some(len), .. } => {
                uses.push(format!("CA, path length {len}"));
            }
            Says::BasicConstraints { path_len: None, .. } => uses.push("CA".to_owned()),
            Says::KeyUsage(usages) => uses.extend(usages.iter().map(|it| (*it).to_owned())),
            Says::ExtKeyUsage(purposes) => uses.extend(purposes.iter().cloned()),
            Says::SubjectAltName(_) | Says::Other => {}
        }
    }
    uses.push(certificate.key());
    uses.join(", ")
}

/// Checks that `issuer`'s key has signed a certificate, in a way that is accepted.
fn signature_of(terms: &Terms, step: &Step<'_>, issuer: &Step<'_>) -> Result<(), CertificateError> {
    let wrong = CertificateError::BadCertificateSignature;
    let Some((statement, algorithm, signature)) = signed(step.der) else { return Err(wrong) };
    let key = public_key(issuer.certificate.public_key_info);
    let Some((of_key, key)) = key else { return Err(wrong) };
    let is_it = |it: &&&dyn SignatureVerificationAlgorithm| {
        it.signature_alg_id().as_ref() == algorithm && it.public_key_alg_id().as_ref() == of_key
    };
    let Some(algorithm) = terms.algorithms.iter().find(is_it) else {
        return Err(CertificateError::UnacceptableSignature);
    };
    terms.key(&issuer.certificate)?;
    algorithm.verify_signature(&key, &statement, &signature).map_err(|_| wrong)
}

/// The statement of a certificate, the algorithm, and the signature over the statement.
fn signed(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let elements = Vec::<Any>::from_der(der).ok()?;
    let [statement, algorithm, signature] = elements.as_slice() else { return None };
    let signature: BitString = signature.decode_as().ok()?;
    let signature = signature.raw_bytes().to_vec();
    Some((statement.to_der().ok()?, algorithm.value().to_vec(), signature))
}

/// The algorithm of a public key, and the key.
fn public_key(info: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let elements = Vec::<Any>::from_der(info).ok()?;
    let [algorithm, key] = elements.as_slice() else { return None };
    let key: BitString = key.decode_as().ok()?;
    Some((algorithm.value().to_vec(), key.raw_bytes().to_vec()))
}
