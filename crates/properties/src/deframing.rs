use std::io::{self, ErrorKind, Read};

use framing::cutter::Cut;
use framing::{Cutter, FrameError, MAX_EMPTY_RECORDS, RecordReader};
use stages::{STAGES, Stage};

use crate::Choices;

/// The most room a reader may offer its stream, in bytes.
const MAX_ROOM: usize = 128 * 1024;

/// Length in bytes beyond which a stream shows nothing more.
const MAX_STREAM: usize = 320 * 1024;

/// Checks that a stream, any bytes in any pieces, is cut into the same records by the receiver's
/// reader, the watcher's cutter and the few lines here that say what a record is; that the reader
/// reports the same end, and that it keeps no more room than it promises.
///
/// # Panics
/// Where that does not hold.
pub fn deframing(input: &[u8]) {
    let mut choices = Choices::new(input);
    let stages: Vec<_> = STAGES.iter().filter(|stage| stage.has_records()).collect();
    let stage = stages[choices.below(stages.len())];
    let pieces: Vec<u8> = (0..choices.below(16)).map(|_| choices.byte()).collect();
    let stream = stream(stage, &mut choices);
    reader_agrees(stage, &stream, &pieces);
    cutter_agrees(stage, &stream, &pieces);
}

/// Literal bytes and whole records, so that short inputs make long streams.
fn stream(stage: &Stage, choices: &mut Choices<'_>) -> Vec<u8> {
    let (header, limits) = (stage.header(), stage.limits());
    let mut stream = Vec::new();
    while !choices.is_empty() && stream.len() < MAX_STREAM {
        let kind = choices.byte();
        match kind {
            0..0x40 => stream.extend(choices.bytes(1 + usize::from(kind))),
            0x40..0xc0 => {
                let len = limits.min + choices.number();
                stream.extend(&*header.encode(len));
                stream.extend((0..len.min(limits.max)).map(|_| kind));
            }
            0xc0.. => {
                for _ in 0xc0..=kind {
                    stream.extend(&*header.encode(limits.min));
                    stream.extend((0..limits.min).map(|_| kind));
                }
            }
        }
    }
    stream
}

/// How a stream ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Clean,
    Truncated { got: usize, wanted: usize },
    TooLong { len: usize },
    TooShort { len: usize },
    TooManyEmptyRecords,
}

/// Says what a record is: returns the whole ones of `stream`, how it ends, and what follows the
/// last of them.
fn cut<'s>(stage: &Stage, stream: &'s [u8], max_empty: u32) -> (Vec<&'s [u8]>, End, &'s [u8]) {
    let (header, limits) = (stage.header(), stage.limits());
    let mut records = Vec::new();
    let mut rest = stream;
    let mut empty_in_a_row = 0;
    let end = loop {
        let got = rest.len();
        let Some(length) = rest.get(header.prefix_len..header.len()) else {
            break if got == 0 { End::Clean } else { End::Truncated { got, wanted: header.len() } };
        };
        let len = length.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        empty_in_a_row = if len == limits.min { empty_in_a_row + 1 } else { 0 };
        if len > limits.max {
            break End::TooLong { len };
        } else if len < limits.min {
            break End::TooShort { len };
        } else if empty_in_a_row > max_empty {
            break End::TooManyEmptyRecords;
        }
        let wanted = header.len() + len;
        let Some((record, behind)) = rest.split_at_checked(wanted) else {
            break End::Truncated { got, wanted };
        };
        records.push(record);
        rest = behind;
    };
    (records, end, rest)
}

fn reader_agrees(stage: &Stage, stream: &[u8], pieces: &[u8]) {
    let (header, limits) = (stage.header(), stage.limits());
    let (records, end, _) = cut(stage, stream, MAX_EMPTY_RECORDS);
    let mut reader = RecordReader::new(Pieces::new(stream, pieces), header, limits);
    for record in records {
        let read = reader.read_record().ok().flatten().expect("a record");
        assert_eq!((read.header, &*read.payload), record.split_at(header.len()));
    }
    let read = match reader.read_record() {
        Ok(None) => End::Clean,
        Ok(Some(record)) => panic!("no record, and yet one was read: {record:?}"),
        Err(FrameError::Truncated { got, wanted }) => End::Truncated { got, wanted },
        Err(FrameError::TooLong { len, max }) if max == limits.max => End::TooLong { len },
        Err(FrameError::TooShort { len, min }) if min == limits.min => End::TooShort { len },
        Err(FrameError::TooManyEmptyRecords) => End::TooManyEmptyRecords,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(read, end);
}

fn cutter_agrees(stage: &Stage, stream: &[u8], pieces: &[u8]) {
    let (records, _, rest) = cut(stage, stream, u32::MAX);
    let mut cutter = Cutter::new(stage.header(), stage.limits());
    let mut expected = (0..).zip(records);
    let mut loose = Vec::new();
    let mut check = |cut| match cut {
        Cut::Record { index, bytes } => {
            assert!(loose.is_empty(), "a record behind loose bytes");
            assert_eq!(Some((index, bytes.as_slice())), expected.next());
        }
        Cut::Loose(bytes) => loose.extend(bytes),
    };
    let mut pieces = Pieces::new(stream, pieces);
    while let Some(piece) = pieces.next() {
        cutter.push(piece, &mut check);
    }
    cutter.end().into_iter().for_each(check);
    assert_eq!(expected.next(), None);
    assert_eq!(loose, rest);
}

/// A stream that gives its bytes in pieces of these lengths, over and over, and is interrupted where a
/// length is 0.
struct Pieces<'s> {
    unread: &'s [u8],
    lens: &'s [u8],
    read: usize,
}

impl<'s> Pieces<'s> {
    fn new(stream: &'s [u8], lens: &'s [u8]) -> Self {
        Self { unread: stream, lens, read: 0 }
    }

    /// Returns how long the next piece is. The last length, or a stream without lengths, means "all
    /// there is".
    fn len(&mut self) -> usize {
        let len = self.lens.get(self.read % (self.lens.len() + 1));
        self.read += 1;
        len.map_or(usize::MAX, |&len| len.into())
    }

    fn next(&mut self) -> Option<&'s [u8]> {
        let len = self.len().min(self.unread.len());
        let (piece, behind) = self.unread.split_at(len);
        let is_over = self.unread.is_empty();
        self.unread = behind;
        (!is_over).then_some(piece)
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        assert!((1..=MAX_ROOM).contains(&room.len()), "room for {} bytes", room.len());
        match self.len() {
            0 => Err(ErrorKind::Interrupted.into()),
            len => {
                let len = len.min(room.len());
                self.unread.read(&mut room[..len])
            }
        }
    }
}
