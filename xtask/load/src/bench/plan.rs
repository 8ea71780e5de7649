//! The plan: what is measured, and what is compared with what.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use stages::{Role, STAGES, Stage};

use super::builds::Engine;
use super::machine::Machine;

/// Writes of the application, in KiB.
const WRITES: [u32; 3] = [16, 64, 256];
/// Concurrent connections. The first is one, for which every stage is measured.
const CONNECTIONS: [u32; 5] = [1, 4, 16, 64, 256];
/// Bytes of plaintext in a record. The last is the maximum, which the others are compared with.
const RECORDS: [u32; 8] = [1, 4, 16, 64, 256, 1024, 4096, 16384];
/// Bytes of plaintext in a record that is sealed and opened: the articles' request, a page, the longest.
const PLAINTEXTS: [u32; 3] = [61, 1024, 16384];
/// The operations on signatures, as `checks/bench` calls it.
const OPERATIONS: [&str; 3] = ["sign", "verify", VERIFY_CHAIN];
const VERIFY_CHAIN: &str = "verify-chain";

/// The questions that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Question {
    /// Records a second, sealed and opened in memory, of 61 B, 1 KiB and 16 KiB
    Record,
    /// Bytes a second in one direction, in application writes of 16, 64 and 256 KiB
    OneWay,
    /// Requests a second and how long an answer takes, on 1 to 256 connections
    Requests,
    /// Bytes a second in records of 1 B to 16 KiB
    RecordSize,
    /// Handshakes per second, at each stage that has one, and signatures, made and verified
    Handshakes,
    /// Bytes per second through two processes
    Tunnel,
}

impl Question {
    /// In the order in which they are reported.
    pub const ALL: [Self; 6] = [
        Self::Record,
        Self::OneWay,
        Self::Requests,
        Self::RecordSize,
        Self::Handshakes,
        Self::Tunnel,
    ];
}

/// The unit that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes of plaintext.
    Bytes,
    /// Requests that were answered.
    Requests,
    /// Records that were sealed and opened.
    Records,
    /// Handshakes that came to their end.
    Handshakes,
    /// Signatures that were made or verified, or chains of them.
    Signatures,
}

/// All measurements of a round, and the tables that are made from them.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is run, in this order. Things that are compared stand close together.
    pub cases: Vec<Case>,
    /// The tables to report.
    pub tables: Vec<Table>,
}

/// One measurement.
#[derive(Debug, PartialEq)]
pub struct Case {
    /// The build of the program that measures.
    pub engine: Engine,
    /// Its arguments. [`TUNNEL`] stands for the path of the tunnel.
    pub args: Vec<String>,
}

/// `one-way aead --write 16384 with engine aws-lc-rs`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for arg in self.args.iter().filter(|&arg| arg != TUNNEL) {
            write!(f, "{arg} ")?;
        }
        write!(f, "with engine {}", self.engine)
    }
}

/// Among the arguments of a case: the tunnel of the case's engine.
pub const TUNNEL: &str = "{tunnel}";

/// Measurements that answer one question.
#[derive(Debug)]
pub struct Table {
    /// The question.
    pub title: String,
    /// The unit that is counted.
    pub unit: Unit,
    /// What each row is compared with, in columns.
    pub columns: Vec<&'static str>,
    /// The answers.
    pub rows: Vec<Row>,
    /// Whether the picture shows it.
    pub pictured: bool,
}

/// One answer.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Its case.
    pub case: usize,
    /// The case it is compared with, for each column; some have nothing to compare with.
    pub bases: Vec<Option<usize>>,
    /// Bytes of plaintext in each record, where records are counted too.
    pub record_len: Option<u32>,
}

impl Plan {
    /// Returns the plan that answers these questions on this machine.
    pub fn new(questions: &[Question], machine: &Machine) -> Self {
        let mut plan = Self::default();
        for question in Question::ALL.into_iter().filter(|question| questions.contains(question)) {
            match question {
                Question::Record => {
                    for len in PLAINTEXTS {
                        plan.record(len, machine);
                    }
                }
                Question::OneWay => {
                    for kib in WRITES {
                        plan.one_way(kib, machine);
                    }
                }
                Question::Requests => {
                    for connections in CONNECTIONS {
                        plan.requests(connections, machine);
                    }
                }
                Question::RecordSize => {
                    for (engine, stage) in measured().filter(|(_, stage)| stage.has(Role::Seq)) {
                        plan.record_size(stage, engine);
                    }
                }
                Question::Handshakes => {
                    plan.handshakes(machine);
                    plan.signatures(machine);
                }
                Question::Tunnel => plan.tunnel(machine),
            }
        }
        plan
    }

    /// Returns the number of a case, which is measured once per round however often it is reported.
    fn case(&mut self, engine: Engine, args: &[&str]) -> usize {
        let case = Case { engine, args: args.iter().map(|&arg| arg.to_owned()).collect() };
        self.cases.iter().position(|known| *known == case).unwrap_or_else(|| {
            self.cases.push(case);
            self.cases.len() - 1
        })
    }

    fn record(&mut self, len: u32, machine: &Machine) {
        let bytes = len.to_string();
        let Some(first) = stages().next().map(Stage::short_name) else { return };
        let base = self.case(Engine::Default, &["record", first, "--len", &bytes]);
        let mut table = Table {
            title: format!("a record of {}", size(len)),
            unit: Unit::Records,
            columns: vec![first, "Python"],
            rows: Vec::new(),
            pictured: false,
        };
        for (engine, stage) in measured() {
            let name = stage.short_name();
            let case = self.case(engine, &["record", name, "--len", &bytes]);
            let python = machine
                .has("cryptography")
                .then(|| self.case(Engine::AwsLcRs, &["python", name, "--len", &bytes]));
            table.rows.push(Row::ours(stage, engine, case, [Some(base), python]));
        }
        self.tables.push(table.without_empty_columns());
    }

    fn one_way(&mut self, kib: u32, machine: &Machine) {
        let write = (kib * 1024).to_string();
        let args = |protocol| ["one-way", protocol, "--write", &write];
        let plain = self.case(Engine::Default, &args("plain"));
        let rustls = machine.has("rustls").then(|| self.case(Engine::AwsLcRs, &args("rustls")));
        let mut table = Table {
            title: format!("one way, writes of {kib} KiB"),
            unit: Unit::Bytes,
            columns: vec!["plain TCP", "opening", "rustls"],
            rows: Vec::new(),
            pictured: true,
        };
        table.rows.push(Row::theirs("plain TCP", plain, [Some(plain), None, rustls]));
        if kib < WRITES[WRITES.len() - 1] {
            let gathered = self.case(Engine::Default, &args("gathered"));
            let bases = [Some(plain), None, rustls];
            table.rows.push(Row::theirs("plain TCP, gathered", gathered, bases));
        }
        for (engine, stage) in measured() {
            let case = self.case(engine, &args(stage.short_name()));
            let opening = self.case(engine, &["opening", stage.short_name()]);
            table.rows.push(Row::ours(stage, engine, case, [Some(plain), Some(opening), rustls]));
        }
        if let Some(case) = rustls {
            table.rows.push(Row::theirs("rustls", case, [Some(plain), None, rustls]));
        }
        self.tables.push(table.without_empty_columns());
    }

    fn requests(&mut self, connections: u32, machine: &Machine) {
        let number = connections.to_string();
        let args = |protocol| ["requests", protocol, "--connections", &number];
        let plain = self.case(Engine::Default, &args("plain"));
        let rustls = machine.has("rustls").then(|| self.case(Engine::AwsLcRs, &args("rustls")));
        let plural = if connections == 1 { "" } else { "s" };
        let mut table = Table {
            title: format!("requests, {connections} connection{plural}"),
            unit: Unit::Requests,
            columns: vec!["plain TCP", "rustls"],
            rows: vec![Row::theirs("plain TCP", plain, [Some(plain), rustls])],
            pictured: connections == CONNECTIONS[0],
        };
        for (engine, stage) in measured() {
            if connections == CONNECTIONS[0] || Some(stage) == last_with_a_tag() {
                let case = self.case(engine, &args(stage.short_name()));
                table.rows.push(Row::ours(stage, engine, case, [Some(plain), rustls]));
            }
        }
        if let Some(case) = rustls {
            table.rows.push(Row::theirs("rustls", case, [Some(plain), rustls]));
        }
        self.tables.push(table.without_empty_columns());
    }

    fn record_size(&mut self, stage: &Stage, engine: Engine) {
        let mut case = |len: u32| {
            self.case(engine, &["one-way", stage.short_name(), "--write", &len.to_string()])
        };
        let longest = case(RECORDS[RECORDS.len() - 1]);
        let rows = RECORDS.map(|len| {
            let name = size(len);
            let bases = vec![Some(longest)];
            Row { name, ours: true, case: case(len), bases, record_len: Some(len) }
        });
        self.tables.push(Table {
            title: format!("record size, {}", ours(stage, engine)),
            unit: Unit::Bytes,
            columns: vec!["16 KiB"],
            rows: rows.into(),
            pictured: false,
        });
    }

    fn handshakes(&mut self, machine: &Machine) {
        // TLS is measured beside others that speak it.
        let stages = || {
            let is_ours = |stage: &&Stage| !stage.handshake.is_empty() && !stage.has_types();
            STAGES.iter().copied().filter(is_ours)
        };
        let Some(first) = stages().next().map(Stage::short_name) else { return };
        let base = self.case(Engine::Default, &["handshakes", first]);
        let mut table = Table {
            title: "handshakes".to_owned(),
            unit: Unit::Handshakes,
            columns: vec![first, "Python"],
            rows: Vec::new(),
            pictured: false,
        };
        for (engine, stage) in
            Engine::ALL.into_iter().flat_map(|engine| stages().map(move |it| (engine, it)))
        {
            let name = stage.short_name();
            let case = self.case(engine, &["handshakes", name]);
            let python = machine
                .has("cryptography")
                .then(|| self.case(Engine::AwsLcRs, &["python-handshakes", name]));
            table.rows.push(Row::ours(stage, engine, case, [Some(base), python]));
        }
        self.tables.push(table.without_empty_columns());
    }

    fn signatures(&mut self, machine: &Machine) {
        let mut table = Table {
            title: "RSA of 2,048 bits".to_owned(),
            unit: Unit::Signatures,
            columns: vec!["OpenSSL", "Python"],
            rows: Vec::new(),
            pictured: false,
        };
        for (engine, operation) in Engine::ALL
            .into_iter()
            .flat_map(|engine| OPERATIONS.map(move |operation| (engine, operation)))
        {
            let case = self.case(engine, &["signatures", operation]);
            let mut peer = |name, command| {
                machine.has(name).then(|| self.case(Engine::AwsLcRs, &[command, operation]))
            };
            let python = peer("cryptography", "python-signatures");
            // Its benchmark has no chains.
            let openssl =
                (operation != VERIFY_CHAIN).then(|| peer("OpenSSL", "openssl-signatures"));
            let name = named(operation, engine);
            let bases = vec![openssl.flatten(), python];
            table.rows.push(Row { name, ours: true, case, bases, record_len: None });
        }
        self.tables.push(table.without_empty_columns());
    }

    fn tunnel(&mut self, machine: &Machine) {
        let relay = self.case(Engine::Default, &["tunnel", "relay"]);
        let mut peer =
            |name| machine.has(name).then(|| self.case(Engine::AwsLcRs, &["tunnel", name]));
        let [stunnel, spiped] = ["stunnel", "spiped"].map(&mut peer);
        let bases = [Some(relay), stunnel, spiped];
        let mut table = Table {
            title: "tunnel".to_owned(),
            unit: Unit::Bytes,
            columns: vec!["relay", "stunnel", "spiped"],
            rows: vec![Row::theirs("relay", relay, bases)],
            pictured: true,
        };
        for (engine, stage) in measured().filter(|(_, stage)| Some(*stage) == last_with_a_tag()) {
            let case = self.case(engine, &["tunnel", "ours", TUNNEL, stage.short_name()]);
            table.rows.push(Row::ours(stage, engine, case, bases));
        }
        for (name, case) in [("stunnel", stunnel), ("spiped", spiped)] {
            table.rows.extend(case.map(|case| Row::theirs(name, case, bases)));
        }
        self.tables.push(table.without_empty_columns());
    }
}

impl Table {
    /// A peer that is missing is not compared.
    fn without_empty_columns(mut self) -> Self {
        for column in (0..self.columns.len()).rev() {
            if self.rows.iter().all(|row| row.bases[column].is_none()) {
                self.columns.remove(column);
                self.rows.iter_mut().for_each(|row| _ = row.bases.remove(column));
            }
        }
        self
    }
}

/// Lists the stages with records whose keys are known beforehand. The others have the record of one of them.
fn stages() -> impl DoubleEndedIterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has_records() && stage.handshake.is_empty())
}

/// Finds the stage that is measured where one stands for all.
fn last_with_a_tag() -> Option<&'static Stage> {
    stages().rfind(|stage| stage.has(Role::Tag))
}

/// Lists what is measured: these stages with the default engine, and then with the other.
fn measured() -> impl Iterator<Item = (Engine, &'static Stage)> {
    Engine::ALL.into_iter().flat_map(|engine| stages().map(move |stage| (engine, stage)))
}

fn size(len: u32) -> String {
    if len < 1024 { format!("{len} B") } else { format!("{} KiB", len / 1024) }
}

fn ours(stage: &Stage, engine: Engine) -> String {
    named(stage.short_name(), engine)
}

fn named(name: &str, engine: Engine) -> String {
    match engine {
        Engine::Default => name.to_owned(),
        Engine::AwsLcRs => format!("{name}, {engine}"),
    }
}

impl Row {
    fn ours<const N: usize>(
        stage: &Stage,
        engine: Engine,
        case: usize,
        bases: [Option<usize>; N],
    ) -> Self {
        let name = ours(stage, engine);
        Self { name, ours: true, case, bases: bases.into(), record_len: None }
    }

    fn theirs<const N: usize>(name: &str, case: usize, bases: [Option<usize>; N]) -> Self {
        let (name, bases) = (name.to_owned(), bases.into());
        Self { name, ours: false, case, bases, record_len: None }
    }
}
