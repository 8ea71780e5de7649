//! Claims of the book about the code that no command prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use stages::STAGES;

/// Libraries that encrypt, decrypt, hash, authenticate, sign, agree on a secret or make keys of it.
const CRYPTOGRAPHY: [&str; 15] = [
    "aes",
    "aes-gcm",
    "aws-lc-rs",
    "chacha20poly1305",
    "ctr",
    "ed25519-dalek",
    "ghash",
    "hkdf",
    "hmac",
    "ml-kem",
    "p256",
    "p384",
    "rsa",
    "sha2",
    "x25519-dalek",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Names what a package of this workspace depends on, but for its tests.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    let is_linked = |dependency: &&Value| dependency["kind"].is_null();
    dependencies.filter(is_linked).map(|dependency| dependency["name"].as_str().unwrap())
}

#[test]
fn the_programs_call_libraries_for_cryptography_on_one_page_an_engine_and_one_for_rsa() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    // The programs of the stages and the tunnel, and whatever is linked into them.
    let mut linked: Vec<_> = STAGES.iter().map(|stage| stage.package()).chain(["tunnel"]).collect();
    linked.dedup();
    for at in 0.. {
        let Some(name) = linked.get(at) else { break };
        let package = packages.iter().find(|package| package["name"] == *name);
        for name in package.into_iter().flat_map(dependencies) {
            if !linked.contains(&name) {
                linked.push(name);
            }
        }
    }
    let calls = |package: &&Value| dependencies(package).any(|it| CRYPTOGRAPHY.contains(&it));
    let names = packages.iter().filter(calls).map(|package| package["name"].as_str().unwrap());
    // The one other that does makes certificates, for those who try the programs.
    let (programs, others): (Vec<_>, Vec<_>) = names.partition(|name| linked.contains(name));
    assert_eq!((programs, others), (vec!["crypto"], vec!["authority"]));

    let mut files = Vec::new();
    sources(&root.join("crates/crypto/src"), &mut files);
    files.retain(|file| !file.starts_with(root.join("crates/crypto/src/tests")));
    // Our own modules are called `ctr`, `hkdf`, `hmac` and `rsa` too: those crates are known by their `use`.
    let calls = |file: &PathBuf| {
        let source = fs::read_to_string(file).unwrap();
        CRYPTOGRAPHY.iter().map(|name| name.replace('-', "_")).any(|name| {
            let is_ours = ["ctr", "hkdf", "hmac", "rsa"].contains(&&*name);
            source.contains(&format!("\nuse {name}::"))
                || (!is_ours && source.contains(&format!("{name}::")))
        })
    };
    let primitives = root.join("crates/crypto/src/primitives");
    // Each chooses one of the two pages of an engine beside it.
    files.retain(|file| !["mod.rs", "tls13/mod.rs"].map(|it| primitives.join(it)).contains(file));
    let mut pages: Vec<_> = files.iter().filter(|file| calls(file)).collect();
    pages.sort();
    let expected =
        ["aws_lc_rs.rs", "rsa.rs", "rust_crypto.rs", "tls13/aws_lc_rs.rs", "tls13/rust_crypto.rs"];
    assert_eq!(pages, expected.map(|it| primitives.join(it)).iter().collect::<Vec<_>>());
}
