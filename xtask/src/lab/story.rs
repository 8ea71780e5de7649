//! `cargo xtask attack`: one attack told at length.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use attacker::{ATTACKS, Passing, Step};
use framing::{LENGTH_LEN, Stage};
use transcript::lines::{WIDTH, wrapped_to};
use transcript::text;

use crate::lab::play::{Played, Victim};
use crate::lab::scenario::Scenario;
use crate::lab::verdict::{Cell, Verdict};

/// Bytes in a line.
const ROW: usize = 16;
/// Lines of changed bytes that are shown of a message.
const ROWS: usize = 6;

const HEADING: Style = Style::new().bold();
const ATTACKER: Style = AnsiColor::Yellow.on_default().bold();
const CHANGED: Style = AnsiColor::Red.on_default().bold();
const CLOSED: Style = AnsiColor::Green.on_default().bold();

/// The attacks, a line each.
pub fn list() -> String {
    let mut text = String::new();
    for attack in ATTACKS {
        _ = writeln!(text, "{HEADING}{:<16}{HEADING:#} {}", attack.name, attack.tries);
    }
    let nonces = "what a nonce used twice gives away, at part1-ctr and part2-aead";
    _ = writeln!(text, "{HEADING}{:<16}{HEADING:#} {nonces}", "nonce-reuse");
    text
}

/// What happened: the honest message, what became of it, each side's view, and the verdict.
pub fn told(scenario: &Scenario, stage: &Stage, cell: &Cell, played: Option<&Played>) -> String {
    let attack = scenario.attack;
    let mut text = String::new();
    section(&mut text, &format!("{} at {}: {}", attack.name, stage.name, attack.tries));
    if let Some(played) = played {
        for (number, step) in played.notes.steps.iter().enumerate() {
            let before = number.checked_sub(1).and_then(|before| played.notes.steps.get(before));
            let after = played.notes.steps.get(number + 1);
            _ = write!(text, "{}", step_told(stage, step, before, after));
        }
        for (number, client) in played.clients.iter().enumerate() {
            let several = played.clients.len() > 1;
            let which = if several { format!("client {number}") } else { "the client".to_owned() };
            view(&mut text, &format!("What {which} says"), client);
        }
        view(&mut text, "What the server says", &played.server);
    }
    section(&mut text, "Verdict");
    let (style, verdict) = match cell.verdict {
        Verdict::Succeeded => (CHANGED, "it succeeds: ".to_owned()),
        Verdict::Refused => {
            (CLOSED, format!("it is refused by {}: ", cell.by.as_deref().unwrap_or_default()))
        }
        Verdict::NotApplicable => (Style::new(), "there is nothing to try: ".to_owned()),
    };
    for line in textwrap::wrap(&(verdict + &cell.why), wrapped_to(WIDTH)) {
        _ = writeln!(text, "{style}{line}{style:#}");
    }
    _ = writeln!(text, "at stake: {}", attack.property);
    _ = writeln!(text, "closed by: {}", attack.closed_by);
    text
}

/// A heading, and a gap above it where something stands there.
pub(crate) fn section(text: &mut String, title: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    _ = writeln!(text, "{gap}{HEADING}{title}{HEADING:#}\n");
}

fn view(text: &mut String, title: &str, victim: &Victim) {
    section(text, title);
    for event in &victim.events {
        *text += &text::event(event);
    }
}

/// One step of the attacker. A message that goes on as it came is told once.
fn step_told(stage: &Stage, step: &Step, before: Option<&Step>, after: Option<&Step>) -> String {
    let mut text = String::new();
    let mut say = |line: &str| _ = writeln!(text, "{ATTACKER}attacker │{ATTACKER:#} {line}");
    match step {
        Step::Took(taken) if passes_on(Some(step), after) => {
            say(&format!("passes on, {}", place(taken)));
        }
        Step::Took(taken) => {
            say(&format!("takes, {}", place(taken)));
            for (number, row) in taken.bytes.chunks(ROW).take(ROWS).enumerate() {
                let field = field_at(stage, &taken.bytes, number * ROW);
                say(&format!("    {field:<16} {}", compared(row, row)));
            }
        }
        Step::Sent { .. } if passes_on(before, Some(step)) => {}
        Step::Sent { sent, taken } => {
            say(&format!("sends, {}", place(sent)));
            if (sent.session, sent.direction) != (taken.session, taken.direction) {
                say(&format!("    taken from {}", place(taken)));
            }
            let rows = taken.bytes.chunks(ROW).zip(sent.bytes.chunks(ROW)).enumerate();
            for (number, (old, new)) in rows.filter(|(_, (old, new))| old != new).take(ROWS) {
                let at = number * ROW + first_difference(old, new);
                say(&format!(
                    "    {:<16} {}",
                    field_at(stage, &taken.bytes, at),
                    compared(old, new)
                ));
                say(&format!("    {:<16} {}", "becomes", compared(new, old)));
            }
            if let Some(cut) =
                taken.bytes.len().checked_sub(sent.bytes.len()).filter(|cut| *cut > 0)
            {
                say(&format!("    the last {cut} bytes are cut off"));
            }
        }
    }
    text
}

/// Whether a message is taken and goes on at once, as it was.
fn passes_on(took: Option<&Step>, sent: Option<&Step>) -> bool {
    match (took, sent) {
        (Some(Step::Took(took)), Some(Step::Sent { sent, taken })) => {
            took == taken && sent == taken
        }
        _ => false,
    }
}

fn place(passing: &Passing) -> String {
    let Passing { session, direction, bytes } = passing;
    format!("connection {session}, {direction}: {} bytes", bytes.len())
}

fn first_difference(old: &[u8], new: &[u8]) -> usize {
    old.iter().zip(new).position(|(old, new)| old != new).unwrap_or(old.len().min(new.len()))
}

/// The field that byte `at` of a message belongs to, and where in the message that byte is.
fn field_at(stage: &Stage, message: &[u8], at: usize) -> String {
    if stage.has_records && at < LENGTH_LEN {
        return format!("length at {at}");
    }
    let start = if stage.has_records { LENGTH_LEN } else { 0 };
    let parts = message.get(start..).and_then(|payload| stage.split(payload)).unwrap_or_default();
    let part = parts.iter().rev().find(|part| start + part.offset <= at);
    format!("{} at {at}", part.map_or("?", |part| part.name))
}

/// Bytes in hexadecimal, those that differ from `other` in brackets.
pub(crate) fn compared(bytes: &[u8], other: &[u8]) -> String {
    let mut text = String::new();
    for (number, byte) in bytes.iter().enumerate() {
        if other.get(number) == Some(byte) {
            _ = write!(text, " {byte:02x} ");
        } else {
            _ = write!(text, "{CHANGED}[{byte:02x}]{CHANGED:#}");
        }
    }
    text
}
