//! One direction of a connection, put in order.
//!
//! Positions count its bytes from the first, in 64 bits; the numbers on the wire have 32 and wrap. Of bytes that were
//! sent twice, the first copy counts.

use std::collections::BTreeMap;
use std::mem;

/// The most bytes that a segment may be ahead of what is due: the largest window that TCP has.
const MAX_AHEAD: i64 = 1 << 30;

/// Memory for what came too early, in bytes: of one direction, and of all.
const MAX_WAITING: usize = 16 << 20;
const MAX_WAITING_IN_ALL: usize = 64 << 20;

/// The memory that a segment costs besides its bytes.
const OVERHEAD: usize = 64;

/// Packets that may yet bring bytes that their receiver has acknowledged: captures are not always in order.
const PATIENCE: u32 = 16;

/// Bytes that are kept to compare them with what is sent once more.
const RECENT: usize = 64 * 1024;

/// Memory and counts of all directions.
#[derive(Default)]
pub struct Shared {
    /// Memory for what came too early, in bytes.
    waiting: usize,
    /// Segments that were sent twice, and not the same.
    pub differing: u64,
    /// Segments that are nowhere near to what is due.
    pub astray: u64,
}

/// The next piece of a direction.
pub enum Next<'b> {
    /// Bytes.
    Bytes(&'b [u8]),
    /// Bytes that the capture does not have; their number, if it is known.
    Missing(Option<u64>),
}

/// A direction.
#[derive(Default)]
pub struct Stream {
    /// The number of the byte that is due; none as long as no byte's number is known.
    due: Option<u32>,
    /// Its position.
    position: u64,
    /// Segments that came too early, by position. No two overlap, and none begins before what is due.
    waiting: BTreeMap<u64, Box<[u8]>>,
    /// Memory for it.
    cost: usize,
    /// The last bytes before what is due, if what is sent once more is to be compared with them.
    recent: Option<Vec<u8>>,
    /// The position up to which the receiver has acknowledged.
    acknowledged: u64,
    /// Packets since it has acknowledged what is due.
    overdue: u32,
    /// The position at which the direction ends.
    fin: Option<u64>,
}

impl Stream {
    /// A direction of which nothing is known yet. Whether what is sent once more is compared with what was sent first
    /// costs memory.
    pub fn new(is_compared: bool) -> Self {
        Self { recent: is_compared.then(Vec::new), ..Self::default() }
    }

    /// Says which byte is the first, unless that is known.
    pub fn begin(&mut self, seq: u32) {
        self.due.get_or_insert(seq);
    }

    /// Returns whether it is known which byte is the first.
    pub fn has_begun(&self) -> bool {
        self.due.is_some()
    }

    /// Returns whether a number may be one of what is due now or soon.
    pub fn is_near(&self, seq: u32) -> bool {
        (self.position_of(seq) - self.position.cast_signed()).abs() <= MAX_AHEAD
    }

    /// Returns whether all is told up to the end.
    pub fn is_at_its_end(&self) -> bool {
        self.fin.is_some_and(|fin| fin <= self.position)
    }

    /// Returns the position of a number, which may be before the first byte.
    fn position_of(&self, seq: u32) -> i64 {
        let due = self.due.unwrap_or(seq);
        self.position.cast_signed() + i64::from(seq.wrapping_sub(due).cast_signed())
    }

    /// Takes a segment. `give` takes what is next by now.
    pub fn segment(
        &mut self,
        seq: u32,
        payload: &[u8],
        shared: &mut Shared,
        give: &mut impl FnMut(Next<'_>),
    ) {
        self.begin(seq);
        if !self.is_near(seq) {
            shared.astray += 1;
            return;
        }
        let ahead = self.position_of(seq) - self.position.cast_signed();
        let known = usize::try_from(-ahead).unwrap_or(0).min(payload.len());
        let (old, new) = payload.split_at_checked(known).unwrap_or_default();
        // A byte before the one that is due asks whether anyone is there. What it is does not matter.
        if (ahead, payload.len()) != (-1, 1) && self.differs_from_recent(-ahead, old) {
            shared.differing += 1;
        }
        if new.is_empty() {
            return;
        }
        if ahead <= 0 && self.waiting.is_empty() {
            self.advance(new, give);
            return;
        }
        self.wait(self.position.saturating_add_signed(ahead.max(0)), new, shared);
        self.give_what_is_due(shared, give);
        while self.cost > MAX_WAITING || shared.waiting > MAX_WAITING_IN_ALL && self.cost > 0 {
            self.pass_over_a_gap(shared, give);
        }
    }

    /// Takes note that the direction ends behind a segment.
    pub fn end(&mut self, seq: u32) {
        self.begin(seq);
        let position = self.position_of(seq);
        if (0..=MAX_AHEAD).contains(&(position - self.position.cast_signed())) {
            self.fin.get_or_insert(position.unsigned_abs());
        }
    }

    /// Takes note that the receiver has everything up to here.
    pub fn acknowledge(&mut self, ack: u32, shared: &mut Shared, give: &mut impl FnMut(Next<'_>)) {
        if self.due.is_none() {
            return;
        }
        let position = self.position_of(ack);
        if position - self.position.cast_signed() > MAX_AHEAD {
            return;
        }
        self.acknowledged = self.acknowledged.max(u64::try_from(position).unwrap_or(0));
        let first = self.waiting.first_key_value().map(|(position, _)| *position);
        if first.is_some_and(|first| first <= self.acknowledged) {
            self.overdue += 1;
            if self.overdue > PATIENCE {
                self.pass_over_a_gap(shared, give);
            }
        }
    }

    /// Gives all that is left, for nothing more will come.
    pub fn finish(&mut self, shared: &mut Shared, give: &mut impl FnMut(Next<'_>)) {
        while !self.waiting.is_empty() {
            self.pass_over_a_gap(shared, give);
        }
        match self.fin {
            Some(fin) if fin > self.position => {
                give(Next::Missing(Some(fin - self.position)));
                self.position = fin;
            }
            // One number is that of the end itself, if the capture does not have that.
            None if self.acknowledged > self.position + 1 => give(Next::Missing(None)),
            _ => {}
        }
        self.forget(shared);
    }

    /// Frees what is kept: the direction is over.
    pub fn forget(&mut self, shared: &mut Shared) {
        self.waiting.clear();
        self.recent = None;
        shared.waiting -= mem::take(&mut self.cost);
    }

    /// Keeps what came too early, as far as nothing is kept in its place.
    fn wait(&mut self, mut position: u64, mut new: &[u8], shared: &mut Shared) {
        let before = self.waiting.range(..=position).next_back();
        let mut differs = false;
        let overlap = |at: u64, kept: &[u8], position: u64, new: &[u8]| {
            let kept = kept.get(len(position.saturating_sub(at))..).unwrap_or_default();
            let both = kept.len().min(new.len());
            (both, kept.get(..both) != new.get(..both))
        };
        if let Some((at, kept)) = before {
            let (both, is_different) = overlap(*at, kept, position, new);
            differs |= is_different;
            position += wide(both);
            new = new.get(both..).unwrap_or_default();
        }
        let mut pieces = Vec::new();
        for (at, kept) in self.waiting.range(position..position.saturating_add(wide(new.len()))) {
            let (free, behind) = new.split_at_checked(len(at - position)).unwrap_or_default();
            pieces.push((position, free));
            let (both, is_different) = overlap(*at, kept, *at, behind);
            differs |= is_different;
            position = at + wide(both);
            new = behind.get(both..).unwrap_or_default();
        }
        pieces.push((position, new));
        for (position, piece) in pieces {
            if !piece.is_empty() {
                self.cost += OVERHEAD + piece.len();
                shared.waiting += OVERHEAD + piece.len();
                self.waiting.insert(position, piece.into());
            }
        }
        shared.differing += u64::from(differs);
    }

    fn give_what_is_due(&mut self, shared: &mut Shared, give: &mut impl FnMut(Next<'_>)) {
        while let Some(first) = self.waiting.first_entry()
            && *first.key() <= self.position
        {
            let bytes = first.remove();
            self.cost -= OVERHEAD + bytes.len();
            shared.waiting -= OVERHEAD + bytes.len();
            self.advance(&bytes, give);
        }
    }

    /// Gives up what is due, and goes on with what came behind it.
    fn pass_over_a_gap(&mut self, shared: &mut Shared, give: &mut impl FnMut(Next<'_>)) {
        let Some((&first, _)) = self.waiting.first_key_value() else { return };
        let gap = first.saturating_sub(self.position);
        if gap > 0 {
            give(Next::Missing(Some(gap)));
            self.pass(gap);
            self.recent.iter_mut().for_each(Vec::clear);
        }
        self.give_what_is_due(shared, give);
    }

    fn advance(&mut self, bytes: &[u8], give: &mut impl FnMut(Next<'_>)) {
        give(Next::Bytes(bytes));
        self.pass(wide(bytes.len()));
        let Some(recent) = &mut self.recent else { return };
        if recent.len() + bytes.len() > 2 * RECENT {
            let kept = recent.len().saturating_sub(RECENT);
            recent.drain(..kept);
        }
        match bytes.len().checked_sub(RECENT) {
            Some(start) => bytes.get(start..).unwrap_or_default().clone_into(recent),
            None => recent.extend_from_slice(bytes),
        }
    }

    fn pass(&mut self, bytes: u64) {
        self.position += bytes;
        self.overdue = 0;
        #[allow(clippy::cast_possible_truncation, reason = "these numbers wrap")]
        let due = self.due.map(|due| due.wrapping_add(bytes as u32));
        self.due = due;
    }

    /// Compares bytes that begin so far back with those that were given.
    fn differs_from_recent(&self, back: i64, old: &[u8]) -> bool {
        let Some(recent) = &self.recent else { return false };
        let back = usize::try_from(back).unwrap_or(0);
        // What is too far back to be known is not compared.
        let old = old.get(back.saturating_sub(recent.len())..).unwrap_or_default();
        let recent = recent.get(recent.len().saturating_sub(back)..).unwrap_or_default();
        !recent.starts_with(old)
    }
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn len(wide: u64) -> usize {
    usize::try_from(wide).unwrap_or(usize::MAX)
}
