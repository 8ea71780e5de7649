//! Claims of the book about the code that no command prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Libraries that encrypt, decrypt, hash, authenticate, agree on a secret or make keys of it.
const CRYPTOGRAPHY: [&str; 9] =
    ["aes", "aes-gcm", "aws-lc-rs", "ctr", "ghash", "hkdf", "hmac", "sha2", "x25519-dalek"];

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

#[test]
fn the_programs_call_libraries_for_cryptography_on_one_page_an_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let depends = |package: &&Value| {
        let mut dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.any(|dependency| {
            let is_of_tests = dependency["kind"] == "dev";
            !is_of_tests && CRYPTOGRAPHY.contains(&dependency["name"].as_str().unwrap())
        })
    };
    let packages = metadata["packages"].as_array().unwrap().iter().filter(depends);
    let names: Vec<_> = packages.map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["crypto"]);

    let mut files = Vec::new();
    sources(&root.join("crates/crypto/src"), &mut files);
    files.retain(|file| !file.starts_with(root.join("crates/crypto/src/tests")));
    // Our own modules are called `ctr`, `hkdf` and `hmac` too: those crates are known by their `use`.
    let calls = |file: &PathBuf| {
        let source = fs::read_to_string(file).unwrap();
        CRYPTOGRAPHY.iter().map(|name| name.replace('-', "_")).any(|name| {
            let is_ours = ["ctr", "hkdf", "hmac"].contains(&&*name);
            source.contains(&format!("\nuse {name}::"))
                || (!is_ours && source.contains(&format!("{name}::")))
        })
    };
    let primitives = root.join("crates/crypto/src/primitives");
    // It chooses one of the two pages beside it.
    files.retain(|file| *file != primitives.join("mod.rs"));
    let pages: Vec<_> = files.iter().filter(|file| calls(file)).collect();
    assert!(pages.iter().all(|page| page.parent() == Some(&*primitives)), "{pages:?}");
    let mut names: Vec<_> = pages.iter().filter_map(|page| page.file_name()).collect();
    names.sort();
    assert_eq!(names, ["aws_lc_rs.rs", "rust_crypto.rs"]);
}
