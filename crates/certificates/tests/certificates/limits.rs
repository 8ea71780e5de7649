//! Names, times, and bounds of the search.

use std::time::Duration;

use certificates::CertificateError;
use messages::x509::Certificate;

use crate::vectors::{NOW, der, verifier, verify};

fn names(error: Result<usize, CertificateError>) -> Result<usize, &'static str> {
    error.map_err(|error| error.name())
}

#[test]
fn a_name_is_compared_as_names_are() {
    let wrong = Err("wrong_name");
    for (leaf, name, verdict) in [
        ("server", "localhost", Ok(3)),
        ("server", "LOCALHOST", Ok(3)),
        ("server", "LocalHost", Ok(3)),
        ("server", "localhost.", Ok(3)),
        ("server", "localhos", wrong),
        ("server", "localhost1", wrong),
        ("server", "a.localhost", wrong),
        ("server", "127.0.0.1", wrong),
        ("server", "::1", wrong),
        ("upper", "localhost", Ok(3)),
        ("two names", "localhost", Ok(3)),
        ("bank", "bank.example", Ok(3)),
        ("bank", "BANK.example", Ok(3)),
        ("bank", "www.bank.example", wrong),
        ("bank", "example", wrong),
        ("dot", "localhost", wrong),
        ("star", "localhost", wrong),
        ("cn only", "localhost", wrong),
        ("ip", "127.0.0.1", Ok(3)),
        ("ip", "127.0.0.2", wrong),
        ("ip", "localhost", wrong),
        ("san ip and dns", "127.0.0.1", Ok(3)),
        ("san ip and dns", "localhost", Ok(3)),
        ("san ip and dns", "::ffff:127.0.0.1", wrong),
    ] {
        let found = names(verify(&["root"], &[leaf, "intermediate"], name, NOW));
        assert_eq!(found, verdict, "{leaf} as {name}");
    }
}

#[test]
fn a_wrong_name_is_told_with_the_names_that_would_be_right() {
    let told = |leaf: &str| match verify(&["root"], &[leaf, "intermediate"], "x.example", NOW) {
        Err(CertificateError::WrongName { wanted, names }) => {
            assert_eq!(wanted, "x.example");
            names
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(told("server"), "localhost");
    assert_eq!(told("san ip and dns"), "localhost, 127.0.0.1");
    assert_eq!(told("cn only"), "no name at all (it has no subjectAltName)");
}

/// The first second and the last are inside. What begins and ends is the leaf's time, the intermediate's, the root's.
#[test]
fn both_ends_of_a_validity_are_inside_it() {
    let second = Duration::from_secs(1);
    let [leaf, intermediate, root] = ["server", "intermediate", "root"].map(|name| {
        let der = der(name);
        let certificate = Certificate::decode(&der).unwrap();
        (certificate.not_before, certificate.not_after)
    });
    let at = |now| names(verify(&["root"], &["server", "intermediate"], "localhost", now));
    let from = leaf.0.max(intermediate.0).max(root.0);
    let until = leaf.1.min(intermediate.1).min(root.1);
    assert_eq!(until, leaf.1);
    for (now, verdict) in [
        (from.saturating_sub(second), Err("not_yet_valid")),
        (from, Ok(3)),
        (until, Ok(3)),
        (until + Duration::from_millis(999), Ok(3)),
        (until + second, Err("expired")),
        (intermediate.1 + second, Err("expired")),
        (root.1 + second, Err("expired")),
        (Duration::ZERO, Err("not_yet_valid")),
        (Duration::MAX, Err("expired")),
    ] {
        assert_eq!(at(now), verdict, "{now:?}");
    }
}

/// A root that signed itself a new certificate, with the same name and the same key, stands in the file beside the old.
#[test]
fn a_renewed_root_is_believed_whichever_comes_first() {
    let verdict = |roots: &[&str]| verify(roots, &["server", "intermediate"], "localhost", NOW);
    assert_eq!(verdict(&["expired root", "root"]), Ok(3));
    assert_eq!(verdict(&["root", "expired root"]), Ok(3));
    let told = verdict(&["expired root"]).unwrap_err();
    assert!(matches!(&told, CertificateError::Expired { subject, .. } if subject == "Root CA"));
    let path = verifier(&["expired root", "root"], "localhost");
    let path = path.verify(&[der("server"), der("intermediate")], NOW).unwrap().path;
    assert_eq!(path.last(), Some(&der("root")));
}

#[test]
fn a_key_that_is_too_short_is_blamed_where_it_signs_and_nowhere_else() {
    let of = |roots: &[&str], chain: &[&str]| verify(roots, chain, "localhost", NOW).unwrap_err();
    let unacceptable = |error| match error {
        CertificateError::UnacceptableKey { subject, key } => (subject, key),
        other => panic!("{other:?}"),
    };
    let weak = ("Intermediate CA".to_owned(), "RSA of 1024 bits".to_owned());
    assert_eq!(unacceptable(of(&["root"], &["under 1024", "int 1024"])), weak);
    assert_eq!(unacceptable(of(&["int 1024"], &["under 1024"])), weak);
    let beside = of(&["root"], &["server", "twin intermediate", "rsa1024"]);
    assert_eq!(beside, CertificateError::BadCertificateSignature);
}

/// A certificate of an authority that says of itself that it is the issuer, with a byte of its key changed: it leads to
/// nothing but others of its kind, at any depth.
fn astray(number: u8) -> Vec<u8> {
    let mut der = der("selfsigned ca");
    let certificate = Certificate::decode(&der).unwrap();
    assert_eq!(certificate.issuer, certificate.subject);
    let key = certificate.public_key_info.to_vec();
    let at = der.windows(key.len()).position(|it| it == key).unwrap();
    der[at + 100] = number;
    der
}

/// As many as a message holds, in front of the right one: each costs a signature or two.
#[test]
fn useless_certificates_do_not_keep_a_good_one_from_being_found() {
    let twins = ["twin intermediate"; 6];
    let chain = [&["server"], &twins[..], &["intermediate"]].concat();
    assert_eq!(chain.len(), 8);
    assert_eq!(verify(&["root"], &chain, "localhost", NOW), Ok(3));
}

#[test]
fn a_search_without_an_end_is_given_up() {
    let too_much = Err(CertificateError::TooMuchWork);
    let chain = [&["server"], &["twin intermediate"; 60][..], &["intermediate"]].concat();
    assert_eq!(verify(&["root"], &chain, "localhost", NOW), too_much);
    // As many as a message holds, in any order: they are tried as deep as paths are, and no signature is checked.
    let chain: Vec<_> = [der("selfsigned")].into_iter().chain((0..7).map(astray)).collect();
    let error = verifier(&["root"], "localhost").verify(&chain, NOW).unwrap_err();
    assert_eq!(error, CertificateError::PathTooLong);
}

#[test]
fn no_certificate_is_not_believed() {
    let verifier = verifier(&["root"], "localhost");
    assert_eq!(verifier.verify(&[], NOW).unwrap_err().name(), "bad_certificate");
}
