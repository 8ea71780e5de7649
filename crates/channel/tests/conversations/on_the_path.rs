//! What someone between the two ends can do without a key, and what each stage makes of it. What gets
//! through is asserted as firmly as what does not.

use channel::ChannelError;
use crypto::{OpenError, ctr};
use framing::FrameError;

use crate::stages::{REQUEST, Stage};
use crate::wire::{End, channel, received, sent};

/// The records were taken for these plaintexts and a conversation that ended well.
fn assert_accepted<S: Stage>(records: &[Vec<u8>], plaintexts: &[&[u8]]) {
    let (got, end) = received::<S>(&records.concat());
    assert_eq!(got, plaintexts);
    assert_matches!(end, Ok(()));
}

fn a_replay_and_a_reordering_are_accepted_at<S: Stage>() {
    let [one, other] = sent::<S>(&[b"one", b"two"]).try_into().unwrap();
    assert_accepted::<S>(&[one.clone(), one.clone()], &[b"one", b"one"]);
    assert_accepted::<S>(&[other.clone(), one], &[b"two", b"one"]);
    assert_accepted::<S>(&[other], &[b"two"]);
}
at! { a_replay_and_a_reordering_are_accepted_at: ctr(), hmac() }

fn of_a_replay_and_a_reordering_only_the_start_is_accepted_at<S: Stage>() {
    let [one, other] = sent::<S>(&[b"one", b"two"]).try_into().unwrap();
    let attacks = [
        ([one.clone(), one.clone()], 1, OpenError::OutOfOrder { expected: 1, got: 0 }),
        ([other.clone(), one], 0, OpenError::OutOfOrder { expected: 0, got: 1 }),
    ];
    for (records, accepted, refusal) in attacks {
        let (got, end) = received::<S>(&records.concat());
        assert_eq!(got, vec![b"one"; accepted]);
        assert_matches!(end, Err(ChannelError::Open { error, .. }) if error == refusal);
    }
}
at! { of_a_replay_and_a_reordering_only_the_start_is_accepted_at: hmac_seq(), aead() }

fn the_clients_own_request_is_accepted_as_the_answer_at<S: Stage>() {
    let end = End::default();
    let mut client = channel::<S, _>(end.clone());
    client.send(REQUEST).unwrap();
    end.incoming.swap(&end.outgoing);
    assert_eq!(client.recv().unwrap().unwrap(), REQUEST);
}
at! {
    the_clients_own_request_is_accepted_as_the_answer_at: ctr(), hmac(), hmac_seq(), aead()
}

fn a_recorded_connection_is_accepted_again_in_a_new_one_at<S: Stage>() {
    let recorded = sent::<S>(&[&REQUEST[..], b"another"]);
    for _connection in 0..2 {
        assert_accepted::<S>(&recorded, &[REQUEST, b"another"]);
    }
}
at! {
    a_recorded_connection_is_accepted_again_in_a_new_one_at: ctr(), hmac(), hmac_seq(), aead()
}

fn the_answers_of_two_clients_can_be_swapped_at<S: Stage>() {
    let ends = [End::default(), End::default()];
    let mut clients = ends.clone().map(channel::<S, _>);
    for client in &mut clients {
        client.send(REQUEST).unwrap();
    }
    let answers = [b"for the first", b"to the second"].map(|answer| sent::<S>(&[answer]).concat());
    ends[0].incoming.replace(answers[1].clone().into());
    ends[1].incoming.replace(answers[0].clone().into());
    let [first, second] = &mut clients;
    assert_eq!(first.recv().unwrap().unwrap(), b"to the second");
    assert_eq!(second.recv().unwrap().unwrap(), b"for the first");
}
at! { the_answers_of_two_clients_can_be_swapped_at: ctr(), hmac(), hmac_seq(), aead() }

fn record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one_at<S: Stage>() {
    let [one, _] = sent::<S>(&[b"one 0", b"one 1"]).try_into().unwrap();
    let [_, other] = sent::<S>(&[b"two 0", b"two 1"]).try_into().unwrap();
    assert_accepted::<S>(&[one, other], &[b"one 0", b"two 1"]);
}
at! {
    record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one_at:
    ctr(), hmac(), hmac_seq(), aead()
}

fn a_cut_between_records_is_taken_for_the_end_at<S: Stage>() {
    let records = sent::<S>(&[&b"pay bob"[..], b"unless this follows"]);
    assert_accepted::<S>(&records[..1], &[b"pay bob"]);
    assert_accepted::<S>(&[], &[]);
}
at! { a_cut_between_records_is_taken_for_the_end_at: ctr(), hmac(), hmac_seq(), aead() }

fn a_cut_inside_a_record_is_noticed_at<S: Stage>() {
    let [record] = sent::<S>(&[REQUEST]).try_into().unwrap();
    for cut in 1..record.len() {
        let (plaintexts, end) = received::<S>(&record[..cut]);
        assert!(plaintexts.is_empty());
        assert_matches!(
            end,
            Err(ChannelError::Frame { index: 0, error: FrameError::Truncated { got, .. } })
                if got == cut
        );
    }
}
at! { a_cut_inside_a_record_is_noticed_at: ctr(), hmac(), hmac_seq(), aead() }

/// The request's record, its end dropped and its length adjusted: 31 bytes of plaintext less.
fn shortened<S: Stage>() -> Vec<u8> {
    let [mut record] = sent::<S>(&[REQUEST]).try_into().unwrap();
    record.truncate(record.len() - 31);
    record[3] -= 31;
    record
}

#[test]
fn a_cut_inside_a_record_with_its_length_adjusted_is_a_shorter_request_at_ctr() {
    assert_accepted::<ctr::Opener>(&[shortened::<ctr::Opener>()], &[&REQUEST[..30]]);
}

fn a_cut_inside_a_record_with_its_length_adjusted_is_refused_at<S: Stage>() {
    let (plaintexts, end) = received::<S>(&shortened::<S>());
    assert!(plaintexts.is_empty());
    assert_matches!(end, Err(ChannelError::Open { index: 0, error: OpenError::BadTag }));
}
at! { a_cut_inside_a_record_with_its_length_adjusted_is_refused_at: hmac(), hmac_seq(), aead() }
