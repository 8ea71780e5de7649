//! Someone on the path does anything at all, at random: what still comes out is genuine.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use stages::{PART2_HMAC, Role, Stage};

use crate::common::stages_with;
use crate::wire::{received, sent};

/// What is done to the records on their way. Numbers that are too large start over.
#[derive(Clone, Debug)]
enum Act {
    Drop { record: usize },
    Duplicate { record: usize, to: usize },
    Swap { record: usize, with: usize },
    Flip { record: usize, bit: usize },
    Cut { record: usize, left: usize },
}

impl Act {
    fn any() -> impl Strategy<Value = Self> {
        let some = || 0..1_000_usize;
        prop_oneof![
            some().prop_map(|record| Self::Drop { record }),
            (some(), some()).prop_map(|(record, to)| Self::Duplicate { record, to }),
            (some(), some()).prop_map(|(record, with)| Self::Swap { record, with }),
            (some(), some()).prop_map(|(record, bit)| Self::Flip { record, bit }),
            (some(), some()).prop_map(|(record, left)| Self::Cut { record, left }),
        ]
    }

    fn on(&self, records: &mut Vec<Vec<u8>>) {
        if records.is_empty() {
            return;
        }
        let count = records.len();
        match *self {
            Self::Drop { record } => drop(records.remove(record % count)),
            Self::Duplicate { record, to } => {
                records.insert(to % (count + 1), records[record % count].clone());
            }
            Self::Swap { record, with } => records.swap(record % count, with % count),
            Self::Flip { record, bit } => {
                let record = &mut records[record % count];
                let len = record.len().max(1);
                record.get_mut(bit / 8 % len).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            Self::Cut { record, left } => {
                let record = &mut records[record % count];
                record.truncate(left % record.len().max(1));
            }
        }
    }
}

/// 2,000 schedules, and 100,000 in an optimised build: `genuine` decides whether what came out may
/// follow from what was sent.
fn of_any_schedule(stage: &Stage, genuine: impl Fn(&[Vec<u8>], &[Vec<u8>]) -> bool) {
    let cases = if cfg!(debug_assertions) { 2_000 } else { 100_000 };
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(8446),
        failure_persistence: None,
        ..Config::default()
    };
    let (whole, refused) = (Cell::new(0), Cell::new(0));
    let schedules = (1..6_usize, vec(Act::any(), 0..4));
    let outcome = TestRunner::new(config).run(&schedules, |(count, acts)| {
        let plaintexts: Vec<_> =
            (0..count).map(|number| format!("plaintext {number}").into()).collect();
        let mut records = sent(stage, &plaintexts);
        for act in acts {
            act.on(&mut records);
        }
        let (got, end) = received(stage, &records.concat());
        prop_assert!(genuine(&plaintexts, &got), "{got:?}");
        whole.update(|whole| whole + u32::from(got == plaintexts));
        refused.update(|refused| refused + u32::from(end.is_err()));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // A receiver that accepts nothing, or a path that does nothing, would not have shown anything.
    assert!(whole.get() > cases / 5 && refused.get() > cases / 5, "{whole:?} {refused:?}");
}

#[test]
fn everything_that_comes_out_was_sealed_at_hmac() {
    of_any_schedule(&PART2_HMAC, |sent, received| {
        received.iter().all(|plaintext| sent.contains(plaintext))
    });
}

#[test]
fn everything_that_comes_out_is_the_start_of_what_was_sent() {
    for stage in stages_with(Role::Seq) {
        of_any_schedule(stage, <[_]>::starts_with);
    }
}
