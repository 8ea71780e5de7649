//! Certificates that are not among the vectors: one of theirs with something changed, and signed anew.

use messages::x509::{Certificate, Says};
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use sha2::{Sha256, Sha384};

use crate::vectors::{NOW, der, key, verifier};
use certificates::{CertificateError, Roots, rules};

/// Parts of a certificate, in DER.
struct Parts {
    issuer: Vec<u8>,
    validity: [Vec<u8>; 2],
    subject: Vec<u8>,
    public_key_info: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    /// The last number of the signature's algorithm: 11 with SHA-256, 12 with SHA-384.
    algorithm: u8,
}

/// An element, with a length in as few bytes as it takes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let header = match len {
        0..0x80 => vec![tag, u8::try_from(len).unwrap()],
        0x80..0x100 => vec![tag, 0x81, u8::try_from(len).unwrap()],
        _ => [&[tag, 0x82], &u16::try_from(len).unwrap().to_be_bytes()[..]].concat(),
    };
    [&header, content].concat()
}

/// An extension under 2.5.29.
fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { &[1, 1, 0xff][..] } else { &[] };
    element(0x30, &[&[6, 3, 0x55, 29, number], critical, &element(4, value)].concat())
}

/// A moment of the years from 2000 to 2049, such as `270601000000Z`.
fn moment(text: &str) -> Vec<u8> {
    element(0x17, text.as_bytes())
}

/// A certificate of the vectors with something changed, signed by this key.
fn issued(like: &str, by: &str, change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let der = der(like);
    let it = Certificate::decode(&der).unwrap();
    let number = |kind: &str| match kind {
        "subjectKeyIdentifier" => 14,
        "keyUsage" => 15,
        "subjectAltName" => 17,
        "basicConstraints" => 19,
        "authorityKeyIdentifier" => 35,
        "extKeyUsage" => 37,
        other => panic!("{other}"),
    };
    let mut parts = Parts {
        issuer: it.issuer.der.to_vec(),
        validity: [moment("260101000000Z"), moment("300101000000Z")],
        subject: it.subject.der.to_vec(),
        public_key_info: it.public_key_info.to_vec(),
        extensions: (it.extensions.iter())
            .map(|it| extension(number(&it.kind), it.critical, it.value))
            .collect(),
        algorithm: 11,
    };
    change(&mut parts);
    let number = parts.algorithm;
    let algorithm = element(0x30, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, number, 5, 0]);
    let tbs = [
        element(0xa0, &[2, 1, 2]),
        element(2, &[5]),
        algorithm.clone(),
        parts.issuer,
        element(0x30, &parts.validity.concat()),
        parts.subject,
        parts.public_key_info,
        element(0xa3, &element(0x30, &parts.extensions.concat())),
    ];
    let tbs = element(0x30, &tbs.concat());
    let key = PrivateKey::from_pkcs8_der(&key(by)).unwrap();
    let signature = match number {
        12 => SigningKey::<Sha384>::new(key).sign(&tbs),
        _ => SigningKey::<Sha256>::new(key).sign(&tbs),
    };
    let signature = [&[0][..], &signature.to_vec()].concat();
    element(0x30, &[tbs, algorithm, element(3, &signature)].concat())
}

/// The error that such a leaf is refused with, behind the intermediate of the vectors.
fn of_leaf(change: impl FnOnce(&mut Parts)) -> CertificateError {
    let chain = [issued("server", "intermediate", change), der("intermediate")];
    verifier(&["root"], "localhost").verify(&chain, NOW).unwrap_err()
}

/// The place of an extension of this kind in a leaf of the vectors.
fn place(kind: &str) -> usize {
    let der = der("server");
    let extensions = Certificate::decode(&der).unwrap().extensions;
    extensions.iter().position(|it| it.kind == kind).unwrap()
}

#[test]
fn what_is_issued_here_is_believed_if_nothing_is_wrong_with_it() {
    let chain = [issued("server", "intermediate", |_| ()), issued("intermediate", "root", |_| ())];
    let mut verifier = verifier(&["root"], "localhost");
    assert_eq!(verifier.verify(&chain, NOW).unwrap().path.len(), 3);
    verifier.roots = Roots::from_der(vec![issued("root", "root", |_| ())]).unwrap();
    assert_eq!(verifier.verify(&chain, NOW).unwrap().path.len(), 3);
}

#[test]
fn a_signature_with_sha_384_is_one_and_none_under_the_name_of_another_hash() {
    let verify =
        |leaf| verifier(&["root"], "localhost").verify(&[leaf, der("intermediate")], NOW).err();
    let leaf = issued("server", "intermediate", |parts| parts.algorithm = 12);
    assert_eq!(verify(leaf), None);
    let leaf = issued("server", "intermediate", |parts| parts.algorithm = 13);
    assert_eq!(verify(leaf), Some(CertificateError::BadCertificateSignature));
}

#[test]
fn a_validity_that_ends_before_it_begins_is_told() {
    let error = of_leaf(|parts| parts.validity.reverse());
    let why = "its validity ends before it begins";
    assert_eq!(error, CertificateError::BadExtension { subject: "localhost".to_owned(), why });
}

/// Of the certificates of a path, the one whose time has not come is named.
#[test]
fn whoever_is_not_valid_yet_is_named() {
    let later = |parts: &mut Parts| parts.validity[0] = moment("280101000000Z");
    let named = |chain: [Vec<u8>; 2], root: Vec<u8>| {
        let mut verifier = verifier(&["root"], "localhost");
        verifier.roots = Roots::from_der(vec![root]).unwrap();
        match verifier.verify(&chain, NOW).unwrap_err() {
            CertificateError::NotYetValid { subject, .. } => subject,
            other => panic!("{other}"),
        }
    };
    let [leaf, intermediate, root] = ["server", "intermediate", "root"].map(der);
    let signed = |like, by| issued(like, by, later);
    let late = signed("server", "intermediate");
    assert_eq!(named([late, intermediate.clone()], root.clone()), "localhost");
    let late = signed("intermediate", "root");
    assert_eq!(named([leaf.clone(), late], root), "Intermediate CA");
    assert_eq!(named([leaf, intermediate], signed("root", "root")), "Root CA");
}

#[test]
fn a_purpose_that_is_missing_is_told_with_whose_it_is() {
    let at = place("extKeyUsage");
    let wrong_use = |subject: &str| CertificateError::WrongUse {
        subject: subject.to_owned(),
        why: "its extKeyUsage does not have serverAuth",
    };
    let empty = extension(37, false, &element(0x30, &[]));
    assert_eq!(of_leaf(|parts| parts.extensions[at] = empty), wrong_use("localhost"));
    let clients = element(6, &[0x2b, 6, 1, 5, 5, 7, 3, 2]);
    let clients = extension(37, false, &element(0x30, &clients));
    assert_eq!(of_leaf(|parts| parts.extensions[at] = clients.clone()), wrong_use("localhost"));
    let intermediate = issued("intermediate", "root", |parts| parts.extensions.push(clients));
    let chain = [der("server"), intermediate];
    let error = verifier(&["root"], "localhost").verify(&chain, NOW).unwrap_err();
    assert_eq!(error, wrong_use("Intermediate CA"));
}

/// As many as a message holds, each of which tells much in few bytes: the error stays short.
#[test]
fn of_many_names_a_few_are_told() {
    let at = place("subjectAltName");
    let of = |names: &[Vec<u8>]| {
        let names = extension(17, false, &element(0x30, &names.concat()));
        match of_leaf(|parts| parts.extensions[at] = names) {
            CertificateError::WrongName { names, .. } => names,
            other => panic!("{other}"),
        }
    };
    let names: Vec<_> = (b'a'..=b'f').map(|name| element(0x82, &[name])).collect();
    assert_eq!(of(&names[..4]), "a, b, c, d");
    assert_eq!(of(&names[..5]), "a, b, c, d, e");
    assert_eq!(of(&names), "a, b, c, d, e and 1 more");
    let many = vec![element(0x87, &[10, 0, 0, 1]); 2_000];
    assert_eq!(of(&many), format!("{} and 1995 more", ["10.0.0.1"; 5].join(", ")));
}

/// Each rule for itself: others would refuse most of these before.
#[test]
fn the_rules_are_complete_by_themselves() {
    let refused = |name: &str| {
        let der = der(name);
        let certificate = Certificate::decode(&der).unwrap();
        let authority = rules::authority(&certificate, 0).map_err(|error| error.name());
        let leaf = rules::leaf(&certificate).map_err(|error| error.name());
        (authority.err(), leaf.err())
    };
    assert_eq!(refused("intermediate"), (None, Some("wrong_use")));
    assert_eq!(refused("server"), (Some("not_an_authority"), None));
    assert_eq!(refused("int 1024").0, Some("unacceptable_key"));
    assert_eq!(refused("rsa1024").1, Some("unacceptable_key"));
    assert_eq!(refused("ec leaf").1, Some("unacceptable_key"));
    assert_eq!(refused("int no bc").0, Some("not_an_authority"));
    let der = der("intermediate");
    let intermediate = Certificate::decode(&der).unwrap();
    let constraints = intermediate.extension("basicConstraints").unwrap();
    let path_len = Some(0);
    assert_eq!(constraints.says, Says::BasicConstraints { is_ca: true, path_len });
    assert_eq!(rules::authority(&intermediate, 1), Err(CertificateError::PathTooLong));
}
