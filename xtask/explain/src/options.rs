//! The command line of `cargo xtask explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use certificates::Roots;
use clap::Parser;
use transcript::{Event, Format};
use xtask::views::{ViewOptions, Views, WireDetail};

use crate::capture::{self, Piece, What};
use crate::keylog::KeyLog;
use crate::record::{self, RecordOptions, Recorded};
use crate::session::{Known, Session};

/// Explain a TLS 1.3 session out of a packet capture, byte by byte
#[derive(Parser)]
#[command(bin_name = "cargo xtask explain")]
pub struct Options {
    /// The capture: pcapng or pcap
    #[arg(value_name = "FILE.pcapng", required_unless_present = "record")]
    capture: Option<PathBuf>,

    #[command(flatten)]
    record: RecordOptions,

    /// The secrets of its sessions, as the programs wrote them down with SSLKEYLOGFILE
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,

    /// The connection to explain, if there are several
    #[arg(long, value_name = "N")]
    connection: Option<usize>,

    /// Whom to trust: the roots that chains of certificates are checked against
    #[arg(long, value_name = "FILE.pem")]
    roots: Option<PathBuf>,

    /// Write events as JSON, one object per line
    #[arg(long)]
    json: bool,

    /// Show every field and every check
    #[arg(long)]
    detail: bool,

    /// How much of the wire to show; `fields` and `full` imply --detail
    #[arg(long, value_enum)]
    wire: Option<WireDetail>,

    /// Write the explanation as one self-contained page for a browser
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
}

impl Options {
    /// Does what was asked for. Returns the exit code.
    ///
    /// # Errors
    /// When it cannot be done.
    pub fn run(&self) -> Result<ExitCode> {
        let recorded = self.record.record.then(|| record::record(&self.record.command, self.json));
        let recorded = recorded.transpose()?;
        let mut keylog = KeyLog::default();
        if let Some(recorded) = &recorded {
            keylog.add(&std::fs::read(&recorded.keylog)?);
        }
        if let Some(path) = &self.keylog {
            keylog.add(&std::fs::read(path)?);
        }
        self.read(recorded.as_ref(), &mut keylog, |_| {})?;
        let roots = self.roots.as_ref().map(std::fs::read).transpose()?;
        let roots = roots.map(|pem| Roots::from_pem(&pem)).transpose()?;
        let known = Known { keylog: &keylog, roots: roots.as_ref() };
        let format = if self.json { Format::Json } else { Format::Text };
        let (detail, wire, page) = (self.detail, self.wire, self.page.clone());
        let options = ViewOptions { detail, wire, page, capture: None };
        let views = std::cell::RefCell::new(Views::new(&options, format, None, None)?);
        let mut session = None;
        self.read(recorded.as_ref(), &mut KeyLog::default(), |piece| {
            if piece.connection != self.connection.unwrap_or(1) {
                return;
            }
            match piece.what {
                What::Begin { client, server, .. } => {
                    let tell = |event: Event| views.borrow_mut().tell(&event);
                    session = Some(Session::new([client, server], piece.at, known, tell));
                }
                What::Bytes(direction, bytes) => {
                    session.iter_mut().for_each(|it| it.bytes(direction, piece.at, bytes));
                }
                What::Missing(direction, bytes) => {
                    session.iter_mut().for_each(|it| it.missing(direction, piece.at, bytes));
                }
                What::End(direction) => {
                    session.iter_mut().for_each(|it| it.end(direction, piece.at))
                }
            }
        })?;
        drop(session);
        views.into_inner().finish("--detail")?;
        Ok(ExitCode::SUCCESS)
    }

    fn read(
        &self,
        recorded: Option<&Recorded>,
        keylog: &mut KeyLog,
        take: impl FnMut(Piece<'_>),
    ) -> Result<()> {
        if let Some(recorded) = recorded {
            recorded.recording.read(take);
        } else if let Some(path) = &self.capture {
            capture::read(path, keylog, take)?;
        }
        Ok(())
    }
}
