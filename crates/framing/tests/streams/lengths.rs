//! The length in a header is judged before anything is read or allocated for it.

use framing::{FrameError, MAX_EMPTY_RECORDS};

use crate::script::{Bytes, End, LIMITS, Script, payload, read_all, record};

/// A stream that has this header and nothing more: reading on fails the test.
fn header(length: usize) -> Script {
    Script::new([Bytes(u32::try_from(length).unwrap().to_be_bytes().to_vec())])
}

#[test]
fn lengths_above_the_limit_are_refused_with_nothing_more_read() {
    for announced in [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, LIMITS.max + 1] {
        let (payloads, end) = read_all(header(announced));
        assert!(payloads.is_empty());
        assert_matches!(end, Err(FrameError::TooLong { len, max: 16_432 }) if len == announced);
    }
}

#[test]
fn lengths_below_the_overhead_are_refused_with_nothing_more_read() {
    for announced in 0..LIMITS.min {
        let (payloads, end) = read_all(header(announced));
        assert!(payloads.is_empty());
        assert_matches!(end, Err(FrameError::TooShort { len, min: 48 }) if len == announced);
    }
}

#[test]
fn a_refused_length_behind_a_good_record_is_refused_just_so() {
    let stream = [record(&payload(100)), vec![0xff; 4]].concat();
    let (payloads, end) = read_all(Script::new([Bytes(stream)]));
    assert_eq!(payloads, [payload(100)]);
    assert_matches!(end, Err(FrameError::TooLong { len: 0xffff_ffff, max: 16_432 }));
}

#[test]
fn lengths_at_either_bound_are_fine() {
    let sent = [payload(LIMITS.min), payload(LIMITS.max)];
    let stream = sent.iter().flat_map(|payload| record(payload)).collect();
    let (payloads, end) = read_all(Script::new([Bytes(stream), End]));
    assert_eq!(payloads, sent);
    assert_matches!(end, Ok(()));
}

/// Records of these lengths, followed by the end of the stream.
fn records(lens: &[usize]) -> Script {
    Script::new([Bytes(lens.iter().flat_map(|&len| record(&payload(len))).collect()), End])
}

#[test]
fn empty_records_32_in_a_row_are_fine_and_the_33rd_is_refused() {
    let lens = [LIMITS.min; MAX_EMPTY_RECORDS as usize + 1];
    let (payloads, end) = read_all(records(&lens[1..]));
    assert_eq!(payloads.len(), 32);
    assert_matches!(end, Ok(()));

    let (payloads, end) = read_all(records(&lens));
    assert_eq!(payloads.len(), 32);
    assert_matches!(end, Err(FrameError::TooManyEmptyRecords));
}

#[test]
fn a_record_with_data_starts_the_count_of_empty_ones_anew() {
    let empty = [LIMITS.min; 32];
    let lens =
        [&empty[..], &[LIMITS.min + 1], &empty, &[LIMITS.max], &empty, &[LIMITS.min]].concat();
    let (payloads, end) = read_all(records(&lens));
    assert_eq!(payloads.len(), lens.len() - 1);
    assert_matches!(end, Err(FrameError::TooManyEmptyRecords));
}
