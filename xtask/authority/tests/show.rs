//! `cargo xtask certificates show`, for chains of every kind.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use authority::bad::{CASES, Cast, Chain};
use authority::chain::{Examined, For};
use authority::issue::{Party, Statement, of_authority, of_client, of_server, pem};
use certificates::{Roots, ServerName, Terms, Verifier};
use serde_json::Value;
use tempfile::TempDir;

static CAST: LazyLock<Cast> = LazyLock::new(|| Cast::new(|| ()).unwrap());

fn chain(name: &str) -> Chain {
    CASES.iter().find(|case| case.name == name).unwrap().chain(&CAST).unwrap()
}

/// Files of a chain, which are gone when this is dropped.
struct Files(TempDir);

impl Files {
    fn of(chain: &Chain) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(folder.path().join("chain.pem"), pem(&chain.certificates).unwrap()).unwrap();
        fs::write(folder.path().join("roots.pem"), pem(&chain.roots).unwrap()).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn show(&self, file: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authority"));
        command.arg("show").arg(file).arg("--roots").arg(self.path("roots.pem")).args(args);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    }

    fn shown(&self, args: &[&str]) -> String {
        let output = self.show(&self.path("chain.pem"), args);
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Makes sure that what is told of a chain is what the client says of it: it is believed where nothing is found to be
/// wrong, and where it is refused, the check that refuses it is among those that were seen to fail.
fn agrees(
    name: &str,
    chain: &[Vec<u8>],
    verifier: &Verifier,
    now: Duration,
) -> Option<&'static str> {
    agrees_for(For::Tls13, name, chain, verifier, now);
    agrees_for(For::Tls13Client, name, chain, verifier, now);
    agrees_for(For::Part4Cert, name, chain, verifier, now)
}

fn agrees_for(
    for_whom: For,
    name: &str,
    chain: &[Vec<u8>],
    verifier: &Verifier,
    now: Duration,
) -> Option<&'static str> {
    let examined = Examined::new_for(for_whom, chain, verifier, now);
    let verdict = examined.verdict.err().map(|(check, _)| check);
    let real = match for_whom {
        For::Part4Cert => verifier.verify(chain, now),
        For::Tls13 => verifier.roots.verify(&Terms::TLS13_SERVER, Some(&verifier.name), chain, now),
        For::Tls13Client => verifier.roots.verify(&Terms::TLS13_CLIENT, None, chain, now),
    };
    // A message may be refused before its certificates are looked at.
    let real = real.err().map(|error| error.name());
    assert!(verdict == real || verdict == Some("malformed"), "{name}: {verdict:?}, {real:?}");
    let mut failed = examined.findings.iter().filter_map(|it| Some(it.refused.as_ref()?.0));
    match verdict {
        None => assert_eq!(failed.next(), None, "{name}"),
        Some(check) => assert!(failed.any(|it| it == check), "{name}: {check}"),
    }
    // Only what nobody else can see is left to the client's own words.
    let left = examined.findings.iter().find(|it| it.what == "path");
    let left = left.and_then(|it| Some(it.refused.as_ref()?.0));
    assert!([None, Some("name_not_permitted")].contains(&left), "{name}: {left:?}");
    verdict
}

#[test]
fn what_is_told_of_each_check_is_what_the_client_says() {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    for case in CASES.iter().filter(|case| case.refused_by != Some("bad_signature")) {
        let Chain { certificates, roots, name, .. } = case.chain(&CAST).unwrap();
        let roots = Roots::from_der(roots).unwrap();
        let verifier = Verifier { roots, name: ServerName::try_from(name).unwrap() };
        // One without a certificate cannot be shown.
        if !certificates.is_empty() {
            assert_eq!(agrees(case.name, &certificates, &verifier, now), case.refused_by);
        }
    }
}

#[test]
fn what_is_told_of_each_check_is_what_the_client_says_of_the_vectors() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../crates/handshake/tests/vectors/handshakes.json"
    );
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let der = |name: &Value| {
        let hex = vectors["certificates"][name.as_str().unwrap()]["der"].as_str().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    // 2027-06-01.
    let now = Duration::from_secs(1_811_808_000);
    let cases = vectors["chains"]["cases"].as_array().unwrap();
    for case in cases {
        let roots = Roots::from_der(vec![der(&case["root"])]).unwrap();
        let name = ServerName::try_from(case["dns"].as_str().unwrap().to_owned()).unwrap();
        let chain: Vec<_> = case["certificates"].as_array().unwrap().iter().map(der).collect();
        agrees(case["name"].as_str().unwrap(), &chain, &Verifier { roots, name }, now);
    }
    assert_eq!(cases.len(), 83);
}

/// Everything that the two sides of TLS 1.3 have and part 4 has not: keys on P-256 and of Ed25519, of authorities too, a
/// client's certificate, ten certificates.
#[test]
fn what_is_told_of_chains_at_tls_1_3_is_what_both_sides_say() {
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let valid = (now - day, now + day);
    let usual = chain("the usual chain");
    let authorities = |name| {
        [
            usual.server.called(name),
            Party::with_p256(name).unwrap(),
            Party::with_ed25519(name).unwrap(),
        ]
    };
    let localhost = ["localhost", "127.0.0.1"];
    let mut tried = Vec::new();
    for (index, root) in authorities("Root CA").iter().enumerate() {
        let certify = |issuer: &Party, subject: &Party, validity, extensions| {
            issuer.certify(subject, &Statement { validity, extensions }).unwrap()
        };
        let top = certify(root, root, valid, of_authority(1).unwrap());
        let leaves = authorities("localhost").into_iter().cycle().skip(index);
        for (middle, leaf) in authorities("Intermediate CA").iter().zip(leaves) {
            let below = certify(root, middle, valid, of_authority(0).unwrap());
            let for_server = of_server(&leaf, &localhost).unwrap();
            let for_client = of_client(&leaf, &["reader.example"]).unwrap();
            let other = Party::with_p256("Intermediate CA").unwrap();
            let over = (now - 2 * day, now - day);
            for (what, signer, validity, extensions, copies) in [
                ("server", middle, valid, for_server.clone(), 1),
                ("client", middle, valid, for_client, 1),
                ("expired", middle, over, for_server.clone(), 1),
                ("signed by another", &other, valid, for_server.clone(), 1),
                ("for any use", middle, valid, for_server[3..].to_vec(), 1),
                ("ten", middle, valid, for_server.clone(), 9),
                ("eleven", middle, valid, for_server.clone(), 10),
                ("alone", middle, valid, for_server, 0),
            ] {
                let mut certificates = vec![certify(signer, &leaf, validity, extensions)];
                certificates.extend(vec![below.clone(); copies]);
                let roots = Roots::from_der(vec![top.clone()]).unwrap();
                let name = ServerName::try_from("127.0.0.1").unwrap();
                let verifier = Verifier { roots, name };
                let says = |for_whom| agrees_for(for_whom, what, &certificates, &verifier, since);
                tried.push((what, says(For::Tls13), says(For::Tls13Client)));
            }
        }
    }
    tried.sort_unstable();
    let count = tried.len();
    tried.dedup();
    assert_eq!(count, 9 * 8);
    assert_eq!(
        tried,
        [
            ("alone", Some("unknown_issuer"), Some("wrong_use")),
            ("client", Some("wrong_use"), None),
            ("eleven", Some("too_many_certificates"), Some("too_many_certificates")),
            ("expired", Some("expired"), Some("expired")),
            ("for any use", None, None),
            ("server", None, Some("wrong_use")),
            ("signed by another", Some("bad_certificate_signature"), Some("wrong_use")),
            ("signed by another", Some("unacceptable_signature"), Some("wrong_use")),
            ("ten", None, Some("wrong_use")),
        ]
    );
}

/// What nobody said is taken from the leaf.
#[test]
fn a_chain_is_shown_to_whoever_it_is_for() {
    let now = SystemTime::now();
    let valid = (now, now + Duration::from_secs(60 * 60));
    let root = Party::with_p256("Root CA").unwrap();
    let leaf = Party::with_ed25519("localhost").unwrap();
    let certify = |subject: &Party, extensions| {
        root.certify(subject, &Statement { validity: valid, extensions }).unwrap()
    };
    let usual = chain("the usual chain");
    let top = certify(&root, of_authority(0).unwrap());
    let files = |leaf| {
        Files::of(&Chain { certificates: vec![leaf], roots: vec![top.clone()], ..usual.clone() })
    };

    let of_server = files(certify(&leaf, of_server(&leaf, &["localhost"]).unwrap()));
    let text = of_server.shown(&[]);
    for line in [
        "  localhost  certificate 1: the server",
        "  signature               ecdsaWithSHA256  How the issuer signs, once more: this one is under the",
        "  subjectPublicKeyInfo    Ed25519  The public key that belongs to the subject. Only the subject has",
        "    ✓ use        no CA, digitalSignature, serverAuth, Ed25519",
        "    ✓ signature  ecdsaWithSHA256, by Root CA",
        "    ✓ use        CA, path length 0, keyCertSign, cRLSign, P-256",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(text.contains("\nwhat a client of localhost at TLS 1.3 with "), "{text}");
    assert!(text.contains("\n✓ the client believes this chain: it goes on"), "{text}");
    let text = of_server.shown(&["--for", "part4-cert"]);
    assert!(text.contains("\n✗ the client refuses this chain by unacceptable_signature"), "{text}");
    let text = of_server.shown(&["--for", "tls13-client"]);
    assert!(text.contains("\n✗ the server refuses this chain by wrong_use"), "{text}");
    let shown: Value = serde_json::from_str(&of_server.shown(&["--json"])).unwrap();
    assert_eq!((&shown["for"], &shown["name"]), (&"tls13".into(), &"localhost".into()));

    let of_client = files(certify(&leaf, of_client(&leaf, &["reader.example"]).unwrap()));
    let text = of_client.shown(&[]);
    assert!(text.contains("certificate 1: the client\n"), "{text}");
    assert!(text.contains("\nwhat a server at TLS 1.3 with "), "{text}");
    assert!(text.contains("\n✓ the server believes this chain: it goes on"), "{text}");
    assert!(!text.contains("was asked for") && !text.contains('✗'), "{text}");
    let shown: Value = serde_json::from_str(&of_client.shown(&["--json"])).unwrap();
    assert_eq!((&shown["for"], &shown["name"]), (&"tls13-client".into(), &Value::Null));
    let text = of_client.shown(&["--for", "tls13"]);
    assert!(text.contains("\n✗ the client refuses this chain by wrong_use"), "{text}");
    let shown: Value = serde_json::from_str(&Files::of(&usual).shown(&["--json"])).unwrap();
    assert_eq!(shown["for"], "part4-cert");
}

#[test]
fn a_chain_is_a_picture_its_fields_and_each_check_with_what_it_found() {
    let files = Files::of(&chain("the usual chain"));
    let text = files.shown(&[]);
    let picture = "chain.pem: 2 certificates\n\n\
        \x20 Root CA          a root: the client has it, and trusts it for itself\n\
        \x20   │ signed\n\
        \x20 Intermediate CA  certificate 2\n\
        \x20   │ signed\n\
        \x20 localhost        certificate 1: the server\n\n\
        certificate 1: what Intermediate CA says about localhost\n";
    assert!(text.contains(picture), "{text}");
    for line in [
        "  subjectAltName          localhost  The names that the certificate is for. A client compares them",
        "  basicConstraints        CA, path length 0 (critical)",
        "  authorityKeyIdentifier  24 bytes",
        "    ✓ use        no CA, digitalSignature, serverAuth, RSA of 2048 bits",
        "    ✓ signature  sha256WithRSAEncryption, by Root CA",
        "    ✓ name       localhost was asked for; it is for localhost",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(text.contains("\n✓ the client believes this chain: it goes on"), "{text}");
    assert!(!text.contains('✗') && text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn a_chain_that_is_refused_is_shown_with_the_place_where_it_fails() {
    let files = Files::of(&chain("swapped intermediate: same name, other key"));
    let text = files.shown(&[]);
    assert!(text.contains("\n    ╎ has not signed, or not as it should\n"), "{text}");
    assert!(
        text.contains("\n    ✗ signature  bad_certificate_signature: a signature in"),
        "{text}"
    );
    assert!(
        text.contains("\n✗ the client refuses this chain by bad_certificate_signature: "),
        "{text}"
    );

    let files = Files::of(&chain("intermediate missing"));
    let text = files.shown(&[]);
    let picture =
        "  Intermediate CA  neither a root of the client nor sent\n    │ is said to have signed\n";
    assert!(text.contains(picture), "{text}");
    assert!(
        text.contains("✗ issuer     unknown_issuer: nobody who is trusted signed this"),
        "{text}"
    );

    // The same chain later, and for another name: more than one thing is wrong, and the client says the first.
    let files = Files::of(&chain("the usual chain"));
    let text = files.shown(&["--time", "2070-01-01", "--name", "bank.example"]);
    assert_eq!(text.matches("✗ valid      expired: ").count(), 3, "{text}");
    assert_eq!(text.matches("✗ name       wrong_name: ").count(), 1, "{text}");
    assert!(text.contains("\n✗ the client refuses this chain by expired: "), "{text}");
}

#[test]
fn json_has_the_certificates_the_checks_and_the_verdict() {
    let files = Files::of(&chain("leaf expired"));
    let shown: Value = serde_json::from_str(&files.shown(&["--json"])).unwrap();
    assert_eq!(shown["refused_by"], "expired");
    assert_eq!(shown["path"], serde_json::json!(["localhost", "Intermediate CA", "Root CA"]));
    let leaf = &shown["certificates"][0];
    assert_eq!(
        (&leaf["subject"], &leaf["issuer"]),
        (&"localhost".into(), &"Intermediate CA".into())
    );
    assert_eq!(leaf["extensions"][3]["says"], serde_json::json!(["localhost"]));
    let failed = |it: &&Value| !it["refused_by"].is_null();
    let failed: Vec<_> = shown["checks"].as_array().unwrap().iter().filter(failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["about"], &failed[0]["what"]), (&"localhost".into(), &"valid".into()));
}

#[test]
fn every_byte_is_shown_once_on_request() {
    let chain = chain("the usual chain");
    let text = Files::of(&chain).shown(&["--detail"]);
    let is_hex = |line: &&str| {
        !line.trim().is_empty()
            && line.trim().split(' ').all(|it| it.len() == 2 && u8::from_str_radix(it, 16).is_ok())
    };
    let bytes: Vec<_> =
        text.lines().filter(is_hex).flat_map(|line| line.trim().split(' ')).collect();
    let bytes: Vec<_> = bytes.into_iter().map(|it| u8::from_str_radix(it, 16).unwrap()).collect();
    assert_eq!(bytes, chain.certificates.concat());
}

/// A file as people have them: lines of a mail, line ends of another system, the private key in it.
#[test]
fn a_file_is_read_whatever_is_around_the_certificates_and_a_private_key_in_it_is_not_shown() {
    let chain = chain("the usual chain");
    let files = Files::of(&chain);
    let key = String::from_utf8(
        Party::with_bits("x", 1_024).unwrap().key_pem().unwrap().as_ref().to_vec(),
    )
    .unwrap();
    let pem = fs::read_to_string(files.path("chain.pem")).unwrap();
    let odd = format!("Bag attributes: yes\n{key}\nhello\n{pem}\nbye\n").replace('\n', "\r\n");
    fs::write(files.path("odd.pem"), odd).unwrap();
    let output = files.show(&files.path("odd.pem"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("odd.pem: 2 certificates"), "{text}");
    for line in key.lines() {
        assert!(!text.contains(line), "{line}");
    }
    fs::write(files.path("leaf.der"), &chain.certificates[0]).unwrap();
    let output = files.show(&files.path("leaf.der"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("leaf.der: one certificate") && text.contains("unknown_issuer"),
        "{text}"
    );

    // A key in which a line is damaged: its lines are in no message.
    let damaged = key.replacen("MII", "M*I", 1);
    fs::write(files.path("damaged.pem"), damaged).unwrap();
    for (name, content, why) in [
        ("key.pem", &*key, "there is no certificate in it: nothing between BEGIN CERTIFICATE and"),
        ("empty.pem", "", "there is no certificate in it"),
        ("text.pem", "hello", "there is no certificate in it"),
        ("cut.pem", &pem[..700], "it is no PEM that can be read"),
        (
            "no.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "is no certificate",
        ),
        ("no.der", "0", "what is in it is no certificate"),
    ] {
        fs::write(files.path(name), content).unwrap();
        let output = files.show(&files.path(name), &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("xtask: ") && said.contains(why), "{name}: {said}");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{name}: {said}");
    }
    for name in ["damaged.pem", "none.pem", ""] {
        let output = files.show(&files.path(name), &[]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(key.lines().all(|line| !said.contains(line)), "{said}");
    }
    for wrong in [["--time", "tomorrow"], ["--name", "a b"]] {
        let output = files.show(&files.path("chain.pem"), &wrong);
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
    }
}

#[test]
fn a_name_has_no_power_over_the_terminal_and_a_long_list_is_whole() {
    let party = Party::with_bits("\u{1b}[2J\u{202e}evil", 1_024).unwrap();
    let names: Vec<_> = (0..40).map(|number| format!("n{number}.bank.example")).collect();
    let now = SystemTime::now();
    let extensions = of_server(&party, &names).unwrap();
    let certificate =
        party.certify(&party, &Statement { validity: (now, now), extensions }).unwrap();
    let usual = chain("the usual chain");
    let files = Files::of(&Chain { certificates: vec![certificate], ..usual });
    for args in [&[][..], &["--detail"]] {
        let text = files.shown(args);
        let is_harmless = |char: char| {
            char == '\n' || char == ' ' || char.escape_debug().len() == 1 || "\\'\"".contains(char)
        };
        assert!(text.chars().all(is_harmless), "{text:?}");
        let words: Vec<_> = text.split_whitespace().collect();
        assert_eq!(words.join(" ").matches(&names.join(", ")).count(), 2, "{text}");
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let usual = chain("the usual chain");
    let files = Files::of(&usual);
    let mut child = Command::new(env!("CARGO_BIN_EXE_authority"))
        .args(["show", "/dev/stdin", "--json", "--roots"])
        .arg(files.path("roots.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pem(&usual.certificates).unwrap().as_bytes()).unwrap();
    let shown: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert!(shown["refused_by"].is_null());
}
