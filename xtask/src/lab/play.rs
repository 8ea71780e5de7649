//! Runs one attack on a server and its clients, and keeps what they said.

use std::io;
use std::path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use attacker::{Attack, Notes, Path};
use framing::Stage;
use transcript::{Event, Record, Role, What};

use crate::lab::scenario::Scenario;
use crate::process::{Process, Said};
use crate::programs::Programs;

/// How long everyone may be silent. The programs wait 5 s for each other.
const SILENCE: Duration = Duration::from_secs(12);

/// Events that wait to be heard, at most.
const BACKLOG: usize = 64;

/// Lines of a program's standard error that are kept, at most.
const COMPLAINTS: usize = 16;

/// What came of an attack, before anyone judges it.
#[derive(Debug)]
pub struct Played {
    /// The server.
    pub server: Victim,
    /// The clients, in the order in which they connected.
    pub clients: Vec<Victim>,
    /// What the attacker did, and learnt.
    pub notes: Notes,
    /// How the attack ended: whoever is attacked may break off.
    pub attacked: io::Result<()>,
    /// The attacker, where it is a program.
    pub attacker: Victim,
}

/// Who stands between the clients and the server.
#[derive(Clone, Copy, Debug)]
pub enum Between<'a> {
    /// One of our attacks.
    Attack(&'static Attack),
    /// A program that gets the server's address, and reports where it listens itself.
    Program(&'a path::Path),
}

/// One program's part in it.
#[derive(Debug, Default)]
pub struct Victim {
    /// What it reported.
    pub events: Vec<Event>,
    /// What it wrote to standard error.
    pub complaints: Vec<String>,
    /// Its exit code, if no signal ended it.
    pub code: Option<i32>,
}

impl Played {
    /// Whether everyone ended well, and the server received just what the clients sent.
    pub fn went_through_unchanged(&self) -> bool {
        let sent = self.clients.iter().flat_map(Victim::sent).map(|record| &record.record);
        let received = self.server.received();
        self.ended_well() && sent.eq(received.iter().map(|record| &record.record))
    }

    /// Whether every program ended with 0.
    pub fn ended_well(&self) -> bool {
        self.clients.iter().chain([&self.server]).all(|victim| victim.code == Some(0))
    }
}

impl Victim {
    /// Keeps a line that it wrote to standard error: the first ones, and the last.
    pub(crate) fn complain(&mut self, line: String) {
        self.complaints.truncate(COMPLAINTS - 1);
        self.complaints.push(line);
    }

    /// The records it sent.
    pub fn sent(&self) -> Vec<&Record> {
        let records = self.events.iter().filter_map(|event| match &event.what {
            What::Sent(record) => Some(record),
            _ => None,
        });
        records.collect()
    }

    /// The records it received, and acted on.
    pub fn received(&self) -> Vec<&Record> {
        let records = self.events.iter().filter_map(|event| match &event.what {
            What::Received(record) => Some(record),
            _ => None,
        });
        records.collect()
    }

    /// The first thing it refused: the check's name, and its own words.
    pub fn refusal(&self) -> Option<(&str, &str)> {
        self.events.iter().find_map(|event| match &event.what {
            What::Rejected { error, message, .. } => Some((error.as_str(), message.as_str())),
            _ => None,
        })
    }
}

#[derive(Clone, Copy)]
enum Who {
    Server,
    Client(usize),
    Attacker,
}

/// Plays a scenario at a stage: the server, the attacker in front of it, then one client after the other,
/// each when the one before is connected.
///
/// # Errors
/// When a program cannot be started, or nobody does anything for a while.
pub fn play(
    programs: &Programs,
    scenario: &Scenario,
    stage: &'static Stage,
    between: Between,
) -> Result<Played> {
    let (listener, said) = mpsc::sync_channel(BACKLOG);
    let (client_stage, server_stage) = (scenario.client_stage)(stage);
    let server_args =
        ["--addr", "127.0.0.1:0", "--connections", &scenario.connections().to_string()];
    let server_path = programs.of(server_stage, Role::Server)?;
    let mut server = Some(Process::start(server_path, server_args, Who::Server, &listener)?);
    let mut clients: Vec<Option<Process>> = Vec::new();
    let mut played = Played {
        server: Victim::default(),
        clients: scenario.clients.iter().map(|_| Victim::default()).collect(),
        notes: Notes::default(),
        attacked: Ok(()),
        attacker: Victim::default(),
    };
    let mut attacker = None;
    let (done, attack_done) = mpsc::channel();
    let mut path_addr = None;
    let mut running = 1 + scenario.clients.len();
    while running > 0 {
        let Ok((who, said)) = said.recv_timeout(SILENCE) else {
            bail!("nothing happened for {} s", SILENCE.as_secs());
        };
        let victim = match who {
            Who::Server => &mut played.server,
            Who::Client(number) => &mut played.clients[number],
            Who::Attacker => &mut played.attacker,
        };
        let mut next_client = false;
        match said {
            Said::Event(event) => {
                match (&event.what, between) {
                    (What::Listening { addr }, Between::Program(program)) => {
                        if matches!(who, Who::Attacker) {
                            path_addr = Some(addr.to_string());
                            next_client = true;
                        } else {
                            let args = [addr.to_string()];
                            attacker =
                                Some(Process::start(program, args, Who::Attacker, &listener)?);
                            running += 1;
                        }
                    }
                    (What::Listening { addr }, Between::Attack(attack)) => {
                        let path =
                            Path::new(client_stage, *addr).context("cannot get on the path")?;
                        path_addr = Some(path.addr()?.to_string());
                        let (run, done) = (attack.run, done.clone());
                        thread::spawn(move || done.send((run(&path), path.notes())));
                        next_client = true;
                    }
                    (What::Connected { .. }, _) => next_client = matches!(who, Who::Client(_)),
                    _ => {}
                }
                victim.events.push(event);
            }
            Said::Garbled(why) => bail!("a line on standard output that is no event: {why}"),
            Said::Complaint(line) => victim.complain(line),
            Said::End => {
                let process = match who {
                    Who::Server => server.take(),
                    Who::Client(number) => clients[number].take(),
                    Who::Attacker => attacker.take(),
                };
                victim.code =
                    process.map(Process::wait).transpose()?.and_then(|status| status.code());
                running -= 1;
            }
        }
        if let (true, Some(addr), Some(requests)) =
            (next_client, &path_addr, scenario.clients.get(clients.len()))
        {
            let mut args = vec!["--addr", addr];
            args.extend(requests.iter().flat_map(|request| ["--request", request]));
            args.extend((requests.len() > 1).then_some("--pipeline"));
            let program = programs.of(client_stage, Role::Client)?;
            let who = Who::Client(clients.len());
            clients.push(Some(Process::start(program, args, who, &listener)?));
        }
    }
    if matches!(between, Between::Attack(_)) {
        (played.attacked, played.notes) =
            attack_done.recv_timeout(SILENCE).context("the attack did not end")?;
    }
    Ok(played)
}
