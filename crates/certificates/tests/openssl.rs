//! The 83 chains against `openssl verify`, at its strictest: it agrees with us but on those that are named here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use certificates::{Roots, ServerName, Verifier};
use serde_json::Value;

/// 2027-06-01 00:00:00 UTC, the vectors' `validation_time`.
const NOW: Duration = Duration::from_secs(1_811_808_000);

/// The chains on which we differ, and whether it is we who believe them.
const DIFFERENCES: [(&str, bool); 10] = [
    // Where no name is in subjectAltName, it looks into the subject, as clients did until 2017.
    ("name in the common name only, no SAN", false),
    ("SAN is the IP address", false),
    // It only asks that the key may be used in some handshake of TLS. Ours needs a signature.
    ("leaf's key usage without digital signature", false),
    // It finds an issuer by these identifiers, and we by its name. The signature is checked by both.
    ("leaf's authority key identifier names another key", true),
    ("intermediate without subject key identifier", true),
    ("intermediate without authority key identifier", true),
    // As the articles' programs.
    ("SAN critical although there is a subject", false),
    // Its TLS has signatures for these keys. Part 4 has one kind.
    ("leaf with P-256 (the chain passes; their CertificateVerify code then fails)", false),
    ("leaf with Ed25519", false),
    // It is told to take any trusted certificate for the end of a path. For us that is one that signs others.
    ("the leaf itself is the trusted certificate", false),
];

/// Returns whether `openssl` ends well.
fn openssl(arguments: &[&str]) -> bool {
    let mut command = Command::new("openssl");
    let command = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("the openssl command is there").success()
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

/// Writes every certificate into a file of PEM.
fn pem_files(vectors: &Value, folder: &Path) {
    for (name, certificate) in vectors["certificates"].as_object().unwrap() {
        let der = folder.join("der");
        fs::write(&der, hex::decode(certificate["der"].as_str().unwrap()).unwrap()).unwrap();
        let pem = folder.join(name);
        assert!(openssl(&["x509", "-inform", "DER", "-in", path(&der), "-out", path(&pem)]));
    }
}

#[test]
#[ignore = "needs the openssl command"]
fn openssl_and_we_believe_the_same_chains_but_for_those_that_are_named() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../handshake/tests/vectors/handshakes.json"))
            .unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("openssl");
    fs::create_dir_all(&folder).unwrap();
    pem_files(&vectors, &folder);
    let mut differences = Vec::new();
    let cases = vectors["chains"]["cases"].as_array().unwrap();
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap();
        let names = case["certificates"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|name| name.as_str().unwrap()).collect();
        let der = |name: &str| {
            hex::decode(vectors["certificates"][name]["der"].as_str().unwrap()).unwrap()
        };
        let roots = Roots::from_der(vec![der(text("root"))]).unwrap();
        let name = ServerName::try_from(text("dns")).unwrap().to_owned();
        let chain: Vec<_> = names.iter().map(|name| der(name)).collect();
        let ours = Verifier { roots, name }.verify(&chain, NOW).is_ok();

        let pem = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let untrusted = folder.join("untrusted");
        fs::write(&untrusted, names.iter().map(|name| pem(name)).collect::<String>()).unwrap();
        let (root, leaf) = (folder.join(text("root")), folder.join(names[0]));
        let theirs = openssl(&[
            "verify",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            text("dns"),
            "-attime",
            &NOW.as_secs().to_string(),
            "-partial_chain",
            "-x509_strict",
            "-auth_level",
            "2",
            "-no-CApath",
            "-no-CAstore",
            "-CAfile",
            path(&root),
            "-untrusted",
            path(&untrusted),
            path(&leaf),
        ]);
        if ours != theirs {
            differences.push((text("name"), ours));
        }
    }
    assert_eq!(differences, DIFFERENCES);
}
