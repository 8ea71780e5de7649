//! Checks as events, and who can make them.

use transcript::{EventKind, Outcome, Role};

/// The findings of a record, in the order in which it is told.
#[derive(Default)]
pub struct Findings(Vec<(Role, EventKind)>);

impl Findings {
    /// Adds what is found by [`Role::Wire`], for which nobody needs a key, or by [`Role::KeyLog`].
    pub fn add(&mut self, by: Role, found: impl IntoIterator<Item = EventKind>) {
        self.0.extend(found.into_iter().map(|found| (by, found)));
    }
}

impl IntoIterator for Findings {
    type Item = (Role, EventKind);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Returns who finds what is in a record.
pub fn reader(is_sealed: bool) -> Role {
    if is_sealed { Role::KeyLog } else { Role::Wire }
}

/// A check that holds.
pub fn holds(of: impl Into<Option<Role>>, what: &str, message: impl Into<String>) -> EventKind {
    check(of.into(), what, Outcome::Holds, message.into())
}

/// A check that fails.
pub fn fails(of: impl Into<Option<Role>>, what: &str, message: impl Into<String>) -> EventKind {
    check(of.into(), what, Outcome::Fails, message.into())
}

/// A check that could not be made, and what is missing for it.
pub fn not_made(of: impl Into<Option<Role>>, what: &str, message: impl Into<String>) -> EventKind {
    check(of.into(), what, Outcome::NotMade, message.into())
}

/// A check that holds, or fails with another message.
pub fn either(
    of: impl Into<Option<Role>>,
    what: &str,
    is_good: bool,
    [good, bad]: [&str; 2],
) -> EventKind {
    if is_good { holds(of, what, good) } else { fails(of, what, bad) }
}

fn check(of: Option<Role>, what: &str, outcome: Outcome, message: String) -> EventKind {
    EventKind::Check { of, what: what.to_owned(), outcome, message }
}
