//! Each measurement, as `cargo xtask bench` starts it: the program itself compares what arrives
//! with what was sent. No test can say how fast that should be.

use std::process::Command;

use serde_json::Value;
use stages::{STAGES, Stage};

const BENCH: &str = env!("CARGO_BIN_EXE_bench");

fn stages() -> impl Iterator<Item = &'static str> {
    STAGES
        .iter()
        .filter(|stage| stage.has_records() && stage.handshake.is_empty())
        .map(|stage| stage.short_name())
}

/// The operations on signatures.
const OPERATIONS: [&str; 3] = ["sign", "verify", "verify-chain"];

fn protocols() -> impl Iterator<Item = &'static str> {
    let peers = cfg!(feature = "peers").then_some("rustls");
    ["plain", "gathered"].into_iter().chain(stages()).chain(peers)
}

fn measure(args: &[&str]) -> Value {
    let output = Command::new(BENCH).args(args).args(["--millis", "10"]).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(measured["seconds"].as_f64().unwrap() >= 0.01, "{args:?}: {measured}");
    measured
}

#[test]
fn every_protocol_carries_bytes_one_way_in_writes_of_any_size() {
    for protocol in protocols() {
        for write in ["61", "16384", "16385", "262144"] {
            measure(&["one-way", protocol, "--write", write]);
        }
    }
}

#[test]
fn every_protocol_answers_requests_on_one_connection_and_on_many() {
    for protocol in protocols() {
        for connections in ["1", "16"] {
            let measured = measure(&["requests", protocol, "--connections", connections]);
            let (p50, p99) = (&measured["latency"]["p50"], &measured["latency"]["p99"]);
            assert!(p50.as_f64().unwrap() > 0.0 && p99.as_f64() >= p50.as_f64(), "{measured}");
        }
    }
}

#[test]
fn every_stage_opens_whole_records_in_memory() {
    for stage in stages() {
        let count = measure(&["opening", stage])["count"].as_u64().unwrap();
        assert!(count > 0 && count.is_multiple_of(8 * 16384), "{stage}: {count}");
    }
}

#[test]
fn every_stage_seals_and_opens_records_of_any_length() {
    for stage in stages() {
        for len in ["0", "61", "16384"] {
            assert!(measure(&["record", stage, "--len", len])["count"].as_u64().unwrap() > 0);
        }
    }
}

#[test]
#[cfg(feature = "peers")]
#[ignore = "needs cryptography of Python, which .ci/run installs"]
fn python_seals_and_opens_records_of_every_stage() {
    for stage in stages() {
        assert!(measure(&["python", stage])["count"].as_u64().unwrap() > 0);
    }
}

fn with_handshake() -> impl Iterator<Item = &'static str> {
    let with_handshake = |stage: &&&Stage| !stage.handshake.is_empty() && !stage.has_types();
    STAGES.iter().filter(with_handshake).map(|stage| stage.short_name())
}

#[test]
fn both_sides_of_every_handshake_come_to_its_end() {
    assert_eq!(with_handshake().count(), 4);
    for stage in with_handshake() {
        // How many there are in that time is the benchmark's to say.
        assert!(measure(&["handshakes", stage])["count"].is_u64());
    }
}

#[test]
#[cfg(feature = "peers")]
#[ignore = "needs cryptography of Python, which .ci/run installs"]
fn python_does_every_handshake() {
    for stage in with_handshake() {
        assert!(measure(&["python-handshakes", stage])["count"].as_u64().unwrap() > 0);
    }
}

#[test]
fn every_signature_is_made_and_verified_and_so_is_a_chain() {
    for operation in OPERATIONS {
        assert!(measure(&["signatures", operation])["count"].as_u64().unwrap() > 0);
    }
}

#[test]
#[cfg(feature = "peers")]
#[ignore = "needs cryptography of Python, which .ci/run installs, and openssl"]
fn python_and_openssl_do_the_same() {
    for operation in OPERATIONS {
        assert!(measure(&["python-signatures", operation])["count"].as_u64().unwrap() > 0);
    }
    let [sign, verify] = ["sign", "verify"].map(|operation| {
        let measured = measure(&["openssl-signatures", operation]);
        measured["count"].as_f64().unwrap() / measured["seconds"].as_f64().unwrap()
    });
    // With RSA it is always so: a swapped column would show.
    assert!(verify > 3.0 * sign, "{verify} {sign}");
}

#[test]
fn what_has_no_records_opens_none() {
    let output = Command::new(BENCH).args(["opening", "plain"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "bench: Plain has no records to open\n");
}

#[test]
fn two_relays_carry_bytes() {
    measure(&["tunnel", "relay"]);
}

#[cfg(feature = "peers")]
#[test]
#[ignore = "needs stunnel, which .ci/run installs"]
fn two_stunnels_carry_bytes() {
    measure(&["tunnel", "stunnel"]);
}

#[cfg(feature = "peers")]
#[test]
#[ignore = "needs spiped, which .ci/run installs"]
fn two_spipeds_carry_bytes() {
    measure(&["tunnel", "spiped"]);
}

#[test]
fn a_hop_that_cannot_be_started_is_named() {
    let output =
        Command::new(BENCH).args(["tunnel", "ours", "/no/such/tunnel", "aead"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("bench: cannot start /no/such/tunnel"), "{error}");
}
