//! Stories as a page for a browser, which the program `render` makes.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::story::Story;
use crate::views::NewFile;
use crate::views::files::Render;

/// A page to be written, in a place where that is possible.
#[derive(Debug)]
pub struct NewPage {
    file: NewFile,
    render: PathBuf,
}

impl NewPage {
    /// Begins the page that will be at `path`, and builds what makes it.
    ///
    /// # Errors
    /// When nothing can be written there, or `render` cannot be built.
    pub fn new(path: &Path) -> Result<Self> {
        Ok(Self { file: NewFile::new(path)?, render: Render::built()? })
    }

    /// Writes the stories side by side.
    ///
    /// # Errors
    /// When they could not be written completely; the old file is still there then.
    pub fn write(self, stories: &[Story]) -> Result<()> {
        let mut render = Render::start(&self.render, "attack", self.file, None)?;
        _ = serde_json::to_writer(&mut render.input, stories);
        render.finish()?.hand_over()
    }
}
