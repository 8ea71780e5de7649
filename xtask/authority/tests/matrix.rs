//! The table of `cargo xtask certificates matrix`, and that it agrees with the vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use authority::bad::CASES;
use authority::checks::CHECKS;
use certificates::{Roots, ServerName, Verifier};
use serde_json::Value;

#[test]
fn the_client_refuses_each_chain_by_the_check_that_it_fails_and_accepts_the_good_ones() {
    let program = env!("CARGO_BIN_EXE_authority");
    let output = Command::new(program).args(["matrix", "--json"]).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{complaints}");
    let tried: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<_> =
        tried.iter().map(|it| (it["chain"].as_str().unwrap(), it["refused_by"].as_str())).collect();
    let expected: Vec<_> = CASES.iter().map(|case| (case.name, case.refused_by)).collect();
    assert_eq!(found, expected);
    assert_eq!(found.iter().filter(|(_, check)| check.is_none()).count(), 13);
    assert!(tried.iter().all(|it| it["why"].is_string() == it["refused_by"].is_string()));

    // Every check refuses some chain.
    let checks: BTreeSet<_> = found.iter().filter_map(|(_, check)| *check).collect();
    assert_eq!(checks, CHECKS.iter().map(|check| check.name).collect());
}

/// What is called as in the vectors is refused as there.
#[test]
fn a_chain_that_the_vectors_have_too_is_refused_by_the_same_check() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../crates/handshake/tests/vectors/handshakes.json"
    );
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let der = |name: &Value| {
        let hex = vectors["certificates"][name.as_str().unwrap()]["der"].as_str().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    let verdict = |case: &Value| {
        let roots = Roots::from_der(vec![der(&case["root"])]).unwrap();
        let name = ServerName::try_from(case["dns"].as_str().unwrap().to_owned()).unwrap();
        let chain: Vec<Vec<u8>> =
            case["certificates"].as_array().unwrap().iter().map(der).collect();
        // 2027-06-01.
        let now = Duration::from_secs(1_811_808_000);
        Verifier { roots, name }.verify(&chain, now).err().map(|error| error.name())
    };
    let cases: BTreeMap<_, _> = vectors["chains"]["cases"]
        .as_array()
        .unwrap()
        .iter()
        // One name has what happens then behind it.
        .map(|case| (case["name"].as_str().unwrap().split(" (the chain").next().unwrap(), case))
        .collect();
    let mut compared = 0;
    for case in CASES {
        if let Some(vector) = cases.get(case.name) {
            assert_eq!(case.refused_by, verdict(vector), "{}", case.name);
            compared += 1;
        }
    }
    assert_eq!((compared, CASES.len()), (53, 61));
}
