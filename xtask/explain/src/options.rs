//! The command line of `cargo xtask explain`.

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, mem};

use anyhow::{Result, ensure};
use certificates::Roots;
use clap::Parser;
use framing::Direction;
use transcript::{Event, output};
use xtask::views::new_file::ensure_distinct;
use xtask::views::{Progress, WireDetail};
use xtask::{WrongArgument, complain, count};
use zeroize::Zeroizing;

use crate::capture::{self, Piece, Wanted, What};
use crate::files::{CaptureFile, open_key_log, unreadable};
use crate::keylog::{self, KeyLog};
use crate::list::List;
use crate::notes;
use crate::session::{Known, Session};
use crate::start::{Start, client_start};
use crate::told::{Shown, Told};

/// Explain a TLS 1.3 session out of a packet capture, byte by byte
#[derive(Parser)]
#[command(bin_name = "cargo xtask explain")]
pub struct Options {
    /// The capture: pcapng or pcap
    #[arg(value_name = "FILE.pcapng")]
    capture: PathBuf,

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
        let files: Vec<_> = self.page.iter().map(PathBuf::as_path).collect();
        ensure_distinct(Some(&self.capture), &files)?;
        let roots = self.roots.as_deref().map(roots).transpose()?;
        let psks = self.psk.as_deref().map(psks).transpose()?.unwrap_or_default();
        let mut file = CaptureFile::open(&self.capture)?;
        let mut progress = Progress::before_output(file.len, "bytes of the capture");
        let list = List::read(Watched(file.from_the_beginning()?, &mut progress))?;
        drop(progress);
        let mut notes = notes::of_capture(&list.besides);
        let keylog = self.key_log(&mut file, &list, &mut notes)?;
        let number = self.number(&list)?;
        notes.extend(number.and_then(|number| list.others(number)));
        notes.iter().for_each(|note| complain(note));
        let Some(number) = number else {
            output::print(&if self.json { list.json(&keylog) } else { list.table(&keylog) })?;
            let name = self.capture.display();
            complain(&format!("choose one: cargo xtask explain {name} --connection N"));
            return Ok(ExitCode::SUCCESS);
        };
        let known = Known { keylog: &keylog, roots: roots.as_ref(), psks: &psks };
        self.explain(&mut file, number, known)
    }

    /// Reads the secrets of the capture's connections.
    fn key_log(
        &self,
        file: &mut CaptureFile,
        list: &List,
        notes: &mut Vec<String>,
    ) -> Result<KeyLog> {
        let mut keylog = KeyLog::of_these(list.randoms());
        if let Some(path) = &self.keylog {
            let name = path.display().to_string();
            let found = keylog.read(open_key_log(path)?).map_err(|it| unreadable(path, &it))?;
            let message =
                "{name} is no key log: none of its lines is a label, a random and a secret";
            ensure!(found.secrets > 0, WrongArgument(message.replace("{name}", &name)));
            notes.extend(notes::of_key_log(&name, &found));
            if keylog.is_empty() && found.tls13 > 0 {
                notes
                    .push(format!("{name}: none of its secrets is of a connection in the capture"));
            }
        }
        if list.besides.key_logs > 0 {
            let mut key_log = |text: &[u8]| {
                let found = keylog.add(text);
                notes.extend(notes::of_key_log("the key log in the capture", &found));
            };
            let mut wanted = Wanted { only: None, piece: None, key_log: &mut key_log };
            capture::read(file.from_the_beginning()?, &mut wanted)?;
        }
        Ok(keylog)
    }

    /// Returns the connection to explain, if there is no choice or it was made.
    fn number(&self, list: &List) -> Result<Option<usize>> {
        let name = self.capture.display();
        let count = list.connections.len();
        ensure!(count > 0, WrongArgument(format!("{name} holds no connection of TCP")));
        if let Some(number) = self.connection {
            let message = format!("{name} has no connection {number}: its last is {count}");
            ensure!(number <= count, WrongArgument(message));
        }
        Ok(self.connection.or_else(|| list.obvious()))
    }

    fn explain(&self, file: &mut CaptureFile, number: usize, known: Known<'_>) -> Result<ExitCode> {
        let shown = Shown { json: self.json, detail: self.detail, wire: self.wire };
        let told = RefCell::new(Told::new(&shown, self.page.as_deref())?);
        let mut progress = Progress::new(file.len, "bytes of the capture");
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
                session.iter_mut().for_each(|it| it.missing(direction, piece.at, bytes));
            }
            What::End(direction, _) => {
                session.iter_mut().for_each(|it| it.end(direction, piece.at));
            }
        };
        let mut wanted =
            Wanted { only: Some(number), piece: Some(&mut piece), key_log: &mut |_| {} };
        let input = Watched(file.from_the_beginning()?, &mut progress);
        let besides = capture::read(input, &mut wanted)?;
        session.into_iter().for_each(Session::finish);
        drop(progress);
        let is_refused = told.into_inner().finish()?;
        notes::of_connection(&besides).iter().for_each(|note| complain(note));
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

/// A file whose reading is watched.
struct Watched<'p, R>(R, &'p mut Progress);

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = self.0.read(bytes)?;
        self.1.advance(u64::try_from(len).unwrap_or_default());
        Ok(len)
    }
}
