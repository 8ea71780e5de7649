//! Genuine records in the wrong place: reordered, sent twice, dropped, sent back, or from another
//! connection.

use crypto::OpenError;
use stages::{Role, Stage};

use crate::common::{REQUEST, every_stage, opener, sealer, stages_with, stages_without};
use crate::{open, request, seal};

/// What is delivered of four records, each by its number, in order of arrival.
type Schedule = Vec<usize>;

fn orders() -> Vec<Schedule> {
    let four = [0, 1, 2, 3];
    let all = four.map(|a| four.map(|b| four.map(|c| four.map(|d| vec![a, b, c, d]))));
    let all = all.into_iter().flatten().flatten().flatten();
    all.filter(|order| four.iter().all(|number| order.contains(number))).collect()
}

/// Each record once more, at each later place.
fn duplicates() -> Vec<Schedule> {
    let insert = |(number, place)| {
        let mut schedule = vec![0, 1, 2, 3];
        schedule.insert(place, number);
        schedule
    };
    (0..4).flat_map(|number| (number + 1..=4).map(move |place| insert((number, place)))).collect()
}

/// Each set of records but the full one.
fn drops() -> Vec<Schedule> {
    (0..15).map(|kept| (0..4).filter(|number| kept >> number & 1 == 1).collect()).collect()
}

fn plaintext(number: usize) -> Vec<u8> {
    format!("record {number}").into_bytes()
}

/// Seals four records and opens what is scheduled of them, going on after a refusal.
fn deliver(stage: &Stage, schedule: &Schedule) -> Vec<Result<Vec<u8>, OpenError>> {
    let mut sealer = sealer(stage);
    let records: Vec<_> = (0..4).map(|number| seal(&mut sealer, &plaintext(number))).collect();
    let mut opener = opener(stage);
    schedule.iter().map(|&number| open(&mut opener, &records[number])).collect()
}

fn everything_is_accepted_in_any_order(schedules: &[Schedule]) {
    for stage in stages_without(Role::Seq) {
        for schedule in schedules {
            let expected: Vec<_> = schedule.iter().map(|&number| Ok(plaintext(number))).collect();
            assert_eq!(deliver(stage, schedule), expected, "{schedule:?}");
        }
    }
}

/// A record is accepted exactly if it is the next one. The count is of the schedules that got
/// through whole.
fn only_the_next_record_is_accepted(schedules: &[Schedule], whole: usize) {
    for stage in stages_with(Role::Seq) {
        let mut accepted_whole = 0;
        for schedule in schedules {
            let mut expected = 0;
            let results: Vec<_> = (schedule.iter())
                .map(|&number| {
                    if number == expected {
                        expected += 1;
                        return Ok(plaintext(number));
                    }
                    Err(OpenError::OutOfOrder { expected: expected as u64, got: number as u64 })
                })
                .collect();
            assert_eq!(deliver(stage, schedule), results, "{schedule:?}");
            accepted_whole += usize::from(results.iter().all(Result::is_ok));
        }
        assert_eq!(accepted_whole, whole);
    }
}

#[test]
fn there_are_24_orders_and_10_duplicates_and_15_drops() {
    assert_eq!((orders().len(), duplicates().len(), drops().len()), (24, 10, 15));
}

#[test]
fn any_order_is_accepted_without_numbers() {
    everything_is_accepted_in_any_order(&orders());
}

#[test]
fn any_duplicate_is_accepted_without_numbers() {
    everything_is_accepted_in_any_order(&duplicates());
}

#[test]
fn any_drop_is_accepted_without_numbers() {
    everything_is_accepted_in_any_order(&drops());
}

#[test]
fn of_all_orders_only_the_right_one_is_accepted_whole_with_numbers() {
    only_the_next_record_is_accepted(&orders(), 1);
}

#[test]
fn every_duplicate_is_refused_with_numbers() {
    only_the_next_record_is_accepted(&duplicates(), 0);
}

/// The four whole ones are those that lack only the end: no number says "this was the last".
#[test]
fn every_drop_but_at_the_end_is_refused_with_numbers() {
    only_the_next_record_is_accepted(&drops(), 4);
}

#[test]
fn a_record_sent_back_to_its_sender_is_accepted() {
    for stage in every_stage() {
        let (mut sealer, mut opener) = (sealer(stage), opener(stage));
        let mine = seal(&mut sealer, REQUEST);
        assert_eq!(open(&mut opener, &mine).unwrap(), REQUEST);
    }
}

#[test]
fn a_recorded_connection_is_accepted_again_in_a_new_one() {
    for stage in every_stage() {
        let recorded = request(stage);
        for _ in 0..2 {
            assert_eq!(open(&mut opener(stage), &recorded).unwrap(), REQUEST);
        }
    }
}

#[test]
fn record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one() {
    for stage in every_stage() {
        let [one, other] = [b"one", b"two"].map(|plaintext| {
            let mut sealer = sealer(stage);
            [seal(&mut sealer, plaintext), seal(&mut sealer, plaintext)]
        });
        let mut opener = opener(stage);
        assert_eq!(open(&mut opener, &one[0]).unwrap(), b"one");
        assert_eq!(open(&mut opener, &other[1]).unwrap(), b"two");
    }
}
