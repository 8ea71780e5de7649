//! Checks the exercises on TLS 1.3: a record to be opened, a tag to be made, and what a changed `ClientHello` breaks.
//!
//! What is right stands in RFC 8448, or is what the real client and the real server do.

use std::fs;
use std::io;
use std::path::Path as File;

use anyhow::{Context, Result, anyhow};
use attacker::{Attack, Path};
use messages::tls13::extension::{Extension, KeyShareEntry};
use messages::tls13::handshake::HEADER_LEN;
use messages::tls13::{ClientHello, HandshakeMessage, names};
use serde::Deserialize;
use stages::PART5_TLS13;
use transcript::{EventKind, Hex, Role, Way};

use super::check::{Check, Checked, SILENCE, last_words};
use super::random::number;
use crate::lab::play::{Between, play};
use crate::lab::scenario::{BASE, Scenario};
use crate::lab::victims::Played;
use crate::launch::driver::Bounds;
use crate::launch::{Driver, Report};

/// What RFC 8448 prints of the connection in its section 3, and some records more.
#[derive(Deserialize)]
pub struct Printed {
    /// Records, in the order in which they are tried.
    pub records: Vec<Sealed>,
    handshake: Line,
}

/// A record with the keys that open it.
#[derive(Deserialize)]
pub struct Sealed {
    /// The requirement.
    pub what: String,
    /// Its key.
    pub key: Hex,
    /// Its iv.
    pub iv: Hex,
    /// How many records were sealed before it.
    pub number: u64,
    /// All of it.
    pub record: Hex,
    /// Its true type, and what it carries, unless it is to be refused.
    #[serde(flatten)]
    pub opened: Option<Opened>,
}

/// What is in a record.
#[derive(Deserialize)]
pub struct Opened {
    /// The true type.
    pub kind: u8,
    /// What it carries.
    pub content: Hex,
}

/// The messages of a handshake, each side's in its order, and the secrets that its two Finished are made with.
#[derive(Deserialize)]
struct Line {
    client_hello: Hex,
    server: Vec<Hex>,
    client: Vec<Hex>,
    client_secret: Hex,
    server_secret: Hex,
}

/// Reads what the RFC prints.
///
/// # Errors
/// Never: the file is a part of this program.
pub fn printed() -> Result<Printed> {
    Ok(serde_json::from_str(include_str!("rfc8448.json"))?)
}

/// Exercise 13: opens records.
pub(super) fn open_record(check: &mut Check) -> Checked {
    let mut records = printed()?.records;
    for sealed in &records {
        open(check, &sealed.what, sealed)?;
    }
    let sealed = records.first_mut().context("there are no records")?;
    sealed.opened = None;
    sealed.number = number(1..=1000) as u64;
    open(check, "a record in another place is refused", sealed)?;
    sealed.number = 0;
    let mut changed = sealed.record.to_vec();
    changed[number(1..=2)] ^= 1;
    sealed.record = changed.as_slice().into();
    open(check, "a record with another header is refused", sealed)
}

fn open(check: &mut Check, what: &str, sealed: &Sealed) -> Checked {
    let digits = |bytes: &Hex| serde_json::to_string(bytes).map(|text| text.replace('"', ""));
    let digits = |bytes| digits(bytes).map_err(anyhow::Error::from);
    let Sealed { key, iv, number, record, .. } = sealed;
    let given = [digits(key)?, digits(iv)?, number.to_string(), digits(record)?];
    let ran = check.run(what, &given.each_ref().map(String::as_str), |_| ())?;
    let found = ran.plaintexts().first().and_then(|found| found.split_first());
    let why_not = match (found, &sealed.opened) {
        (None, _) if ran.refusal().is_none() => Some(last_words("it broke off", &ran)),
        (None, Some(_)) => Some("your code refuses it".to_owned()),
        (Some(_), None) => Some("your code takes it".to_owned()),
        (Some((kind, _)), Some(opened)) if *kind != opened.kind => {
            Some(format!("your code says that its type is {kind}, and it is {}", opened.kind))
        }
        (Some((_, content)), Some(opened)) if *content != *opened.content => {
            let lens = (content.len(), opened.content.len());
            Some(format!(
                "your code says that it carries {} bytes, and it carries {}",
                lens.0, lens.1
            ))
        }
        _ => None,
    };
    check.note(what, why_not)
}

/// The type of a record that carries messages of the handshake, and that of a ChangeCipherSpec.
const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: u8 = 20;

/// The number of the message.
const FINISHED: u8 = 20;

/// A record, opened: its type, and what it carries.
type Record = (u8, Vec<u8>);

/// A Finished to be computed: the secret, what client and server have said before, and the message itself.
struct Due<'l> {
    secret: &'l [u8],
    client: &'l [Record],
    server: &'l [Record],
    sent: &'l [u8],
}

/// Exercise 14: computes both Finished of a handshake that the RFC prints, and of one that the real programs make.
pub(super) fn finished(check: &mut Check) -> Checked {
    let Line { client_hello, server, client, client_secret, server_secret } = printed()?.handshake;
    let one_record = |messages: &[Hex]| -> Record {
        (HANDSHAKE, messages.iter().flat_map(|message| message.to_vec()).collect())
    };
    let hello = [(HANDSHAKE, client_hello.to_vec())];
    if let ([first, others @ .., last], [answer]) = (&server[..], &client[..]) {
        let said = [one_record(std::slice::from_ref(first)), one_record(others)];
        let due = Due { secret: &server_secret, client: &hello, server: &said, sent: last };
        compute(check, "the server's Finished in RFC 8448", &due)?;
        let others = [others, std::slice::from_ref(last)].concat();
        let said = [one_record(std::slice::from_ref(first)), one_record(&others)];
        let due = Due { secret: &client_secret, client: &hello, server: &said, sent: answer };
        compute(check, "the client's Finished in RFC 8448", &due)?;
    }

    let [client, server] = real_handshake(check)?;
    let (by_client, to_server) = client.up_to_finished().context("the client sent no Finished")?;
    let (by_server, to_client) = server.up_to_finished().context("the server sent no Finished")?;
    let hello = by_client.get(..1).unwrap_or_default();
    let due = Due { secret: &server.secret, client: hello, server: by_server, sent: to_client };
    compute(check, "the server's in a run of the real programs, with a ChangeCipherSpec", &due)?;
    let all = &server.records;
    let due = Due { secret: &client.secret, client: by_client, server: all, sent: to_server };
    compute(check, "the client's in that run, behind its certificate", &due)?;
    let [by_client, all] = [by_client, all].map(cut_elsewhere);
    let due = Due { client: &by_client, server: &all, ..due };
    compute(check, "the same, where the messages are cut into other records", &due)
}

fn compute(check: &mut Check, what: &str, due: &Due) -> Checked {
    let Due { secret, client, server, sent } = *due;
    let hex = |records: &[Record]| -> Vec<(u8, Hex)> {
        records.iter().map(|(kind, content)| (*kind, content.as_slice().into())).collect()
    };
    let given = serde_json::json!([Hex::from(secret), hex(client), hex(server)]).to_string();
    let ran = check.run(what, &[&given], |_| ())?;
    let right = sent.get(HEADER_LEN..).unwrap_or_default();
    let why_not = match ran.sent()[..] {
        [tag] if *tag.plaintext == *right => None,
        [_] => Some("what you computed is not what was sent".to_owned()),
        _ => Some(last_words("it broke off", &ran)),
    };
    check.note(what, why_not)
}

/// What one side said in a handshake, and its secret.
struct Said {
    records: Vec<Record>,
    secret: Vec<u8>,
}

impl Said {
    /// What it said before its Finished, and that message.
    fn up_to_finished(&self) -> Option<(&[Record], &[u8])> {
        let is_finished =
            |(kind, content): &Record| *kind == HANDSHAKE && content.first() == Some(&FINISHED);
        let at = self.records.iter().position(is_finished)?;
        let (before, rest) = self.records.split_at(at);
        rest.first().map(|(_, finished)| (before, finished.as_slice()))
    }
}

/// Returns what the real client and the real server say to each other, where the server wants a certificate of the
/// client. Each message is in a record of its own.
fn real_handshake(check: &Check) -> Result<[Said; 2]> {
    let certificates = check.programs.certificates()?;
    let file = |name: &str| certificates.join(name).display().to_string();
    let key_log = check.program.with_extension("keys");
    _ = fs::remove_file(&key_log);
    let log = key_log.display().to_string();
    let (roots, chain, key) = (file("roots.pem"), file("client_chain.pem"), file("client_key.pem"));
    let mut driver = Driver::new(SILENCE).within(Bounds::SHORT);
    let server = check.programs.of(&PART5_TLS13, Role::Server)?;
    let args = ["--addr", "127.0.0.1:0", "--roots", &roots, "--keylog", &log];
    driver.start(Role::Server, server, args)?;
    let mut said = [Role::Client, Role::Server].map(|_| Vec::new());
    while let Some((who, report)) = driver.next_report()? {
        let Report::Event(event) = report else { continue };
        match event.kind {
            EventKind::Listening { addr } => {
                let addr = addr.to_string();
                let suite = ["--suite", "TLS_AES_128_GCM_SHA256", "--addr", &addr];
                let own = ["--certificate", &chain, "--key", &key];
                let client = check.programs.of(&PART5_TLS13, Role::Client)?;
                driver.start(Role::Client, client, suite.into_iter().chain(own))?;
            }
            EventKind::Handshake(it) if it.direction == Way::Sent => {
                let kind = match &*it.step {
                    "ChangeCipherSpec" => CHANGE_CIPHER_SPEC,
                    step if step.starts_with("Alert") => continue,
                    _ => HANDSHAKE,
                };
                let [client, server] = &mut said;
                let records = if who == Role::Client { client } else { server };
                records.push((kind, it.message.to_vec()));
            }
            _ => {}
        }
    }
    let secrets = secrets(&key_log);
    _ = fs::remove_file(&key_log);
    let [client, server] = said;
    let [of_client, of_server] = secrets?;
    Ok([Said { records: client, secret: of_client }, Said { records: server, secret: of_server }])
}

/// Reads the secrets of client and server in a handshake off a key log of one connection.
fn secrets(key_log: &File) -> Result<[Vec<u8>; 2]> {
    let text = fs::read_to_string(key_log)
        .with_context(|| format!("cannot read {}", key_log.display()))?;
    let secret = |label: &str| {
        let line = text.lines().find(|line| line.starts_with(label));
        let digits = line.and_then(|line| line.rsplit(' ').next());
        let digits = digits.ok_or_else(|| anyhow!("no {label} in the key log"))?;
        let bytes: Hex = serde_json::from_str(&format!("{digits:?}"))?;
        anyhow::Ok(bytes.to_vec())
    };
    Ok([secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET")?, secret("SERVER_HANDSHAKE_TRAFFIC_SECRET")?])
}

/// Returns the same messages in other records, none of which may end where a message does.
fn cut_elsewhere(records: &[Record]) -> Vec<Record> {
    let mut cut: Vec<Record> = Vec::new();
    for (kind, content) in records {
        let at = number(1..=content.len().max(2) - 1).min(content.len());
        let (one, other) = content.split_at(at);
        match cut.last_mut() {
            Some((before, end)) if before == kind && *kind == HANDSHAKE => {
                end.extend_from_slice(one);
            }
            _ => cut.push((*kind, one.to_vec())),
        }
        if !other.is_empty() {
            cut.push((*kind, other.to_vec()));
        }
    }
    cut
}

/// A change to a `ClientHello` on its way: the requirement, the harness's name for it, and what is done.
type Changed = (&'static str, &'static str, fn(&Path) -> io::Result<()>);

const CHANGES: [Changed; 9] = [
    ("TLS 1.3 is not among the versions", "Version", |path| {
        change_extension(path, |extension| {
            if let Extension::SupportedVersions(versions) = extension {
                *versions = vec![names::TLS12];
            }
        })
    }),
    ("one bit of the random is flipped", "Random", |path| {
        change(path, |hello| flip_a_bit(&mut hello.random))
    }),
    ("the name is another one", "ServerName", |path| {
        change_extension(path, |extension| {
            if let Extension::ServerName(Some(name)) = extension {
                let last = if name.pop() == Some('x') { 'y' } else { 'x' };
                name.push(last);
            }
        })
    }),
    ("one bit of the session id is flipped", "SessionId", |path| {
        change(path, |hello| flip_a_bit(&mut hello.legacy_session_id))
    }),
    ("the best suite is taken out", "BestSuite", |path| {
        change(path, |hello| _ = hello.cipher_suites.remove(0))
    }),
    ("the public keys are taken out", "KeyShares", |path| {
        change_extension(path, |extension| {
            if let Extension::KeyShares(keys) = extension {
                keys.clear();
            }
        })
    }),
    ("the key is the attacker's", "OtherKey", |path| {
        change_extension(path, |extension| {
            if let Extension::KeyShares(keys) = extension {
                // A key like any other: the base point of the curve, which is 9.
                let key_exchange = [&[9][..], &[0; 31]].concat();
                *keys = vec![KeyShareEntry { group: X25519, key_exchange }];
            }
        })
    }),
    ("the server's signature scheme is taken out", "Schemes", |path| {
        change_extension(path, |extension| {
            if let Extension::SignatureAlgorithms(schemes) = extension {
                schemes.retain(|scheme| *scheme == ED25519);
            }
        })
    }),
    ("the message is cut into two records", "Cut", |path| {
        pass_on(path, |message| {
            let (one, other) = message.split_at(number(1..=message.len() - 1));
            Ok([record(one), record(other)].concat())
        })
    }),
];

/// The number of X25519, and that of the scheme `ed25519`.
const X25519: u16 = 29;
const ED25519: u16 = 0x0807;

fn flip_a_bit(bytes: &mut [u8]) {
    let at = number(0..=bytes.len() - 1);
    bytes[at] ^= 1;
}

/// Changes the `ClientHello` that comes.
fn change(path: &Path, change: impl FnOnce(&mut ClientHello)) -> io::Result<()> {
    pass_on(path, |message| {
        let mut decoded = HandshakeMessage::decode(message).map_err(io::Error::other)?;
        if let HandshakeMessage::ClientHello(hello) = &mut decoded {
            change(hello);
        }
        Ok(record(&decoded.encode()))
    })
}

/// Changes one of its extensions.
fn change_extension(path: &Path, change_one: fn(&mut Extension)) -> io::Result<()> {
    change(path, |hello| hello.extensions.iter_mut().for_each(change_one))
}

/// Sends something in place of the `ClientHello` that comes, and passes everything else on.
fn pass_on(path: &Path, instead: impl FnOnce(&[u8]) -> io::Result<Vec<u8>>) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut hello = session.requests.take()?;
    let bytes = instead(hello.payload())?;
    hello.replace(&bytes);
    session.requests.send(&hello)?;
    session.relay();
    Ok(())
}

/// A record that carries a message of the handshake, or a part of one, with nothing encrypted.
fn record(message: &[u8]) -> Vec<u8> {
    let mut record = PART5_TLS13.record(message);
    record[0] = HANDSHAKE;
    record
}

/// Exercise 15: foretells who notices a changed `ClientHello`.
pub(super) fn changed_hello(check: &mut Check) -> Checked {
    for (what, name, run) in CHANGES {
        let ran = check.run(what, &[name], |_| ())?;
        let said = match ran.events.first() {
            None if ran.code != Some(0) => {
                check.note(what, Some(last_words("it broke off", &ran)))?;
                continue;
            }
            None => None,
            Some(event) => ran.refusal().map(|(by, word)| (event.role, by, word)),
        };
        let attack: &Attack = Box::leak(Box::new(Attack { run, ..*BASE.attack }));
        let scenario = Scenario { attack, ..BASE };
        let played = play(&check.programs, &scenario, &PART5_TLS13, Between::Attack(attack))?;
        let noticed = first_to_notice(&played);
        if noticed.is_none() && !played.ended_well() {
            return Err(anyhow!("{what}: nobody says why it did not end well").into());
        }
        check.note(what, not_so(said, noticed))?;
    }
    Ok(())
}

/// Returns who found something first, and by which check. If the client found something itself, it was the first: the
/// server has seen nothing else of it yet that it could refuse but the `ClientHello`, and would have said so.
fn first_to_notice(played: &Played) -> Option<(Role, &str)> {
    let sides = [(Role::Client, &played.clients[0]), (Role::Server, &played.server)];
    sides.into_iter().find_map(|(role, side)| side.refusal().map(|(check, _)| (role, check)))
}

/// Says in what an answer differs from what happened, if it does. The answer has its own word for the check too.
fn not_so(said: Option<(Role, &str, &str)>, noticed: Option<(Role, &str)>) -> Option<String> {
    match (said, noticed) {
        (None, None) => None,
        (None, Some(_)) => {
            Some("your code says that nobody notices, and the connection fails".to_owned())
        }
        (Some((side, ..)), None) => {
            Some(format!("your code says that the {side} notices, and the connection works"))
        }
        (Some((side, ..)), Some((other, _))) if side != other => {
            Some(format!("your code says that the {side} notices, and the {other} does"))
        }
        (Some((_, check, _)), Some((_, by))) if check == by => None,
        (Some((side, _, word)), Some(_)) => {
            Some(format!("the {side} notices, as your code says, and not by {word}"))
        }
    }
}
