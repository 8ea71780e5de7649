//! Where events go: to the views, all of them or only as many as people read.

use std::path::Path;

use anyhow::Result;
use stages::Stage;
use transcript::{Event, EventKind, Format, Outcome};
use xtask::views::{Files, ViewOptions, Views, WireDetail};

use crate::fold::Fold;

/// How an explanation is shown.
pub struct Shown {
    /// Whether as JSON.
    pub json: bool,
    /// Whether in detail.
    pub detail: bool,
    /// How much of the wire.
    pub wire: Option<WireDetail>,
}

/// The views of an explanation.
pub struct Told {
    /// Standard output, and a page if that is text, too.
    views: Views,
    /// A page beside JSON: fewer events than there.
    page: Option<Files>,
    json: bool,
    fold: Fold,
    /// The stage of the last event.
    last: Option<&'static Stage>,
    is_refused: bool,
    failed: Result<()>,
}

impl Told {
    /// The views that were asked for.
    ///
    /// # Errors
    /// When the page cannot be made.
    pub fn new(shown: &Shown, page: Option<&Path>) -> Result<Self> {
        let Shown { json, detail, wire } = *shown;
        let (beside, page) = if json { (page, None) } else { (None, page.map(Path::to_owned)) };
        let format = if json { Format::Json } else { Format::Text };
        let options = ViewOptions { detail, wire, page, capture: None };
        let views = Views::new(&options, format, None, None)?;
        let page = beside.map(|page| Files::new(None, None, Some(page), None)).transpose()?;
        let (fold, failed) = (Fold::default(), Ok(()));
        Ok(Self { views, page, json, fold, last: None, is_refused: false, failed })
    }

    /// Shows an event.
    pub fn tell(&mut self, event: &Event) {
        self.is_refused |= matches!(
            event.kind,
            EventKind::Check { outcome: Outcome::Fails, .. } | EventKind::Rejected { .. }
        );
        self.last = Some(event.stage);
        if self.json {
            self.views.tell(event);
        }
        if !self.json || self.page.is_some() {
            let Self { views, page, failed, fold, .. } = self;
            fold.take(event, |event| show(event, views, page, failed));
        }
    }

    /// Completes the views. Returns whether something was refused: a check fails, or a record does not open.
    ///
    /// # Errors
    /// When one could not be written completely.
    pub fn finish(mut self) -> Result<bool> {
        if let Some(stage) = self.last.filter(|_| !self.json || self.page.is_some()) {
            let Self { views, page, failed, fold, .. } = &mut self;
            fold.finish(stage, |event| show(event, views, page, failed));
        }
        self.views.finish("--detail")?;
        self.failed?;
        self.page.map(Files::finish).transpose()?;
        Ok(self.is_refused)
    }
}

/// Shows an event to people.
fn show(event: &Event, views: &mut Views, page: &mut Option<Files>, failed: &mut Result<()>) {
    match page {
        Some(page) if failed.is_ok() => *failed = page.take(event),
        Some(_) => {}
        None => views.tell(event),
    }
}
