//! Stories as a page for a browser, which the program `render` makes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::story::Story;
use crate::complain;
use crate::launch::Programs;
use crate::views::NewFile;

/// A page to be written, in a place where that is possible.
#[derive(Debug)]
pub struct NewPage {
    file: NewFile,
    programs: Programs,
}

impl NewPage {
    /// Begins the page that will be at `path`, and builds what makes it.
    ///
    /// # Errors
    /// When nothing can be written there, or `render` cannot be built.
    pub fn new(path: &Path) -> Result<Self> {
        let file = NewFile::new(path)?;
        Ok(Self { file, programs: Programs::built(["--package=render", "--bin=render"])? })
    }

    /// Writes the stories side by side.
    ///
    /// # Errors
    /// When they could not be written whole; the old file is still there then.
    pub fn write(self, stories: &[Story]) -> Result<()> {
        let Self { file, programs } = self;
        let mut render = Command::new(programs.named("render")?)
            .arg("--attack")
            .stdin(Stdio::piped())
            .stdout(file.stdio()?)
            .spawn()
            .context("cannot start render")?;
        let json = serde_json::to_vec(stories)?;
        // That it does not take all is in its exit code, and the reason on standard error.
        _ = render.stdin.take().map(|mut input| input.write_all(&json));
        let ended = render.wait().context("cannot wait for render")?;
        ensure!(ended.success(), "the page was not written");
        let name = file.path().display().to_string();
        if let Some(len) = file.finish()? {
            complain(&format!("wrote {name}: {len} bytes"));
        }
        Ok(())
    }
}
