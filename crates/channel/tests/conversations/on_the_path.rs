//! What someone between the two ends can do without a key, and what each stage makes of it. What gets
//! through is asserted as firmly as what does not.

use channel::ChannelError;
use crypto::OpenError;
use framing::FrameError;
use stages::{PART1_CTR, Role, Stage};

use crate::common::{REQUEST, every_stage, stages_with, stages_without};
use crate::wire::{End, channel, received, sent};

/// Checks that the records were accepted as these plaintexts and a conversation that ended well.
fn assert_accepted(stage: &Stage, records: &[Vec<u8>], plaintexts: &[&[u8]]) {
    let (got, end) = received(stage, &records.concat());
    assert_eq!(got, plaintexts);
    assert_matches!(end, Ok(()));
}

#[test]
fn a_replay_and_a_reordering_are_accepted_without_numbers() {
    for stage in stages_without(Role::Seq) {
        let [one, other] = sent(stage, &[b"one", b"two"]).try_into().unwrap();
        assert_accepted(stage, &[one.clone(), one.clone()], &[b"one", b"one"]);
        assert_accepted(stage, &[other.clone(), one], &[b"two", b"one"]);
        assert_accepted(stage, &[other], &[b"two"]);
    }
}

#[test]
fn of_a_replay_and_a_reordering_only_the_start_is_accepted_with_numbers() {
    for stage in stages_with(Role::Seq) {
        let [one, other] = sent(stage, &[b"one", b"two"]).try_into().unwrap();
        let attacks = [
            ([one.clone(), one.clone()], 1, OpenError::OutOfOrder { expected: 1, got: 0 }),
            ([other.clone(), one], 0, OpenError::OutOfOrder { expected: 0, got: 1 }),
        ];
        for (records, accepted, refusal) in attacks {
            let (got, end) = received(stage, &records.concat());
            assert_eq!(got, vec![b"one"; accepted]);
            assert_matches!(end, Err(ChannelError::Open { error, .. }) if error == refusal);
        }
    }
}

#[test]
fn the_clients_own_request_is_accepted_as_the_answer() {
    for stage in every_stage() {
        let end = End::default();
        let mut client = channel(stage, end.clone());
        client.send(REQUEST).unwrap();
        end.incoming.swap(&end.outgoing);
        assert_eq!(client.recv().unwrap().unwrap(), REQUEST);
    }
}

#[test]
fn a_recorded_connection_is_accepted_again_in_a_new_one() {
    for stage in every_stage() {
        let recorded = sent(stage, &[&REQUEST[..], b"another"]);
        for _connection in 0..2 {
            assert_accepted(stage, &recorded, &[REQUEST, b"another"]);
        }
    }
}

#[test]
fn the_answers_of_two_clients_can_be_swapped() {
    for stage in every_stage() {
        let ends = [End::default(), End::default()];
        let mut clients = ends.clone().map(|end| channel(stage, end));
        for client in &mut clients {
            client.send(REQUEST).unwrap();
        }
        let answers =
            [b"for the first", b"to the second"].map(|answer| sent(stage, &[answer]).concat());
        ends[0].incoming.replace(answers[1].clone().into());
        ends[1].incoming.replace(answers[0].clone().into());
        let [first, second] = &mut clients;
        assert_eq!(first.recv().unwrap().unwrap(), b"to the second");
        assert_eq!(second.recv().unwrap().unwrap(), b"for the first");
    }
}

#[test]
fn record_0_of_one_connection_and_record_1_of_another_are_accepted_as_one() {
    for stage in every_stage() {
        let [one, _] = sent(stage, &[b"one 0", b"one 1"]).try_into().unwrap();
        let [_, other] = sent(stage, &[b"two 0", b"two 1"]).try_into().unwrap();
        assert_accepted(stage, &[one, other], &[b"one 0", b"two 1"]);
    }
}

#[test]
fn a_cut_between_records_is_taken_for_the_end() {
    for stage in every_stage() {
        let records = sent(stage, &[&b"pay bob"[..], b"unless this follows"]);
        assert_accepted(stage, &records[..1], &[b"pay bob"]);
        assert_accepted(stage, &[], &[]);
    }
}

#[test]
fn a_cut_inside_a_record_is_noticed() {
    for stage in every_stage() {
        let [record] = sent(stage, &[REQUEST]).try_into().unwrap();
        for cut in 1..record.len() {
            let (plaintexts, end) = received(stage, &record[..cut]);
            assert!(plaintexts.is_empty());
            assert_matches!(
                end,
                Err(ChannelError::Frame { index: 0, error: FrameError::Truncated { got, .. } })
                    if got == cut
            );
        }
    }
}

/// The request's record, with its end dropped and its length adjusted: 31 bytes of plaintext fewer.
fn shortened(stage: &Stage) -> Vec<u8> {
    let [mut record] = sent(stage, &[REQUEST]).try_into().unwrap();
    record.truncate(record.len() - 31);
    record[3] -= 31;
    record
}

#[test]
fn a_cut_inside_a_record_with_its_length_adjusted_is_a_shorter_request_at_ctr() {
    assert_accepted(&PART1_CTR, &[shortened(&PART1_CTR)], &[&REQUEST[..30]]);
}

#[test]
fn a_cut_inside_a_record_with_its_length_adjusted_is_refused_by_the_tag() {
    for stage in stages_with(Role::Tag) {
        let (plaintexts, end) = received(stage, &shortened(stage));
        assert!(plaintexts.is_empty());
        assert_matches!(end, Err(ChannelError::Open { index: 0, error: OpenError::BadTag }));
    }
}
