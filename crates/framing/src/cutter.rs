//! Records out of the pieces of a stream, for someone who only watches.
//!
//! A receiver may refuse what it does not like and read no further. A watcher cannot: it takes the bytes
//! as they pass by, and shows whatever they are.

use crate::{Header, Limits};

/// Cuts what passed by in one direction into records.
#[derive(Debug)]
pub struct Cutter {
    header: Header,
    limits: Limits,
    /// So many records at the beginning have limits of their own.
    first: (u64, Limits),
    /// The beginning of a record that is not whole yet.
    rest: Vec<u8>,
    index: u64,
    /// Set once a length was invalid: where the next record begins is unknown from then on.
    lost: bool,
}

/// A piece of the stream, as a watcher sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut {
    /// A whole record, its header in front.
    Record {
        /// Its index in its direction, from 0.
        index: u64,
        /// Header and payload.
        bytes: Vec<u8>,
    },
    /// Bytes that are not a record: raw ones where there is no header, else what follows a length
    /// that no receiver accepts, or a record that was cut.
    Loose(Vec<u8>),
}

impl Cutter {
    /// Makes a cutter for one direction of a connection, with this header and payloads within
    /// `limits`.
    pub fn new(header: Header, limits: Limits) -> Self {
        let first = (0, limits);
        Self { header, limits, first, rest: Vec::new(), index: 0, lost: header.is_empty() }
    }

    /// Holds the first `count` records to other limits, for they are of another kind.
    #[must_use]
    pub fn after(mut self, count: u64, limits: Limits) -> Self {
        self.first = (count, limits);
        self
    }

    /// Takes the next bytes, and calls `found` with whatever is complete now.
    pub fn push(&mut self, bytes: &[u8], mut found: impl FnMut(Cut)) {
        self.rest.extend_from_slice(bytes);
        let mut unread = self.rest.as_slice();
        while let (false, Some(len)) = (self.lost, self.header.payload_len(unread)) {
            let (count, first) = self.first;
            let limits = if self.index < count { first } else { self.limits };
            if !limits.contains(len) {
                self.lost = true;
                break;
            }
            let record_len = self.header.len() + len;
            let Some((record, behind)) = unread.split_at_checked(record_len) else { break };
            found(Cut::Record { index: self.index, bytes: record.to_vec() });
            self.index += 1;
            unread = behind;
        }
        let done = self.rest.len() - unread.len();
        self.rest.drain(..done);
        if self.lost {
            self.end().into_iter().for_each(found);
        }
    }

    /// Ends the stream, and returns what is left, if anything.
    pub fn end(&mut self) -> Option<Cut> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then_some(Cut::Loose(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::with_overhead(48);

    fn record(fill: u8, plaintext_len: usize) -> Vec<u8> {
        let len = 48 + plaintext_len;
        [&u32::try_from(len).unwrap().to_be_bytes()[..], &vec![fill; len]].concat()
    }

    fn cut(header: Header, pieces: &[&[u8]]) -> Vec<Cut> {
        let mut cutter = Cutter::new(header, LIMITS);
        let mut cuts = vec![];
        for piece in pieces {
            cutter.push(piece, |cut| cuts.push(cut));
        }
        cuts.extend(cutter.end());
        cuts
    }

    #[test]
    fn the_same_records_come_out_however_the_stream_was_cut() {
        let stream = [record(1, 0), record(2, 7), record(3, 61)].concat();
        let expected: Vec<_> = [record(1, 0), record(2, 7), record(3, 61)]
            .into_iter()
            .zip(0..)
            .map(|(bytes, index)| Cut::Record { index, bytes })
            .collect();
        for at in 0..=stream.len() {
            let (a, b) = stream.split_at(at);
            assert_eq!(cut(Header::LENGTH, &[a, b]), expected);
        }
        let single: Vec<_> = stream.chunks(1).collect();
        assert_eq!(cut(Header::LENGTH, &single), expected);
    }

    #[test]
    fn a_record_that_was_cut_is_loose_bytes_at_the_end() {
        let stream = [record(1, 0), record(2, 7)[..20].to_vec()].concat();
        let expected = [
            Cut::Record { index: 0, bytes: record(1, 0) },
            Cut::Loose(record(2, 7)[..20].to_vec()),
        ];
        assert_eq!(cut(Header::LENGTH, &[&stream]), expected);
    }

    #[test]
    fn after_a_length_that_no_receiver_accepts_all_bytes_are_loose() {
        for length in [0, 47, 48 + 16_385, u32::MAX] {
            let bad = length.to_be_bytes();
            let good = record(1, 3);
            let cuts = cut(Header::LENGTH, &[&good, &bad, &good]);
            let expected = [
                Cut::Record { index: 0, bytes: good.clone() },
                Cut::Loose(bad.to_vec()),
                Cut::Loose(good),
            ];
            assert_eq!(cuts, expected);
        }
    }

    #[test]
    fn raw_bytes_are_loose_as_they_come() {
        let loose = |bytes: &[u8]| Cut::Loose(bytes.to_vec());
        assert_eq!(cut(Header::NONE, &[b"GE", b"T /"]), [loose(b"GE"), loose(b"T /")]);
    }
}
