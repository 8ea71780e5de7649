//! A connection at a glance, as the page shows it.

use messages::x509::moment;
use transcript::overview::{End, Overview, Side};
use transcript::{Event, EventKind, Outcome, Role, visible};

/// A connection at a glance, and when its last bytes passed by.
#[derive(Default)]
pub struct Glance {
    pub overview: Overview,
    last: u64,
}

/// A stretch of time, which ends with what was done in it.
pub struct Step {
    pub what: &'static str,
    pub by: Role,
    pub from: u64,
    pub to: u64,
}

impl Glance {
    pub fn take(&mut self, event: &Event) {
        self.overview.take(event);
        if let EventKind::Chunk { micros, .. } | EventKind::End { micros, .. } = &event.kind {
            self.last = self.last.max(*micros);
        }
    }

    /// Names it: by the name that the client asked for, or else by the server's address.
    pub fn name(&self) -> String {
        let addr = || self.overview.server.addr.map(|addr| addr.to_string());
        let name = self.overview.agreed.name.as_ref().map(|name| visible(name));
        name.or_else(addr).unwrap_or_default()
    }

    /// Tells it in a sentence.
    pub fn told(&self) -> String {
        let overview = &self.overview;
        let version = overview.agreed.version.as_deref().unwrap_or("Nothing agreed");
        let data = overview.sides().map(|(role, side)| match side.data_records {
            0 => String::new(),
            _ => format!(", {} of data from the {role}", bytes(side.data)),
        });
        let holds = overview.checks_with(Outcome::Holds).count();
        let checks = match (overview.checks_with(Outcome::Fails).count(), holds) {
            (0, 0) => String::new(),
            (0, 1) => ". The one check that could be made holds".to_owned(),
            (0, holds) => format!(". All {holds} checks that could be made hold"),
            (fails, holds) => format!(". {fails} of {} checks made FAIL", fails + holds),
        };
        format!(
            "{version}, {} from its beginning to its end{}{checks}.",
            time(self.last),
            data.concat()
        )
    }

    /// Lists what is known of both sides, and what they agreed on.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let Overview { client, server, agreed, .. } = &self.overview;
        let addr = |side: &Side| side.addr.map(|addr| addr.to_string());
        let certified = |side: &Side| side.certified.as_ref().map(|names| visible(names));
        let text = |text: &Option<String>| text.as_ref().map(|text| visible(text));
        let retried =
            agreed.is_retried.then(|| "the server sent a HelloRetryRequest first".to_owned());
        let resumed = agreed.is_resumed.then(|| "with a key of a session before".to_owned());
        let facts = [
            ("Client", addr(client)),
            ("Server", addr(server)),
            ("Began", self.overview.date().map(moment)),
            ("Name asked for", text(&agreed.name)),
            ("Server’s certificate", certified(server)),
            ("Client’s certificate", certified(client)),
            ("Version", text(&agreed.version)),
            ("Cipher suite", text(&agreed.suite)),
            ("Key exchange", text(&agreed.group)),
            ("Retried", retried),
            ("Resumed", resumed),
            ("Server signs with", text(&agreed.scheme)),
            ("Protocol", text(&agreed.protocol)),
        ];
        facts.into_iter().filter_map(|(what, said)| Some((what, said?))).collect()
    }

    /// Tells what each side sent, and how it ended.
    pub fn sent(&self) -> [(Role, String, String); 2] {
        self.overview.sides().map(|(role, side)| {
            let mut sent = vec![match side.data_records {
                0 => "no data that could be read".to_owned(),
                records => {
                    format!("{} of data in {records} record{}", bytes(side.data), plural(records))
                }
            }];
            if side.closed > 0 {
                sent.push(format!(
                    "{} encrypted record{} that nobody here can open",
                    side.closed,
                    plural(side.closed)
                ));
            }
            sent.push(format!("{} on the wire", bytes(side.bytes)));
            (role, sent.join("; "), ended(side.end()))
        })
    }

    /// Lists the steps, each from the end of the one before.
    pub fn steps(&self) -> Vec<Step> {
        let mut from = 0;
        let step = |step: &transcript::overview::Step| {
            let begin = from;
            from = step.micros.max(from);
            Step { what: step.what, by: step.by, from: begin, to: from }
        };
        self.overview.steps.iter().map(step).collect()
    }

    /// Returns how far a time is on the way from the beginning to the end.
    #[allow(clippy::cast_precision_loss, reason = "it is drawn")]
    pub fn place(&self, micros: u64) -> String {
        format!("{:.2}%", micros as f64 * 100.0 / self.last.max(1) as f64)
    }
}

impl Step {
    pub fn took(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }
}

fn ended(end: End<'_>) -> String {
    match end {
        End::Unknown => "bytes are missing, so how it ended is unknown".to_owned(),
        End::Said => "it said that no more follows: close_notify".to_owned(),
        End::Alert(alert) => format!("it broke off with an alert: {}", visible(alert)),
        End::Cut => "its stream ended without close_notify: it may have been cut off".to_owned(),
        End::Encrypted => "its stream ended; whether it said so before is encrypted".to_owned(),
        End::Open => "the capture ends before it does".to_owned(),
    }
}

/// Writes a time as a person says it.
#[allow(clippy::cast_precision_loss, reason = "it has three digits")]
pub fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// Writes a number of bytes, its digits in groups of three.
pub fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    format!("{grouped} byte{}", plural(count))
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_lengths_have_the_unit_that_a_person_takes() {
        let times = [0, 999, 1_000, 22_042, 999_949, 61_000_000].map(time);
        assert_eq!(times, ["0 µs", "999 µs", "1.0 ms", "22.0 ms", "999.9 ms", "61.00 s"]);
        let lengths = [1, 999, 1_435, 12_345_678].map(bytes);
        assert_eq!(
            lengths,
            ["1 byte", "999 bytes", "1\u{202f}435 bytes", "12\u{202f}345\u{202f}678 bytes"]
        );
    }
}
