//! However a stream is cut into reads, the same records come out of it.

use std::io::ErrorKind;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::script::{Bytes, End, Fail, LIMITS, Script, Step, payload, read_all, reader, record};

/// `stream` in chunks of these lengths, over and over, then its end. With `interrupted`, no chunk comes
/// at the first try.
fn chunks(stream: &[u8], lens: &[usize], interrupted: bool) -> Script {
    let mut unsent = stream;
    let mut lens = lens.iter().cycle();
    let mut steps = Vec::new();
    while !unsent.is_empty() {
        let (chunk, behind) = unsent.split_at(unsent.len().min(*lens.next().unwrap()));
        steps.push(Bytes(chunk.to_vec()));
        unsent = behind;
    }
    steps.push(End);
    let interrupt =
        |step| if interrupted { vec![Fail(ErrorKind::Interrupted), step] } else { vec![step] };
    Script::new(steps.into_iter().flat_map(interrupt).collect::<Vec<Step>>())
}

fn stream_of(payloads: &[Vec<u8>]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| record(payload)).collect()
}

fn assert_read(stream: Script, payloads: &[Vec<u8>]) {
    let (read, end) = read_all(stream);
    assert!(read == payloads, "{} payloads or other ones, not {}", read.len(), payloads.len());
    assert_matches!(end, Ok(()));
}

#[test]
fn one_byte_at_a_time_and_all_at_once_give_the_same_interrupted_or_not() {
    let payloads = [0, 1, 16_384, 0, 700, 2_000, 16_384, 3].map(|len| payload(LIMITS.min + len));
    let stream = stream_of(&payloads);
    for interrupted in [false, true] {
        assert_read(chunks(&stream, &[1], interrupted), &payloads);
        assert_read(chunks(&stream, &[usize::MAX], interrupted), &payloads);
    }
}

#[test]
fn what_of_the_next_record_is_here_already_is_known_without_a_read() {
    let next = record(&payload(LIMITS.min + 5));
    for here in 0..=next.len() {
        let first = record(&payload(LIMITS.min));
        let stream = [&first[..], &next[..here]].concat();
        let mut reader = reader(Script::new([Bytes(stream)]));
        assert!(reader.unread_len() == 0 && !reader.is_ready());
        reader.read_record().unwrap();
        assert_eq!((reader.unread_len(), reader.is_ready()), (here, here == next.len()));
    }
}

#[test]
fn every_split_in_two_gives_the_same() {
    let payloads = [0, 5, 61].map(|len| payload(LIMITS.min + len));
    let stream = stream_of(&payloads);
    for split in 1..stream.len() {
        for interrupted in [false, true] {
            assert_read(chunks(&stream, &[split, usize::MAX], interrupted), &payloads);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        rng_seed: RngSeed::Fixed(8446),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn ten_thousand_random_chunkings_give_the_same(
        lens in vec(0_usize..600, 0..12),
        chunk_lens in vec(1_usize..900, 1..20),
        interrupted: bool,
    ) {
        let payloads: Vec<_> = lens.into_iter().map(|len| payload(LIMITS.min + len)).collect();
        assert_read(chunks(&stream_of(&payloads), &chunk_lens, interrupted), &payloads);
    }
}
