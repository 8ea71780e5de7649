//! A run, as people and programs look at it: every view is made of the same events.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use framing::Stage;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use transcript::{Detail, Event, Format, Reporter, WireLane, text};

use crate::capture::Capture;
use crate::page::Page;

/// Which views are asked for.
#[derive(Args, Debug, Default)]
pub struct ViewOptions {
    /// How much of the wire the transcript shows
    #[arg(long, value_enum, default_value = "fields")]
    pub wire: WireDetail,

    /// Write the traffic as a packet capture for Wireshark
    #[arg(long, value_name = "FILE.pcapng")]
    pub capture: Option<PathBuf>,

    /// Write the run as one self-contained page for a browser
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
}

/// How much of the wire the transcript shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WireDetail {
    /// Each record as its fields
    #[default]
    Fields,
    /// Every byte, as a hex dump
    Full,
    /// Nothing
    Off,
}

impl From<WireDetail> for Detail {
    fn from(detail: WireDetail) -> Self {
        match detail {
            WireDetail::Fields => Self::Fields,
            WireDetail::Full => Self::Full,
            WireDetail::Off => Self::Off,
        }
    }
}

/// All the views of a run, as it goes on.
pub struct Views {
    reporter: Reporter,
    format: Format,
    stage: Option<&'static Stage>,
    lane: WireLane,
    files: Files,
    failed: Result<()>,
}

/// The views that are files.
struct Files {
    save: Option<BufWriter<File>>,
    capture: Option<Capture<File>>,
    page: Option<Page<BufWriter<File>>>,
}

impl ViewOptions {
    /// Whether any of them shows the wire.
    pub fn show_the_wire(&self) -> bool {
        self.wire != WireDetail::Off || self.capture.is_some() || self.page.is_some()
    }
}

impl Views {
    /// The views that `options` ask for, a transcript in `format`, and the run itself in `save`.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn new(options: &ViewOptions, format: Format, save: Option<&Path>) -> Result<Self> {
        let capture = options.capture.as_deref().map(create).transpose()?;
        let files = Files {
            save: save.map(create).transpose()?.map(BufWriter::new),
            capture: capture.map(Capture::new).transpose()?,
            page: options
                .page
                .as_deref()
                .map(create)
                .transpose()?
                .map(BufWriter::new)
                .map(Page::new),
        };
        let reporter = Reporter::new(format);
        let lane = WireLane::new(options.wire.into());
        Ok(Self { reporter, format, stage: None, lane, files, failed: Ok(()) })
    }

    /// Shows one event in every view. What fails is told by [`finish`](Self::finish).
    pub fn tell(&mut self, event: &Event) {
        match self.format {
            Format::Json => self.reporter.report(event),
            Format::Text => {
                let before = self.stage.replace(event.stage);
                if before != self.stage {
                    let gap = if before.is_some() { "\n" } else { "" };
                    self.reporter.write(&format!("{gap}{}", text::heading(event.stage)));
                }
                self.reporter.write(&text::event(event));
                self.reporter.write(&self.lane.event(event));
            }
        }
        if self.failed.is_ok() {
            self.failed = self.files.tell(event);
        }
    }

    /// Completes the files.
    ///
    /// # Errors
    /// When one could not be written whole.
    pub fn finish(self) -> Result<()> {
        self.failed?;
        self.files.finish()
    }
}

impl Files {
    fn tell(&mut self, event: &Event) -> Result<()> {
        if let Some(save) = &mut self.save {
            serde_json::to_writer(&mut *save, event).context("cannot save the run")?;
            save.write_all(b"\n").context("cannot save the run")?;
        }
        if let Some(capture) = &mut self.capture {
            capture.event(event).context("cannot write the capture")?;
        }
        if let Some(page) = &mut self.page {
            page.event(event).context("cannot write the page")?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        if let Some(mut save) = self.save {
            save.flush().context("cannot save the run")?;
        }
        if let Some(capture) = self.capture {
            capture.finish().context("cannot write the capture")?;
        }
        if let Some(page) = self.page {
            page.finish().context("cannot write the page")?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// A bar on standard error that counts to `len`, where a person waits and no transcript scrolls by.
pub fn progress(len: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(len);
    if io::stdout().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = format!("{{bar:40}} {{percent}} % of {{len}} {unit}, {{eta}} left");
    ProgressStyle::with_template(&template).map_or(bar.clone(), |style| bar.with_style(style))
}
