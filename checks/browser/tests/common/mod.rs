//! A page of events, open in a browser.

use std::fs;

use anyhow::Result;
use browser_checks::{Conditions, Tab};
use render::page::Page;
use tempfile::TempDir;
use transcript::Event;

/// A page, open in a browser.
pub struct Open {
    pub tab: Tab,
    pub url: String,
    _dir: TempDir,
}

impl Open {
    /// Writes the page of these events, and opens it.
    pub fn new(events: &[Event], conditions: Conditions) -> Result<Self> {
        let dir = TempDir::new()?;
        let path = dir.path().join("page.html");
        let mut page = Page::new(fs::File::create(&path)?);
        events.iter().try_for_each(|event| page.write(event))?;
        page.finish()?;
        let tab = Tab::new(conditions)?;
        let url = format!("file://{}", path.display());
        tab.open(&url)?;
        Ok(Self { tab, url, _dir: dir })
    }
}
