//! The views that events go to, and whether something was refused.

use anyhow::Result;
use transcript::{Event, EventKind, Format, Outcome};
use xtask::views::{ViewOptions, Views};

/// The views of an explanation.
pub struct Told {
    views: Views,
    is_refused: bool,
}

impl Told {
    /// The views that were asked for.
    ///
    /// # Errors
    /// When the page cannot be made.
    pub fn new(options: &ViewOptions, format: Format) -> Result<Self> {
        Ok(Self { views: Views::new(options, format, None, None)?, is_refused: false })
    }

    /// Shows an event.
    pub fn tell(&mut self, event: &Event) {
        self.is_refused |= matches!(
            event.kind,
            EventKind::Check { outcome: Outcome::Fails, .. } | EventKind::Rejected { .. }
        );
        self.views.tell(event);
    }

    /// Completes the views. Returns whether something was refused: a check fails, or a record does not open.
    ///
    /// # Errors
    /// When one could not be written completely.
    pub fn finish(self) -> Result<bool> {
        self.views.finish("--detail")?;
        Ok(self.is_refused)
    }
}
