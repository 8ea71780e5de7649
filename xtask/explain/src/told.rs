//! Where events go: to the views, and whether something was refused.

use std::path::PathBuf;

use anyhow::Result;
use transcript::{Event, EventKind, Format, Outcome};
use xtask::views::{ViewOptions, Views, WireDetail};

/// How an explanation is shown.
pub struct Shown {
    /// Whether as JSON.
    pub json: bool,
    /// Whether in detail.
    pub detail: bool,
    /// How much of the wire.
    pub wire: Option<WireDetail>,
    /// The page to write, too.
    pub page: Option<PathBuf>,
}

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
    pub fn new(shown: Shown) -> Result<Self> {
        let Shown { json, detail, wire, page } = shown;
        let format = if json { Format::Json } else { Format::Text };
        let options = ViewOptions { detail, wire, page, capture: None };
        Ok(Self { views: Views::new(&options, format, None, None)?, is_refused: false })
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
