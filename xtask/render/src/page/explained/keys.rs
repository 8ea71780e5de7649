//! The keys of a connection as the tree of their secrets, and what each of them protects.

use transcript::schedule::{LEVELS, Level, Secret};
use transcript::{Direction, Role};

use super::super::connection::to_peer;
use super::row::{Row, What};

/// Keys that are shown. No honest connection has as many.
const SHOWN: usize = 32;

/// The keys of a connection.
#[derive(Default)]
pub struct Keys {
    pub all: Vec<Key>,
}

/// A key, or the secret that it is made of.
pub struct Key {
    /// Its number on the page.
    pub number: usize,
    pub name: String,
    /// Where it was found, and what it was made from.
    pub from: String,
    pub direction: Option<Direction>,
    /// Whether no other key protects the same direction before.
    pub is_first: bool,
    /// What it protects.
    pub under: Vec<Under>,
    /// Whether a Finished is among that.
    pub makes_finished: bool,
    /// Records that it protects.
    pub records: usize,
}

/// A message under a key, or records of data in a row.
pub struct Under {
    /// The number of the first row.
    pub row: u64,
    /// What that is.
    first: String,
    /// What several are, if they are told together.
    all: Option<&'static str>,
    rows: usize,
}

impl Under {
    pub fn title(&self) -> String {
        match self.all {
            Some(all) if self.rows > 1 => format!("{} {all}", self.rows),
            _ => self.first.clone(),
        }
    }
}

/// A secret of the tree, and its key, if that is known.
pub struct Place<'a> {
    pub secret: Option<&'static Secret>,
    pub key: Option<&'a Key>,
}

impl Keys {
    /// Adds a key. Returns its number.
    pub fn add(&mut self, name: &str, from: String, direction: Option<Direction>) -> Option<usize> {
        if let Some(known) = self.find(name) {
            return Some(known.number);
        }
        if self.all.len() >= SHOWN {
            return None;
        }
        let number = self.all.len() + 1;
        let is_first = self.all.iter().all(|key| key.direction != direction);
        let name = name.to_owned();
        self.all.push(Key {
            number,
            name,
            from,
            direction,
            is_first,
            under: Vec::new(),
            makes_finished: false,
            records: 0,
        });
        Some(number)
    }

    /// Adds a row to what the key of this name protects.
    pub fn open(&mut self, name: &str, row: &Row) {
        _ = self.add(name, String::new(), Some(to_peer(row.from)));
        let Some(key) = self.all.iter_mut().find(|key| key.name == name) else { return };
        key.records += usize::from(row.has_record());
        key.makes_finished |= row.is_finished();
        let all = matches!(row.what, What::Data(_)).then(|| row.noun());
        match key.under.last_mut() {
            Some(last) if all.is_some() && last.all == all => last.rows += 1,
            _ => key.under.push(Under { row: row.id, first: row.title(), all, rows: 1 }),
        }
    }

    pub fn find(&self, name: &str) -> Option<&Key> {
        self.all.iter().find(|key| key.name == name)
    }

    /// Returns the tree: each level, and the secrets that are made of it, those among them that are known by a key log.
    pub fn tree(&self) -> Vec<(&'static Level, Vec<Place<'_>>)> {
        let names = || LEVELS.iter().flat_map(|level| level.secrets).map(|secret| secret.name);
        let others = self.all.iter().filter(|key| names().all(|name| name != key.name));
        // What comes before any other key of its direction is made of the first level; what comes behind, of the last.
        let (early, late): (Vec<_>, Vec<_>) = others.partition(|key| key.is_first);
        let place = |key| Place { secret: None, key: Some(key) };
        let last = LEVELS.len() - 1;
        let level = |(at, level): (usize, &'static Level)| {
            let known = level
                .secrets
                .iter()
                .map(|secret| Place { secret: Some(secret), key: self.find(secret.name) });
            let early = early.iter().copied().map(place).filter(|_| at == 0);
            let late = late.iter().copied().map(place).filter(|_| at == last);
            (level, known.chain(early).chain(late).collect())
        };
        LEVELS.iter().enumerate().map(level).collect()
    }
}

impl Place<'_> {
    pub fn name(&self) -> &str {
        self.key.map_or_else(|| self.secret.map_or("", |secret| secret.name), |key| &key.name)
    }

    /// Returns its class in the style sheet: who seals under it.
    pub fn class(&self) -> String {
        let direction = self.key.and_then(|key| key.direction).or_else(|| self.secret?.direction);
        direction.map(|direction| Role::sender(direction).to_string()).unwrap_or_default()
    }
}
