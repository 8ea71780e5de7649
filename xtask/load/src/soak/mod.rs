//! `cargo xtask soak`: a server under load, good clients and every fault at once.
//!
//! - [`client`]: the good clients. The faults are the attacker's.
//! - [`report`]: the result.

pub mod client;
pub mod report;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use attacker::faults::{Ending, Fault};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use stages::{PART2_AEAD, STAGES, Stage};
use transcript::{Event, EventKind, Role};
use xtask::launch::{Driver, Programs, Report};
use xtask::print;
use xtask::stage_names;

use crate::gauge::{Gauge, Reading};
use client::{Client, REQUESTS};
use report::{Faulted, Latency, Soaked};

/// Time within which the server must be listening.
const STARTING: Duration = Duration::from_secs(10);
/// Time between two probes of the answer time.
const PROBE_EVERY: Duration = Duration::from_millis(5);
/// Connections with each kind of fault at the same time.
const WORKERS: usize = 4;
/// Time within which the server must be as it was before, once everyone has left.
const SETTLING: Duration = Duration::from_secs(45);
/// The server's time limit for a peer, in seconds.
const TIMEOUT: &str = "5";
/// Permanent growth of memory that is allowed, in KiB: for buffers that are kept for the next time.
const MEMORY_SLACK: u64 = 8 * 1024;

/// Options of a soak.
#[derive(Args, Debug)]
pub struct SoakOptions {
    /// The stage, one with data in records
    #[arg(value_parser = stage_names::one_of(record_stages()), default_value = PART2_AEAD.name)]
    stage: &'static Stage,

    /// How long the soak lasts
    #[arg(long, value_name = "N", default_value = "10", value_parser = xtask::count::<u64>)]
    seconds: u64,

    /// How many good clients run at the same time
    #[arg(long, value_name = "N", default_value = "8", value_parser = xtask::count::<u16>)]
    connections: u16,

    /// Also commit every kind of fault, several of each at the same time
    #[arg(long)]
    faults: bool,

    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

fn record_stages() -> impl Iterator<Item = &'static Stage> + Clone + Send + Sync {
    STAGES
        .iter()
        .copied()
        .filter(|stage| stage.has_records() && stage.has_data() && !stage.has_types())
}

/// Runs a soak and shows the result. The exit code is 1 when a good client was harmed, something
/// was left behind, or a connection was held beyond every deadline.
///
/// # Errors
/// When this is not Linux, the programs cannot be built or started, or the server is gone.
pub fn soak(options: &SoakOptions) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("only Linux tells what a server uses (/proc): run a soak there, or in a container");
    }
    let stage = options.stage;
    let programs = Programs::of_stages(&[stage], true)?;
    let soaked = run(&programs, stage, options)?;
    if options.json {
        print(&(serde_json::to_string_pretty(&soaked)? + "\n"))?;
    } else {
        print(&soaked.text())?;
    }
    Ok(ExitCode::from(u8::from(!soaked.is_well())))
}

/// Counts that the threads of a soak keep.
#[derive(Default)]
struct Counts {
    served: AtomicUsize,
    harmed: Mutex<Vec<String>>,
    latencies: Mutex<Vec<Duration>>,
    committed: AtomicUsize,
    endings: Mutex<Vec<(Fault, (Ending, Duration))>>,
    over: AtomicBool,
}

fn run(programs: &Programs, stage: &'static Stage, options: &SoakOptions) -> Result<Soaked> {
    let (gauge, addr) = start_server(programs, stage)?;
    let idle = gauge.read()?;
    let client = Client { programs, stage, addr };
    let record = client.run()?;
    let before = settled(&gauge, idle, Duration::from_secs(5))?;

    let faults: &[Fault] = if options.faults { &Fault::ALL } else { &[] };
    let (counts, client, record) = (&Counts::default(), &client, &record);
    let peak = thread::scope(|scope| {
        for _ in 0..options.connections {
            scope.spawn(|| {
                counts.until_over(|| match client.run() {
                    Ok(_) => _ = counts.served.fetch_add(1, Ordering::Relaxed),
                    Err(error) => lock(&counts.harmed).push(format!("{error:#}")),
                });
            });
        }
        scope.spawn(|| {
            counts.until_over(|| {
                match client.probe(record) {
                    Ok(waited) => lock(&counts.latencies).push(waited),
                    Err(error) => lock(&counts.harmed).push(format!("a probe: {error}")),
                }
                thread::sleep(PROBE_EVERY);
            });
        });
        for fault in faults.iter().cycle().take(WORKERS * faults.len()) {
            scope.spawn(move || {
                counts.until_over(|| {
                    let number = counts.committed.fetch_add(1, Ordering::Relaxed);
                    if let Ok(ended) = fault.commit(stage, addr, record, number) {
                        lock(&counts.endings).push((*fault, ended));
                    }
                });
            });
        }
        counts.watch(&gauge, before, options.seconds)
    });
    let after = settled(&gauge, before, SETTLING)?;
    lock(&counts.latencies).sort_unstable();
    let endings = lock(&counts.endings);
    Ok(Soaked {
        stage: stage.name,
        seconds: options.seconds,
        connections: options.connections,
        exchanges: counts.served.load(Ordering::Relaxed) * REQUESTS,
        harmed: lock(&counts.harmed).clone(),
        latency: Latency::of(&lock(&counts.latencies)),
        faults: faults.iter().map(|fault| Faulted::of(*fault, &endings)).collect(),
        before,
        peak,
        after,
        leaked: has_leaked(before, after),
    })
}

/// Starts a server, which ends when this program does.
fn start_server(programs: &Programs, stage: &Stage) -> Result<(Gauge, SocketAddr)> {
    let mut driver = Driver::new(STARTING);
    let timeouts = ["--timeout", TIMEOUT, "--message-timeout", TIMEOUT];
    let args = ["--addr", "127.0.0.1:0", "--forever", "--max-connections", "1000"];
    let args = args.into_iter().chain(timeouts);
    let id = driver.start((), programs.of(stage, Role::Server)?, args)?;
    let addr = match driver.next_report()? {
        Some(((), Report::Event(Event { kind: EventKind::Listening { addr }, .. }))) => addr,
        other => bail!("the server did not come up: {other:?}"),
    };
    driver.set_silence(Duration::MAX);
    // Nobody reads its reports, but a server whose reports nobody takes waits for a reader.
    thread::spawn(move || while let Ok(Some(_)) = driver.next_report() {});
    Ok((Gauge::of(id), addr))
}

impl Counts {
    fn until_over(&self, act: impl Fn()) {
        while !self.over.load(Ordering::Relaxed) {
            act();
        }
    }

    /// Watches the server for this long, with a progress bar, and then has everyone stop. Returns
    /// the most that it used.
    fn watch(&self, gauge: &Gauge, before: Reading, seconds: u64) -> Reading {
        let bar = ProgressBar::new(seconds);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} s {msg}") {
            bar.set_style(style);
        }
        let (mut peak, began) = (before, Instant::now());
        while began.elapsed() < Duration::from_secs(seconds) {
            peak = gauge.read().unwrap_or(peak).max(peak);
            bar.set_position(began.elapsed().as_secs());
            let exchanges = lock(&self.latencies).len();
            let faults = self.committed.load(Ordering::Relaxed);
            bar.set_message(format!("{exchanges} exchanges, {faults} faults"));
            thread::sleep(Duration::from_millis(100));
        }
        self.over.store(true, Ordering::Relaxed);
        bar.finish_and_clear();
        peak
    }
}

/// Waits until a process has released everything, for a limited time. Returns what it uses then.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
