//! `cargo xtask soak`: a server under load, good clients and every fault at once.

pub mod faults;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use framing::stage::{PART2_AEAD, STAGES};
use framing::{LENGTH_LEN, Stage};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use transcript::{Role, What};

use crate::gauge::{Gauge, Reading};
use crate::process::{Process, Said};
use crate::programs::Programs;
use crate::{
    print,
    soak::faults::{Ending, Fault},
};

/// Requests of one good client, on one connection.
const REQUESTS: usize = 50;
/// Between two probes of how long an answer takes.
const PROBE_EVERY: Duration = Duration::from_millis(5);
/// How long the server may take to be as it was before, once everyone has left.
const SETTLING: Duration = Duration::from_secs(45);
/// What memory may have grown by for good, in KiB: buffers that are kept for the next time.
const MEMORY_SLACK: u64 = 8 * 1024;
/// Events that wait to be heard, at most.
const BACKLOG: usize = 1024;

/// What can be said of a soak.
#[derive(Args, Debug)]
pub struct SoakOptions {
    /// The stage, one with records
    #[arg(value_parser = PossibleValuesParser::new(record_stages()), default_value = PART2_AEAD.name)]
    stage: String,

    /// How long it goes on
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,

    /// How many good clients there are at the same time
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,

    /// Commit every kind of fault besides, several of each at the same time
    #[arg(long)]
    faults: bool,

    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

fn record_stages() -> impl Iterator<Item = &'static str> {
    STAGES.into_iter().filter(|stage| stage.has_records).map(|stage| stage.name)
}

/// What came of a soak.
#[derive(Debug, Serialize)]
pub struct Soaked {
    /// The stage's name.
    pub stage: &'static str,
    /// How long it went on, in seconds.
    pub seconds: u64,
    /// Good clients at the same time.
    pub connections: u16,
    /// Requests of good clients that were answered.
    pub exchanges: usize,
    /// What good clients complained of.
    pub harmed: Vec<String>,
    /// How long it took to connect, send a request and get its answer, in microseconds.
    pub latency: Latency,
    /// The faults, how often each was committed, and how the connections ended.
    pub faults: Vec<Faulted>,
    /// What the server used before anyone came.
    pub before: Reading,
    /// The most it used.
    pub peak: Reading,
    /// What it used when everyone had left.
    pub after: Reading,
    /// Whether anything was left behind.
    pub leaked: bool,
}

/// Percentiles, in microseconds.
#[derive(Debug, Default, Serialize)]
pub struct Latency {
    /// Half of the answers came sooner.
    pub p50: u128,
    /// Nine in ten did.
    pub p90: u128,
    /// Ninety-nine in a hundred did.
    pub p99: u128,
    /// The slowest one.
    pub max: u128,
}

/// What came of one kind of fault.
#[derive(Debug, Serialize)]
pub struct Faulted {
    /// Which.
    pub fault: Fault,
    /// How many connections ended which way.
    pub endings: BTreeMap<Ending, usize>,
    /// The longest that one lasted, in milliseconds.
    pub longest_millis: u128,
}

/// Runs a soak and shows what came of it. The exit code is 1 when a good client was harmed, something was
/// left behind, or a connection was held beyond every deadline.
///
/// # Errors
/// When the programs cannot be built or started, or the server is gone.
pub fn soak(options: &SoakOptions) -> Result<ExitCode> {
    let stage = Stage::find(&options.stage).context("no such stage")?;
    let programs = Programs::build(true)?;
    let soaked = run(&programs, stage, options)?;
    if options.json {
        print(&(serde_json::to_string_pretty(&soaked)? + "\n"))?;
    } else {
        print(&soaked.text())?;
    }
    Ok(ExitCode::from(u8::from(!soaked.is_well())))
}

fn run(programs: &Programs, stage: &'static Stage, options: &SoakOptions) -> Result<Soaked> {
    let (listener, said) = mpsc::sync_channel(BACKLOG);
    let args = ["--addr", "127.0.0.1:0", "--forever", "--max-connections", "1000"];
    let server = Process::start(programs.of(stage, Role::Server)?, args, (), &listener)?;
    let addr = listening(&said)?;
    // Nobody reads along, but somebody must take what the server says.
    thread::spawn(move || said.into_iter().for_each(drop));
    let gauge = Gauge::of(server.id());
    let idle = gauge.read()?;
    let client = Client { programs, stage, addr };
    let record = client.run()?;
    let before = settled(&gauge, idle, Duration::from_secs(5))?;

    let over = AtomicBool::new(false);
    let harmed = Mutex::new(Vec::new());
    let latencies = Mutex::new(Vec::new());
    let served = AtomicUsize::new(0);
    let endings = Mutex::new(Vec::new());
    let faults: &[Fault] = if options.faults { &Fault::ALL } else { &[] };
    let committed = AtomicUsize::new(0);
    let bar = ProgressBar::new(options.seconds);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} s {msg}") {
        bar.set_style(style);
    }
    let peak = thread::scope(|scope| {
        for _ in 0..options.connections {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    match client.run() {
                        Ok(_) => _ = served.fetch_add(1, Ordering::Relaxed),
                        Err(error) => lock(&harmed).push(format!("{error:#}")),
                    }
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                match probe(addr, &record) {
                    Ok(waited) => lock(&latencies).push(waited),
                    Err(error) => lock(&harmed).push(format!("a probe: {error}")),
                }
                thread::sleep(PROBE_EVERY);
            }
        });
        for fault in faults.iter().cycle().take(WORKERS * faults.len()) {
            let (over, record, endings, committed) = (&over, &record, &endings, &committed);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let number = committed.fetch_add(1, Ordering::Relaxed);
                    if let Ok(ended) = fault.commit(stage, addr, record, number) {
                        lock(endings).push((*fault, ended));
                    }
                }
            });
        }
        let mut peak = before;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(options.seconds) {
            peak = gauge.read().unwrap_or(peak).max(peak);
            bar.set_position(began.elapsed().as_secs());
            let exchanges = lock(&latencies).len();
            bar.set_message(format!(
                "{exchanges} exchanges, {} faults",
                committed.load(Ordering::Relaxed)
            ));
            thread::sleep(Duration::from_millis(100));
        }
        over.store(true, Ordering::Relaxed);
        bar.finish_and_clear();
        peak
    });
    let after = settled(&gauge, before, SETTLING)?;
    let mut latencies = latencies.into_inner().unwrap_or_else(PoisonError::into_inner);
    latencies.sort_unstable();
    let endings = endings.into_inner().unwrap_or_else(PoisonError::into_inner);
    let faults = faults.iter().map(|fault| Faulted::of(*fault, &endings));
    Ok(Soaked {
        stage: stage.name,
        seconds: options.seconds,
        connections: options.connections,
        exchanges: served.into_inner() * REQUESTS,
        harmed: harmed.into_inner().unwrap_or_else(PoisonError::into_inner),
        latency: Latency::of(&latencies),
        faults: faults.collect(),
        before,
        peak,
        after,
        leaked: has_leaked(before, after),
    })
}

/// Connections with each kind of fault at the same time.
const WORKERS: usize = 4;

/// A good client, to be run again and again.
struct Client<'p> {
    programs: &'p Programs,
    stage: &'static Stage,
    addr: SocketAddr,
}

impl Client<'_> {
    /// Sends its requests, expects an answer to each, and returns the first record.
    fn run(&self) -> Result<Vec<u8>> {
        let (listener, said) = mpsc::sync_channel(BACKLOG);
        let (addr, requests) = (self.addr.to_string(), REQUESTS.to_string());
        let args = ["--addr", &addr, "--requests", &requests];
        let program = self.programs.of(self.stage, Role::Client)?;
        let process = Process::start(program, args, (), &listener)?;
        drop(listener);
        let mut first = None;
        for ((), said) in said {
            match said {
                Said::Event(event) => {
                    if let (What::Sent(record), None) = (event.what, &first) {
                        let length = u32::try_from(record.record.len())?.to_be_bytes();
                        first = Some([&length[..], &record.record].concat());
                    }
                }
                Said::Garbled(line) | Said::Complaint(line) => bail!(line),
                Said::End => break,
            }
        }
        let status = process.wait()?;
        ensure!(status.success(), "a good client ended with {status}");
        first.context("a good client sent nothing")
    }
}

/// Connects, sends a recorded request, and measures how long the answer takes. No stage tells such a
/// client from the one that was recorded, and this one needs no process of its own.
fn probe(server: SocketAddr, record: &[u8]) -> io::Result<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(record)?;
    stream.read_exact(&mut [0; LENGTH_LEN])?;
    Ok(began.elapsed())
}

fn listening(said: &Receiver<((), Said)>) -> Result<SocketAddr> {
    match said.recv_timeout(Duration::from_secs(10)).map(|((), said)| said) {
        Ok(Said::Event(event)) => match event.what {
            What::Listening { addr } => Ok(addr),
            other => bail!("the server began with {other:?}"),
        },
        other => bail!("the server did not come up: {other:?}"),
    }
}

/// What a process uses once it has let go of everything, or when there is no more waiting for it.
fn settled(gauge: &Gauge, before: Reading, patience: Duration) -> Result<Reading> {
    let began = Instant::now();
    loop {
        let now = gauge.read()?;
        if !has_leaked(before, now) || began.elapsed() > patience {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn has_leaked(before: Reading, after: Reading) -> bool {
    after.threads > before.threads
        || after.descriptors > before.descriptors
        || after.memory_kib > before.memory_kib + MEMORY_SLACK
}

impl Faulted {
    fn of(fault: Fault, endings: &[(Fault, (Ending, Duration))]) -> Self {
        let mut faulted = Self { fault, endings: BTreeMap::new(), longest_millis: 0 };
        for (_, (ending, lasted)) in endings.iter().filter(|(ended, _)| *ended == fault) {
            *faulted.endings.entry(*ending).or_default() += 1;
            faulted.longest_millis = faulted.longest_millis.max(lasted.as_millis());
        }
        faulted
    }
}

impl Latency {
    fn of(sorted: &[Duration]) -> Self {
        let at = |hundredths: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get(last * hundredths / 100).copied().unwrap_or_default().as_micros()
        };
        Self { p50: at(50), p90: at(90), p99: at(99), max: at(100) }
    }
}

impl Soaked {
    /// Whether nobody was harmed, nothing was left behind, and no connection outlived its deadline.
    pub fn is_well(&self) -> bool {
        let held = self.faults.iter().any(|faulted| faulted.endings.contains_key(&Ending::Held));
        self.harmed.is_empty() && !self.leaked && !held && self.exchanges > 0
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let Self { stage, seconds, connections, exchanges, latency, before, peak, after, .. } =
            self;
        _ = writeln!(text, "{stage}: {seconds} s, {connections} good clients at a time");
        _ = writeln!(text, "{exchanges} exchanges, {} good clients harmed", self.harmed.len());
        for harmed in self.harmed.iter().take(5) {
            _ = writeln!(text, "  {harmed}");
        }
        _ = writeln!(text, "\nanswered within   half       9 in 10    99 in 100  all");
        let millis = |micros: u128| format!("{}.{:03} ms", micros / 1000, micros % 1000);
        let [p50, p90, p99, max] = [latency.p50, latency.p90, latency.p99, latency.max].map(millis);
        _ = writeln!(text, "                  {p50:<10} {p90:<10} {p99:<10} {max}");
        if !self.faults.is_empty() {
            _ = writeln!(
                text,
                "\nfault        committed closed   answered broken off held   longest"
            );
        }
        for Faulted { fault, endings, longest_millis } in &self.faults {
            let count = |ending| endings.get(&ending).copied().unwrap_or(0);
            let name = serde_json::to_value(fault).unwrap_or_default();
            let name = name.as_str().unwrap_or_default().replace('_', " ");
            let [closed, answered, broken_off, held] =
                [Ending::Closed, Ending::Answered, Ending::BrokenOff, Ending::Held].map(count);
            let all: usize = endings.values().sum();
            let (whole, part) = (longest_millis / 1000, longest_millis % 1000);
            _ = writeln!(
                text,
                "{name:<12} {all:<9} {closed:<8} {answered:<8} {broken_off:<10} {held:<6} {whole}.{part:03} s"
            );
        }
        _ = writeln!(text, "\nthe server   memory      threads  descriptors");
        for (when, reading) in [("before", before), ("peak", peak), ("after", after)] {
            let memory = format!("{} KiB", reading.memory_kib);
            let (threads, descriptors) = (reading.threads, reading.descriptors);
            _ = writeln!(text, "{when:<12} {memory:<11} {threads:<8} {descriptors}");
        }
        let verdict = if self.is_well() {
            "nobody was harmed, and nothing is left behind"
        } else {
            "NOT WELL"
        };
        _ = writeln!(text, "\n{verdict}");
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
