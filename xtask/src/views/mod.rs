//! Views of a run, and of the stages themselves.
//!
//! - [`show`]: a run that was saved; [`files`]: the views that are files; [`new_file`]: how those are written.
//! - [`list`], [`layout`], [`diff`]: the stages, a record's fields, what changes from stage to stage.
//! - [`table`]: a table, for a terminal or as Markdown; [`progress`]: how far something has come.

pub mod diff;
pub mod files;
pub mod layout;
pub mod list;
pub mod new_file;
pub mod progress;
pub mod show;
pub mod table;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use stages::Stage;
use transcript::{Detail, Event, EventWriter, Format, WireLane, output, text};

pub use files::Files;
pub use new_file::NewFile;
pub use progress::Progress;
pub use table::Table;

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

/// Amount of detail in which the transcript shows the wire.
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
    writer: EventWriter,
    format: Format,
    stage: Option<&'static Stage>,
    lane: WireLane,
    files: Files,
    failed: Result<()>,
}

impl ViewOptions {
    /// Returns whether any of them shows the wire.
    pub fn show_the_wire(&self) -> bool {
        self.wire != WireDetail::Off || self.files().next().is_some()
    }

    /// Lists the files to write.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.capture, &self.page].into_iter().flatten().map(PathBuf::as_path)
    }
}

impl Views {
    /// The views that `options` ask for, a transcript in `format`, and the run itself in `save`.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn new(options: &ViewOptions, format: Format, save: Option<&Path>) -> Result<Self> {
        let files = Files::new(save, options.capture.as_deref(), options.page.as_deref())?;
        let (writer, lane) = (EventWriter::new(format), WireLane::new(options.wire.into()));
        Ok(Self { writer, format, stage: None, lane, files, failed: Ok(()) })
    }

    /// Shows one event in every view. What fails is reported by [`finish`](Self::finish).
    pub fn tell(&mut self, event: &Event) {
        match self.format {
            Format::Json => self.writer.write(event),
            Format::Text => {
                let before = self.stage.replace(event.stage);
                if before != self.stage {
                    let gap = if before.is_some() { "\n" } else { "" };
                    self.writer.write_text(&format!("{gap}{}", text::heading(event.stage)));
                }
                self.writer.write_text(&text::event(event));
                self.writer.write_text(&self.lane.event(event));
            }
        }
        if self.failed.is_ok() {
            self.failed = self.files.take(event);
        }
    }

    /// Completes the transcript, then the files.
    ///
    /// # Errors
    /// When one could not be written whole.
    pub fn finish(self) -> Result<()> {
        self.failed?;
        output::all(self.writer.finish())?;
        self.files.finish()
    }
}
