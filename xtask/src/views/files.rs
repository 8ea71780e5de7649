//! The views that are files: the run itself, and what the program `render` makes of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use transcript::Event;

use crate::launch::Programs;

/// Files that are written as a run goes on.
pub struct Files {
    save: Option<BufWriter<File>>,
    render: Option<Render>,
}

/// The program that writes captures and pages, which is built when someone asks for one.
struct Render {
    child: Child,
    events: BufWriter<std::process::ChildStdin>,
}

impl Files {
    /// The files that were asked for: a run, a capture, a page.
    ///
    /// # Errors
    /// When a file cannot be made, or `render` cannot be built or started.
    pub fn new(save: Option<&Path>, capture: Option<&Path>, page: Option<&Path>) -> Result<Self> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("cannot write {}", path.display()))
        };
        let save = save.map(create).transpose()?.map(BufWriter::new);
        let options = [("--capture", capture), ("--page", page)];
        let args: Vec<_> = options
            .into_iter()
            .filter_map(|(option, path)| Some([Path::new(option), path?]))
            .flatten()
            .collect();
        let render = if args.is_empty() { None } else { Some(Render::start(&args)?) };
        Ok(Self { save, render })
    }

    /// Takes the next event of the run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(&mut self, event: &Event) -> Result<()> {
        if let Some(save) = &mut self.save {
            write_line(save, event).context("cannot save the run")?;
        }
        if let Some(render) = &mut self.render
            && write_line(&mut render.events, event).is_err()
        {
            // It has ended, and said why.
            return self.render.take().map_or(Ok(()), Render::finish);
        }
        Ok(())
    }

    /// Completes the files.
    ///
    /// # Errors
    /// When one could not be written whole.
    pub fn finish(self) -> Result<()> {
        if let Some(mut save) = self.save {
            save.flush().context("cannot save the run")?;
        }
        self.render.map_or(Ok(()), Render::finish)
    }
}

impl Render {
    fn start(args: &[&Path]) -> Result<Self> {
        let programs = Programs::built(["--package=render", "--bin=render"])?;
        let mut child = Command::new(programs.named("render")?)
            .args(args)
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start render")?;
        let events = child.stdin.take().context("render takes no events")?;
        Ok(Self { child, events: BufWriter::new(events) })
    }

    fn finish(mut self) -> Result<()> {
        // That it does not take the rest is in its exit code, and the reason on standard error.
        _ = self.events.flush();
        drop(self.events);
        if !self.child.wait().context("cannot wait for render")?.success() {
            bail!("the capture or the page was not written");
        }
        Ok(())
    }
}

fn write_line(out: &mut impl Write, event: &Event) -> Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    Ok(out.write_all(b"\n")?)
}
