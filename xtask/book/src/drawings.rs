//! The pictures of the book: each stage's record, and an exchange as it went.
//!
//! Lengths and offsets come from the catalogue of stages, and the exchange from a run of the programs.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use askama::Template;
use stages::{Field, Place, STAGES, Stage, field};
use transcript::{Event, EventKind, Role};
use xtask::complain;
use xtask::launch::{Pair, Programs, Wire};
use xtask::views::{NewFile, layout};

use crate::{Finding, SOURCE};

/// Width of a picture.
const WIDTH: u32 = 440;
/// Where its contents begin, and end.
const LEFT: u32 = 20;
const RIGHT: u32 = WIDTH - LEFT;

/// Draws all pictures; or, to `check`, reports those that would be drawn differently.
///
/// # Errors
/// When the programs cannot be run, or a picture cannot be written.
pub fn remake(root: &Path, check: bool) -> Result<Vec<Finding>> {
    let programs = Programs::of_stages(STAGES, false)?;
    let folder = Path::new(SOURCE).join("images");
    let mut findings = Vec::new();
    for stage in STAGES {
        let record = RecordView::new(stage).render()?;
        let exchange = ExchangeView::new(stage, &run(&programs, stage)?).render()?;
        for (what, drawn) in [("record", record), ("exchange", exchange)] {
            let path = folder.join(format!("{}-{what}.svg", stage.name));
            let there = fs::read_to_string(root.join(&path)).unwrap_or_default();
            if there == drawn {
                continue;
            }
            if check {
                let same = there.lines().zip(drawn.lines()).take_while(|(a, b)| a == b).count();
                let shown = |text: &str| text.lines().nth(same).unwrap_or("nothing").to_owned();
                let what = format!(
                    "`cargo xtask book` draws something else\n  the file has   {}\n  it draws       {}",
                    shown(&there),
                    shown(&drawn)
                );
                findings.push(Finding { path, line: same + 1, what });
            } else {
                fs::create_dir_all(root.join(&folder))?;
                NewFile::write(&root.join(&path), drawn.as_bytes())?;
                complain(&format!("{}: drawn anew", path.display()));
            }
        }
    }
    Ok(findings)
}

/// Runs an exchange, and returns its events.
fn run(programs: &Programs, stage: &'static Stage) -> Result<Vec<Event>> {
    let client_args: &[_] = if stage.has_records() { &["--requests", "2"] } else { &[] };
    let mut events = Vec::new();
    let pair = Pair { stage, server_args: &[], client_args, wire: Wire::Unwatched };
    let outcome = pair.run(programs, |event| events.push(event.clone()))?;
    ensure!(outcome.code() == 0, "{} did not finish", stage.name);
    Ok(events)
}

/// A field in a row of them.
struct FieldView {
    place: Place,
    x: u32,
    width: u32,
}

impl FieldView {
    fn middle(&self) -> u32 {
        self.x + self.width / 2
    }

    fn end(&self) -> u32 {
        self.x + self.width
    }

    fn len(&self) -> String {
        layout::len(self.place.field.len) + " B"
    }
}

/// Lays the fields of a record side by side, from `left` to `right`. The longer ones are wider, but
/// none is too narrow for its name, and the text takes what the others leave.
fn row(stage: &Stage, left: u32, right: u32) -> Vec<FieldView> {
    let width = |len: usize| 42 + u32::try_from(len).unwrap_or(0) * 5 / 4;
    let fixed: u32 = stage.fields.iter().filter_map(|field| field.len).map(width).sum();
    let mut x = left;
    let field = |place: Place| {
        let width = place.field.len.map_or(right - left - fixed, width);
        let field = FieldView { place, x, width };
        x = field.end();
        field
    };
    stage.places().map(field).collect()
}

/// A record.
#[derive(Template)]
#[template(path = "record.svg")]
struct RecordView {
    stage: &'static Stage,
    fields: Vec<FieldView>,
}

/// A bracket under some of its fields.
struct Mark {
    from: u32,
    to: u32,
    y: u32,
    words: &'static str,
}

impl Mark {
    fn middle(&self) -> u32 {
        self.from.midpoint(self.to)
    }
}

impl RecordView {
    fn new(stage: &'static Stage) -> Self {
        Self { stage, fields: row(stage, LEFT, RIGHT) }
    }

    fn title(&self) -> String {
        let what = if self.stage.has_records() { "record" } else { "message" };
        format!("A {what} of {}", self.stage.name)
    }

    fn marks(&self) -> Vec<Mark> {
        let mark = |words, is_meant: fn(&Field) -> bool| {
            let mut meant = self.fields.iter().filter(|field| is_meant(field.place.field));
            let first = meant.next()?;
            let last = meant.next_back().unwrap_or(first);
            Some(Mark { from: first.x + 2, to: last.end() - 2, y: 0, words })
        };
        let marks = [
            mark("encrypted", Field::is_encrypted),
            mark("under the tag", |field| field.is_covered),
        ];
        let marks = marks.into_iter().flatten();
        (0..).zip(marks).map(|(row, mark)| Mark { y: 117 + 34 * row, ..mark }).collect()
    }

    /// A note on what the brackets do not show.
    fn warning(&self) -> Option<&'static str> {
        let has = |is: fn(&Field) -> bool| self.stage.fields.iter().any(is);
        match (has(Field::is_encrypted), has(|field| field.is_covered)) {
            (_, true) => None,
            (true, false) => Some("No tag: nothing here tells whether any of it was changed."),
            (false, false) => Some("Everyone on the path can read it and change it."),
        }
    }

    fn height(&self) -> u32 {
        let marks = u32::try_from(self.marks().len()).unwrap_or(0);
        116 + 34 * marks + if self.warning().is_some() { 22 } else { 0 }
    }

    fn told(&self) -> String {
        let field = |field: &Field| {
            let as_text = || "as long as the plaintext".to_owned();
            let len = field.len.map_or_else(as_text, |len| format!("{len} bytes"));
            let encrypted = if field.is_encrypted() { ", encrypted" } else { "" };
            let covered = if field.is_covered { ", under the tag" } else { "" };
            format!("{}, {len}{encrypted}{covered}", field.name)
        };
        self.stage.fields.iter().map(field).collect::<Vec<_>>().join("; ")
    }
}

/// An exchange.
#[derive(Template)]
#[template(path = "exchange.svg")]
struct ExchangeView {
    stage: &'static Stage,
    records: Vec<CarriedView>,
}

/// A record on its way.
struct CarriedView {
    y: u32,
    from: Role,
    index: u64,
    seq: Option<u64>,
    plaintext: usize,
    /// All its bytes.
    len: usize,
    fields: Vec<FieldView>,
}

impl ExchangeView {
    fn new(stage: &'static Stage, events: &[Event]) -> Self {
        let received = events.iter().filter_map(|event| match &event.kind {
            EventKind::Received(record) => Some((event.role, record)),
            _ => None,
        });
        let records = (0..).zip(received).map(|(number, (to, record))| CarriedView {
            y: 44 + 80 * number,
            from: if to == Role::Server { Role::Client } else { Role::Server },
            index: record.index,
            seq: record.seq,
            plaintext: record.plaintext.len(),
            len: stage.header().len() + record.record.len(),
            fields: row(stage, LEFT + 12, RIGHT - 12),
        });
        Self { stage, records: records.collect() }
    }

    fn title(&self) -> String {
        format!("An exchange at {}", self.stage.name)
    }

    fn height(&self) -> u32 {
        self.records.last().map_or(0, |record| record.y + 92)
    }

    fn told(&self) -> String {
        let record = |record: &CarriedView| {
            let to = if record.is_from_client() { Role::Server } else { Role::Client };
            format!("The {} sends {}. The {to}: {}", record.from, record.sent(), record.checked())
        };
        self.records.iter().map(record).collect::<Vec<_>>().join(". ")
    }
}

impl CarriedView {
    fn is_from_client(&self) -> bool {
        self.from == Role::Client
    }

    /// Beside the sender's line.
    fn sender(&self) -> u32 {
        if self.is_from_client() { LEFT + 12 } else { RIGHT - 12 }
    }

    /// Beside the receiver's line.
    fn receiver(&self) -> u32 {
        if self.is_from_client() { RIGHT - 12 } else { LEFT + 12 }
    }

    fn sent(&self) -> String {
        let Self { index, plaintext, len, .. } = self;
        if len == plaintext {
            format!("{plaintext} bytes, as they are")
        } else {
            format!("record {index}: {plaintext} bytes in {len}")
        }
    }

    fn is_checked(&self) -> bool {
        self.fields.iter().any(|field| field.place.field.role == field::Role::Tag)
    }

    fn checked(&self) -> String {
        match (self.is_checked(), self.seq) {
            (true, Some(seq)) => format!("the tag verifies, and seq {seq} is the one expected"),
            (true, None) => "the tag verifies".to_owned(),
            (false, _) => "there is nothing to check".to_owned(),
        }
    }
}
