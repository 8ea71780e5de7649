//! The properties hold for the inputs the fuzzer has found worth keeping, and for random ones: what
//! the fuzzer does, but without its view of which code is reached.

use std::fs;
use std::path::PathBuf;

use properties::STAGES;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// What the inputs of one target may take together, in bytes.
const MAX_CORPUS_LEN: usize = 100 * 1024;

/// Makes two tests of each of the fuzzer's targets: one for its corpus and one for random inputs.
macro_rules! targets {
    ($($target:ident),*) => {
        /// The names of the fuzzer's targets.
        const TARGETS: &[&str] = &[$(stringify!($target)),*];

        mod for_the_corpus_of {
            use super::*;
            $(#[test] fn $target() { hold_for_the_corpus(stringify!($target), properties::$target); })*
        }

        mod for_random_inputs_to {
            use super::*;
            $(#[test] fn $target() { hold_for_random_inputs(cases(stringify!($target)), properties::$target); })*
        }
    };
}
targets! {
    deframing, opening, session, messages, certificates, handshakes, run_file, transcript, tls13_messages,
    tls13_record, tls13_handshake, explain_capture, explain_session
}

/// A file in the folder of the fuzzer's targets.
fn fuzz(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../checks/fuzz")).join(path)
}

fn hold_for_the_corpus(target: &str, property: impl Fn(&[u8])) {
    let corpus = fs::read_to_string(fuzz(&format!("corpus/{target}.hex"))).unwrap();
    let inputs: Vec<_> = corpus.lines().map(|line| hex::decode(line).unwrap()).collect();
    let len: usize = inputs.iter().map(Vec::len).sum();
    assert!(inputs.len() >= 25 && len <= MAX_CORPUS_LEN, "{} inputs, {len} bytes", inputs.len());
    for input in inputs {
        property(&input);
    }
}

/// 1,000 inputs, and 100,000 in an optimised build. A handshake of TLS 1.3 takes as long as fifty of other things.
fn cases(target: &str) -> u32 {
    let cases = if cfg!(debug_assertions) { 1_000 } else { 100_000 };
    if target == "tls13_handshake" { cases / 50 } else { cases }
}

fn hold_for_random_inputs(cases: u32, property: impl Fn(&[u8])) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(8446),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(any::<u8>(), 0..160), |input| {
        property(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// The same number of inputs for each stage, which the first byte selects.
fn hold_for_random_inputs_at_every_stage(property: impl Fn(&[u8])) {
    for (number, stage) in (0..).zip(STAGES.iter()) {
        println!("at {stage:?}");
        let cases = cases("a stage");
        hold_for_random_inputs(cases, |input| property(&[&[number], input].concat()));
    }
}

#[test]
fn for_random_payloads_at_every_stage() {
    hold_for_random_inputs_at_every_stage(properties::opening);
}

#[test]
fn for_random_schedules_at_every_stage() {
    hold_for_random_inputs_at_every_stage(properties::session);
}

#[test]
fn every_target_of_the_fuzzer_is_among_them() {
    let mut tested = TARGETS.to_vec();
    tested.sort_unstable();
    for (folder, extension) in [("fuzz_targets", "rs"), ("corpus", "hex")] {
        let mut found: Vec<_> = fs::read_dir(fuzz(folder))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let expected: Vec<_> =
            tested.iter().map(|target| format!("{target}.{extension}")).collect();
        assert_eq!(found, expected);
    }
}
