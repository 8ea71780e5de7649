//! `ServerAuth` and the certificates in it: what is read is what another library reads, and every byte is explained,
//! whatever they are.

use std::time::Duration;

use messages::cert::{MAX_CERTIFICATES, ServerAuth};
use messages::decoder::MAX_SPANS;
use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Tag, X25519_KEY};
use messages::x509::{Certificate, KEY_USAGES, Says, moment};
use messages::{DecodeError, Explained, Message, Span, explain};
use serde_json::Value;
use x509_cert::der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../handshake/tests/vectors/handshakes.json")).unwrap()
}

fn hex_digits(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The certificates of the vectors, with the names of their keys.
fn certificates() -> Vec<(String, Vec<u8>)> {
    let vectors = vectors();
    let all = vectors["certificates"].as_object().unwrap().values();
    let all: Vec<_> =
        all.map(|it| (it["key"].as_str().unwrap().to_owned(), hex_digits(&it["der"]))).collect();
    assert_eq!(all.len(), 72);
    all
}

/// A `ServerAuth` of the vectors.
fn server_auth() -> Vec<u8> {
    let vectors = vectors();
    let handshakes = vectors["handshakes"].as_array().unwrap();
    let handshake = handshakes.iter().find(|it| it["stage"] == "part4-cert").unwrap();
    hex_digits(&handshake["server_auth"])
}

/// Makes sure that `spans` are the bytes from `start` to `end`, one after the other, and each is what is inside it.
fn assert_tiles(spans: &[Span], start: usize, end: usize) {
    let mut at = start;
    for span in spans {
        assert!(!span.name.is_empty() && !span.what.is_empty());
        assert_eq!(span.offset, at);
        at += span.len;
        if !span.inside.is_empty() {
            assert_tiles(&span.inside, span.offset, at);
        }
    }
    assert_eq!(at, end);
}

fn count(spans: &[Span]) -> usize {
    spans.iter().map(|span| 1 + count(&span.inside)).sum()
}

fn assert_explained(explained: &Explained, len: usize) {
    assert_tiles(&explained.spans, 0, len);
    assert!(count(&explained.spans) <= MAX_SPANS + 2, "{}", count(&explained.spans));
}

fn name_of(oid: ObjectIdentifier) -> String {
    let numbers = oid.to_string();
    let name = match numbers.as_str() {
        "1.2.840.113549.1.1.1" => "rsaEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.2.1" => "ecPublicKey",
        "1.3.101.112" => "Ed25519",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.37" => "extKeyUsage",
        numbers => numbers,
    };
    name.to_owned()
}

/// The common name, or `nobody` if there is none.
fn common_name(name: &x509_cert::name::Name) -> String {
    let attributes = name.iter_rdn().flat_map(x509_cert::name::RelativeDistinguishedName::iter);
    let last = attributes.filter(|it| it.oid.to_string() == "2.5.4.3").last();
    last.map_or("nobody".to_owned(), |it| {
        let utf8 = it.value.decode_as::<Utf8StringRef<'_>>().map(|it| it.to_string());
        let printable = it.value.decode_as::<PrintableStringRef<'_>>().map(|it| it.to_string());
        utf8.or(printable).unwrap()
    })
}

/// What an extension says, by the other library.
fn says(extension: &x509_cert::ext::Extension) -> Says {
    let value = extension.extn_value.as_bytes();
    match &*name_of(extension.extn_id) {
        "basicConstraints" => {
            let it = BasicConstraints::from_der(value).unwrap();
            let path_len = it.path_len_constraint.map(u64::from);
            Says::BasicConstraints { is_ca: it.ca, path_len }
        }
        "keyUsage" => {
            let it = KeyUsage::from_der(value).unwrap();
            let is_set = [
                it.digital_signature(),
                it.non_repudiation(),
                it.key_encipherment(),
                it.data_encipherment(),
                it.key_agreement(),
                it.key_cert_sign(),
                it.crl_sign(),
                it.encipher_only(),
                it.decipher_only(),
            ];
            let usages = KEY_USAGES.iter().zip(is_set).filter(|(_, is_set)| *is_set);
            Says::KeyUsage(usages.map(|(name, _)| *name).collect())
        }
        "extKeyUsage" => {
            let ExtendedKeyUsage(purposes) = ExtendedKeyUsage::from_der(value).unwrap();
            Says::ExtKeyUsage(purposes.into_iter().map(name_of).collect())
        }
        "subjectAltName" => {
            let SubjectAltName(names) = SubjectAltName::from_der(value).unwrap();
            let name = |name: &GeneralName| match name {
                GeneralName::DnsName(name) => name.to_string(),
                GeneralName::IpAddress(bytes) => {
                    let bytes: [u8; 4] = bytes.as_bytes().try_into().unwrap();
                    std::net::Ipv4Addr::from(bytes).to_string()
                }
                other => panic!("{other:?}"),
            };
            Says::SubjectAltName(names.iter().map(name).collect())
        }
        _ => Says::Other,
    }
}

#[test]
fn every_certificate_says_what_another_library_reads_in_it() {
    let mut kinds = Vec::new();
    for (key, der) in certificates() {
        let ours = Certificate::decode(&der).unwrap();
        let theirs = x509_cert::Certificate::from_der(&der).unwrap();
        let tbs = theirs.tbs_certificate();
        assert_eq!(ours.version, tbs.version() as u8 + 1);
        let serial = tbs.serial_number().to_der().unwrap();
        assert_eq!(ours.serial, &serial[2..]);
        for (ours, theirs) in [(&ours.issuer, tbs.issuer()), (&ours.subject, tbs.subject())] {
            assert_eq!(ours.der, theirs.to_der().unwrap());
            assert_eq!(ours.text, common_name(theirs));
        }
        let validity = tbs.validity();
        assert_eq!(ours.not_before, validity.not_before.to_unix_duration());
        assert_eq!(ours.not_after, validity.not_after.to_unix_duration());
        let public_key = tbs.subject_public_key_info();
        assert_eq!(ours.public_key_info, public_key.to_der().unwrap());
        assert_eq!(ours.key_algorithm, name_of(public_key.algorithm.oid));
        let bits = match &*key {
            "ec" | "ed25519" => None,
            "server1024" | "ca1024" => Some(1_024),
            "server3072" => Some(3_072),
            "server4096" => Some(4_096),
            _ => Some(2_048),
        };
        assert_eq!(ours.key_bits, bits);
        assert_eq!(ours.signature_algorithm, name_of(theirs.signature_algorithm().oid));

        let theirs: Vec<_> = tbs.extensions().into_iter().flatten().collect();
        assert_eq!(ours.extensions.len(), theirs.len());
        for (ours, theirs) in ours.extensions.iter().zip(theirs) {
            assert_eq!(ours.kind, name_of(theirs.extn_id));
            assert_eq!(ours.critical, theirs.critical);
            assert_eq!(ours.value, theirs.extn_value.as_bytes());
            assert_eq!(ours.says, says(theirs));
            kinds.push(ours.kind.clone());
        }
        assert_explained(&Certificate::explain(&der), der.len());
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 8, "seven that are known, and one that is not: {kinds:?}");
}

#[test]
fn every_server_auth_of_the_articles_decodes_and_is_encoded_to_the_same_bytes() {
    let vectors = vectors();
    let handshakes = vectors["handshakes"].as_array().unwrap().iter();
    for handshake in handshakes.filter(|it| it["stage"] == "part4-cert") {
        let message = hex_digits(&handshake["server_auth"]);
        let auth = ServerAuth::decode(&message).unwrap();
        assert_eq!(auth.certificates.iter().map(Vec::len).collect::<Vec<_>>(), [994, 953]);
        assert_eq!(auth.signature.len(), 256);
        assert_eq!(auth.encode(), message);
    }
}

fn of_fields(fields: &[(&Tag, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (tag, value) in fields {
        tag.append(value, &mut message);
    }
    message
}

const ONE: (&Tag, &[u8]) = (&CERTIFICATE, b"one");
const SIGNATURE: (&Tag, &[u8]) = (&CERTIFICATE_VERIFY, b"signature");

#[test]
fn a_server_auth_has_one_to_eight_certificates_and_then_a_signature() {
    for count in 0..12 {
        let fields = [&vec![ONE; count][..], &[SIGNATURE]].concat();
        let decoded = ServerAuth::decode(&of_fields(&fields));
        let field = CERTIFICATE.name;
        match count {
            0 => assert_eq!(decoded, Err(DecodeError::Missing { field })),
            1..=MAX_CERTIFICATES => assert_eq!(decoded.unwrap().certificates.len(), count),
            _ => assert_eq!(decoded, Err(DecodeError::TooMany { field, most: 8 })),
        }
    }
    let field = CERTIFICATE_VERIFY.name;
    for (fields, error) in [
        (&[ONE][..], DecodeError::Missing { field }),
        (&[ONE, SIGNATURE, SIGNATURE], DecodeError::Repeated { field }),
        (&[ONE, SIGNATURE, ONE, SIGNATURE], DecodeError::Repeated { field }),
        (&[SIGNATURE, ONE], DecodeError::OutOfOrder { field }),
        (&[ONE, SIGNATURE, ONE], DecodeError::OutOfOrder { field }),
        (&[], DecodeError::Missing { field: CERTIFICATE.name }),
        (&[SIGNATURE], DecodeError::Missing { field: CERTIFICATE.name }),
    ] {
        assert_eq!(ServerAuth::decode(&of_fields(fields)), Err(error));
    }
    let unknown = (&X25519_KEY, &[7; 32][..]);
    let fields = [unknown, ONE, unknown, ONE, unknown, SIGNATURE, unknown];
    let auth = ServerAuth::decode(&of_fields(&fields)).unwrap();
    assert_eq!(auth.encode(), of_fields(&[ONE, ONE, SIGNATURE]));
}

#[test]
fn every_start_of_a_server_auth_is_explained_to_its_last_byte() {
    let message = server_auth();
    let leaves = explain(&message).leaves().filter(|leaf| leaf.name == "serialNumber").count();
    assert_eq!(leaves, 2, "both certificates are looked into");
    for end in 0..=message.len() {
        assert_explained(&explain(&message[..end]), end);
    }
}

/// In a message as in a certificate alone; and what can be decoded is explained as a certificate, and what cannot be,
/// not.
#[test]
fn a_certificate_with_any_byte_changed_is_explained_to_its_last_byte() {
    let certificate = ServerAuth::decode(&server_auth()).unwrap().certificates.remove(0);
    let mut refused = 0;
    for at in 0..certificate.len() {
        let mut changed = certificate.clone();
        changed[at] ^= [0x01, 0x80, 0xff][at % 3];
        let spans = Certificate::explain(&changed);
        assert_explained(&spans, changed.len());
        let is_read = Certificate::decode(&changed).is_ok();
        assert_eq!(spans.spans.len() == 1 && spans.spans[0].name == "Certificate", is_read);
        refused += usize::from(!is_read);
        let message = of_fields(&[(&CERTIFICATE, &changed), SIGNATURE]);
        let spans = explain(&message);
        assert_explained(&spans, message.len());
        assert_eq!(spans.spans[0].inside[2].inside.is_empty(), !is_read);
    }
    assert!(refused > 100, "{refused}");
    for end in 0..certificate.len() {
        let start = &certificate[..end];
        assert!(Certificate::decode(start).is_err());
        assert_explained(&Certificate::explain(start), end);
    }
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

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

const SHA256_WITH_RSA: [u8; 11] = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const ED25519: [u8; 5] = [0x06, 3, 0x2b, 0x65, 0x70];
const COMMON_NAME: [u8; 5] = [0x06, 3, 0x55, 4, 3];
const CRITICAL: [u8; 3] = [1, 1, 0xff];

/// An extension under 2.5.29.
fn extension(number: u8, critical: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&[0x06, 3, 0x55, 29, number], critical, &element(4, value)])
}

/// A certificate without a sensible key or signature, whose parts are `parts`, unless they are as usual.
fn certificate(parts: impl FnOnce(&mut [Vec<u8>; 9])) -> Vec<u8> {
    let common_name = sequence(&[&COMMON_NAME, &element(0x0c, b"someone")]);
    let name = sequence(&[&element(0x31, &common_name)]);
    let time = element(0x17, b"260102030405Z");
    let mut tbs = [
        element(0xa0, &[2, 1, 2]),
        element(2, &[5]),
        sequence(&[&SHA256_WITH_RSA, &[5, 0]]),
        name.clone(),
        sequence(&[&time, &time]),
        name,
        sequence(&[&sequence(&[&ED25519]), &element(3, &[0; 33])]),
        vec![],
        vec![],
    ];
    parts(&mut tbs);
    let algorithm = sequence(&[&SHA256_WITH_RSA, &[5, 0]]);
    sequence(&[&element(0x30, &tbs.concat()), &algorithm, &element(3, &[0; 33])])
}

/// The same with these extensions.
fn with_extensions(extensions: &[&[u8]]) -> Vec<u8> {
    certificate(|parts| parts[8] = element(0xa3, &sequence(extensions)))
}

/// Unique identifiers, both forms of time, names without a common name and with several parts in one, an extension
/// that nobody knows, and names of a server of all kinds.
#[test]
fn a_certificate_of_odd_forms_is_read() {
    let six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let names = sequence(&[
        &element(0x82, b"one.example"),
        &element(0x87, &six),
        &element(0x87, &[192, 0, 2, 1]),
        &element(0x87, &[192, 0, 2]),
        &element(0x81, b"a@example"),
        &element(0xa4, &sequence(&[])),
        &element(0x82, b"t\x1bwo\xff"),
    ]);
    let unknown = sequence(&[&[0x06, 3, 0x2a, 3, 4], &element(4, b"no DER at all")]);
    let der = certificate(|parts| {
        parts[1] = element(2, &[0xff; 20]);
        let organization = sequence(&[&[0x06, 3, 0x55, 4, 10], &element(0x13, b"Some")]);
        let unit = sequence(&[&[0x06, 3, 0x55, 4, 11], &element(0x13, b"Body")]);
        let together = element(0x31, &[organization, unit].concat());
        parts[3] = sequence(&[&together, &element(0x31, &sequence(&[&COMMON_NAME, &[0x0c, 0]]))]);
        let until = element(0x18, b"99991231235959Z");
        parts[4] = sequence(&[&element(0x17, b"700101000000Z"), &until]);
        parts[5] = sequence(&[]);
        parts[7] = [element(0x81, &[0, 1]), element(0x82, &[0, 2])].concat();
        let extensions = [
            extension(17, &CRITICAL, &names),
            unknown,
            extension(15, &CRITICAL, &[3, 2, 4, 0xff]),
            extension(19, &CRITICAL, &sequence(&[&CRITICAL, &element(2, &[0xff; 9])])),
            extension(37, &[], &sequence(&[&[0x06, 3, 0x2a, 3, 4]])),
        ];
        parts[8] = element(0xa3, &element(0x30, &extensions.concat()));
    });
    let it = Certificate::decode(&der).unwrap();
    assert_eq!(it.serial, [0xff; 20]);
    assert_eq!((it.issuer.text.as_str(), it.subject.text.as_str()), ("nobody", "nobody"));
    assert_eq!(moment(it.not_after), "9999-12-31 23:59:59 UTC");
    assert_eq!(moment(it.not_after + Duration::from_secs(1)), "beyond the year 9999");
    assert_eq!((it.key_algorithm.as_str(), it.key_bits), ("Ed25519", None));
    let names = [
        "one.example",
        "2001:db8::1",
        "192.0.2.1",
        "something else",
        "something else",
        "something else",
        "t\u{fffd}wo\u{fffd}",
    ];
    assert_eq!(it.extensions[0].says, Says::SubjectAltName(names.map(str::to_owned).to_vec()));
    assert_eq!((it.extensions[1].kind.as_str(), &it.extensions[1].says), ("1.2.3.4", &Says::Other));
    assert_eq!(it.extensions[1].value, b"no DER at all");
    // Bits that do not count are not read.
    assert_eq!(it.extensions[2].says, Says::KeyUsage(KEY_USAGES[..4].to_vec()));
    let path_len = Some(u64::MAX);
    assert_eq!(it.extensions[3].says, Says::BasicConstraints { is_ca: true, path_len });
    assert_eq!(it.extensions[4].says, Says::ExtKeyUsage(vec!["1.2.3.4".to_owned()]));
    assert_eq!(it.extension("subjectAltName"), Some(&it.extensions[0]));
    assert!(it.extensions[0].critical && !it.extensions[1].critical);
    assert_explained(&Certificate::explain(&der), der.len());
    let spans = Certificate::explain(&der);
    let told = |name| spans.leaves().filter(|leaf| leaf.name == name).count();
    assert_eq!((told("issuerUniqueID"), told("subjectUniqueID")), (1, 1));
    let says = |name| spans.leaves().find(|leaf| leaf.name == name).unwrap().says.as_str();
    assert_eq!((says("critical"), says("pathLenConstraint")), ("true", "18446744073709551615"));
}

#[test]
fn a_name_without_a_common_name_is_all_that_is_in_it() {
    let der = certificate(|parts| {
        let country = sequence(&[&[0x06, 3, 0x55, 4, 6], &element(0x13, b"AT")]);
        let place = sequence(&[&[0x06, 3, 0x55, 4, 7], &element(0x0c, "Z\u{fc}rs".as_bytes())]);
        parts[5] = sequence(&[&element(0x31, &country), &element(0x31, &place)]);
    });
    assert_eq!(Certificate::decode(&der).unwrap().subject.text, "AT, Z\u{fc}rs");
    let der = certificate(|parts| {
        let name = |text: &[u8]| element(0x31, &sequence(&[&COMMON_NAME, &element(0x0c, text)]));
        parts[5] = sequence(&[&name(b"first"), &name(&[b'x'; 300])]);
    });
    assert_eq!(Certificate::decode(&der).unwrap().subject.text, "x".repeat(64));
}

/// At every level of it, an element more than there can be, or a byte.
#[test]
fn a_certificate_with_something_behind_any_part_is_refused() {
    assert!(Certificate::decode(&certificate(|_| ())).is_ok());
    let usage = [3, 2, 7, 0x80];
    let names = sequence(&[&element(0x82, b"a")]);
    let good = [extension(15, &[], &usage), extension(17, &[], &names)];
    assert!(Certificate::decode(&with_extensions(&[&good[0], &good[1]])).is_ok());
    let whole = certificate(|_| ());
    let content = &whole[3..];
    assert_eq!(&whole[..2], [0x30, 0x81], "a header of 3 bytes");
    let time = element(0x17, b"260102030405Z");
    let null = [5, 0];
    for surplus in [
        [&whole[..], &[0]].concat(),
        sequence(&[content, &null]),
        certificate(|parts| parts[0] = element(0xa0, &[2, 1, 2, 5, 0])),
        certificate(|parts| parts[4] = sequence(&[&time, &time, &time])),
        certificate(|parts| {
            let attribute = sequence(&[&COMMON_NAME, &element(0x0c, b"a"), &null]);
            parts[5] = sequence(&[&element(0x31, &attribute)]);
        }),
        certificate(|parts| {
            parts[6] = sequence(&[&sequence(&[&ED25519]), &element(3, &[0; 33]), &null]);
        }),
        certificate(|parts| parts[7] = null.to_vec()),
        certificate(|parts| parts[8] = element(0xa3, &[sequence(&[]), sequence(&[])].concat())),
        certificate(|parts| parts[8] = [element(0xa3, &sequence(&[])), vec![0]].concat()),
        with_extensions(&[&extension(15, &[], &[&usage[..], &[0]].concat())]),
        with_extensions(&[&extension(17, &[], &[&names[..], &null].concat())]),
        with_extensions(&[&extension(19, &[], &sequence(&[&CRITICAL, &[2, 1, 0], &null]))]),
        with_extensions(&[&sequence(&[&[0x06, 1, 0x2a], &element(4, b""), &null])]),
    ] {
        assert!(
            matches!(Certificate::decode(&surplus), Err(DecodeError::Surplus { .. })),
            "{:?}: {}",
            Certificate::decode(&surplus),
            hex::encode(&surplus)
        );
        assert_explained(&Certificate::explain(&surplus), surplus.len());
    }
}

#[test]
fn a_certificate_with_a_part_that_is_missing_or_another_is_refused() {
    for at in 1..7 {
        let missing = certificate(|parts| parts[at].clear());
        assert!(
            matches!(Certificate::decode(&missing), Err(DecodeError::NoSuch { .. })),
            "without {at}: {:?}",
            Certificate::decode(&missing)
        );
    }
    let whole = certificate(|_| ());
    for (other, what) in [
        (
            certificate(|parts| parts[4] = sequence(&[&element(0x17, b"26010203040"), &[]])),
            "notBefore",
        ),
        (certificate(|parts| parts[4] = sequence(&[&element(4, b"260102030405Z")])), "notBefore"),
        (
            certificate(|parts| parts[4] = sequence(&[&element(0x17, b"261302030405Z")])),
            "notBefore",
        ),
        (certificate(|parts| parts[5] = sequence(&[&sequence(&[])])), "attribute"),
        (with_extensions(&[&extension(19, &[], &CRITICAL)]), "basicConstraints"),
        (with_extensions(&[&extension(15, &[], &[5, 0])]), "keyUsage"),
        (with_extensions(&[&extension(37, &[], &sequence(&[&[5, 0]]))]), "purpose"),
        (vec![], "Certificate"),
        (b"-----BEGIN CERTIFICATE-----\n".to_vec(), "Certificate"),
        // Lengths that are not the shortest, and one without an end.
        ([&[0x30, 0x82, 0], &whole[2..]].concat(), "Certificate"),
        ([&[0x30, 0x80], &whole[3..], &[0, 0]].concat(), "Certificate"),
    ] {
        assert_eq!(Certificate::decode(&other), Err(DecodeError::NoSuch { what }));
        assert_explained(&Certificate::explain(&other), other.len());
    }
    for (lie, wanted) in [
        ([0x30, 0x82, 0x40, 0].to_vec(), 0x4000),
        ([0x30, 0x84, 0xff, 0xff, 0xff, 0xff].to_vec(), 0xffff_ffff),
    ] {
        let cut = DecodeError::Cut { what: "Certificate", wanted, got: whole.len() - 3 };
        assert_eq!(Certificate::decode(&[&lie, &whole[3..]].concat()), Err(cut));
    }
}

/// Thousands of small elements, wherever there can be some.
#[test]
fn what_has_too_many_parts_is_told_as_one() {
    let name = element(0x31, &sequence(&[&COMMON_NAME, &element(0x0c, b"a")]));
    let names = element(0x82, b"a").repeat(2_000);
    let hostile = [
        with_extensions(&[&extension(17, &[], &element(0x30, &names))]),
        with_extensions(&[&extension(9, &[], b"").repeat(1_000)]),
        certificate(|parts| parts[5] = element(0x30, &name.repeat(700))),
        certificate(|parts| parts[2] = sequence(&[&SHA256_WITH_RSA, &[5, 0].repeat(4_000)])),
        certificate(|parts| {
            let mut nested = vec![5, 0];
            for _ in 0..3_000 {
                nested = element(0x30, &nested);
                if nested.len() > 12_000 {
                    break;
                }
            }
            parts[2] = sequence(&[&SHA256_WITH_RSA, &nested]);
        }),
    ];
    for der in &hostile {
        let certificate = Certificate::decode(der).unwrap();
        assert_explained(&Certificate::explain(der), der.len());
        // What stands behind it is told in full all the same.
        let explained = Certificate::explain(der);
        assert_eq!(explained.spans[0].inside.len(), 4, "{}", certificate.subject.text);
        // And so it is if something is wrong with it at the end.
        let broken = [&der[..der.len() - 35], &[0xff; 35]].concat();
        assert!(Certificate::decode(&broken).is_err());
        assert_explained(&Certificate::explain(&broken), broken.len());
    }
    for der in hostile {
        let message = of_fields(&[(&CERTIFICATE, &der), (&CERTIFICATE, &der), SIGNATURE]);
        assert_explained(&explain(&message), message.len());
    }
    let many = of_fields(&vec![(&CERTIFICATE, &b""[..]); 4_096]);
    assert_explained(&explain(&many), many.len());
    let good = ServerAuth::decode(&server_auth()).unwrap().certificates.remove(0);
    let many = of_fields(&[(&CERTIFICATE, &good[..]); 16]);
    assert_explained(&explain(&many), many.len());
}
