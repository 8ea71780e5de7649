//! `cargo xtask attack nonce-reuse`: what a nonce used twice gives away, and a forgery made of it.
//!
//! The two records come from a program that exists only for this, `nonce_reuse_victim`. The
//! attacker gets their payloads and nothing else. The victims decide whether the attack succeeds:
//! the one by what it says it sealed, the server by what it says it received.
//!
//! - `story`: how it is presented.

mod story;

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use attacker::attacks::{FORGED, GUESS};
use attacker::gf128::Element;
use attacker::nonce_reuse::{AuthenticationKey, other_plaintext, xor_of_plaintexts};
use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, Stage};
use transcript::{Event, EventKind, Record, Role};

use crate::lab::story::Story;
use crate::launch::driver::Bounds;
use crate::launch::{Driver, Programs, Report};
use crate::{WrongArgument, complain};

/// Time limit for the server's silence. It waits 10 s for its peer.
const SILENCE: Duration = Duration::from_secs(12);

/// The result of two records with one nonce.
#[derive(Debug)]
pub struct NonceLab {
    /// The stage.
    pub stage: &'static Stage,
    /// The records, as their sender reports them.
    pub records: [Record; 2],
    /// The xor of the two requests.
    pub xor: Vec<u8>,
    /// The second request, read with a guess at the first.
    pub recovered: Vec<u8>,
    /// At aead, what the tags also gave away.
    pub forgery: Option<Forgery>,
}

/// A record that nobody with the key has sealed.
#[derive(Debug)]
pub struct Forgery {
    /// The authentication key.
    pub key: AuthenticationKey,
    /// The mask of every tag with this nonce.
    pub mask: Element,
    /// The payload.
    pub payload: Vec<u8>,
    /// The server's events.
    pub server: Vec<Event>,
}

/// Runs the lab at each of `stages`, and shows what happens. The attack is expected to succeed.
///
/// # Errors
/// When a stage has no such lab, or as [`NonceLab::run`].
pub fn tell(stages: &[&'static Stage]) -> Result<Vec<Story>> {
    if let Some(stage) = stages.iter().find(|stage| !has_lab(stage)) {
        return Err(WrongArgument(no_lab(stage)).into());
    }
    stages.iter().map(|stage| NonceLab::run(stage).map(|lab| lab.story())).collect()
}

fn has_lab(stage: &Stage) -> bool {
    [&PART1_CTR, &PART2_AEAD].contains(&stage)
}

fn no_lab(stage: &Stage) -> String {
    format!("nonce-reuse is for part1-ctr and part2-aead. {}", why_not(stage))
}

impl NonceLab {
    /// Has two requests sealed, and attacks them; at aead, also the server.
    ///
    /// # Errors
    /// When there is no such lab at this stage, or a program cannot be built or run, or writes what
    /// cannot be understood.
    pub fn run(stage: &'static Stage) -> Result<Self> {
        ensure!(has_lab(stage), no_lab(stage));
        let records = seal_with_one_nonce(stage, &[])?;
        let [one, other] = records.each_ref().map(|record| &*record.record);
        let xor = xor_of_plaintexts(stage, one, other)?;
        let recovered = other_plaintext(&xor, GUESS);
        let forgery = (stage == &PART2_AEAD).then(|| Forgery::run(one, other)).transpose()?;
        Ok(Self { stage, records, xor, recovered, forgery })
    }

    /// Returns whether both victims confirm it: the sender's second request is the one that was
    /// read, and the server acted on the forgery.
    pub fn succeeded(&self) -> bool {
        self.recovered == *self.records[1].plaintext
            && self.forgery.as_ref().is_none_or(Forgery::is_accepted)
    }

    /// Returns the result as a story.
    pub fn story(&self) -> Story {
        story::of(self)
    }
}

impl Forgery {
    fn run(one: &[u8], other: &[u8]) -> Result<Self> {
        let key = AuthenticationKey::recover(one, other)?;
        let mask = key.mask(one)?;
        let payload = key.forge(one, GUESS, FORGED)?;
        let server = deliver(&PART2_AEAD, &payload)?;
        Ok(Self { key, mask, payload, server })
    }

    /// Returns whether the server says it received just what the attacker chose.
    fn is_accepted(&self) -> bool {
        let received = self.server.iter().filter_map(|event| match &event.kind {
            EventKind::Received(record) => Some(&*record.plaintext),
            _ => None,
        });
        received.eq([&FORGED[..]])
    }

    /// The check at which the server refused it, and the server's own words.
    fn refusal(&self) -> Option<(&str, &str)> {
        self.server.iter().find_map(|event| match &event.kind {
            EventKind::Rejected { error, message, .. } => Some((error.as_str(), message.as_str())),
            _ => None,
        })
    }
}

/// Explains why there is nothing to show at a stage.
fn why_not(stage: &Stage) -> String {
    let name = stage.name;
    if stage == &PART1_PLAIN {
        format!("{name} has no nonce, and nothing to hide")
    } else {
        format!(
            "{name} encrypts as part1-ctr does, and would give away the same; its tags give nothing \
             away, since HMAC takes no nonce"
        )
    }
}

/// Two requests, each sealed for a connection of its own, under one key and nonce: the victim's own, or
/// those given.
///
/// When the victim cannot be built or run, or writes what cannot be understood.
pub fn seal_with_one_nonce(stage: &Stage, requests: &[&str]) -> Result<[Record; 2]> {
    let programs = Programs::build_nonce_reuse_victim()?;
    let output = Command::new(programs.named("nonce_reuse_victim")?)
        .args([stage.name, "--json"])
        .args(requests)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the victim")?;
    ensure!(output.status.success(), "the victim failed");
    let events = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Event>();
    let records = events.map(|event| {
        match event.context("the victim wrote something that is not an event")?.kind {
            EventKind::Sent(record) => Ok(record),
            other => bail!("the victim did something else than send: {other:?}"),
        }
    });
    let records: Vec<_> = records.collect::<Result<_>>()?;
    records.try_into().ok().context("the victim did not send two records")
}

/// Starts the server of `stage`, sends it one record, and returns what it reports until it ends.
///
/// # Errors
/// When it cannot be built, started or reached, hangs, or writes what cannot be understood.
pub fn deliver(stage: &'static Stage, payload: &[u8]) -> Result<Vec<Event>> {
    let programs = Programs::of_stages(&[stage], false)?;
    let mut driver = Driver::new(SILENCE).within(Bounds::SHORT);
    let program = programs.of(stage, Role::Server)?;
    driver.start(Role::Server, program, ["--addr", "127.0.0.1:0"])?;
    let mut events = Vec::new();
    let mut connection = None;
    while let Some((_, report)) = driver.next_report()? {
        match report {
            Report::Event(event) => {
                if let EventKind::Listening { addr } = event.kind {
                    let record = stage.record(payload);
                    connection = Some(send(addr, &record).context("cannot reach the server")?);
                }
                events.push(event);
            }
            Report::Complaint(line) => complain(&line),
            Report::Ended(_) => {}
        }
    }
    ensure!(connection.is_some(), "the server ended before it was listening");
    Ok(events)
}

/// Sends one record and nothing more. The connection must be held while the answer is on its way.
fn send(addr: SocketAddr, record: &[u8]) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(record)?;
    stream.shutdown(Shutdown::Write)?;
    Ok(stream)
}
