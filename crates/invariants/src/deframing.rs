use std::io::{self, ErrorKind, Read};

use framing::cutter::Cut;
use framing::stage::STAGES;
use framing::{Cutter, FrameError, LENGTH_LEN, Limits, MAX_EMPTY_RECORDS, RecordReader};

use crate::Choices;

/// The most room a reader may offer its stream, in bytes.
const MAX_ROOM: usize = 128 * 1024;

/// Longer streams show nothing more, in bytes.
const MAX_STREAM: usize = 320 * 1024;

/// A stream, any bytes in any pieces, is cut into the same records by the receiver's reader, the watcher's
/// cutter and the few lines here that say what a record is; the reader says the same of how it ends, and
/// keeps no more room than it promises.
///
/// # Panics
/// Where that does not hold.
pub fn deframing(input: &[u8]) {
    let mut choices = Choices::new(input);
    let stage = STAGES[1 + choices.below(4)];
    let pieces: Vec<u8> = (0..choices.below(16)).map(|_| choices.byte()).collect();
    let stream = stream(stage.limits(), &mut choices);
    reader_agrees(stage.limits(), &stream, &pieces);
    cutter_agrees(stage, &stream, &pieces);
}

/// Literal bytes and whole records, so that short inputs make long streams.
fn stream(limits: Limits, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    while !choices.is_empty() && stream.len() < MAX_STREAM {
        let kind = choices.byte();
        match kind {
            0..0x40 => stream.extend(choices.bytes(1 + usize::from(kind))),
            0x40..0xc0 => {
                let len = limits.min + choices.number();
                stream.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
                stream.extend((0..len.min(limits.max)).map(|_| kind));
            }
            0xc0.. => {
                let empty = u32::try_from(limits.min).unwrap_or(u32::MAX).to_be_bytes();
                for _ in 0xc0..=kind {
                    stream.extend(empty);
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

/// What a record is: the whole ones of `stream`, how it ends, and what is behind the last of them.
fn cut(limits: Limits, stream: &[u8], max_empty: u32) -> (Vec<&[u8]>, End, &[u8]) {
    let mut records = Vec::new();
    let mut rest = stream;
    let mut empty_in_a_row = 0;
    let end = loop {
        let got = rest.len();
        let Some(header) = rest.first_chunk::<LENGTH_LEN>() else {
            break if got == 0 { End::Clean } else { End::Truncated { got, wanted: LENGTH_LEN } };
        };
        let len = u32::from_be_bytes(*header) as usize;
        empty_in_a_row = if len == limits.min { empty_in_a_row + 1 } else { 0 };
        if len > limits.max {
            break End::TooLong { len };
        } else if len < limits.min {
            break End::TooShort { len };
        } else if empty_in_a_row > max_empty {
            break End::TooManyEmptyRecords;
        }
        let wanted = LENGTH_LEN + len;
        let Some((record, behind)) = rest.split_at_checked(wanted) else {
            break End::Truncated { got, wanted };
        };
        records.push(record);
        rest = behind;
    };
    (records, end, rest)
}

fn reader_agrees(limits: Limits, stream: &[u8], pieces: &[u8]) {
    let (records, end, _) = cut(limits, stream, MAX_EMPTY_RECORDS);
    let mut reader = RecordReader::new(Pieces::new(stream, pieces), limits);
    for record in records {
        let read = reader.read_record();
        assert_eq!(read.ok().flatten().as_deref(), record.get(LENGTH_LEN..));
    }
    let read = match reader.read_record() {
        Ok(None) => End::Clean,
        Ok(Some(payload)) => panic!("a record of {} bytes that is none", payload.len()),
        Err(FrameError::Truncated { got, wanted }) => End::Truncated { got, wanted },
        Err(FrameError::TooLong { len, max }) if max == limits.max => End::TooLong { len },
        Err(FrameError::TooShort { len, min }) if min == limits.min => End::TooShort { len },
        Err(FrameError::TooManyEmptyRecords) => End::TooManyEmptyRecords,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(read, end);
}

fn cutter_agrees(stage: &'static framing::Stage, stream: &[u8], pieces: &[u8]) {
    let (records, _, rest) = cut(stage.limits(), stream, u32::MAX);
    let mut cutter = Cutter::new(stage);
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

    /// How long the next piece is. The last length says "all there is", as does a stream without lengths.
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
