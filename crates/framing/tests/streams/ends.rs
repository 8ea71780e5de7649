//! Where a stream may end, and where its end is a cut.

use std::io::ErrorKind;

use framing::FrameError;

use crate::script::{Bytes, End, Fail, Script, payload, read_all, record, wanted};

#[test]
fn an_end_before_the_first_byte_is_clean() {
    let (payloads, end) = read_all(Script::new([End]));
    assert!(payloads.is_empty());
    assert_matches!(end, Ok(()));
}

#[test]
fn an_end_within_the_length_or_right_behind_it_or_later_tells_what_was_got_and_wanted() {
    let record = record(&payload(100));
    for (cut, needed) in [(1, 4), (2, 4), (3, 4), (4, 104), (5, 104), (103, 104)] {
        let (payloads, end) = read_all(Script::new([Bytes(record[..cut].to_vec()), End]));
        assert!(payloads.is_empty());
        assert_matches!(
            end,
            Err(FrameError::Truncated { got, wanted }) if (got, wanted) == (cut, needed)
        );
    }
}

#[test]
fn every_cut_of_three_records_is_clean_between_them_and_truncated_elsewhere() {
    let sent = [payload(50), payload(48), payload(100)];
    let stream: Vec<u8> = sent.iter().flat_map(|payload| record(payload)).collect();
    let starts = [0, 54, 106, 210];
    assert_eq!(starts[3], stream.len());
    for cut in 1..=stream.len() {
        let whole = starts.iter().filter(|&&start| start <= cut).count() - 1;
        let (payloads, end) = read_all(Script::new([Bytes(stream[..cut].to_vec()), End]));
        assert_eq!(payloads, sent[..whole], "cut at {cut}");
        let rest = cut - starts[whole];
        match rest {
            0 => assert_matches!(end, Ok(())),
            _ => assert_matches!(
                end,
                Err(FrameError::Truncated { got, wanted: due })
                    if (got, due) == (rest, wanted(rest, sent[whole].len()))
            ),
        }
    }
}

#[test]
fn a_stream_that_fails_is_neither_clean_nor_truncated() {
    for kind in [ErrorKind::ConnectionReset, ErrorKind::WouldBlock, ErrorKind::TimedOut] {
        let cut = |len| Bytes(record(&payload(100))[..len].to_vec());
        let before = [vec![], vec![cut(3)], vec![cut(4)], vec![cut(90)]];
        for steps in before {
            let (payloads, end) = read_all(Script::new(steps.into_iter().chain([Fail(kind)])));
            assert!(payloads.is_empty());
            assert_matches!(end, Err(FrameError::Io(error)) if error.kind() == kind);
        }
    }
}
