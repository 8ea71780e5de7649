//! Records out of the bytes of one direction, where they lie.

/// Length of a record's header in bytes.
pub const HEADER_LEN: usize = 5;

/// The longest payload of a record (RFC 8446, section 5.2).
const MAX_PAYLOAD_LEN: usize = (1 << 14) + 256;

/// Bytes that have come and are not told yet: less than a record, between two calls.
#[derive(Default)]
pub struct Records {
    bytes: Vec<u8>,
    start: usize,
}

/// The next of a direction.
pub enum Next<'r> {
    /// A record, its header in front.
    Record(&'r mut [u8]),
    /// Bytes that begin no record.
    NoRecord,
    /// Less than a record.
    More,
}

impl Records {
    /// Adds what came next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Cuts the next record off.
    pub fn cut(&mut self) -> Next<'_> {
        let rest = self.bytes.get_mut(self.start..).unwrap_or_default();
        if !may_begin_record(rest) {
            return Next::NoRecord;
        }
        let [_, _, _, high, low, ..] = rest else { return Next::More };
        let len = HEADER_LEN + usize::from(u16::from_be_bytes([*high, *low]));
        let Some((record, _)) = rest.split_at_mut_checked(len) else { return Next::More };
        self.start += len;
        Next::Record(record)
    }

    /// Takes all that is left.
    pub fn take(&mut self) -> Vec<u8> {
        let rest = self.bytes.split_off(self.start.min(self.bytes.len()));
        *self = Self::default();
        rest
    }
}

/// Returns whether bytes may be the beginning of a record: their type, their version and their length are those of one,
/// as far as they are there.
pub fn may_begin_record(bytes: &[u8]) -> bool {
    let is_type = bytes.first().is_none_or(|kind| (20..=26).contains(kind));
    let is_version = bytes.get(1).is_none_or(|major| *major == 3)
        && bytes.get(2).is_none_or(|minor| *minor <= 4);
    let fits = match bytes {
        [_, _, _, high, low, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) <= MAX_PAYLOAD_LEN
        }
        _ => true,
    };
    is_type && is_version && fits
}

/// Returns whether bytes begin with the whole header of an encrypted record.
pub fn begins_sealed(bytes: &[u8]) -> bool {
    matches!(bytes, [23, 3, 3, _, _, ..]) && may_begin_record(bytes)
}

/// Returns whether bytes begin with the record of a Hello.
pub fn begins_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, _, _, _, 1 | 2, 0, ..]) && may_begin_record(bytes)
}
