//! A header of another shape than the 4 bytes of length of parts 1 to 4.

use framing::cutter::{Cut, Cutter};
use framing::{FrameError, Header, Limits, RecordReader, RecordWriter};

use crate::script::payload;

/// 3 bytes with another use and 2 of length, as in TLS 1.3 (RFC 8446, section 5.1).
const TLS: Header = Header { prefix_len: 3, length_len: 2 };

const LIMITS: Limits = Limits::with_overhead(17);

/// What stands in front of 300 bytes of application data.
const HEADER: [u8; 5] = [23, 3, 3, 0x01, 0x2c];

/// Two records of application data.
fn stream() -> Vec<u8> {
    let mut stream = Vec::new();
    let mut writer = RecordWriter::new(&mut stream);
    for _ in 0..2 {
        writer.begin(&HEADER).unwrap().extend_from_slice(&payload(300));
    }
    writer.flush().unwrap();
    stream
}

#[test]
fn a_header_is_encoded_with_its_prefix_zero_and_its_length_big_endian() {
    assert_eq!(*TLS.encode(0x012c), [0, 0, 0, 0x01, 0x2c]);
    assert_eq!(*Header::LENGTH.encode(0x0102_0304), [1, 2, 3, 4]);
    assert_eq!(*Header::NONE.encode(300), []);
    assert_eq!([TLS, Header::LENGTH, Header::NONE].map(Header::len), [5, 4, 0]);
    assert_eq!([TLS, Header::LENGTH, Header::NONE].map(Header::is_empty), [false, false, true]);
}

#[test]
fn a_length_is_read_once_the_header_is_whole() {
    for len in 0..5 {
        assert_eq!(TLS.payload_len(&HEADER[..len]), None);
    }
    assert_eq!(TLS.payload_len(&HEADER), Some(300));
    assert_eq!(TLS.payload_len(&stream()), Some(300));
    assert_eq!(Header::NONE.payload_len(&HEADER), None);
}

#[test]
fn a_header_of_5_bytes_is_written_as_given_and_read_as_it_arrived() {
    let stream = stream();
    assert_eq!(stream, [&HEADER[..], &payload(300)].concat().repeat(2));
    let mut reader = RecordReader::new(&stream[..], TLS, LIMITS);
    for _ in 0..2 {
        let record = reader.read_record().unwrap().unwrap();
        assert_eq!(record.header, HEADER);
        assert_eq!(record.payload, payload(300));
    }
    assert_matches!(reader.read_record(), Ok(None));
}

#[test]
fn a_cut_within_5_bytes_of_header_wants_5_and_behind_them_the_record() {
    let stream = stream();
    for (got, needed) in [(1, 5), (4, 5), (5, 305), (304, 305)] {
        let mut reader = RecordReader::new(&stream[..got], TLS, LIMITS);
        assert_matches!(
            reader.read_record(),
            Err(FrameError::Truncated { got: arrived, wanted }) if (arrived, wanted) == (got, needed)
        );
    }
}

#[test]
fn a_length_of_2_bytes_is_held_to_the_limits() {
    for (length, refusal) in
        [(16, "TooShort"), (17, "Truncated"), (16_401, "Truncated"), (16_402, "TooLong")]
    {
        let header = TLS.encode(length);
        let refused = RecordReader::new(&header[..], TLS, LIMITS).read_record().unwrap_err();
        assert!(format!("{refused:?}").starts_with(refusal), "{length}: {refused:?}");
    }
}

#[test]
fn a_cutter_finds_records_behind_5_bytes_of_header() {
    let stream = stream();
    let mut cutter = Cutter::new(TLS, LIMITS);
    let mut cuts = Vec::new();
    for byte in &stream {
        cutter.push(&[*byte], |cut| cuts.push(cut));
    }
    let bytes = stream[..305].to_vec();
    let second = Cut::Record { index: 1, bytes: bytes.clone() };
    assert_eq!(cuts, [Cut::Record { index: 0, bytes }, second]);
    assert_eq!(cutter.end(), None);
}

/// The record that has half arrived is held to them too: its header was not checked before.
#[test]
fn other_limits_hold_from_the_next_record_on() {
    let stream = stream();
    let mut reader = RecordReader::new(&stream[..400], TLS, LIMITS);
    reader.read_record().unwrap().unwrap();
    assert_ne!(reader.unread_len(), 0);
    reader.set_limits(Limits::with_overhead(301));
    assert_matches!(reader.read_record(), Err(FrameError::TooShort { len: 300, min: 301 }));
}
