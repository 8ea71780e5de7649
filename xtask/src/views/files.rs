//! The views that are files: the run itself, and what the program `render` makes of it.

use std::ffi::OsStr;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use transcript::Event;

use super::NewFile;
use crate::launch::Programs;

/// Files that are written as a run goes on.
pub struct Files {
    save: Option<BufWriter<NewFile>>,
    renders: Vec<Render>,
}

/// A run of the program that makes captures and pages, which is built when it is needed.
pub struct Render {
    what: &'static str,
    child: Child,
    /// Its standard input. A write that fails is not yet a failure: the program may have ended, and
    /// said why.
    pub input: BufWriter<ChildStdin>,
    file: NewFile,
}

impl Files {
    /// The files that were asked for: a run, a capture, a page. A capture also has the secrets of its connections that
    /// `keylog` has in the end.
    ///
    /// # Errors
    /// When a file cannot be made, or `render` cannot be built or started.
    pub fn new(
        save: Option<&Path>,
        capture: Option<&Path>,
        page: Option<&Path>,
        keylog: Option<&Path>,
    ) -> Result<Self> {
        let save = save.map(NewFile::new).transpose()?.map(BufWriter::new);
        let asked_for = [("capture", capture, keylog), ("page", page, None)];
        let files = asked_for
            .into_iter()
            .filter_map(|(what, path, keylog)| Some((what, path?, keylog)))
            .map(|(what, path, keylog)| Ok((what, NewFile::new(path)?, keylog)))
            .collect::<Result<Vec<_>>>()?;
        if files.is_empty() {
            return Ok(Self { save, renders: Vec::new() });
        }
        let program = Render::built()?;
        let renders = files
            .into_iter()
            .map(|(what, file, keylog)| Render::start(&program, what, file, keylog));
        Ok(Self { save, renders: renders.collect::<Result<_>>()? })
    }

    /// Takes the next event of the run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(&mut self, event: &Event) -> Result<()> {
        if let Some(save) = &mut self.save {
            write_line(save, event).context("cannot save the run")?;
        }
        for render in &mut self.renders {
            if write_line(&mut render.input, event).is_err() {
                // It has ended, and said why.
                bail!("the {} was not written", render.what);
            }
        }
        Ok(())
    }

    /// Completes the files, and puts them in their places once all are complete.
    ///
    /// # Errors
    /// When one could not be written completely.
    pub fn finish(self) -> Result<()> {
        let mut files = Vec::new();
        if let Some(save) = self.save {
            files.push(save.into_inner().context("cannot save the run")?);
        }
        for render in self.renders {
            files.push(render.finish()?);
        }
        files.into_iter().try_for_each(NewFile::hand_over)
    }
}

impl Render {
    /// Builds the program.
    ///
    /// # Errors
    /// When it does not build.
    pub fn built() -> Result<PathBuf> {
        let programs = Programs::built(["--package=render", "--bin=render"])?;
        programs.named("render").map(Path::to_owned)
    }

    /// Has the program write to `file` the output of this option, with the secrets in `keylog`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: &Path,
        what: &'static str,
        file: NewFile,
        keylog: Option<&Path>,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .arg(format!("--{what}"))
            .args(keylog.into_iter().flat_map(|path| [OsStr::new("--keylog"), path.as_os_str()]))
            .stdin(Stdio::piped())
            .stdout(file.stdio()?)
            .spawn()
            .context("cannot start render")?;
        let input = child.stdin.take().context("render takes no input")?;
        Ok(Self { what, child, input: BufWriter::new(input), file })
    }

    /// Ends its input, and waits for it. Returns what it wrote.
    ///
    /// # Errors
    /// When it could not write all.
    pub fn finish(mut self) -> Result<NewFile> {
        // If it does not take the rest, its exit code shows it, and the reason is on standard
        // error.
        _ = self.input.flush();
        drop(self.input);
        let ended = self.child.wait().context("cannot wait for render")?;
        ensure!(ended.success(), "the {} was not written", self.what);
        Ok(self.file)
    }
}

fn write_line(out: &mut impl Write, event: &Event) -> Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    Ok(out.write_all(b"\n")?)
}
