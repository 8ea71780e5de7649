//! Programs as processes: what they report, and how they end.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod vectors;

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use stages::{STAGES, Stage};
use tempfile::TempDir;
use transcript::{Event, EventKind, Role};
use xtask::launch::pair::Outcome;
use xtask::launch::{Driver, Pair, Programs, Report, Wire};

/// Longer than anything here takes; a test that reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Events that a program can report before anyone asks.
const BACKLOG: usize = 1 << 16;

pub fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::all().unwrap())
}

/// `cargo xtask`, whatever colours are wanted where the tests run.
pub fn xtask() -> Command {
    programs();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// A folder of a test's own, which is gone when this is dropped.
pub struct Folder(TempDir);

impl Folder {
    /// A folder below cargo's own: the system's need not exist, and is open to everyone.
    pub fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

pub fn record_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has_records())
}

/// The stages whose records carry a tag.
pub fn tagged_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has(stages::Role::Tag))
}

/// Those that a tunnel can have.
pub fn tunnelled_stages() -> impl Iterator<Item = &'static Stage> {
    tagged_stages().filter(|stage| !stage.has_types())
}

/// The packages of the workspace, as cargo knows them.
pub fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Runs a pair to its end.
pub fn pair(
    stage: &'static Stage,
    server_args: &[&str],
    client_args: &[&str],
) -> (Vec<Event>, Outcome) {
    pair_of(programs(), stage, server_args, client_args)
}

pub fn pair_of(
    programs: &Programs,
    stage: &'static Stage,
    server_args: &[&str],
    client_args: &[&str],
) -> (Vec<Event>, Outcome) {
    let mut events = Vec::new();
    let tell = |event: &Event| events.push(event.clone());
    let pair = Pair { stage, server_args, client_args, wire: Wire::Unwatched };
    let outcome = pair.run(programs, tell).unwrap();
    (events, outcome)
}

/// Returns whether the system lets the tests of a file have the descriptors that all of them take
/// at the same time. If it does not, the user is told that a test was left out.
pub fn may_have_descriptors(needed: u64) -> bool {
    static LIMIT: OnceLock<u64> = OnceLock::new();
    let limit = *LIMIT.get_or_init(|| {
        let limit = |column| {
            // Without such a file, no limit is known.
            let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
            let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
            let limit = line.and_then(|line| line.split_whitespace().nth(column)?.parse().ok());
            limit.unwrap_or(u64::MAX)
        };
        if limit(0) < needed && limit(1) >= needed {
            // The limit is raised as far as it goes. The programs have it too.
            let id = std::process::id().to_string();
            let raise = ["--pid", &id, &format!("--nofile={needed}:")];
            _ = Command::new("prlimit").args(raise).status();
        }
        limit(0)
    });
    if limit < needed {
        // Not by a macro, whose output the test would keep to itself.
        let thread = thread::current();
        let test = thread.name().unwrap_or_default();
        let skipped =
            format!("{test} skipped: it needs {needed} descriptors, and may have {limit}\n");
        io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    limit >= needed
}

/// One program whose peer is the test.
pub struct Lone {
    driver: Driver<Role>,
    id: u32,
    events: Vec<Event>,
    /// What it said on standard error before an event which was waited for.
    complaints: Vec<String>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub events: Vec<Event>,
    pub complaints: Vec<String>,
    pub code: Option<i32>,
}

impl Lone {
    fn start(stage: &'static Stage, role: Role, args: &[&str]) -> Self {
        Self::start_program(programs().of(stage, role).unwrap(), role, args)
    }

    fn start_program(program: &Path, role: Role, args: &[&str]) -> Self {
        let mut driver = Driver::with_backlog(PATIENCE, BACKLOG);
        let id = driver.start(role, program, args).unwrap();
        Self { driver, id, events: Vec::new(), complaints: Vec::new() }
    }

    pub fn client(stage: &'static Stage, addr: SocketAddr, args: &[&str]) -> Self {
        Self::start(stage, Role::Client, &[&["--addr", &addr.to_string()], args].concat())
    }

    /// A server that listens already, and where.
    pub fn server(stage: &'static Stage, args: &[&str]) -> (Self, SocketAddr) {
        Self::server_at(stage, "127.0.0.1:0", args)
    }

    pub fn server_at(stage: &'static Stage, addr: &str, args: &[&str]) -> (Self, SocketAddr) {
        Self::start(stage, Role::Server, &[&["--addr", addr], args].concat()).listening()
    }

    /// An end of a tunnel that listens already, and where.
    pub fn tunnel_end(
        programs: &Programs,
        stage: &'static Stage,
        side: Role,
        connect: SocketAddr,
        args: &[&str],
    ) -> (Self, SocketAddr) {
        let (side_name, connect) = (side.to_string(), connect.to_string());
        let of_end = ["--stage", stage.short_name(), "--side", &side_name, "--connect", &connect];
        let args = [&of_end[..], &["--listen", "127.0.0.1:0"], args].concat();
        Self::start_program(programs.named("tunnel").unwrap(), side, &args).listening()
    }

    fn listening(mut self) -> (Self, SocketAddr) {
        match self.next_event().kind {
            EventKind::Listening { addr } => (self, addr),
            other => panic!("it begins with {other:?}"),
        }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    fn next_report(&mut self) -> Report {
        self.driver.next_report().unwrap().expect("it has not ended").1
    }

    pub fn next_event(&mut self) -> Event {
        match self.next_report() {
            Report::Event(event) => {
                self.events.push(event.clone());
                event
            }
            Report::Complaint(line) => {
                self.complaints.push(line);
                self.next_event()
            }
            Report::Ended(status) => {
                panic!("expected an event, got {status:?} after {:?}", self.complaints)
            }
        }
    }

    pub fn end(mut self) -> Ended {
        let mut complaints = std::mem::take(&mut self.complaints);
        let status = loop {
            match self.next_report() {
                Report::Event(event) => self.events.push(event),
                Report::Complaint(line) => complaints.push(line),
                Report::Ended(status) => break status.unwrap(),
            }
        };
        Ended { events: self.events, complaints, code: status.code() }
    }
}

impl Ended {
    /// The names of the events, in order.
    pub fn names(&self) -> Vec<&'static str> {
        names(&self.events)
    }

    /// The one rejection: its name, and the record refused.
    pub fn rejection(&self) -> (&str, Option<&[u8]>) {
        let mut rejections = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Rejected { error, record, .. } => Some((error.as_str(), record.as_deref())),
            _ => None,
        });
        let first = rejections.next().expect("a rejection");
        assert!(rejections.next().is_none(), "one rejection is final");
        first
    }
}

pub fn names(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| match event.kind {
        EventKind::Listening { .. } => "listening",
        EventKind::Connected { .. } => "connected",
        EventKind::Handshake(_) => "handshake",
        EventKind::Derived { .. } => "derived",
        EventKind::Sent(_) => "sent",
        EventKind::Received(_) => "received",
        EventKind::Rejected { .. } => "rejected",
        EventKind::Closed { .. } => "closed",
        EventKind::Dropped { .. } => "dropped",
        EventKind::Chunk { .. } => "chunk",
        EventKind::End { .. } => "end",
        EventKind::Captured { .. } => "captured",
        EventKind::Fragment { .. } => "fragment",
        EventKind::Check { .. } => "check",
        EventKind::Folded { .. } => "folded",
        EventKind::Missing { .. } => "missing",
    };
    events.iter().map(name).collect()
}
