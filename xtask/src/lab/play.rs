//! Runs one attack on a server and its clients, and keeps what they report.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use attacker::{Attack, AttackLog, Credentials, Fingerprint, LeakedKeys, Path, Tool};
use certificates::Identity;
use stages::{PART5_TLS13, STAGES, Stage};
use transcript::{EventKind, Role};

use super::scenario::{Scenario, Speaks};
use super::victims::{Played, Victim};
use crate::launch::driver::Bounds;
use crate::launch::{Driver, Programs, Report};

/// Time limit for everyone's silence. The programs wait [`TIMEOUTS`] for each other.
const SILENCE: Duration = Duration::from_secs(12);

/// The attacker's own program that speaks TLS to both sides.
const MIDDLE: &str = "tls13_middle";

/// Options of the programs.
const TIMEOUTS: [&str; 4] = ["--timeout", "5", "--message-timeout", "5"];

/// The party between the clients and the server.
#[derive(Clone, Copy, Debug)]
pub enum Between<'a> {
    /// One of our attacks.
    Attack(&'static Attack),
    /// A program that gets the server's address and more, and reports where it listens.
    Program(&'a path::Path, &'a [&'a str]),
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Server,
    Client(usize),
    Attacker,
}

/// Plays a scenario at a stage: the server, the attacker in front of it, then one client after the other,
/// each when the one before is connected.
///
/// # Errors
/// When a program cannot be started, or nothing happens for a while.
pub fn play(
    programs: &Programs,
    scenario: &Scenario,
    stage: &'static Stage,
    between: Between,
) -> Result<Played> {
    let mut driver = Driver::new(SILENCE).within(Bounds::SHORT);
    let (client_stage, server_stage) = (scenario.stages)(stage);
    let connections = scenario.connections().to_string();
    let server_args = ["--addr", "127.0.0.1:0", "--connections", &connections];
    let server_args = server_args.into_iter().chain(TIMEOUTS);
    let server_args = server_args.map(str::to_owned).chain(identity_args(programs, server_stage)?);
    driver.start(Who::Server, programs.of(server_stage, Role::Server)?, server_args)?;
    let mut played = nothing_yet(scenario);
    let (done, attack_done) = mpsc::channel();
    let (leak, leaked) = mpsc::channel();
    let mut leaked = Some(leaked);
    let mut attack_reports = None;
    let mut waiting: Option<Path> = None;
    let mut path_addr = None;
    let mut clients = 0;
    while let Some((who, report)) = driver.next_report()? {
        let victim = match who {
            Who::Server => &mut played.server,
            Who::Client(number) => &mut played.clients[number],
            Who::Attacker => &mut played.attacker,
        };
        let mut next_client = false;
        match report {
            Report::Event(event) => {
                match (&event.kind, who, between) {
                    (
                        EventKind::Listening { addr },
                        Who::Server,
                        Between::Program(program, more),
                    ) => {
                        let addr = addr.to_string();
                        let args = [&*addr].into_iter().chain(more.iter().copied());
                        _ = driver.start(Who::Attacker, program, args)?;
                    }
                    (EventKind::Listening { addr }, Who::Server, Between::Attack(attack)) => {
                        let path = Path::new(client_stage, *addr);
                        let path = path.context("cannot get on the path")?;
                        let leaked = leaked.take().context("the server listens twice")?;
                        let mut path = path.to_server_of(server_stage).with_leak(leaked);
                        if client_stage.has_certificates() {
                            let credentials = credentials(programs, scenario.is_key_stolen)?;
                            path = path.with_credentials(credentials);
                        }
                        path_addr = Some(path.addr()?.to_string());
                        if let Some(speaks) = scenario.speaks.filter(|_| server_stage.has_types()) {
                            let (reports, tool) = start_tool(&mut driver, programs, speaks)?;
                            attack_reports = Some(reports);
                            path = path.with_tool(tool);
                        }
                        if attack_reports.is_some() && scenario.speaks != Some(Speaks::AsClient) {
                            waiting = Some(path);
                        } else {
                            begin(path, attack, &done);
                            next_client = true;
                        }
                    }
                    (EventKind::Listening { addr }, Who::Attacker, Between::Attack(attack)) => {
                        if let Some(path) = waiting.take() {
                            begin(path.with_own_server(*addr), attack, &done);
                            next_client = true;
                        }
                    }
                    (EventKind::Listening { addr }, ..) => {
                        path_addr = Some(addr.to_string());
                        next_client = true;
                    }
                    (EventKind::Connected { .. }, Who::Client(_), _) => next_client = true,
                    _ => {}
                }
                if let (Who::Attacker, Some(reports)) = (who, &attack_reports) {
                    // Once the attack is over, it needs no more.
                    _ = told_by(&event.kind).map(|told| reports.send(told));
                }
                victim.events.push(event);
            }
            Report::Complaint(line) => victim.complain(line),
            Report::Ended(status) => {
                victim.code = status.and_then(|status| status.code());
                if who == Who::Attacker {
                    attack_reports = None;
                }
            }
        }
        if let (true, Some(addr), Some(requests)) =
            (next_client, &path_addr, scenario.clients.get(clients))
        {
            let (program, args) = client(programs, scenario, client_stage, requests, addr)?;
            driver.start(Who::Client(clients), program, args)?;
            clients += 1;
        }
    }
    if matches!(between, Between::Attack(_)) {
        // Everyone is gone, and the keys that were there beforehand come into the wrong hands.
        _ = leak.send(long_term_keys(programs, server_stage)?);
        (played.attacked, played.log) =
            attack_done.recv_timeout(SILENCE).context("the attack did not end")?;
    }
    Ok(played)
}

/// Nobody has done anything.
fn nothing_yet(scenario: &Scenario) -> Played {
    Played {
        server: Victim::default(),
        clients: scenario.clients.iter().map(|_| Victim::default()).collect(),
        wanted: scenario.wanted,
        log: attacker::AttackLog::default(),
        attacked: Ok(()),
        attacker: Victim::default(),
    }
}

/// Returns a client, and the arguments with which it sends these requests.
fn client<'p>(
    programs: &'p Programs,
    scenario: &Scenario,
    stage: &Stage,
    requests: &[&'static str],
    addr: &str,
) -> Result<(&'p path::Path, Vec<String>)> {
    let (program, stage_arg) = if requests.len() > 1 {
        programs.pipelined_client(stage)?
    } else {
        (programs.of(stage, Role::Client)?, None)
    };
    let mut args: Vec<&str> = stage_arg.into_iter().collect();
    args.extend(["--addr", addr].into_iter().chain(TIMEOUTS));
    args.extend(scenario.wanted.into_iter().flat_map(|name| ["--name", name]));
    // A stage without data ends with its handshake, and no request is sent.
    if stage.has_data() {
        args.extend(requests.iter().flat_map(|request| ["--request", request]));
    }
    Ok((program, args.into_iter().map(str::to_owned).collect()))
}

/// Lets the attack begin.
fn begin(path: Path, attack: &'static Attack, done: &Sender<(std::io::Result<()>, AttackLog)>) {
    let (run, done) = (attack.run, done.clone());
    thread::spawn(move || done.send((run(&path), path.log())));
}

/// Starts the attacker's own program, which speaks TLS. Where its server listens, it reports.
fn start_tool(
    driver: &mut Driver<Who>,
    programs: &Programs,
    speaks: Speaks,
) -> Result<(Sender<attacker::Report>, Tool)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?.to_string();
    let (sender, reports) = mpsc::channel();
    let reports = Mutex::new(reports);
    let made = |name: &str| anyhow::Ok(programs.certificates()?.join(name).display().to_string());
    let args = match speaks {
        Speaks::AsClient => {
            let args = ["--addr", &addr].into_iter().chain(TIMEOUTS).map(str::to_owned);
            driver.start(Who::Attacker, programs.of(&PART5_TLS13, Role::Client)?, args)?;
            return Ok((sender, Tool { listener, server: None, reports }));
        }
        Speaks::AsBoth { shown, own } => {
            let mut args = vec!["--server".to_owned(), addr];
            for (option, file) in [
                ("--certificate", format!("{shown}_chain.pem")),
                ("--own", format!("{own}_chain.pem")),
                ("--key", format!("{own}_key.pem")),
            ] {
                args.extend([option.to_owned(), made(&file)?]);
            }
            args.extend(["--addr", "127.0.0.1:0", "--connections", "1"].map(str::to_owned));
            args.into_iter().chain(TIMEOUTS.map(str::to_owned))
        }
    };
    driver.start(Who::Attacker, programs.named(MIDDLE)?, args)?;
    Ok((sender, Tool { listener, server: None, reports }))
}

/// What the attacker's own program lets the attack know.
fn told_by(event: &EventKind) -> Option<attacker::Report> {
    Some(match event {
        EventKind::Derived { fingerprint: Some(fingerprint), .. } => {
            attacker::Report::Secret(Fingerprint::try_from(&**fingerprint).ok()?)
        }
        EventKind::Sent(record) | EventKind::Received(record) => {
            attacker::Report::Text(record.plaintext.to_vec())
        }
        _ => return None,
    })
}

/// Options by which a server is the one that `cargo xtask certificates` makes at every stage with certificates, so that
/// what an attacker has against it is of the same server.
fn identity_args(programs: &Programs, stage: &Stage) -> Result<Vec<String>> {
    if !stage.has_types() {
        return Ok(Vec::new());
    }
    let made = |name: &str| anyhow::Ok(programs.certificates()?.join(name).display().to_string());
    Ok(vec![
        "--certificate".to_owned(),
        made("server_chain.pem")?,
        "--key".to_owned(),
        made("server_key.pem")?,
    ])
}

/// Returns the keys that were to be kept for long, of every stage that has one; and the server's identity, if it has one.
fn long_term_keys(programs: &Programs, server_stage: &Stage) -> Result<LeakedKeys> {
    let keys = STAGES.iter().filter_map(|stage| demo_keys::sealer_and_opener(stage));
    let identity = server_stage.has_certificates().then(|| identity(programs, "server"));
    Ok(LeakedKeys {
        openers: keys.map(|(_, opener)| opener).collect(),
        identity: identity.transpose()?,
    })
}

/// Returns what an attacker has of its own where servers have certificates, and the server's identity key if that is
/// stolen.
fn credentials(programs: &Programs, is_key_stolen: bool) -> Result<Credentials> {
    Ok(Credentials {
        own: identity(programs, "eve")?,
        known: Identity::chain(&made(programs, "server_chain.pem")?)?,
        renewed: Identity::chain(&made(programs, "renewed_chain.pem")?)?,
        stolen: is_key_stolen.then(|| identity(programs, "server")).transpose()?,
    })
}

fn identity(programs: &Programs, of: &str) -> Result<Identity> {
    let chain = Identity::chain(&made(programs, &format!("{of}_chain.pem"))?)?;
    Ok(Identity::new(chain, &made(programs, &format!("{of}_key.pem"))?)?)
}

/// Reads a file of those that `cargo xtask certificates` makes.
fn made(programs: &Programs, name: &str) -> Result<Vec<u8>> {
    let path = programs.certificates()?.join(name);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}
