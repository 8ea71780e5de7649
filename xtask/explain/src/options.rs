//! The command line of `cargo xtask explain`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, mem};

use anyhow::{Result, ensure};
use certificates::Roots;
use clap::Parser;
use framing::Direction;
use transcript::{Event, Format, output};
use xtask::views::new_file::ensure_distinct;
use xtask::views::{Progress, ViewOptions, WireDetail};
use xtask::{WrongArgument, complain, count};
use zeroize::Zeroizing;

use crate::files::{CaptureFile, open_key_log, unreadable};
use crate::list::List;
use crate::notes;
use crate::record::RecordOptions;
use crate::source::Source;
use crate::start::{Start, client_start};
use crate::told::Told;
use sessions::capture::{Piece, Wanted, What};
use sessions::keylog::{self, KeyLog};
use sessions::session::{Known, Session};

/// Explain a TLS 1.3 session out of a packet capture, byte by byte
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask explain",
    override_usage = "cargo xtask explain [OPTIONS] <FILE.pcapng>\n       \
                      cargo xtask explain [OPTIONS] --record -- <COMMAND>..."
)]
pub struct Options {
    /// The capture: pcapng or pcap
    #[arg(
        value_name = "FILE.pcapng",
        required_unless_present = "record",
        conflicts_with_all = ["record", "command"]
    )]
    capture: Option<PathBuf>,

    #[command(flatten)]
    record: RecordOptions,

    /// The secrets of its sessions, as the programs wrote them down with SSLKEYLOGFILE
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,

    /// The connection to explain, if there are several
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    connection: Option<usize>,

    /// Whom to trust: the roots that chains of certificates are checked against
    #[arg(long, value_name = "FILE.pem")]
    roots: Option<PathBuf>,

    /// Keys from before, to check binders with: hexadecimal digits, a key a line
    #[arg(long, value_name = "FILE")]
    psk: Option<PathBuf>,

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
        if let (Some(page), Some(capture)) = (&self.page, &self.capture) {
            let name = page.display();
            let message = format!("{name} is the capture itself: the page needs another file");
            ensure_distinct(Some(capture), &[page]).map_err(|_| WrongArgument(message))?;
        }
        let roots = self.roots.as_deref().map(roots).transpose()?;
        let psks = self.psk.as_deref().map(psks).transpose()?.unwrap_or_default();
        let mut source = match &self.capture {
            Some(path) => Source::File(path.display().to_string(), CaptureFile::open(path)?),
            None => Source::Recorded(Box::new(self.record.record(self.json)?)),
        };
        let mut progress = Progress::before_output(source.len(), "bytes of the capture");
        let list = List::read(|wanted| source.read(&mut progress, wanted))?;
        drop(progress);
        let mut notes = notes::of_capture(&list.besides);
        let keylog = self.key_log(&mut source, &list, &mut notes)?;
        let number = self.number(&source, &list)?;
        notes.extend(number.and_then(|number| list.others(number)));
        for note in notes {
            complain(&note);
        }
        let Some(number) = number else {
            output::print(&if self.json { list.json(&keylog) } else { list.table(&keylog) })?;
            complain(&source.choose());
            return Ok(ExitCode::SUCCESS);
        };
        let known = Known { keylog: &keylog, roots: roots.as_ref(), psks: &psks };
        self.explain(&mut source, number, known)
    }

    /// Reads the secrets of the capture's connections.
    fn key_log(&self, source: &mut Source, list: &List, notes: &mut Vec<String>) -> Result<KeyLog> {
        let mut keylog = KeyLog::of_these(list.randoms());
        if let Some(path) = &self.keylog {
            let name = path.display().to_string();
            let found = keylog.read(open_key_log(path)?).map_err(|it| unreadable(path, &it))?;
            let message = format!(
                "{name} is no key log: none of its lines is a label, a random and a secret"
            );
            ensure!(found.secrets > 0, WrongArgument(message));
            notes.extend(notes::of_key_log(&name, &found));
            if keylog.is_empty() && found.tls13 > 0 {
                notes
                    .push(format!("{name}: none of its secrets is of a connection in the capture"));
            }
        }
        if let Source::Recorded(recorded) = source {
            let found = keylog.read(fs::File::open(recorded.keylog.path())?)?;
            notes.extend(notes::of_key_log("the command's key log", &found));
        }
        if list.besides.key_logs > 0 {
            let mut key_log = |text: &[u8]| {
                let found = keylog.add(text);
                notes.extend(notes::of_key_log("the key log in the capture", &found));
            };
            let mut wanted = Wanted { only: None, piece: None, key_log: &mut key_log };
            source.read(&mut Progress::new(0, ""), &mut wanted)?;
        }
        Ok(keylog)
    }

    /// Returns the connection to explain, if there is no choice or it was made.
    fn number(&self, source: &Source, list: &List) -> Result<Option<usize>> {
        let name = source.name();
        let count = list.connections.len();
        ensure!(count > 0, WrongArgument(format!("{name} holds no connection of TCP")));
        if let Some(number) = self.connection {
            let message = format!("{name} has no connection {number}: its last is {count}");
            ensure!(number <= count, WrongArgument(message));
        }
        Ok(self.connection.or_else(|| list.obvious()))
    }

    fn explain(&self, source: &mut Source, number: usize, known: Known<'_>) -> Result<ExitCode> {
        let format = if self.json { Format::Json } else { Format::Text };
        let (detail, wire, page) = (self.detail, self.wire, self.page.clone());
        let options = ViewOptions { detail, wire, page, capture: None };
        let told = RefCell::new(Told::new(&options, format)?);
        let mut progress = Progress::new(source.len(), "bytes of the capture");
        let mut session = None;
        let mut begins_late = false;
        let mut piece = |piece: Piece<'_>| match piece.what {
            What::Begin { client, server, is_whole } => {
                let tell = |event: Event| told.borrow_mut().tell(&event);
                session = Some(Session::new([client, server], piece.at, known, tell));
                begins_late = !is_whole;
            }
            What::Bytes(direction, bytes) => {
                let Some(session) = &mut session else { return };
                // Without the connection's first packet, only a ClientHello shows where a record begins.
                let is_hello = matches!(client_start(bytes), Start::ClientHello { .. });
                if mem::take(&mut begins_late) && !is_hello {
                    for direction in [Direction::ToServer, Direction::ToClient] {
                        session.missing(direction, piece.at, None);
                    }
                }
                session.bytes(direction, piece.at, bytes);
            }
            What::Missing(direction, bytes) => {
                if let Some(session) = &mut session {
                    session.missing(direction, piece.at, bytes);
                }
            }
            What::End(direction, ending) => {
                if let Some(session) = &mut session {
                    session.end(direction, piece.at, ending);
                }
            }
        };
        let mut wanted =
            Wanted { only: Some(number), piece: Some(&mut piece), key_log: &mut |_| {} };
        let besides = source.read(&mut progress, &mut wanted)?;
        session.into_iter().for_each(Session::finish);
        drop(progress);
        let is_refused = told.into_inner().finish()?;
        for note in notes::of_connection(&besides) {
            complain(&note);
        }
        Ok(ExitCode::from(u8::from(is_refused)))
    }
}

/// Reads the roots in a file.
fn roots(path: &Path) -> Result<Roots> {
    let pem = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let wrong = |error| WrongArgument(format!("{}: {error}", path.display()));
    Ok(Roots::from_pem(&pem).map_err(wrong)?)
}

/// Reads the keys from before in a file.
fn psks(path: &Path) -> Result<Vec<Zeroizing<Vec<u8>>>> {
    let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let wrong = |error| WrongArgument(format!("{}: {error}", path.display()));
    Ok(keylog::psks(&text).map_err(wrong)?)
}
