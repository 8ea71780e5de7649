//! Does nothing: passes everything on as it is.
//!
//! **Needs** a place on the path. **Shows** that the lab itself does no harm: only where this
//! succeeds can a verdict on anything else be believed.

use std::io;

use stages::PART1_PLAIN;

use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "control",
    tries: "pass everything on unchanged",
    property: "none: this must always succeed",
    closed_by: "nothing to close",
    outcomes: &[(&PART1_PLAIN, Succeeds)],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    path.accept()?.relay();
    Ok(())
}
