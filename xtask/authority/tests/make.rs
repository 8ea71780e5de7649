//! `cargo xtask certificates make`, as a person calls it who tries this and that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, SystemTime};

use certificates::{Identity, Roots, ServerName, Terms, Verifier};
use crypto::tls13::scheme::Scheme;
use messages::x509::{Certificate, Says};
use tempfile::TempDir;

/// The program, built into a target folder of its own.
struct Built(TempDir);

impl Built {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(folder.path().join("debug")).unwrap();
        // A copy may be open for writing in a child that another test has just forked.
        fs::hard_link(env!("CARGO_BIN_EXE_authority"), folder.path().join("debug/authority"))
            .unwrap();
        Self(folder)
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("debug/authority")
    }

    fn make(&self, args: &[&str]) -> Output {
        Command::new(self.program()).arg("make").args(args).output().unwrap()
    }

    /// Makes some, and returns what is said.
    fn made(&self, args: &[&str]) -> String {
        let output = self.make(args);
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is said when nothing is made.
    fn complaint(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.make(args);
        assert_eq!(output.stdout, b"", "{args:?}");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The folder in which the programs that are built beside it look.
    fn folder(&self) -> PathBuf {
        self.0.path().join("certificates")
    }
}

/// Returns whether a client believes the server of this folder, asked by this name, in so many days.
fn is_believed(folder: &Path, name: &str, days: u64) -> bool {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let chain = Identity::chain(&read("server_chain.pem")).unwrap();
    assert!(Identity::new(chain.clone(), &read("server_key.pem")).is_ok());
    let roots = Roots::from_pem(&read("roots.pem")).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let then = SystemTime::UNIX_EPOCH.elapsed().unwrap() + u32::try_from(days).unwrap() * day;
    Verifier { roots, name }.verify(&chain, then).is_ok()
}

/// The chains for TLS 1.3, and the name that each is for.
const FOR_TLS: [(&str, &str, &str); 3] = [
    ("ecdsa_chain.pem", "ecdsa_key.pem", "localhost"),
    ("ed25519_chain.pem", "ed25519_key.pem", "localhost"),
    ("client_chain.pem", "client_key.pem", "reader.example"),
];

/// What a client of TLS 1.3 that asks for this name, or a server, says to a chain of this folder in so many days.
fn verdict(folder: &Path, chain: &str, name: Option<&str>, days: u32) -> Result<(), &'static str> {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let chain = Identity::chain(&read(chain)).unwrap();
    let roots = Roots::from_pem(&read("roots.pem")).unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let then = SystemTime::UNIX_EPOCH.elapsed().unwrap() + days * day;
    let verdict = match name {
        None => roots.verify(&Terms::TLS13_CLIENT, None, &chain, then),
        Some(name) => {
            let name = ServerName::try_from(name.to_owned()).unwrap();
            roots.verify(&Terms::TLS13_SERVER, Some(&name), &chain, then)
        }
    };
    verdict.map(|_| ()).map_err(|error| error.name())
}

/// Nobody but their owner may read the files.
#[cfg(unix)]
fn are_for_their_owner_only(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        let is_pem = file.path().extension().is_some();
        assert!(!is_pem || mode == 0o600, "{}: {mode:o}", file.path().display());
    }
}

#[cfg(not(unix))]
fn are_for_their_owner_only(_folder: &Path) {}

#[test]
fn a_certificate_is_for_the_names_it_was_made_for_and_for_so_many_days() {
    let built = Built::new();
    assert_eq!(built.made(&["--if-needed"]), "");
    let of_stages = fs::read(built.folder().join("roots.pem")).unwrap();

    let long = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
    let names = ["*.Shop.example", "127.0.0.1", "0:0::1", "xn--bcher-kva.example", &long];
    let args: Vec<_> = names.iter().flat_map(|name| ["--name", name]).collect();
    let said = built.made(&[&args[..], &["--days", "10"]].concat());
    let folder = built.folder().join("_.shop.example");
    assert!(said.contains("*.shop.example, signed by Intermediate CA, until 20"), "{said}");
    let roots = folder.join("roots.pem");
    let next = format!("cert_client -- --roots {} --name www.shop.example\n", roots.display());
    assert!(said.ends_with(&next), "{said}");
    for name in ["www.shop.example", "127.0.0.1", "::1", "xn--bcher-kva.example", &long] {
        assert!(is_believed(&folder, name, 9), "{name}");
        assert!(!is_believed(&folder, name, 11), "{name}");
    }
    for name in ["localhost", "shop.example", "a.www.shop.example", "127.0.0.2"] {
        assert!(!is_believed(&folder, name, 9), "{name}");
    }
    // A common name has 64 characters at most. Without a subject, the names are critical.
    built.made(&["--name", &long]);
    assert!(is_believed(&built.folder().join(&long), &long, 0));
    // What the stages use has stayed as it was.
    assert_eq!(fs::read(built.folder().join("roots.pem")).unwrap(), of_stages);
}

#[test]
fn what_was_made_for_localhost_is_used_and_kept_while_it_is_good() {
    let built = Built::new();
    let said = built.made(&["--name", "shop.example", "--name", "localhost", "--days", "1"]);
    assert!(said.ends_with("cargo xtask run part4-cert\n"), "{said}");
    let root = || fs::read(built.folder().join("roots.pem")).unwrap();
    let first = root();
    built.made(&["--if-needed"]);
    assert_eq!(root(), first);
    assert!(is_believed(&built.folder(), "shop.example", 0));
    are_for_their_owner_only(&built.folder());

    // Killed between two files: they do not fit together, and are made anew.
    fs::copy(built.folder().join("eve_key.pem"), built.folder().join("server_key.pem")).unwrap();
    fs::create_dir(built.folder().join(".making")).unwrap();
    fs::write(built.folder().join(".making/server_key.pem"), "half a k").unwrap();
    built.made(&["--if-needed"]);
    assert!(is_believed(&built.folder(), "localhost", 0));
    assert!(!built.folder().join(".making").exists());
}

#[test]
fn servers_and_clients_of_tls_have_certificates_of_their_own() {
    let built = Built::new();
    built.made(&["--if-needed"]);
    let folder = built.folder();
    are_for_their_owner_only(&folder);
    for (chain, key, name) in FOR_TLS {
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        let certificates = Identity::chain(&read(chain)).unwrap();
        let leaf = Certificate::decode(&certificates[0]).unwrap();
        assert_eq!(leaf.subject.text, name);
        let usages = &leaf.extension("keyUsage").unwrap().says;
        assert_eq!(*usages, Says::KeyUsage(vec!["digitalSignature"]), "{chain}");
        assert_eq!((leaf.serial.len(), leaf.serial[0] & 0xc0), (16, 0x40), "{chain}");
        let identity = Identity::for_tls(certificates, &read(key)).unwrap();
        assert_eq!(identity.key.scheme() == Scheme::Ed25519, chain.starts_with("ed25519"));
        assert!(Identity::for_tls(identity.certificates, &read("eve_key.pem")).is_err());
    }
    for chain in ["ecdsa_chain.pem", "ed25519_chain.pem"] {
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(verdict(&folder, chain, Some(name), 396), Ok(()), "{chain} for {name}");
            assert_eq!(verdict(&folder, chain, Some(name), 398), Err("expired"));
        }
        assert_eq!(verdict(&folder, chain, Some("127.0.0.2"), 0), Err("wrong_name"));
        assert_eq!(verdict(&folder, chain, None, 0), Err("wrong_use"));
    }
    assert_eq!(verdict(&folder, "server_chain.pem", Some("localhost"), 0), Ok(()));
    assert_eq!(verdict(&folder, "client_chain.pem", None, 396), Ok(()));
    assert_eq!(verdict(&folder, "client_chain.pem", None, 398), Err("expired"));
    assert_eq!(verdict(&folder, "client_chain.pem", Some("reader.example"), 0), Err("wrong_use"));

    // For another name, and for fewer days.
    built.made(&["--name", "bank.example", "--days", "10"]);
    let folder = built.folder().join("bank.example");
    assert_eq!(verdict(&folder, "ecdsa_chain.pem", Some("bank.example"), 9), Ok(()));
    assert_eq!(verdict(&folder, "ecdsa_chain.pem", Some("bank.example"), 11), Err("expired"));
    assert_eq!(verdict(&folder, "ecdsa_chain.pem", Some("localhost"), 9), Err("wrong_name"));
}

/// As a reader has one who began before there was TLS 1.3 here.
#[test]
fn a_set_in_which_a_file_is_missing_or_another_is_made_anew() {
    let built = Built::new();
    built.made(&["--if-needed"]);
    let good = |chain: &str, key: &str| {
        built.made(&["--if-needed"]);
        let read = |name: &str| fs::read(built.folder().join(name)).unwrap();
        let identity = Identity::for_tls(Identity::chain(&read(chain)).unwrap(), &read(key));
        assert!(identity.is_ok(), "{chain}, {key}");
    };
    for (chain, key, _) in FOR_TLS {
        fs::remove_file(built.folder().join(chain)).unwrap();
        fs::remove_file(built.folder().join(key)).unwrap();
    }
    let [(ecdsa, ecdsa_key, _), (ed25519, ed25519_key, _), (client, client_key, _)] = FOR_TLS;
    good(ecdsa, ecdsa_key);
    fs::copy(built.folder().join("eve_key.pem"), built.folder().join(ed25519_key)).unwrap();
    good(ed25519, ed25519_key);
    fs::remove_file(built.folder().join(client)).unwrap();
    good(client, client_key);
}

/// At its strictest, each chain for its own purpose and under each of its names.
#[test]
#[ignore = "needs the openssl command"]
fn openssl_believes_what_is_made() {
    let built = Built::new();
    built.made(&["--if-needed"]);
    let folder = built.folder();
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").args(args).current_dir(&folder).output();
        let output = output.expect("the openssl command is there");
        (
            output.status.success(),
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap(),
        )
    };
    let server = ["-purpose", "sslserver"];
    for (chain, more) in [
        ("server_chain.pem", &[&server[..], &["-verify_hostname", "localhost"]].concat()[..]),
        ("ecdsa_chain.pem", &[&server[..], &["-verify_hostname", "localhost"]].concat()),
        ("ecdsa_chain.pem", &[&server[..], &["-verify_ip", "127.0.0.1"]].concat()),
        ("ed25519_chain.pem", &[&server[..], &["-verify_hostname", "localhost"]].concat()),
        ("ed25519_chain.pem", &[&server[..], &["-verify_ip", "::1"]].concat()),
        ("client_chain.pem", &["-purpose", "sslclient", "-verify_hostname", "reader.example"]),
    ] {
        let strict = ["verify", "-x509_strict", "-auth_level", "2", "-CAfile", "roots.pem"];
        let files = ["-no-CApath", "-no-CAstore", "-untrusted", chain, chain];
        let (is_believed, said) = openssl(&[&strict[..], more, &files].concat());
        assert!(is_believed, "{chain}: {said}");
        let key = chain.replace("chain", "key");
        let (_, of_key) = openssl(&["pkey", "-in", &key, "-pubout"]);
        let (_, of_leaf) = openssl(&["x509", "-in", chain, "-noout", "-pubkey"]);
        assert!(of_key.starts_with("-----BEGIN PUBLIC KEY-----"), "{key}: {of_key}");
        assert_eq!(of_key, of_leaf);
    }
}

#[test]
fn programs_that_start_at_the_same_time_make_them_once() {
    let built = Built::new();
    let roots: Vec<_> = thread::scope(|scope| {
        let start = |_| {
            scope.spawn(|| {
                built.made(&["--if-needed"]);
                fs::read(built.folder().join("roots.pem")).unwrap()
            })
        };
        let all: Vec<_> = (0..4).map(start).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(roots.iter().all(|root| *root == roots[0]));
}

#[test]
fn what_cannot_be_made_is_told_in_words_and_nothing_is_written() {
    let built = Built::new();
    let name = |name: &str, why: &str| {
        let said = format!("xtask: --name {name}: {why}\n");
        assert_eq!(built.complaint(&["--name", name]), (Some(2), said));
    };
    let expected = "expected the name of a server, such as bank.example, or an IP address";
    for wrong in [
        "",
        "a b",
        "bank..example",
        "bank.example.",
        "a-.example",
        "1.2.3",
        "*",
        "a.*.example",
        "../x",
        "a/b",
    ] {
        name(wrong, expected);
    }
    name(&"a".repeat(64), expected);
    name("*.example", "a client wants two labels behind a star, such as *.bank.example");
    let in_ascii = "a name with other letters than a to z has a form in ASCII for certificates, such as xn--bcher-kva.example";
    name("b\u{fc}cher.example", in_ascii);
    for days in ["0", "1826", "many"] {
        let (code, said) = built.complaint(&["--days", days]);
        assert!(said.contains("expected a whole number, from 1 to 1825"), "{said}");
        assert_eq!(code, Some(2));
    }
    let many: Vec<_> =
        (0..250).map(|number| format!("n{number}.{}.example", "x".repeat(50))).collect();
    let args: Vec<_> = many.iter().flat_map(|name| ["--name", name]).collect();
    let (code, said) = built.complaint(&args);
    assert!(
        said.contains("--name is given 250 times: its certificates make a message of"),
        "{said}"
    );
    assert_eq!(code, Some(2));

    let taken = built.0.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("server_key.pem"), "mine").unwrap();
    let taken_name = taken.display().to_string();
    let said = format!(
        "xtask: --out {taken_name}: server_key.pem is there already, and was not made by this command: it stays as it is\n"
    );
    assert_eq!(built.complaint(&["--out", &taken_name]), (Some(2), said));
    assert_eq!(fs::read(taken.join("server_key.pem")).unwrap(), b"mine");
    let (code, said) =
        built.complaint(&["--out", &taken.join("server_key.pem/x").display().to_string()]);
    assert!(said.starts_with("xtask: cannot write to "), "{said}");
    assert_eq!(code, Some(3));
}
