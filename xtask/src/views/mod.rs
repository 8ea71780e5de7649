//! Views of a run, and of the stages themselves.
//!
//! - [`show`]: a run that was saved; `held`: a connection out of a capture, whose overview comes first.
//! - [`files`]: the views that are files; [`new_file`]: how those are written.
//! - [`list`], [`layout`], [`diff`]: the stages, a record's fields, what changes from stage to stage.
//! - [`step`]: a run message by message.
//! - [`table`]: a table, for a terminal or as Markdown; [`progress`]: how far a task has come.

pub mod diff;
pub mod files;
mod held;
pub mod layout;
pub mod list;
pub mod new_file;
pub mod progress;
pub mod show;
pub mod step;
pub mod table;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use stages::Stage;
use transcript::lines::{role_style, width, wrapped_to};
use transcript::{
    Detail, Detailed, Event, EventKind, EventWriter, Fold, Format, Role, Summary, WireLane, output,
    text,
};

pub use files::Files;
use held::Held;
pub use new_file::NewFile;
pub use progress::Progress;
pub use step::Step;
pub use table::Table;

/// Which views are asked for.
#[derive(Args, Debug, Default)]
pub struct ViewOptions {
    /// Show every field and every check
    #[arg(long)]
    pub detail: bool,

    /// How much of the wire to show; `fields` and `full` imply --detail
    #[arg(long, value_enum)]
    pub wire: Option<WireDetail>,

    /// Write the traffic as a packet capture for Wireshark
    #[arg(long, value_name = "FILE.pcapng")]
    pub capture: Option<PathBuf>,

    /// Write the run as one self-contained page for a browser
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
}

/// Amount of detail in which the transcript shows the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WireDetail {
    /// Each record as its fields
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
    in_detail: bool,
    /// What a run is at a glance. Of one that is shown in detail, only its end is told.
    summary: Summary,
    detailed: Detailed,
    lane: WireLane,
    shows_the_wire: bool,
    fold: Fold,
    /// The connection out of a capture that is not over.
    held: Option<Held>,
    /// Where the server listens, and whether the client is connected to another address.
    listening: Option<SocketAddr>,
    is_tapped: bool,
    files: Files,
    failed: Result<()>,
}

impl ViewOptions {
    /// Returns whether any of them shows the wire.
    pub fn show_the_wire(&self) -> bool {
        self.wire != Some(WireDetail::Off) || self.files().next().is_some()
    }

    /// Lists the files to write.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.capture, &self.page].into_iter().flatten().map(PathBuf::as_path)
    }
}

impl Views {
    /// The views that `options` ask for, a transcript in `format`, and the run itself in `save`. The secrets in `keylog`
    /// go into a capture.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn new(
        options: &ViewOptions,
        format: Format,
        save: Option<&Path>,
        keylog: Option<&Path>,
    ) -> Result<Self> {
        let ViewOptions { capture, page, .. } = options;
        let files = Files::new(save, capture.as_deref(), page.as_deref(), keylog)?;
        let in_detail = options.detail || options.wire.is_some_and(|wire| wire != WireDetail::Off);
        let lane = WireLane::new(options.wire.map_or(Detail::Fields, Into::into));
        let shows_the_wire = options.wire != Some(WireDetail::Off);
        let writer = EventWriter::new(format);
        Ok(Self {
            writer,
            format,
            stage: None,
            in_detail,
            summary: Summary::default(),
            detailed: Detailed::default(),
            lane,
            shows_the_wire,
            fold: Fold::default(),
            held: None,
            listening: None,
            is_tapped: false,
            files,
            failed: Ok(()),
        })
    }

    /// Shows one event in every view. [`finish`](Self::finish) reports what fails.
    pub fn tell(&mut self, event: &Event) {
        if self.format == Format::Json {
            self.writer.write(event);
        }
        let mut fold = std::mem::take(&mut self.fold);
        fold.take(event, |event| self.show(event));
        self.fold = fold;
    }

    /// Shows one event to people.
    fn show(&mut self, event: &Event) {
        if self.format == Format::Text {
            self.hold(event);
        }
        if self.failed.is_ok() {
            self.failed = self.files.take(event);
        }
    }

    /// Shows one event as text: that of a connection out of a capture once it is over.
    fn hold(&mut self, event: &Event) {
        if let EventKind::Captured { .. } = event.kind {
            self.release();
            self.held = Some(Held::default());
        }
        match &mut self.held {
            Some(held) => {
                if held.hold(event) {
                    self.release();
                }
            }
            None => self.print(event),
        }
    }

    /// Shows what is held back, its overview first.
    fn release(&mut self) {
        let Some(Held { overview, events, .. }) = self.held.take() else { return };
        if self.stage.is_some() {
            self.conclude();
            self.writer.write_text("\n");
        }
        self.stage = events.first().map(|event| event.stage);
        self.writer.write_text(&overview.told());
        for event in &events {
            self.print(event);
        }
    }

    fn print(&mut self, event: &Event) {
        if self.stage != Some(event.stage) {
            let gap = if self.stage.is_some() { "\n" } else { "" };
            self.conclude();
            self.stage = Some(event.stage);
            self.writer.write_text(&format!("{gap}{}", text::heading(event.stage)));
        }
        let summary = self.summary.event(event);
        if self.in_detail {
            self.writer.write_text(&self.detailed.event(event));
            self.writer.write_text(&self.lane.event(event));
            self.tell_of_the_tap(event);
        } else {
            self.writer.write_text(&summary);
        }
    }

    /// Says why the two ends name different ports, where a tap is between them.
    fn tell_of_the_tap(&mut self, event: &Event) {
        match (&event.kind, event.role) {
            (EventKind::Listening { addr }, _) => self.listening = Some(*addr),
            (EventKind::Connected { peer }, Role::Client) => {
                self.is_tapped = self.listening.is_some_and(|addr| addr != *peer);
            }
            (EventKind::Connected { .. }, _) if self.is_tapped && self.shows_the_wire => {
                let style = role_style(Role::Wire);
                let words = "both connections go through a tap that watches";
                let margin = format!("{style}wire   │{style:#} ");
                for line in textwrap::wrap(words, wrapped_to(width() - "wire   │ ".chars().count()))
                {
                    self.writer.write_text(&format!("{margin}{line}\n"));
                }
            }
            _ => {}
        }
    }

    /// Shows what has been told and is held back to stand in a line with more.
    pub fn settle(&mut self) {
        let held_back = self.summary.settle();
        if !self.in_detail {
            self.writer.write_text(&held_back);
        }
    }

    /// Shows the result of the last stage.
    fn conclude(&mut self) {
        self.settle();
        if let Some(stage) = self.stage {
            self.writer.write_text(&self.summary.conclusion(stage));
        }
    }

    /// Completes the transcript, with `more` that there is to see besides a summary, then the
    /// files.
    ///
    /// # Errors
    /// When one could not be written completely.
    pub fn finish(mut self, more: &str) -> Result<()> {
        std::mem::take(&mut self.fold).finish(|event| self.show(event));
        self.release();
        if self.format == Format::Text {
            self.conclude();
            if !self.in_detail {
                self.writer.write_text(&format!("more: {more}\n"));
            }
        }
        self.failed?;
        output::all(self.writer.finish())?;
        self.files.finish()
    }
}
