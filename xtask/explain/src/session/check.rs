//! Checks as events.

use transcript::{EventKind, Outcome, Role};

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
