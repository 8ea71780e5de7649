//! An X.509 certificate (RFC 5280, section 4.1): who says what about whose key.
//!
//! ```text
//! Certificate
//! +-- tbsCertificate            what the issuer signs
//! |   +-- version, serialNumber, signature
//! |   +-- issuer                who says it
//! |   +-- validity              from when to when
//! |   +-- subject               about whom
//! |   +-- subjectPublicKeyInfo  whose key this is
//! |   +-- extensions            for which names, and for what use
//! +-- signatureAlgorithm
//! +-- signatureValue            by the issuer's key
//! ```
//!
//! Nothing is checked here but the form. Whether a certificate is to be believed is for `certificates` to say.

use std::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{DateTime, DecodeValue as _, Header, Length, SliceReader, Tag};

use crate::decoder::{DecodeError, Decoder};
use crate::der::{numbered, oid, text};

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate<'m> {
    /// Its version, from 1; extensions came with 3.
    pub version: u8,
    /// The issuer's number for it, big-endian.
    pub serial: &'m [u8],
    /// Its issuer.
    pub issuer: Name<'m>,
    /// Its owner.
    pub subject: Name<'m>,
    /// The first moment of its validity, since 1970.
    pub not_before: Duration,
    /// The last moment of its validity, since 1970.
    pub not_after: Duration,
    /// The owner's public key, its algorithm included: SubjectPublicKeyInfo in DER.
    pub public_key_info: &'m [u8],
    /// The name of the key's algorithm, such as `rsaEncryption`.
    pub key_algorithm: String,
    /// The length of the key in bits, if it is an RSA key: that of its modulus.
    pub key_bits: Option<usize>,
    /// The name of the key's curve, such as `P-256`, if its algorithm is for points of any.
    pub key_curve: Option<String>,
    /// Its extensions, in order.
    pub extensions: Vec<Extension<'m>>,
    /// The name of the signature's algorithm, such as `sha256WithRSAEncryption`.
    pub signature_algorithm: String,
}

/// The name of an issuer or an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'m> {
    /// The name in DER, by which an issuer is found.
    pub der: &'m [u8],
    /// Its last common name, or all that is in it, as far as it can be read.
    pub text: String,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'m> {
    /// The name of its kind, such as `basicConstraints`, or its numbers.
    pub kind: String,
    /// Whether who does not understand it must not believe the certificate.
    pub critical: bool,
    /// Its value in DER.
    pub value: &'m [u8],
    /// What it says.
    pub says: Says,
}

/// What an extension says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Whether the owner may sign certificates, and how many others may stand between its certificate and a leaf.
    BasicConstraints {
        /// Whether it is a certificate authority.
        is_ca: bool,
        /// The most authorities that may follow.
        path_len: Option<u64>,
    },
    /// What the key may be used for: the names of the bits that are set.
    KeyUsage(Vec<&'static str>),
    /// The purposes that the certificate may be used for.
    ExtKeyUsage(Vec<String>),
    /// The names that the certificate is for.
    SubjectAltName(Vec<String>),
    /// Something that is not looked into.
    Other,
}

/// The bits of keyUsage (RFC 5280, section 4.2.1.3), from the first.
pub const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

impl<'m> Certificate<'m> {
    /// Reads a certificate from its first byte to its last.
    ///
    /// # Errors
    /// [`DecodeError`] if it has not the form of one, or something stands behind it.
    pub fn decode(der: &'m [u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(der);
        let certificate = Self::read(&mut decoder)?;
        if decoder.is_done() {
            Ok(certificate)
        } else {
            Err(DecodeError::Surplus { what: "Certificate" })
        }
    }

    /// Tells what the bytes of a certificate say, span by span, as far as they can be read.
    pub fn explain(der: &'m [u8]) -> crate::Explained {
        let mut decoder = Decoder::new(der);
        _ = Self::read(&mut decoder);
        decoder.give_up("no certificate", "Bytes that are no part of a certificate.");
        decoder.explained()
    }

    /// Lists the names that it is for: those of its subjectAltName. Its subject is not among them, which no client
    /// compares with the name that it wants.
    pub fn names(&self) -> &[String] {
        match self.extension("subjectAltName").map(|extension| &extension.says) {
            Some(Says::SubjectAltName(names)) => names,
            _ => &[],
        }
    }

    /// Returns what kind of key it has, such as `RSA of 2048 bits`, `P-256` or `Ed25519`.
    pub fn key(&self) -> String {
        let of_bits = self.key_bits.map(|bits| format!("RSA of {bits} bits"));
        of_bits.or(self.key_curve.clone()).unwrap_or(self.key_algorithm.clone())
    }

    /// Returns the extension of this kind.
    pub fn extension(&self, kind: &str) -> Option<&Extension<'m>> {
        self.extensions.iter().find(|extension| extension.kind == kind)
    }

    pub(crate) fn read(decoder: &mut Decoder<'m>) -> Result<Self, DecodeError> {
        let what = "A statement, and the signature of whoever makes it.";
        decoder.element(Tag::Sequence, "Certificate", what, |decoder| {
            let what = "The statement: all that the signature covers.";
            let mut certificate =
                decoder.element(Tag::Sequence, "tbsCertificate", what, |decoder| {
                    Ok((Self::to_be_signed(decoder)?, String::new()))
                })?;
            let what = "How the issuer signed.";
            (certificate.signature_algorithm, _) = algorithm(decoder, "signatureAlgorithm", what)?;
            let what = "The issuer's signature over the statement.";
            decoder.primitive(Tag::BitString, "signatureValue", what, |_| String::new())?;
            let says =
                format!("{}, signed by {}", certificate.subject.text, certificate.issuer.text);
            Ok((certificate, says))
        })
    }

    fn to_be_signed(decoder: &mut Decoder<'m>) -> Result<Self, DecodeError> {
        let mut version = 1;
        if decoder.next_tag() == Some(numbered(0, true)) {
            let what = "The version of the form: 3 since there are extensions.";
            version = decoder.element(numbered(0, true), "version", what, |decoder| {
                let number = decoder.primitive(Tag::Integer, "version", what, |_| String::new())?;
                let version = number.last().map_or(1, |number| number.saturating_add(1));
                Ok((version, version.to_string()))
            })?;
        }
        let what = "The issuer's number for this certificate.";
        let serial = decoder.primitive(Tag::Integer, "serialNumber", what, |_| String::new())?;
        let what = "How the issuer signs, once more: this one is under the signature.";
        let (signature_algorithm, _) = algorithm(decoder, "signature", what)?;
        let what =
            "Who makes the statement. The next certificate has to have this name as its subject.";
        let issuer = name(decoder, "issuer", what)?;
        let what = "From when to when the statement holds.";
        let [not_before, not_after] =
            decoder.element(Tag::Sequence, "validity", what, |decoder| {
                let not_before = time(decoder, "notBefore", "The first second.")?;
                let not_after = time(decoder, "notAfter", "The last second.")?;
                Ok(([not_before, not_after], String::new()))
            })?;
        let what = "About whom the statement is. What counts for a server is not this but its subjectAltName.";
        let subject = name(decoder, "subject", what)?;
        let public_key = decoder.rest();
        let what =
            "The public key that belongs to the subject. Only the subject has the private one.";
        let (key_algorithm, key_curve, key_bits) =
            decoder.element(Tag::Sequence, "subjectPublicKeyInfo", what, |decoder| {
                let (algorithm, curve) =
                    algorithm(decoder, "algorithm", "What kind of key it is.")?;
                let what = "The key itself.";
                let key = decoder
                    .primitive(Tag::BitString, "subjectPublicKey", what, |_| String::new())?;
                let bits = modulus_bits(key).filter(|_| algorithm == "rsaEncryption");
                let of_bits = bits.map(|bits| format!("RSA, {bits} bits"));
                let says = of_bits.or(curve.clone()).unwrap_or(algorithm.clone());
                Ok(((algorithm, curve, bits), says))
            })?;
        let len = public_key.len() - decoder.rest().len();
        let public_key_info = public_key.get(..len).unwrap_or_default();
        for (number, name) in [(1, "issuerUniqueID"), (2, "subjectUniqueID")] {
            let tag = numbered(number, false);
            if decoder.next_tag() == Some(tag) {
                let what = "An identifier that nobody uses any more.";
                decoder.primitive(tag, name, what, |_| String::new())?;
            }
        }
        let mut extensions = Vec::new();
        let tag = numbered(3, true);
        if decoder.next_tag() == Some(tag) {
            let what = "For which names and for what use the key is, and more.";
            extensions = decoder.element(tag, "extensions", what, |decoder| {
                let extensions = decoder.element(Tag::Sequence, "extensions", what, |decoder| {
                    let mut extensions = Vec::new();
                    while !decoder.is_done() {
                        extensions.push(extension(decoder)?);
                    }
                    Ok((extensions, String::new()))
                })?;
                Ok((extensions, String::new()))
            })?;
        }
        Ok(Self {
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            public_key_info,
            key_algorithm,
            key_bits,
            key_curve,
            extensions,
            signature_algorithm,
        })
    }
}

/// Reads an algorithm and its parameters. Returns its name, and that of the curve if they begin with one.
fn algorithm(
    decoder: &mut Decoder<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<(String, Option<String>), DecodeError> {
    decoder.element(Tag::Sequence, name, what, |decoder| {
        let of = decoder.primitive(Tag::ObjectIdentifier, "algorithm", "Its number.", oid)?;
        let what = "What else there is to say about it.";
        let mut curve = None;
        if decoder.next_tag() == Some(Tag::ObjectIdentifier) {
            curve = Some(oid(decoder.primitive(Tag::ObjectIdentifier, "parameters", what, oid)?));
        }
        decoder.anything("parameters", what)?;
        Ok(((oid(of), curve), oid(of)))
    })
}

/// Reads a name: attributes, each with its kind.
fn name<'m>(
    decoder: &mut Decoder<'m>,
    name: &'static str,
    what: &'static str,
) -> Result<Name<'m>, DecodeError> {
    let before = decoder.rest();
    let text = decoder.element(Tag::Sequence, name, what, |decoder| {
        let (mut common_name, mut all) = (None, Vec::new());
        while !decoder.is_done() {
            let (kind, value) = attribute(decoder)?;
            if kind == "commonName" {
                common_name = Some(value.clone());
            }
            all.push(value);
        }
        let name = common_name.unwrap_or_else(|| all.join(", "));
        let name = if name.is_empty() { "nobody".to_owned() } else { self::text(name.as_bytes()) };
        Ok((name.clone(), name))
    })?;
    let len = before.len() - decoder.rest().len();
    Ok(Name { der: before.get(..len).unwrap_or_default(), text })
}

/// Reads one part of a name: the name of its kind, and its value.
fn attribute(decoder: &mut Decoder<'_>) -> Result<(String, String), DecodeError> {
    let what = "One part of the name.";
    decoder.element(Tag::Set, "attribute", what, |decoder| {
        let (mut kind, mut value) = (String::new(), String::new());
        while !decoder.is_done() {
            decoder.element(Tag::Sequence, "attribute", what, |decoder| {
                let of =
                    decoder.primitive(Tag::ObjectIdentifier, "type", "What part it is.", oid)?;
                kind = oid(of);
                let tag = decoder.next_tag().ok_or(DecodeError::NoSuch { what: "value" })?;
                value = text(decoder.primitive(tag, "value", "The part itself.", text)?);
                Ok(((), String::new()))
            })?;
        }
        let says = format!("{kind}: {value}");
        Ok(((kind, value), says))
    })
}

/// Reads a moment.
fn time(
    decoder: &mut Decoder<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<Duration, DecodeError> {
    let no_such = DecodeError::NoSuch { what: name };
    let tag = decoder.next_tag().ok_or(no_such)?;
    let parsed = |content: &[u8]| {
        let header = Header::new(tag, Length::try_from(content.len()).ok()?);
        let mut reader = SliceReader::new(content).ok()?;
        match tag {
            Tag::UtcTime => {
                UtcTime::decode_value(&mut reader, header).ok().map(|it| it.to_unix_duration())
            }
            Tag::GeneralizedTime => GeneralizedTime::decode_value(&mut reader, header)
                .ok()
                .map(|it| it.to_unix_duration()),
            _ => None,
        }
    };
    let says = |content: &[u8]| parsed(content).map_or(String::new(), moment);
    let content = decoder.primitive(tag, name, what, says)?;
    parsed(content).ok_or(no_such)
}

/// A moment as a person reads it: `2026-11-27 12:00:00 UTC`.
pub fn moment(since_1970: Duration) -> String {
    let Ok(it) = DateTime::from_unix_duration(since_1970) else {
        return "beyond the year 9999".to_owned();
    };
    let (year, month, day) = (it.year(), it.month(), it.day());
    let (hour, minutes, seconds) = (it.hour(), it.minutes(), it.seconds());
    format!("{year}-{month:02}-{day:02} {hour:02}:{minutes:02}:{seconds:02} UTC")
}

/// Reads an extension.
fn extension<'m>(decoder: &mut Decoder<'m>) -> Result<Extension<'m>, DecodeError> {
    decoder.saying(|decoder| {
        let what = "More about the subject, its key, or the use of both.";
        let extension = decoder.element(Tag::Sequence, "extension", what, |decoder| {
            let of =
                decoder.primitive(Tag::ObjectIdentifier, "extnID", "What it is about.", oid)?;
            let kind = oid(of);
            let mut critical = false;
            if decoder.next_tag() == Some(Tag::Boolean) {
                let what = "Whether who does not understand it must not believe the certificate.";
                let content = decoder.primitive(Tag::Boolean, "critical", what, |content| {
                    (content != [0]).to_string()
                })?;
                critical = content != [0];
            }
            let what = "What it says, in DER once more.";
            let value = decoder.rest();
            let (says, len) = decoder.element(Tag::OctetString, "extnValue", what, |decoder| {
                let len = decoder.rest().len();
                Ok(((says(decoder, &kind)?, len), String::new()))
            })?;
            let end = value.len() - decoder.rest().len();
            let value = end.checked_sub(len).and_then(|start| value.get(start..end));
            let value = value.unwrap_or_default();
            let told = told(&kind, critical, &says);
            Ok((Extension { kind, critical, value, says }, told))
        })?;
        let (name, what) = meaning(&extension.kind);
        let says = told(&extension.kind, extension.critical, &extension.says);
        Ok((extension, name, what, says))
    })
}

/// What an extension says, in one line.
fn told(kind: &str, critical: bool, says: &Says) -> String {
    let says = match says {
        Says::BasicConstraints { is_ca: false, .. } => "not a CA".to_owned(),
        Says::BasicConstraints { path_len: None, .. } => "CA".to_owned(),
        Says::BasicConstraints { path_len: Some(len), .. } => format!("CA, path length {len}"),
        Says::KeyUsage(usages) => usages.join(", "),
        Says::ExtKeyUsage(purposes) => purposes.join(", "),
        Says::SubjectAltName(names) => names.join(", "),
        Says::Other => kind.to_owned(),
    };
    text(if critical { format!("{says} (critical)") } else { says }.as_bytes())
}

/// The name of the span of an extension, and its meaning.
fn meaning(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "basicConstraints" => (
            "basicConstraints",
            "Whether the subject may sign certificates, and how many more that sign may follow.",
        ),
        "keyUsage" => ("keyUsage", "What the key may be used for."),
        "extKeyUsage" => ("extKeyUsage", "The purposes that the key may be used for."),
        "subjectAltName" => (
            "subjectAltName",
            "The names that the certificate is for. A client compares them with the one it wants to reach.",
        ),
        "subjectKeyIdentifier" => ("subjectKeyIdentifier", "A short name of the subject's key."),
        "authorityKeyIdentifier" => {
            ("authorityKeyIdentifier", "A short name of the key that signs: a hint, and no more.")
        }
        "nameConstraints" => ("nameConstraints", "The names that the subject may sign for."),
        _ => ("extension", "More about the subject, its key, or the use of both."),
    }
}

/// Reads the value of an extension of this kind.
fn says(decoder: &mut Decoder<'_>, kind: &str) -> Result<Says, DecodeError> {
    match kind {
        "basicConstraints" => {
            let what = "Two things, either of which may be left out.";
            decoder.element(Tag::Sequence, "basicConstraints", what, basic_constraints)
        }
        "keyUsage" => {
            let what = "A bit for each use, the first one first.";
            let bits = decoder
                .primitive(Tag::BitString, "keyUsage", what, |bits| usages(bits).join(", "))?;
            Ok(Says::KeyUsage(usages(bits)))
        }
        "extKeyUsage" => {
            let what = "The purposes.";
            decoder.element(Tag::Sequence, "extKeyUsage", what, |decoder| {
                let mut purposes = Vec::new();
                while !decoder.is_done() {
                    let what = "A purpose.";
                    purposes.push(oid(decoder.primitive(
                        Tag::ObjectIdentifier,
                        "purpose",
                        what,
                        oid,
                    )?));
                }
                Ok((Says::ExtKeyUsage(purposes), String::new()))
            })
        }
        "subjectAltName" => {
            let what = "The names.";
            decoder.element(Tag::Sequence, "subjectAltName", what, |decoder| {
                let mut names = Vec::new();
                while !decoder.is_done() {
                    names.push(alternative_name(decoder)?);
                }
                Ok((Says::SubjectAltName(names), String::new()))
            })
        }
        _ => {
            let what = "The value, which is not looked into further.";
            let len = decoder.rest().len();
            decoder.bytes(len, "value", what)?;
            Ok(Says::Other)
        }
    }
}

fn basic_constraints(decoder: &mut Decoder<'_>) -> Result<(Says, String), DecodeError> {
    let (mut is_ca, mut path_len) = (false, None);
    if decoder.next_tag() == Some(Tag::Boolean) {
        let what = "Whether the subject may sign certificates.";
        let content =
            decoder.primitive(Tag::Boolean, "cA", what, |content| (content != [0]).to_string())?;
        is_ca = content != [0];
    }
    if decoder.next_tag() == Some(Tag::Integer) {
        let what =
            "How many certificates of others that sign may stand between this one and a leaf.";
        let number = |bytes: &[u8]| {
            bytes.iter().fold(0, |number: u64, byte| number.saturating_mul(256) | u64::from(*byte))
        };
        let bytes = decoder.primitive(Tag::Integer, "pathLenConstraint", what, |bytes| {
            number(bytes).to_string()
        })?;
        path_len = Some(number(bytes));
    }
    Ok((Says::BasicConstraints { is_ca, path_len }, String::new()))
}

/// The uses whose bit is set. The first byte of a bit string counts the bits at its end that do not count.
fn usages(bits: &[u8]) -> Vec<&'static str> {
    let (unused, bytes) = bits.split_first().unwrap_or((&0, &[]));
    let count = (bytes.len() * 8).saturating_sub(usize::from(*unused));
    let is_set = |at: usize| {
        at < count && bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
    };
    KEY_USAGES.iter().enumerate().filter(|(at, _)| is_set(*at)).map(|(_, name)| *name).collect()
}

/// Reads a name of a server: a DNS name, an address, or something else.
fn alternative_name(decoder: &mut Decoder<'_>) -> Result<String, DecodeError> {
    let tag = decoder.next_tag().ok_or(DecodeError::NoSuch { what: "name" })?;
    let readable = move |content: &[u8]| {
        if tag == numbered(2, false) {
            return text(content);
        }
        let v4 = <[u8; 4]>::try_from(content).map(|it| std::net::IpAddr::from(it).to_string());
        let v6 = <[u8; 16]>::try_from(content).map(|it| std::net::IpAddr::from(it).to_string());
        let address = v4.or(v6).ok().filter(|_| tag == numbered(7, false));
        address.unwrap_or_else(|| "something else".to_owned())
    };
    let content =
        decoder.primitive(tag, "name", "A name that the certificate is for.", readable)?;
    Ok(readable(content))
}

/// The length of an RSA key in bits, which is that of its modulus: RSAPublicKey in DER (RFC 8017, A.1.1), behind
/// the byte that counts the bits that do not count at the end.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut decoder = Decoder::new(key.get(1..)?);
    let modulus = decoder.element(Tag::Sequence, "RSAPublicKey", "", |decoder| {
        let modulus = decoder.primitive(Tag::Integer, "modulus", "", |_| String::new())?;
        decoder.primitive(Tag::Integer, "publicExponent", "", |_| String::new())?;
        Ok((modulus, String::new()))
    });
    let modulus = modulus.ok()?;
    let zeros: usize = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - usize::try_from(first.leading_zeros()).ok()?)
}
