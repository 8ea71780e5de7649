//! The invariants hold for the inputs the fuzzer has found worth keeping, and for random ones: what the
//! fuzzer does, without its eyes.

use std::fs;
use std::path::PathBuf;

use crypto::{aead, ctr, hmac, hmac_seq};
use invariants::opening;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// What the inputs of one target may take together, in bytes.
const MAX_CORPUS_LEN: usize = 100 * 1024;

/// Makes two tests of each of the fuzzer's targets: one for its corpus and one for random inputs.
macro_rules! targets {
    ($($target:ident: $invariants:expr),* $(,)?) => {
        /// The names of the fuzzer's targets.
        const TARGETS: &[&str] = &[$(stringify!($target)),*];

        mod for_the_corpus_of {
            use super::*;
            $(#[test] fn $target() { hold_for_the_corpus(stringify!($target), $invariants); })*
        }

        mod for_random_inputs_to {
            use super::*;
            $(#[test] fn $target() { hold_for_random_inputs($invariants); })*
        }
    };
}

targets! {
    deframing: invariants::deframing,
    open_ctr: opening::<ctr::Opener>,
    open_hmac: opening::<hmac::Opener>,
    open_hmac_seq: opening::<hmac_seq::Opener>,
    open_aead: opening::<aead::Opener>,
    session: invariants::session,
    run_file: invariants::run_file,
    transcript: invariants::transcript,
}

/// A file in the folder of the fuzzer's targets.
fn fuzz(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz")).join(path)
}

fn hold_for_the_corpus(target: &str, invariants: impl Fn(&[u8])) {
    let inputs: Vec<_> = fs::read_dir(fuzz("corpus").join(target))
        .unwrap()
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    let len: usize = inputs.iter().map(Vec::len).sum();
    assert!(inputs.len() >= 25 && len <= MAX_CORPUS_LEN, "{} inputs, {len} bytes", inputs.len());
    for input in inputs {
        invariants(&input);
    }
}

/// 1,000 inputs, and 100,000 where the compiler optimises.
fn hold_for_random_inputs(invariants: impl Fn(&[u8])) {
    let config = Config {
        cases: if cfg!(debug_assertions) { 1_000 } else { 100_000 },
        rng_seed: RngSeed::Fixed(8446),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(any::<u8>(), 0..160), |input| {
        invariants(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// A session's first byte says at which stage.
macro_rules! for_random_schedules_at {
    ($($stage:ident: $byte:literal),*) => {
        mod for_random_schedules_at {
            use super::*;
            $(
                #[test]
                fn $stage() {
                    hold_for_random_inputs(|schedule| invariants::session(&[&[$byte], schedule].concat()));
                }
            )*
        }
    };
}
for_random_schedules_at! { ctr: 0, hmac: 1, hmac_seq: 2, aead: 3 }

#[test]
fn every_target_of_the_fuzzer_is_among_them() {
    let mut targets: Vec<_> = fs::read_dir(fuzz("fuzz_targets"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut tested = TARGETS.to_vec();
    targets.sort();
    tested.sort_unstable();
    assert_eq!(targets, tested);
}
