//! Genuine records in the wrong place: reordered, sent twice, dropped, sent back, or from another
//! connection.

use crypto::OpenError;

use crate::stages::{REQUEST, Stage};
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
fn deliver<S: Stage>(schedule: &Schedule) -> Vec<Result<Vec<u8>, OpenError>> {
    let mut sealer = S::sealer();
    let records: Vec<_> = (0..4).map(|number| seal(&mut sealer, &plaintext(number))).collect();
    let mut opener = S::opener();
    schedule.iter().map(|&number| open(&mut opener, &records[number])).collect()
}

fn everything_is_accepted_in_any_order<S: Stage>(schedules: &[Schedule]) {
    for schedule in schedules {
        let expected: Vec<_> = schedule.iter().map(|&number| Ok(plaintext(number))).collect();
        assert_eq!(deliver::<S>(schedule), expected, "{schedule:?}");
    }
}

/// A record is accepted exactly if it is the next one; the count says how many of the schedules got
/// through whole.
fn only_the_next_record_is_accepted<S: Stage>(schedules: &[Schedule], whole: usize) {
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
        assert_eq!(deliver::<S>(schedule), results, "{schedule:?}");
        accepted_whole += usize::from(results.iter().all(Result::is_ok));
    }
    assert_eq!(accepted_whole, whole);
}

#[test]
fn there_are_24_orders_and_10_duplicates_and_15_drops() {
    assert_eq!((orders().len(), duplicates().len(), drops().len()), (24, 10, 15));
}

fn any_order_is_accepted_at<S: Stage>() {
    everything_is_accepted_in_any_order::<S>(&orders());
}
at! { any_order_is_accepted_at: ctr(), hmac() }

fn any_duplicate_is_accepted_at<S: Stage>() {
    everything_is_accepted_in_any_order::<S>(&duplicates());
}
at! { any_duplicate_is_accepted_at: ctr(), hmac() }

fn any_drop_is_accepted_at<S: Stage>() {
    everything_is_accepted_in_any_order::<S>(&drops());
}
at! { any_drop_is_accepted_at: ctr(), hmac() }

fn of_all_orders_only_the_right_one_is_accepted_whole_at<S: Stage>() {
    only_the_next_record_is_accepted::<S>(&orders(), 1);
}
at! { of_all_orders_only_the_right_one_is_accepted_whole_at: hmac_seq(), aead() }

fn every_duplicate_is_refused_at<S: Stage>() {
    only_the_next_record_is_accepted::<S>(&duplicates(), 0);
}
at! { every_duplicate_is_refused_at: hmac_seq(), aead() }

/// The four whole ones are those that lack the end: no number says "this was the last".
fn every_drop_but_at_the_end_is_refused_at<S: Stage>() {
    only_the_next_record_is_accepted::<S>(&drops(), 4);
}
at! { every_drop_but_at_the_end_is_refused_at: hmac_seq(), aead() }

fn a_record_sent_back_to_its_sender_is_accepted_at<S: Stage>() {
    let (mut sealer, mut opener) = (S::sealer(), S::opener());
    let mine = seal(&mut sealer, REQUEST);
    assert_eq!(open(&mut opener, &mine).unwrap(), REQUEST);
}
at! { a_record_sent_back_to_its_sender_is_accepted_at: ctr(), hmac(), hmac_seq(), aead() }

fn a_recorded_connection_is_accepted_again_in_a_new_one_at<S: Stage>() {
    let recorded = request::<S>();
    for _ in 0..2 {
        assert_eq!(open(&mut S::opener(), &recorded).unwrap(), REQUEST);
    }
}
at! { a_recorded_connection_is_accepted_again_in_a_new_one_at: ctr(), hmac(), hmac_seq(), aead() }

fn record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one_at<S: Stage>() {
    let [one, other] = [b"one", b"two"].map(|plaintext| {
        let mut sealer = S::sealer();
        [seal(&mut sealer, plaintext), seal(&mut sealer, plaintext)]
    });
    let mut opener = S::opener();
    assert_eq!(open(&mut opener, &one[0]).unwrap(), b"one");
    assert_eq!(open(&mut opener, &other[1]).unwrap(), b"two");
}
at! {
    record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one_at:
    ctr(), hmac(), hmac_seq(), aead()
}
