//! Stands between a client and a server.

use std::process::ExitCode;
use std::{env, io};

use anyhow::{Context, Result};
use attacker::{Path, Session};
use stages::Stage;
use transcript::{Event, EventKind, EventWriter, Format, Role};

/// Waits for a client of `stage`, connects it to the server that comes first on the command line,
/// and lets `attack` do what it likes once their handshake has passed. Whatever is still under way when it returns is
/// passed on.
pub fn run(stage: &'static Stage, attack: impl FnOnce(&mut Session) -> io::Result<()>) -> ExitCode {
    crate::begin(crate::LIMIT);
    run_on(stage, Path::accept, attack)
}

/// The same, before any message has passed.
pub(crate) fn run_from_the_start(
    stage: &'static Stage,
    attack: impl FnOnce(&mut Session) -> io::Result<()>,
) -> ExitCode {
    run_on(stage, Path::intercept, attack)
}

fn run_on(
    stage: &'static Stage,
    connect: fn(&Path) -> io::Result<Session>,
    attack: impl FnOnce(&mut Session) -> io::Result<()>,
) -> ExitCode {
    let attacked = stand_between(stage, connect).and_then(|mut session| {
        let attacked = attack(&mut session).context("the attack broke off");
        session.relay();
        attacked
    });
    attacked.map_or_else(
        |error| {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Passes everything on, except for the client's first record, which `change` may change. It gets
/// the whole record with its length in front, what the record carries, and the wanted amount: these
/// two follow the server on the command line.
pub fn change_first_request(
    stage: &'static Stage,
    change: fn(&mut [u8], request: &str, amount: &str),
) -> ExitCode {
    let given = |number| env::args().nth(number).unwrap_or_default();
    run(stage, |session| {
        let mut request = session.requests.take()?;
        let mut record = request.bytes().to_vec();
        change(&mut record, &given(2), &given(3));
        request.replace(&record);
        session.requests.send(&request)
    })
}

fn stand_between(
    stage: &'static Stage,
    connect: fn(&Path) -> io::Result<Session>,
) -> Result<Session> {
    let server = env::args().nth(1).unwrap_or_default();
    let server =
        server.parse().with_context(|| format!("{server:?} is not the address of a server"))?;
    let path = Path::new(stage, server).context("cannot listen between the two")?;
    let listening = EventKind::Listening { addr: path.addr()? };
    EventWriter::new(Format::Json).write(&Event { role: Role::Wire, stage, kind: listening });
    connect(&path).context("cannot connect the two")
}
