//! `cargo xtask certificates matrix`: what the client of `part4-cert` says to chains of every kind, over a socket.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use certificates::Identity;
use clap::Args;
use crypto::aead::{Opener, Sealer};
use crypto::{hkdf, x25519::PrivateKey};
use handshake::{Wire, cert};
use serde::Serialize;
use stages::PART4_CERT;
use transcript::lines::{BAD, GOOD, HEADING, width, wrapped_to};
use transcript::{EventKind, visible};
use xtask::launch::driver::Bounds;
use xtask::launch::{Driver, Programs, Report};
use xtask::views::{Progress, Table};
use xtask::{complain, print};

use crate::bad::{CASES, Case, Cast, Chain};
use crate::checks::{CHECKS, Check};
use crate::issue::pem;
use crate::make::{self, ROOTS};

/// Clients that run at the same time.
const WORKERS: usize = 4;

/// The longest that a client may be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// Options of `cargo xtask certificates matrix`.
#[derive(Args, Debug)]
pub struct MatrixOptions {
    /// As JSON: an array of chains
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// As Markdown, as the book has it
    #[arg(long)]
    markdown: bool,
}

/// What came of a chain.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// What is special about the chain.
    pub chain: &'static str,
    /// The check that refused it, or `None` if the client sent its request.
    pub refused_by: Option<String>,
    /// The reason, in the client's words.
    pub why: Option<String>,
    /// The check that had to refuse it.
    pub expected: Option<&'static str>,
}

/// Tries every chain, and shows which check refuses it. The exit code is 1 if one is not the expected one.
///
/// # Errors
/// When the client cannot be built or started, or does not come to an end.
pub fn command(options: &MatrixOptions) -> Result<ExitCode> {
    let tried = all()?;
    if options.json {
        print(&(serde_json::to_string_pretty(&tried)? + "\n"))?;
    } else if options.markdown {
        print(&markdown(&tried))?;
    } else {
        print(&text(&tried))?;
    }
    let surprises: Vec<_> = tried.iter().filter_map(Tried::surprise).collect();
    for surprise in &surprises {
        complain(surprise);
    }
    Ok(ExitCode::from(u8::from(!surprises.is_empty())))
}

impl Tried {
    /// Says what was expected, if it was something else.
    fn surprise(&self) -> Option<String> {
        let said = |check: Option<&str>| {
            check.map_or("accepted".to_owned(), |check| format!("refused by {check}"))
        };
        let found = self.refused_by.as_deref();
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        (found != self.expected).then(|| {
            format!("{}: expected {}, found {}{why}", self.chain, said(self.expected), said(found))
        })
    }
}

/// Tries every chain, several at a time.
fn all() -> Result<Vec<Tried>> {
    let client = PART4_CERT.program("client");
    let programs = Programs::built(["--package", PART4_CERT.package(), "--bin", &client])?;
    let client = programs.named(&client)?;
    let beside = make::folder();
    let beside = beside.parent().unwrap_or(Path::new("."));
    let cannot = || format!("cannot write to {}", beside.display());
    let folder = tempfile::tempdir_in(beside).with_context(cannot)?;

    let steps = Cast::KEYS + CASES.len() as u64;
    let progress = Mutex::new(Progress::before_output(steps, "keys and chains"));
    let advance = || progress.lock().unwrap_or_else(PoisonError::into_inner).advance(1);
    let cast = Cast::new(advance)?;
    let queue = Mutex::new(CASES.iter().enumerate().collect::<VecDeque<_>>());
    let work = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((number, case)) = next else { return done };
            let tried = case.chain(&cast).and_then(|chain| {
                let roots = folder.path().join(format!("{number}-{ROOTS}"));
                fs::write(&roots, pem(&chain.roots)?).with_context(cannot)?;
                tried(client, &roots, case, &chain)
            });
            done.push((number, tried));
            advance();
        }
    };
    let mut done: Vec<(usize, Result<Tried>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, tried)| tried).collect()
}

/// Shows a chain to the client.
fn tried(client: &Path, roots: &Path, case: &Case, chain: &Chain) -> Result<Tried> {
    let identity = chain.identity()?;
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on 127.0.0.1")?;
    let addr = listener.local_addr()?;
    let (verdict, was_heard) = thread::scope(|scope| {
        let server = scope.spawn(|| serve(listener, &identity));
        let verdict = verdict(client, roots, addr, chain.name);
        // A client that did not get so far leaves the server waiting.
        _ = TcpStream::connect(addr);
        let server = server.join().map_err(|_| anyhow!("the server is gone"));
        (verdict, server.and_then(|heard| heard))
    });
    let refused = verdict.with_context(|| case.name.to_owned())?;
    let (refused_by, why) = refused.unzip();
    if refused_by.is_some() && was_heard? {
        bail!("{}: the client refused the server, and had sent it something", case.name);
    }
    Ok(Tried { chain: case.name, refused_by, why, expected: case.refused_by })
}

/// A server that shows these certificates, whatever is wrong with them, and signs with its key. Returns whether it
/// got more than a `ClientHello`: an answer is given to a request.
fn serve(listener: TcpListener, identity: &Identity) -> Result<bool> {
    let (stream, _) = listener.accept()?;
    drop(listener);
    stream.set_read_timeout(Some(SILENCE))?;
    let mut wire = Wire::new(&stream);
    let secret = cert::server(&mut wire, PrivateKey::random()?, identity)?;
    let keys = wire.derive(&secret, &hkdf::PART4);
    let mut channel = wire.secure(Sealer::new(&keys.server), Opener::new(&keys.client));
    match channel.recv() {
        Ok(request) if request.is_some() => {
            channel.send(b"hello, client")?;
            Ok(true)
        }
        Ok(_) => Ok(false),
        // Bytes that are no record are bytes.
        Err(error) => Ok(error.rejection().is_some()),
    }
}

/// Runs the client. Returns which check refused the server, and why; or `None` if the client was content with it.
fn verdict(
    client: &Path,
    roots: &Path,
    addr: SocketAddr,
    name: &str,
) -> Result<Option<(String, String)>> {
    let mut driver = Driver::new(SILENCE).within(Bounds::SHORT);
    let [addr, roots] = [addr.to_string(), roots.display().to_string()];
    driver.start((), client, ["--addr", &addr, "--roots", &roots, "--name", name])?;
    let (mut refused, mut complaints) = (None, String::new());
    while let Some(((), report)) = driver.next_report()? {
        match report {
            Report::Event(event) => {
                if let EventKind::Rejected { error, message, .. } = event.kind {
                    refused = Some((error, message));
                }
            }
            Report::Complaint(line) => complaints += &line,
            Report::Ended(Some(status)) if status.success() == refused.is_none() => {}
            Report::Ended(_) => bail!("the client failed: {complaints}"),
        }
    }
    Ok(refused)
}

/// The chains that were accepted, and those that each check refused, in the order of the checks.
fn groups(tried: &[Tried]) -> Vec<(Option<&'static Check>, Vec<&Tried>)> {
    let of = |check: Option<&'static Check>| {
        let name = check.map(|check| check.name);
        let chains = tried.iter().filter(|it| it.refused_by.as_deref() == name);
        (check, chains.collect::<Vec<_>>())
    };
    let groups = [None].into_iter().chain(CHECKS.iter().map(Some)).map(of);
    groups.filter(|(_, chains)| !chains.is_empty()).collect()
}

/// For a terminal, styled with escape codes.
fn text(tried: &[Tried]) -> String {
    let mut text = String::new();
    for (check, chains) in groups(tried) {
        let (heading, wants) = match check {
            None => ("accepted".to_owned(), "Nothing is wrong with these."),
            Some(check) => (format!("refused by {}", check.name), check.wants),
        };
        _ = writeln!(text, "{HEADING}{heading}{HEADING:#}");
        let indented = wrapped_to(width()).initial_indent("  ").subsequent_indent("  ");
        _ = writeln!(text, "{}\n", textwrap::fill(wants, indented));
        for tried in chains {
            let surprise = tried.surprise();
            let (style, sign) = match (&surprise, check) {
                (Some(_), _) => (BAD, "?"),
                (None, None) => (GOOD, "·"),
                (None, Some(_)) => (GOOD, "✓"),
            };
            let what = visible(surprise.as_deref().unwrap_or(tried.chain));
            let first = format!("  {style}{sign}{style:#} ");
            let wrapped = wrapped_to(width()).initial_indent(&first).subsequent_indent("    ");
            _ = writeln!(text, "{}", textwrap::fill(&what, wrapped));
        }
        text.push('\n');
    }
    let [good, bad]: [usize; 2] =
        [true, false].map(|good| tried.iter().filter(|it| it.refused_by.is_none() == good).count());
    _ = writeln!(text, "{good} chains accepted, {bad} refused before the client sent its request");
    _ = writeln!(text, "\nnext: cargo xtask certificates show");
    text
}

/// As a table of Markdown.
fn markdown(tried: &[Tried]) -> String {
    let mut table = Table::new(["check", "what the client wants", "RFC 5280", "chains"]);
    for (check, chains) in groups(tried) {
        let chains: Vec<_> = chains.iter().map(|tried| tried.chain).collect();
        let chains = chains.join("<br>");
        match check {
            None => table.row([
                "-",
                "Nothing is wrong with these: they are **accepted**.",
                "-",
                &chains,
            ]),
            Some(Check { name, wants, section }) => {
                table.row([&format!("`{name}`"), *wants, *section, &chains]);
            }
        }
    }
    table.shown(true)
}
