//! Chains with one thing wrong each, and some with nothing wrong that look as if.
//!
//! Those that the vectors have too (`handshakes.json`) are called as there.

use std::time::SystemTime;

use anyhow::{Context, Result};
use certificates::Identity;
use x509_cert::der::asn1::{Any, Ia5String, ObjectIdentifier, OctetString};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::{Decode as _, Tag, Tagged as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, NameConstraints,
};

use crate::issue::{
    CLIENT_AUTH, Hash, Party, SERVER_AUTH, Statement, alternative_names, extension,
    key_identifiers, pem,
};
use crate::make::{DAY, LOCALHOST};

/// A chain to try.
#[derive(Debug)]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// The check that has to refuse it, or `None` if it has to be accepted.
    pub refused_by: Option<&'static str>,
    make: fn(&Cast) -> Result<Chain>,
}

/// What a server shows, and what the client has beforehand.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The certificates that the server sends.
    pub certificates: Vec<Vec<u8>>,
    /// The server, which has this private key.
    pub server: Party,
    /// The roots that the client trusts.
    pub roots: Vec<Vec<u8>>,
    /// The name that the client asks for.
    pub name: &'static str,
}

/// Everyone who takes part. Keys are few: making one takes long.
#[derive(Debug)]
pub struct Cast {
    root: Party,
    intermediate: Party,
    server: Party,
    /// Someone else, under any name.
    other: Party,
    /// Someone with a key of 1,024 bits.
    weak: Party,
    now: SystemTime,
}

/// A certificate before it is signed.
#[derive(Clone)]
struct Draft<'c> {
    cast: &'c Cast,
    subject: Party,
    issuer: Party,
    /// Days from now.
    valid: (i32, i32),
    constraints: Option<Constraints>,
    key_usage: &'c [KeyUsages],
    purposes: Option<ObjectIdentifier>,
    names: &'c [&'c str],
    /// Whether the names are critical.
    names_are_critical: bool,
    names_its_issuers_key: bool,
    more: Option<Extension>,
}

/// basicConstraints.
#[derive(Clone, Copy)]
struct Constraints {
    critical: bool,
    is_ca: bool,
    path_len: Option<u8>,
}

const NOT_CA: Constraints = Constraints { critical: true, is_ca: false, path_len: None };
const BANK: &str = "bank.example";
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Nobody's, so nobody understands it.
const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4.5");
const EXPIRED: (i32, i32) = (-30, -1);
const FUTURE: (i32, i32) = (1, 30);

/// SubjectPublicKeyInfo of P-256 (RFC 5480), whose key is the base point of the curve: nobody has to keep it.
const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\
\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// The place of subjectPublicKeyInfo in a statement.
const PUBLIC_KEY: usize = 6;

/// A chain that has to be accepted.
const fn good(name: &'static str, make: fn(&Cast) -> Result<Chain>) -> Case {
    Case { name, refused_by: None, make }
}

/// A chain that this check has to refuse.
const fn bad(
    refused_by: &'static str,
    name: &'static str,
    make: fn(&Cast) -> Result<Chain>,
) -> Case {
    Case { name, refused_by: Some(refused_by), make }
}

/// The chains.
pub const CASES: &[Case] = &[
    good("the usual chain", Cast::usual),
    good("root sent too", |c| c.sent(&[c.leaf(), c.middle(), c.top()])),
    good("intermediate twice", |c| c.sent(&[c.leaf(), c.middle(), c.middle()])),
    good("an intermediate of the same name and another key in front of the right one", |c| {
        c.sent(&[c.leaf(), c.twin(), c.middle()])
    }),
    good("expired intermediate beside its valid renewal", |c| {
        c.sent(&[c.leaf(), Draft { valid: EXPIRED, ..c.middle() }, c.middle()])
    }),
    good("two intermediates within the path lengths, in the wrong order", |c| {
        let [below, above] = [c.lower(), Draft { constraints: Some(ca(1)), ..c.middle() }];
        let sent = c.sent(&[c.under_lower(), above, below])?;
        sent.trusting(&[Draft { constraints: Some(ca(2)), ..c.top() }])
    }),
    good("leaf signed by the root itself", |c| {
        c.sent(&[Draft { issuer: c.root.clone(), ..c.leaf() }])
    }),
    good("several roots, the right one last", |c| {
        let other = c.other.called("Other Root CA");
        c.usual()?.trusting(&[Draft { subject: other.clone(), issuer: other, ..c.top() }, c.top()])
    }),
    good("another host's certificate, asked by its name", |c| Ok(c.bank()?.asked_for(BANK))),
    good("two names in the SAN, the second is right", |c| {
        c.leaf_is(Draft { names: &[BANK, LOCALHOST], ..c.leaf() })
    }),
    good("a star for one label, with two labels behind it", |c| {
        let leaf = Draft { names: &["*.bank.example"], ..c.leaf() };
        Ok(c.leaf_is(leaf)?.asked_for("www.bank.example"))
    }),
    good("an IP address in the SAN, asked by it", |c| {
        Ok(c.leaf_is(Draft { names: &["127.0.0.1"], ..c.leaf() })?.asked_for("127.0.0.1"))
    }),
    good("empty subject, critical SAN", |c| {
        let subject = c.server.called("");
        c.leaf_is(Draft { subject, names_are_critical: true, ..c.leaf() })
    }),
    bad("malformed", "no certificate at all", |c| c.sent(&[])),
    bad("malformed", "nine certificates", |c| {
        c.sent(&[&[c.leaf()][..], &vec![c.middle(); 8]].concat())
    }),
    bad("malformed_certificate", "a byte behind the leaf", |c| {
        c.usual()?.with_leaf(|leaf| Ok([leaf, &[0]].concat()))
    }),
    bad("malformed_certificate", "PEM in place of DER", |c| {
        c.usual()?.with_leaf(|leaf| Ok(pem([leaf])?.into_bytes()))
    }),
    bad("unknown_critical_extension", "unknown critical extension", |c| {
        let value = OctetString::new([5, 0])?;
        let unknown = Extension { extn_id: UNKNOWN, critical: true, extn_value: value };
        c.leaf_is(Draft { more: Some(unknown), ..c.leaf() })
    }),
    bad("bad_extension", "intermediate is an X.509 version 1 certificate", |c| {
        let mut chain = c.usual()?;
        let middle = c.middle().signed()?;
        // Neither the number of the version nor extensions.
        let middle = c.root.certify_edited(&middle, Hash::Sha256, |statement| {
            statement.retain(|it| !matches!(it.tag(), Tag::ContextSpecific { .. }));
        })?;
        chain.certificates = chain.certificates.into_iter().take(1).chain([middle]).collect();
        Ok(chain)
    }),
    bad("bad_extension", "leaf without authority key identifier", |c| {
        c.leaf_is(Draft { names_its_issuers_key: false, ..c.leaf() })
    }),
    bad("bad_extension", "SAN critical although there is a subject", |c| {
        c.leaf_is(Draft { names_are_critical: true, ..c.leaf() })
    }),
    bad("expired", "leaf expired", |c| c.leaf_is(Draft { valid: EXPIRED, ..c.leaf() })),
    bad("expired", "intermediate expired", |c| c.middle_is(Draft { valid: EXPIRED, ..c.middle() })),
    bad("expired", "trusted root expired", |c| {
        c.usual()?.trusting(&[Draft { valid: EXPIRED, ..c.top() }])
    }),
    bad("not_yet_valid", "leaf not yet valid", |c| c.leaf_is(Draft { valid: FUTURE, ..c.leaf() })),
    bad("wrong_use", "leaf only for clients (extended key usage)", |c| {
        c.leaf_is(Draft { purposes: Some(CLIENT_AUTH), ..c.leaf() })
    }),
    bad("wrong_use", "leaf for any use (extended key usage)", |c| {
        c.leaf_is(Draft { purposes: Some(ANY_PURPOSE), ..c.leaf() })
    }),
    bad("wrong_use", "intermediate only for clients (extended key usage)", |c| {
        c.middle_is(Draft { purposes: Some(CLIENT_AUTH), ..c.middle() })
    }),
    bad("wrong_use", "leaf says CA:TRUE", |c| {
        c.leaf_is(Draft { constraints: Some(ca(0)), ..c.leaf() })
    }),
    bad("wrong_use", "leaf's key usage with certificate signing", |c| {
        let key_usage = &[KeyUsages::DigitalSignature, KeyUsages::KeyCertSign];
        c.leaf_is(Draft { key_usage, ..c.leaf() })
    }),
    bad("wrong_use", "leaf's key usage without digital signature", |c| {
        c.leaf_is(Draft { key_usage: &[KeyUsages::KeyEncipherment], ..c.leaf() })
    }),
    bad("unknown_issuer", "self-signed leaf", |c| {
        c.sent(&[Draft { issuer: c.server.clone(), ..c.leaf() }])
    }),
    bad("unknown_issuer", "intermediate missing", |c| c.sent(&[c.leaf()])),
    bad("unknown_issuer", "swapped intermediate: other name", |c| {
        let subject = c.other.called("Other CA");
        c.sent(&[c.leaf(), Draft { subject, ..c.middle() }])
    }),
    bad("not_an_authority", "intermediate says CA:FALSE", |c| {
        c.middle_is(Draft { constraints: Some(NOT_CA), ..c.middle() })
    }),
    bad("not_an_authority", "intermediate without basic constraints", |c| {
        c.middle_is(Draft { constraints: None, ..c.middle() })
    }),
    bad("not_an_authority", "intermediate's basic constraints not critical", |c| {
        let constraints = Some(Constraints { critical: false, ..ca(0) });
        c.middle_is(Draft { constraints, ..c.middle() })
    }),
    bad("not_an_authority", "intermediate may not sign certificates (key usage)", |c| {
        c.middle_is(Draft { key_usage: &[KeyUsages::CRLSign], ..c.middle() })
    }),
    bad("not_an_authority", "intermediate without key usage", |c| {
        c.middle_is(Draft { key_usage: &[], ..c.middle() })
    }),
    bad("not_an_authority", "signed by another host's leaf", |c| {
        let bank = c.other.called(BANK);
        let forged = Draft { issuer: bank.clone(), ..c.leaf() };
        c.sent(&[forged, Draft { subject: bank, names: &[BANK], ..c.leaf() }, c.middle()])
    }),
    bad("not_an_authority", "trusted root says CA:FALSE", |c| {
        c.usual()?.trusting(&[Draft { constraints: Some(NOT_CA), ..c.top() }])
    }),
    bad("not_an_authority", "trusted root without key usage", |c| {
        c.usual()?.trusting(&[Draft { key_usage: &[], ..c.top() }])
    }),
    bad("path_too_long", "one CA more than the intermediate's path length 0 allows", |c| {
        c.sent(&[c.under_lower(), c.lower(), c.middle()])
    }),
    bad("path_too_long", "one CA more than the root's path length 1 allows", |c| {
        c.sent(&[c.under_lower(), c.lower(), Draft { constraints: Some(ca(1)), ..c.middle() }])
    }),
    bad("unacceptable_signature", "leaf signed with SHA-1", |c| {
        c.usual()?.with_leaf(|leaf| c.intermediate.certify_edited(leaf, Hash::Sha1, |_| ()))
    }),
    bad("unacceptable_key", "leaf with RSA-1024", |c| {
        // The key that signs is the server's own: the chain is refused before its signature counts.
        c.leaf_is(Draft { subject: c.weak.called(LOCALHOST), ..c.leaf() })
    }),
    bad("unacceptable_key", "intermediate with RSA-1024", |c| {
        let weak = c.weak.called("Intermediate CA");
        let leaf = Draft { issuer: weak.clone(), ..c.leaf() };
        c.sent(&[leaf, Draft { subject: weak, ..c.middle() }])
    }),
    bad("unacceptable_key", "leaf with P-256", |c| {
        let p256 = Any::from_der(P256)?;
        c.usual()?.with_leaf(|leaf| {
            c.intermediate.certify_edited(leaf, Hash::Sha256, |statement| {
                statement.splice(PUBLIC_KEY..=PUBLIC_KEY, [p256]);
            })
        })
    }),
    bad("bad_certificate_signature", "one bit of the leaf's signature flipped", |c| {
        c.usual()?.with_leaf(|leaf| {
            let (last, before) = leaf.split_last().context("it is empty")?;
            Ok([before, &[last ^ 1]].concat())
        })
    }),
    bad("bad_certificate_signature", "one letter of the SAN changed", |c| {
        let changed = c.usual()?.with_leaf(|leaf| {
            let name = LOCALHOST.as_bytes();
            let at = leaf.windows(name.len()).rposition(|it| it == name);
            let (before, behind) = leaf.split_at(at.context("there is no name")? + name.len() - 1);
            Ok([before, b"u", behind.get(1..).unwrap_or_default()].concat())
        });
        Ok(changed?.asked_for("localhosu"))
    }),
    bad("bad_certificate_signature", "swapped intermediate: same name, other key", |c| {
        c.sent(&[c.leaf(), c.twin()])
    }),
    bad("bad_certificate_signature", "unknown root with the same names", |c| {
        c.sent(&[c.evil_leaf(), c.evil_middle()])
    }),
    bad("bad_certificate_signature", "unknown root with the same names, sent too", |c| {
        let root = c.other.called("Root CA");
        let root = Draft { subject: root.clone(), issuer: root, ..c.top() };
        c.sent(&[c.evil_leaf(), c.evil_middle(), root])
    }),
    bad("name_not_permitted", "name outside the intermediate's name constraints", |c| {
        let base = GeneralName::DnsName(Ia5String::new(BANK)?);
        let bank = GeneralSubtree { base, minimum: 0, maximum: None };
        let only_bank =
            NameConstraints { permitted_subtrees: Some(vec![bank]), excluded_subtrees: None };
        c.middle_is(Draft { more: Some(extension(true, &only_bank)?), ..c.middle() })
    }),
    bad("wrong_name", "another host's certificate", Cast::bank),
    bad("wrong_name", "name in the common name only, no SAN", |c| {
        c.leaf_is(Draft { names: &[], ..c.leaf() })
    }),
    bad("wrong_name", "name is only a prefix of the SAN", |c| {
        c.leaf_is(Draft { names: &["localhost.evil.example"], ..c.leaf() })
    }),
    bad("wrong_name", "wildcard does not match two labels", |c| {
        let leaf = Draft { names: &["*.bank.example"], ..c.leaf() };
        Ok(c.leaf_is(leaf)?.asked_for("a.b.bank.example"))
    }),
    bad("wrong_name", "SAN is a lone star", |c| c.leaf_is(Draft { names: &["*"], ..c.leaf() })),
    bad("wrong_name", "SAN is the IP address", |c| {
        c.leaf_is(Draft { names: &["127.0.0.1"], ..c.leaf() })
    }),
    bad("bad_signature", "the server's own chain, shown by someone without its private key", |c| {
        Ok(Chain { server: c.other.clone(), ..c.usual()? })
    }),
];

impl Case {
    /// Makes the chain.
    ///
    /// # Errors
    /// None that is known.
    pub fn chain(&self, cast: &Cast) -> Result<Chain> {
        (self.make)(cast).with_context(|| format!("cannot make the chain: {}", self.name))
    }
}

impl Chain {
    /// The server with its certificates.
    ///
    /// # Errors
    /// None that is known.
    pub fn identity(&self) -> Result<Identity> {
        Ok(Identity { certificates: self.certificates.clone(), key: self.server.identity_key()? })
    }

    fn asked_for(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    fn trusting(self, roots: &[Draft<'_>]) -> Result<Self> {
        Ok(Self { roots: signed(roots)?, ..self })
    }

    /// The same with other bytes in place of the leaf.
    fn with_leaf(mut self, change: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Self> {
        if let Some(leaf) = self.certificates.first_mut() {
            *leaf = change(leaf)?;
        }
        Ok(self)
    }
}

impl Cast {
    /// Everyone, with new keys. `made` is called whenever there is one of [`KEYS`](Self::KEYS).
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(made: impl Fn() + Sync) -> Result<Self> {
        let [root, intermediate, server, other] =
            Party::all(["Root CA", "Intermediate CA", LOCALHOST, "Other"], &made)?;
        let weak = Party::with_bits("Weak", 1_024)?;
        made();
        Ok(Self { root, intermediate, server, other, weak, now: SystemTime::now() })
    }

    /// The number of keys.
    pub const KEYS: u64 = 5;

    /// The server's certificate.
    fn leaf(&self) -> Draft<'_> {
        Draft {
            cast: self,
            subject: self.server.clone(),
            issuer: self.intermediate.clone(),
            valid: (-1, 30),
            constraints: Some(NOT_CA),
            key_usage: &[KeyUsages::DigitalSignature],
            purposes: Some(SERVER_AUTH),
            names: &[LOCALHOST],
            names_are_critical: false,
            names_its_issuers_key: true,
            more: None,
        }
    }

    /// The intermediate's.
    fn middle(&self) -> Draft<'_> {
        Draft {
            subject: self.intermediate.clone(),
            issuer: self.root.clone(),
            constraints: Some(ca(0)),
            key_usage: &[KeyUsages::KeyCertSign],
            purposes: None,
            names: &[],
            ..self.leaf()
        }
    }

    /// The root's.
    fn top(&self) -> Draft<'_> {
        Draft { subject: self.root.clone(), constraints: Some(ca(1)), ..self.middle() }
    }

    /// Of another intermediate with the same name.
    fn twin(&self) -> Draft<'_> {
        Draft { subject: self.other.called("Intermediate CA"), ..self.middle() }
    }

    /// Of an authority below the intermediate.
    fn lower(&self) -> Draft<'_> {
        let subject = self.other.called("Lower CA");
        Draft { subject, issuer: self.intermediate.clone(), ..self.middle() }
    }

    fn under_lower(&self) -> Draft<'_> {
        Draft { issuer: self.other.called("Lower CA"), ..self.leaf() }
    }

    /// Of an authority that calls itself what ours is called.
    fn evil_middle(&self) -> Draft<'_> {
        Draft { issuer: self.other.called("Root CA"), ..self.twin() }
    }

    fn evil_leaf(&self) -> Draft<'_> {
        Draft { issuer: self.other.called("Intermediate CA"), ..self.leaf() }
    }

    /// What a server sends, with everything else as usual.
    fn sent(&self, certificates: &[Draft<'_>]) -> Result<Chain> {
        Ok(Chain {
            certificates: signed(certificates)?,
            server: self.server.clone(),
            roots: signed(&[self.top()])?,
            name: LOCALHOST,
        })
    }

    fn usual(&self) -> Result<Chain> {
        self.leaf_is(self.leaf())
    }

    fn leaf_is(&self, leaf: Draft<'_>) -> Result<Chain> {
        self.sent(&[leaf, self.middle()])
    }

    fn middle_is(&self, middle: Draft<'_>) -> Result<Chain> {
        self.sent(&[self.leaf(), middle])
    }

    /// Another host's chain.
    fn bank(&self) -> Result<Chain> {
        self.leaf_is(Draft { subject: self.server.called(BANK), names: &[BANK], ..self.leaf() })
    }
}

impl Draft<'_> {
    fn signed(&self) -> Result<Vec<u8>> {
        let mut extensions = Vec::new();
        if let Some(Constraints { critical, is_ca: ca, path_len: path_len_constraint }) =
            self.constraints
        {
            extensions.push(extension(critical, &BasicConstraints { ca, path_len_constraint })?);
        }
        if !self.key_usage.is_empty() {
            let usage = self.key_usage.iter().fold(FlagSet::default(), |all, one| all | *one);
            extensions.push(extension(true, &KeyUsage(usage))?);
        }
        if let Some(purpose) = self.purposes {
            extensions.push(extension(false, &ExtendedKeyUsage(vec![purpose]))?);
        }
        if !self.names.is_empty() {
            extensions.push(extension(self.names_are_critical, &alternative_names(self.names)?)?);
        }
        let identifiers = key_identifiers(&self.subject, &self.issuer)?;
        let count = if self.names_its_issuers_key { 2 } else { 1 };
        extensions.extend(identifiers.into_iter().take(count));
        extensions.extend(self.more.clone());
        let at = |days: i32| {
            let time = days.unsigned_abs() * DAY;
            let now = self.cast.now;
            if days < 0 { now - time } else { now + time }
        };
        let validity = (at(self.valid.0), at(self.valid.1));
        self.issuer.certify(&self.subject, &Statement { validity, extensions })
    }
}

fn signed(drafts: &[Draft<'_>]) -> Result<Vec<Vec<u8>>> {
    drafts.iter().map(Draft::signed).collect()
}

/// basicConstraints of an authority with at most so many others below it.
fn ca(path_len: u8) -> Constraints {
    Constraints { critical: true, is_ca: true, path_len: Some(path_len) }
}
