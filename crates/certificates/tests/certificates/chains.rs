//! The 83 chains of the articles' programs: our verdict is theirs, or stricter in a case that is named here.

use certificates::{CertificateError, Roots, ServerName, Verifier};
use serde_json::Value;

use crate::vectors::{NOW, VECTORS, der, verify};

fn cases() -> &'static [Value] {
    VECTORS["chains"]["cases"].as_array().unwrap()
}

fn verdict(case: &Value) -> Result<usize, CertificateError> {
    let text = |key: &str| case[key].as_str().unwrap();
    let names = case["certificates"].as_array().unwrap();
    let chain: Vec<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
    verify(&[text("root")], &chain, text("dns"), NOW)
}

/// Cases that theirs accept and ours refuse, and by which check.
const STRICTER: [(&str, &str); 6] = [
    // rustls-webpki wants two labels behind a star.
    ("wildcard matches one label", "wrong_name"),
    ("leaf's key usage without digital signature", "wrong_use"),
    ("leaf with RSA-1024", "unacceptable_key"),
    (
        "leaf with P-256 (the chain passes; their CertificateVerify code then fails)",
        "unacceptable_key",
    ),
    ("leaf with Ed25519", "unacceptable_key"),
    // A root is one that signs others.
    ("the leaf itself is the trusted certificate", "unknown_issuer"),
];

#[test]
fn every_verdict_is_theirs_or_stricter_in_a_case_that_is_named() {
    assert_eq!(VECTORS["chains"]["validation_time"], "2027-06-01T00:00:00Z");
    let mut stricter = Vec::new();
    assert_eq!(cases().len(), 83);
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        match (case["outcome"].as_str().unwrap(), verdict(case)) {
            ("accepted", Err(error)) => stricter.push((name, error.name())),
            ("refused", Ok(_)) => panic!("{name}: accepted"),
            _ => {}
        }
    }
    assert_eq!(stricter, STRICTER);
}

/// The check that refuses, on whose certificate, and that it is not refused by another check before.
#[test]
fn a_refusal_names_the_check_and_the_certificate() {
    let refused = |name: &str| {
        let case = cases().iter().find(|case| case["name"] == name).unwrap();
        let error = verdict(case).unwrap_err();
        (error.name(), error.to_string())
    };
    for (case, check, says) in [
        ("swapped intermediate: same name, other key", "bad_certificate_signature", "changed"),
        (
            "intermediate missing",
            "unknown_issuer",
            "\"localhost\" is signed by \"Intermediate CA\"",
        ),
        ("self-signed leaf", "unknown_issuer", "\"localhost\" is signed by \"localhost\""),
        ("another host's certificate", "wrong_name", "for bank.example, and not for localhost"),
        ("name in the common name only, no SAN", "wrong_name", "no subjectAltName"),
        ("leaf expired", "expired", "\"localhost\" has expired"),
        ("leaf not yet valid", "not_yet_valid", "2045-01-01 00:00:00 UTC"),
        ("intermediate expired", "expired", "\"Intermediate CA\" has expired"),
        ("trusted root expired", "expired", "\"Root CA\" has expired"),
        ("intermediate says CA:FALSE", "not_an_authority", "Intermediate CA"),
        ("signed by another host's leaf", "not_an_authority", "bank.example"),
        ("intermediate's basic constraints not critical", "not_an_authority", "not critical"),
        ("intermediate without key usage", "not_an_authority", "no keyUsage"),
        ("one CA more than the intermediate's path length 0 allows", "path_too_long", "too long"),
        ("one CA more than the root's path length 1 allows", "path_too_long", "too long"),
        ("name outside the intermediate's name constraints", "name_not_permitted", "may not"),
        ("leaf only for clients (extended key usage)", "wrong_use", "serverAuth"),
        ("leaf says CA:TRUE", "wrong_use", "authority"),
        ("unknown critical extension", "unknown_critical_extension", "critical"),
        ("leaf signed with SHA-1", "unacceptable_signature", "SHA-256"),
        ("intermediate is an X.509 version 1 certificate", "bad_extension", "Intermediate CA"),
        ("intermediate with RSA-1024", "unacceptable_key", "RSA of 1024 bits"),
        ("trusted root says CA:FALSE", "not_an_authority", "Root CA"),
        ("trusted root without key usage", "not_an_authority", "Root CA"),
    ] {
        let (name, message) = refused(case);
        assert_eq!(name, check, "{case}: {message}");
        assert!(message.contains(says), "{case}: {message}");
    }
}

#[test]
fn the_path_is_the_leaf_what_was_needed_and_the_root() {
    let [leaf, intermediate, other, root] =
        ["server", "intermediate", "other intermediate", "root"].map(der);
    let roots = Roots::from_der(vec![der("evil root"), root.clone()]).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let chain = [leaf.clone(), other, intermediate.clone(), intermediate.clone()];
    let believed = Verifier { roots, name }.verify(&chain, NOW).unwrap();
    assert_eq!(believed.path, [leaf, intermediate, root]);
}

/// All of them have the same name and key.
#[test]
fn a_root_that_may_not_sign_does_no_harm_beside_one_that_may() {
    let verify = |roots: &[&str]| {
        let roots = roots.iter().map(|name| der(name)).collect();
        let name = ServerName::try_from("localhost").unwrap();
        let chain = ["server", "intermediate"].map(der);
        let believed =
            Verifier { roots: Roots::from_der(roots).unwrap(), name }.verify(&chain, NOW);
        believed.map(|believed| believed.path.last().unwrap().clone()).map_err(|error| error.name())
    };
    let good = der("root");
    for (bad, check) in [
        ("expired root", "expired"),
        ("root no ku", "not_an_authority"),
        ("root ca false", "not_an_authority"),
    ] {
        assert_eq!(verify(&[bad]), Err(check));
        assert_eq!(verify(&[bad, "root"]), Ok(good.clone()), "{bad}");
        assert_eq!(verify(&["root", bad]), Ok(good.clone()), "{bad}");
    }
}
