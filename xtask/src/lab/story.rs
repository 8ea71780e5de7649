//! `cargo xtask attack`: one attack told at length.

use std::fmt::Write;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use attacker::attacks::control;
use attacker::{ATTACKS, Passing, Step};
use stages::Stage;
use transcript::lines::{WIDTH, wrapped_to};
use transcript::text;

use super::scenario::Scenario;
use super::verdict::{Cell, Verdict};
use super::victims::{Played, Victim};

/// Bytes in a line.
const ROW: usize = 16;

const HEADING: Style = Style::new().bold();
const ATTACKER: Style = AnsiColor::Yellow.on_default().bold();
const CHANGED: Style = AnsiColor::Red.on_default().bold();
const CLOSED: Style = AnsiColor::Green.on_default().bold();

/// The attacks, a line each.
pub fn list() -> String {
    let mut text = String::new();
    for attack in [&control::ATTACK].iter().chain(ATTACKS) {
        _ = writeln!(text, "{HEADING}{:<16}{HEADING:#} {}", attack.name, attack.tries);
    }
    let nonces = "what a nonce used twice gives away, at part1-ctr and part2-aead";
    _ = writeln!(text, "{HEADING}{:<16}{HEADING:#} {nonces}", "nonce-reuse");
    _ = writeln!(text, "\nTry one at a stage: cargo xtask attack bit-flip part1-ctr");
    text
}

/// Tells the attack: the honest message, what became of it, each side's view, and the verdict.
pub fn told(
    scenario: &Scenario,
    stage: &'static Stage,
    cell: &Cell,
    played: Option<&Played>,
) -> String {
    let attack = scenario.attack;
    // What the attacker has in hand was made by the client.
    let (layout, _) = (scenario.client_stage)(stage);
    let mut text = String::new();
    _ = writeln!(text, "{HEADING}{} at {}: {}{HEADING:#}", attack.name, stage.name, attack.tries);
    if let Some(played) = played {
        text.push('\n');
        for (number, step) in played.log.steps.iter().enumerate() {
            let before = number.checked_sub(1).and_then(|before| played.log.steps.get(before));
            let after = played.log.steps.get(number + 1);
            _ = write!(text, "{}", step_told(layout, step, before, after));
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
    let mut say = |line: &str| {
        _ = writeln!(text, "{ATTACKER}attacker │{ATTACKER:#} {}", line.trim_end());
    };
    match step {
        Step::Took(taken) if passes_on(Some(step), after) => {
            say(&format!("passes on, {}", place(taken)));
        }
        Step::Took(taken) => {
            say(&format!("takes, {}", place(taken)));
            for row in rows(stage, &taken.bytes) {
                let bytes = row.of(&taken.bytes);
                say(&format!("{:<16} {}", row.label(), compared(bytes, bytes)));
            }
        }
        Step::Sent { .. } if passes_on(before, Some(step)) => {}
        Step::Sent { sent, taken } => {
            say(&format!("sends, {}", place(sent)));
            if (sent.session, sent.direction) != (taken.session, taken.direction) {
                say(&format!("    taken from {}", place(taken)));
            }
            for row in rows(stage, &taken.bytes) {
                let (old, new) = (row.of(&taken.bytes), row.of(&sent.bytes));
                if old != new && !new.is_empty() {
                    say(&format!("{:<16} {}", row.label(), compared(old, new)));
                    say(&format!("{:>16} {}", "becomes", compared(new, old)));
                }
            }
            let cut = taken.bytes.len().saturating_sub(sent.bytes.len());
            if cut > 0 {
                say(&format!("{cut:>5} bytes are cut off at the end"));
            }
        }
    }
    text
}

/// Returns whether a message is taken and goes on at once, as it was.
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

/// A line of bytes: a field of a message, or a piece of a long one.
struct Row {
    field: &'static str,
    bytes: Range<usize>,
}

impl Row {
    fn label(&self) -> String {
        format!("{:>5} {}", self.bytes.start, self.field)
    }

    /// The bytes of this row in a message, which may have been cut.
    fn of<'m>(&self, message: &'m [u8]) -> &'m [u8] {
        let end = self.bytes.end.min(message.len());
        message.get(self.bytes.start..end).unwrap_or_default()
    }
}

/// Cuts a message of this stage into rows, which tile it.
fn rows(stage: &Stage, message: &[u8]) -> Vec<Row> {
    let parts = stage.split(message).unwrap_or_default();
    let rows = parts.iter().flat_map(|part| {
        let (field, at, end) = (part.field.name, part.offset, part.offset + part.bytes.len());
        let pieces = (at..end).step_by(ROW);
        pieces.map(move |from| Row { field, bytes: from..(from + ROW).min(end) })
    });
    rows.collect()
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
