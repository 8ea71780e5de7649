//! The overview as a person reads it: what fails first, then who, what was agreed, and what became of it.

use std::fmt::Write;

use anstyle::Style;
use messages::x509::moment;

use super::{Check, End, KeyInUse, Overview, Side};
use crate::lines::{BAD, DIM, GOOD, HEADING, PLAIN, listed, role_style, width, wrapped_to};
use crate::{Outcome, Role, visible};

/// Columns of what a row is about, and of who did it.
const LABEL: usize = 11;
const LEAD: usize = 9;

/// Columns of a terminal that times have columns of their own on.
const ALIGNED: usize = 72;

/// How one has what is encrypted explained.
const HOW_TO_GET_A_KEY_LOG: &str = "To see more, record another session together with its keys: most programs write them \
    down where the variable SSLKEYLOGFILE says, as in SSLKEYLOGFILE=keys.log curl https://…; then name that file with \
    --keylog.";

/// Rows as they grow: what each is about, who, and text.
struct Rows {
    width: usize,
    text: String,
    label: &'static str,
}

impl Overview {
    /// Tells it, styled with escape codes.
    pub fn told(&self) -> String {
        let mut rows = Rows { width: width(), text: String::new(), label: "" };
        self.failures(&mut rows);
        self.secrecy(&mut rows);
        self.parties(&mut rows);
        self.agreement(&mut rows);
        self.timeline(&mut rows);
        self.protection(&mut rows);
        self.data(&mut rows);
        self.all_checks(&mut rows);
        rows.begin("end");
        for (role, side) in self.sides() {
            let (style, end) = ended(side);
            rows.of(role, style, &end);
        }
        rows.text + "\n"
    }

    /// Says in a line what came of the checks: it stands last, where a person looks first on a terminal.
    pub fn conclusion(&self) -> String {
        let opened = |side: &Side| {
            side.keys.iter().map(|key| key.records).sum::<u64>().saturating_sub(side.closed)
        };
        let closed: u64 = self.sides().iter().map(|(_, side)| side.closed).sum();
        let opened: u64 = self.sides().iter().map(|(_, side)| opened(side)).sum();
        let records = match (opened, closed) {
            (0, 0) => "nothing encrypted".to_owned(),
            (0, closed) => format!("none of {closed} encrypted records was opened"),
            (1, 0) => "the encrypted record was opened".to_owned(),
            (opened, 0) => format!("all {opened} encrypted records were opened"),
            (opened, closed) => {
                format!("{opened} of {} encrypted records were opened", opened + closed)
            }
        };
        let failing: Vec<_> = self.checks_with(Outcome::Fails).map(named).collect();
        let rest =
            [(Outcome::Holds, "OK"), (Outcome::NotMade, "not made")].map(|(outcome, word)| {
                match self.checks_with(outcome).count() {
                    0 => String::new(),
                    count => format!(", {count} {word}"),
                }
            });
        let (style, checks) = match &*failing {
            [] => (PLAIN, "none fails".to_owned()),
            failing => (BAD, format!("{} FAILS", listed(failing))),
        };
        let any = self.checks.is_empty();
        let checks = if any { "none".to_owned() } else { format!("{checks}{}", rest.concat()) };
        let mut rows = Rows { width: width(), text: String::new(), label: "" };
        rows.all(style, &format!("{records}; checks: {checks}"));
        rows.text
    }

    fn failures(&self, rows: &mut Rows) {
        let failing: Vec<_> = self.checks_with(Outcome::Fails).collect();
        if failing.is_empty() {
            return;
        }
        rows.all(BAD, &format!("{} of {} checks FAILS", failing.len(), self.checks.len()));
        for check in failing {
            rows.all(BAD, &format!("{}: {}", named(check), check.message));
        }
        rows.text += "\n";
    }

    /// Returns the version that was agreed on, if it is one that is not explained.
    fn other_version(&self) -> Option<&str> {
        self.agreed.version.as_deref().filter(|version| *version != "TLS 1.3")
    }

    /// Says that nothing was opened, and how that is changed.
    fn secrecy(&self, rows: &mut Rows) {
        let other = self.other_version();
        if let Some(version) = other {
            rows.all(
                HEADING,
                &format!("{version} was agreed on: it is recognised here, and not explained."),
            );
        } else if self.is_eavesdropped() {
            let alone = "No key opens what is encrypted here: this is what an eavesdropper sees, and this is all.";
            rows.all(HEADING, alone);
            rows.all(PLAIN, HOW_TO_GET_A_KEY_LOG);
        } else {
            return;
        }
        rows.text += "\n";
    }

    fn parties(&self, rows: &mut Rows) {
        rows.begin("who");
        for (role, side) in self.sides() {
            let Some(addr) = side.addr else { continue };
            let certified = side
                .certified
                .as_ref()
                .map_or_else(String::new, |name| format!(", with a certificate for {name}"));
            rows.of(role, PLAIN, &format!("{addr}{certified}"));
        }
        if let Some(name) = &self.agreed.name {
            rows.begin("asked for");
            rows.row(PLAIN, &format!("{name:?}, in the clear: anyone on the path reads it"));
        }
        if let Some(date) = self.date() {
            rows.begin("when");
            rows.row(PLAIN, &moment(date));
        }
    }

    fn agreement(&self, rows: &mut Rows) {
        rows.begin("agreed");
        let agreed = &self.agreed;
        let Some(suite) = &agreed.suite else {
            return rows.row(PLAIN, "nothing: no ServerHello is in the capture");
        };
        let parts = [
            agreed.version.clone(),
            Some(suite.clone()),
            agreed.group.clone(),
            agreed.scheme.as_ref().map(|scheme| format!("signed by {scheme}")),
            agreed.protocol.as_ref().map(|protocol| format!("protocol {protocol:?}")),
            agreed.is_resumed.then(|| "resumed with a key of a session before".to_owned()),
            agreed.is_retried.then(|| "after a HelloRetryRequest".to_owned()),
        ];
        rows.row(PLAIN, &parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }

    fn timeline(&self, rows: &mut Rows) {
        rows.begin("time");
        rows.row(DIM, "since the first packet, and since the step before");
        let mut before = 0;
        for step in &self.steps {
            let at = duration(step.micros);
            let took = duration(step.micros.saturating_sub(before));
            before = step.micros.max(before);
            let text = if rows.width < ALIGNED {
                format!("{}: {at}, +{took}", step.what)
            } else {
                format!("{:<22} {at:>12} {:>13}", step.what, format!("+{took}"))
            };
            rows.of(step.by, PLAIN, &text);
        }
    }

    fn protection(&self, rows: &mut Rows) {
        if self.other_version().is_some() {
            return;
        }
        rows.begin("protected");
        for (role, side) in self.sides() {
            let clear = side.keys.first().map_or(side.records, |key| key.first);
            let mut told = Vec::new();
            if side.records == 0 {
                told.push("no record".to_owned());
            } else if clear > 0 {
                told.push(format!("{} in the clear", range(0, clear)));
            }
            for KeyInUse { secret, first, records, .. } in &side.keys {
                let by = match secret {
                    Some(secret) => format!("by {secret}"),
                    None => "by a key that nobody here has".to_owned(),
                };
                told.push(format!("{} {by}", range(*first, *records)));
            }
            let mut lead = role.to_string();
            for text in told {
                rows.line(role_style(role), &std::mem::take(&mut lead), PLAIN, &text);
            }
        }
    }

    fn data(&self, rows: &mut Rows) {
        if self.other_version().is_some() {
            return;
        }
        rows.begin("data");
        for (role, side) in self.sides() {
            let Side { records, closed, loose, data_records, data, .. } = side;
            let mut told = match (data_records, closed) {
                (0, 0) => vec!["none".to_owned()],
                (0, _) => Vec::new(),
                _ => vec![format!("{} in {}", bytes(*data), counted(*data_records, "record"))],
            };
            if *closed > 0 {
                told.push(format!("{} of {records} not opened", counted(*closed, "record")));
            }
            if *loose > 0 {
                told.push(format!("{} that are no record", bytes(*loose)));
            }
            rows.of(role, PLAIN, &told.join(", "));
        }
    }

    fn all_checks(&self, rows: &mut Rows) {
        rows.begin("checks");
        // Those that fail stand above everything else. Of those that hold, the names are enough: what was compared with
        // what is told in detail.
        let (style, word) = verdict(Outcome::NotMade);
        for check in self.checks_with(Outcome::NotMade) {
            rows.line(style, word, PLAIN, &format!("{}: {}", named(check), check.message));
        }
        let (style, word) = verdict(Outcome::Holds);
        for of in [Some(Role::Server), Some(Role::Client), None] {
            let held = self.checks_with(Outcome::Holds).filter(|check| check.of == of);
            let held: Vec<_> = held.map(|check| &*check.what).collect();
            if !held.is_empty() {
                let whose = of.map_or_else(String::new, |of| format!("{of}: "));
                rows.line(style, word, PLAIN, &format!("{whose}{}", held.join(", ")));
            }
        }
        if self.checks.is_empty() {
            rows.row(PLAIN, "none: nothing here can be checked without a key");
        }
        if self.checks_left_out > 0 {
            rows.row(DIM, &format!("and {} more", self.checks_left_out));
        }
    }
}

impl Rows {
    fn begin(&mut self, label: &'static str) {
        self.label = label;
    }

    fn row(&mut self, style: Style, text: &str) {
        self.led_by(PLAIN, ("", 0), style, text);
    }

    /// A row about a side.
    fn of(&mut self, role: Role, style: Style, text: &str) {
        self.line(role_style(role), &role.to_string(), style, text);
    }

    fn line(&mut self, lead_style: Style, lead: &str, style: Style, text: &str) {
        self.led_by(lead_style, (lead, LEAD), style, text);
    }

    fn led_by(
        &mut self,
        lead_style: Style,
        (mut lead, lead_len): (&str, usize),
        style: Style,
        text: &str,
    ) {
        let mut indent = LABEL;
        if self.width < ALIGNED {
            indent = 2;
            if !self.label.is_empty() {
                _ = writeln!(self.text, "{DIM}{}{DIM:#}", std::mem::take(&mut self.label));
            }
        }
        let text = visible(text);
        for line in textwrap::wrap(&text, wrapped_to(self.width - indent - lead_len)) {
            let label = std::mem::take(&mut self.label);
            let lead = std::mem::take(&mut lead);
            _ = writeln!(
                self.text,
                "{DIM}{label:<indent$}{DIM:#}{lead_style}{lead:<lead_len$}{lead_style:#}{style}{line}{style:#}"
            );
        }
    }

    /// Text as wide as the terminal.
    fn all(&mut self, style: Style, text: &str) {
        for line in textwrap::wrap(&visible(text), wrapped_to(self.width)) {
            _ = writeln!(self.text, "{style}{line}{style:#}");
        }
    }
}

/// Returns the word for what came of a check, and its style.
pub(crate) fn verdict(outcome: Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Holds => (GOOD, "OK"),
        Outcome::Fails => (BAD, "FAILS"),
        Outcome::NotMade => (DIM, "not made"),
    }
}

fn named(check: &Check) -> String {
    super::what_of(&check.what, check.of)
}

fn ended(side: &Side) -> (Style, String) {
    let (style, end) = match side.end() {
        End::Said => (PLAIN, "it says that no more follows: close_notify".to_owned()),
        End::Alert(alert) => (BAD, format!("it breaks off: Alert {alert}")),
        // Nothing else ends what is no TLS.
        End::Cut if side.records == 0 => (PLAIN, "TCP ends".to_owned()),
        End::Cut => (
            BAD,
            "TCP ends, and no close_notify says that this is the end: it may be cut off".to_owned(),
        ),
        End::Encrypted => {
            (PLAIN, "TCP ends; whether a close_notify came first is encrypted".to_owned())
        }
        End::Open => (PLAIN, "none: the capture ends before".to_owned()),
        End::Unknown => (BAD, "unknown: not all is in the capture".to_owned()),
    };
    let missing = match (side.has_gap, side.missing) {
        (false, _) => String::new(),
        (true, 0) => "; bytes are missing in the capture".to_owned(),
        (true, missing) => format!("; {} are missing in the capture", bytes(missing)),
    };
    (style, end + &missing)
}

/// Names records by their numbers.
fn range(first: u64, count: u64) -> String {
    match count {
        0 | 1 => format!("record {first}"),
        2 => format!("records {first} and {}", first + 1),
        _ => format!("records {first} to {}", first + count - 1),
    }
}

pub(crate) fn counted(count: u64, unit: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{ending}")
}

fn bytes(count: u64) -> String {
    counted(count, "byte")
}

/// A time as a person reads it: `12.345 ms`, or seconds if there are many.
fn duration(micros: u64) -> String {
    if micros < 10_000_000 {
        format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
    } else {
        format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
    }
}
