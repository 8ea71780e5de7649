//! Which secret opens the next record of a direction.

use std::collections::VecDeque;

use crypto::tls13::record::{ContentType, OVERHEAD, Opener};
use crypto::tls13::secret::Secret;
use transcript::Opened;

/// The most records in a row that may fail under a key that has opened some, before it is given up.
const MAX_FAILURES: u32 = 16;

/// The most numbers that are tried behind a gap.
const MAX_GAP: u64 = 1_024;

/// The keys of a direction, in the order of their use.
#[derive(Default)]
pub struct Keys {
    /// The first is in use. Others are known already, and come later.
    all: VecDeque<Key>,
}

/// The use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// Data that a client sends before the server has answered.
    Early,
    /// Messages of the handshake.
    Handshake,
    /// Data, after so many `KeyUpdate`s.
    Application(u64),
}

impl Epoch {
    /// Returns when a client or a server uses its key, in words.
    pub fn when(self) -> &'static str {
        match self {
            Self::Early => "before the server has answered",
            Self::Handshake => "in the handshake",
            Self::Application(_) => "after its Finished",
        }
    }
}

/// A key, and what is known of it.
pub struct Key {
    /// The name of its secret in the RFC.
    pub name: String,
    /// The name of its secret in a key log.
    pub label: String,
    /// Its use.
    pub epoch: Epoch,
    /// The secret, once for each suite that it may belong to. None, if the key log has it not.
    candidates: Vec<(Secret, Opener)>,
    opened: u64,
    /// Records in a row that failed.
    failures: u32,
}

/// A record that was opened.
pub struct Unsealed {
    /// Its true type, if it has one.
    pub kind: Option<ContentType>,
    /// Length of its content, which lies where the payload lay.
    pub len: usize,
    /// How it was opened.
    pub opened: Opened,
    /// The use of the key.
    pub epoch: Epoch,
    /// Whether it is the first record of another key than the one that was due.
    pub has_moved: bool,
}

/// A reason that a record stays closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// There are no keys at all.
    NoKeys,
    /// The key log has not the secret of this name, by its label.
    NotLogged {
        /// The label.
        label: String,
        /// The use of the key.
        epoch: Epoch,
    },
    /// The tag does not verify.
    BadTag {
        /// The name of the secret.
        name: String,
        /// The number of the record.
        seq: u64,
        /// Whether the key has opened others.
        is_proven: bool,
    },
    /// The key was given up before.
    GivenUp,
}

impl Key {
    /// A key that may belong to any of these secrets.
    pub fn new(name: String, label: String, epoch: Epoch, secrets: Vec<Secret>) -> Self {
        let with_opener = |secret| {
            let opener = Opener::new(&secret);
            (secret, opener)
        };
        let candidates = secrets.into_iter().map(with_opener).collect();
        Self { name, label, epoch, candidates, opened: 0, failures: 0 }
    }

    /// Returns whether the key log has it.
    pub fn is_known(&self) -> bool {
        !self.candidates.is_empty()
    }

    fn is_given_up(&self) -> bool {
        self.failures >= if self.opened == 0 { 2 } else { MAX_FAILURES }
    }

    /// Returns the key that follows after a `KeyUpdate`.
    fn next(&self) -> Option<Self> {
        let Epoch::Application(generation) = self.epoch else { return None };
        let generation = generation.checked_add(1)?;
        let stem = self.name.trim_end_matches(|it: char| it.is_ascii_digit());
        let secrets = self.candidates.iter().map(|(secret, _)| secret.next()).collect();
        let (name, epoch) = (format!("{stem}{generation}"), Epoch::Application(generation));
        Some(Self::new(name, self.label.clone(), epoch, secrets))
    }

    /// Tries to open a record. If that fails, `payload` is as before: a copy of `sealed`.
    fn open(&mut self, header: &[u8], payload: &mut [u8], sealed: &[u8]) -> Option<Unsealed> {
        let mut found = None;
        for (index, (_, opener)) in self.candidates.iter_mut().enumerate() {
            let Some((seq, nonce)) = opener.next_nonce() else { continue };
            if let Ok((kind, content)) = opener.open(header, payload) {
                let len = content.len();
                let padding = sealed.len().saturating_sub(OVERHEAD + len);
                let opened =
                    Opened { key: self.name.clone(), seq, nonce: nonce.as_slice().into(), padding };
                let epoch = self.epoch;
                found = Some((index, Unsealed { kind, len, opened, epoch, has_moved: false }));
                break;
            }
            payload.copy_from_slice(sealed);
        }
        let (index, unsealed) = found?;
        if self.candidates.len() > 1 {
            self.candidates = self.candidates.drain(..).skip(index).take(1).collect();
        }
        self.opened += 1;
        self.failures = 0;
        Some(unsealed)
    }

    /// Tries to open a record with the numbers from the due one on. Returns how many were passed over.
    fn find(
        &mut self,
        header: &[u8],
        payload: &mut [u8],
        sealed: &[u8],
    ) -> Option<(Unsealed, u64)> {
        let due: Vec<_> = self.candidates.iter().map(|(_, it)| it.next_nonce()).collect();
        for gap in 0..MAX_GAP {
            if let Some(unsealed) = self.open(header, payload, sealed) {
                return Some((unsealed, gap));
            }
            self.candidates.iter_mut().for_each(|(_, opener)| opener.pass_over());
        }
        for ((secret, opener), due) in self.candidates.iter_mut().zip(due) {
            *opener = Opener::new(secret);
            (0..due.map_or(0, |(seq, _)| seq)).for_each(|_| opener.pass_over());
        }
        None
    }
}

impl Keys {
    /// Adds the key that is in use after all those that are there.
    pub fn add(&mut self, key: Key) {
        self.all.push_back(key);
    }

    /// Returns whether there are any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Goes on to the next key, if the one in use is for this.
    pub fn advance_from(&mut self, epoch: Epoch) {
        if self.all.front().is_some_and(|key| key.epoch == epoch) {
            self.all.pop_front();
        }
    }

    /// Goes on to the next key, as a `KeyUpdate` asks. Returns the names of the old and the new one.
    pub fn update(&mut self) -> Option<(String, String)> {
        let front = self.all.front_mut()?;
        let next = front.next()?;
        let old = std::mem::replace(front, next);
        Some((old.name, front.name.clone()))
    }

    /// Returns the secret in use, if it is known, and for sure.
    pub fn secret(&self) -> Option<&Secret> {
        match self.all.front()?.candidates.as_slice() {
            [(secret, _)] => Some(secret),
            _ => None,
        }
    }

    /// Returns the epoch of the key in use.
    pub fn epoch(&self) -> Option<Epoch> {
        Some(self.all.front()?.epoch)
    }

    /// Opens the next record where it lies, by the key in use, or by one that follows: a client need not say when it
    /// stops sending early data, and the record that would have said so may not be in the capture. The tag proves it.
    ///
    /// # Errors
    /// [`Closed`]. In that case `payload` is as before: a copy of `sealed`.
    pub fn open(
        &mut self,
        header: &[u8],
        payload: &mut [u8],
        sealed: &[u8],
    ) -> Result<Unsealed, Closed> {
        for index in 0..self.all.len() {
            let Some(key) = self.all.get_mut(index) else { break };
            if key.is_given_up() {
                continue;
            }
            if let Some(mut unsealed) = key.open(header, payload, sealed) {
                self.all.drain(..index);
                unsealed.has_moved = index > 0;
                return Ok(unsealed);
            }
        }
        let Some(front) = self.all.front_mut() else { return Err(Closed::NoKeys) };
        if !front.is_known() {
            let (label, epoch) = (front.label.clone(), front.epoch);
            return Err(Closed::NotLogged { label, epoch });
        }
        if front.is_given_up() {
            return Err(Closed::GivenUp);
        }
        if let Some(mut next) = front.next()
            && let Some(mut unsealed) = next.open(header, payload, sealed)
        {
            *front = next;
            unsealed.has_moved = true;
            return Ok(unsealed);
        }
        let due = front.candidates.first().and_then(|(_, opener)| opener.next_nonce());
        front.candidates.iter_mut().for_each(|(_, opener)| opener.pass_over());
        front.failures += 1;
        Err(Closed::BadTag {
            name: front.name.clone(),
            seq: due.map_or(0, |(seq, _)| seq),
            is_proven: front.opened > 0,
        })
    }

    /// Opens a record behind a gap. Returns how many records were passed over under its key.
    pub fn find(
        &mut self,
        header: &[u8],
        payload: &mut [u8],
        sealed: &[u8],
    ) -> Option<(Unsealed, u64)> {
        for index in 0..self.all.len() {
            let key = self.all.get_mut(index)?;
            if let Some((mut unsealed, gap)) = key.find(header, payload, sealed) {
                self.all.drain(..index);
                unsealed.has_moved = index > 0;
                return Some((unsealed, gap));
            }
        }
        None
    }
}
