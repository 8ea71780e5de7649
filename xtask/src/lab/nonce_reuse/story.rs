//! The nonce lab as a story, and every byte of it with the arithmetic, styled with escape codes.

use std::fmt::Write;

use attacker::attacks::{FORGED, GUESS};
use attacker::gf128::BLOCK_LEN;
use attacker::nonce_reuse::AuthenticationKey;
use stages::{PART2_AEAD, Stage};
use transcript::lines::{PLAIN, width, wrapped_to};
use transcript::{Event, EventKind, Hex, Record, Role, text, visible};

use super::{Forgery, NonceLab};
use crate::lab::NONCE_REUSE;
use crate::lab::story::acts::changes;
use crate::lab::story::text::{marked, section};
use crate::lab::story::{Act, Deed, Message, Story, Value, Who};
use crate::lab::verdict::Verdict;

/// Returns the lab as a story: what was taken, what follows from it, and the result.
pub fn of(lab: &NonceLab) -> Story {
    let stage = lab.stage;
    let has_forgery = lab.forgery.is_some();
    let (succeeded, refusal) = (lab.succeeded(), lab.forgery.as_ref().and_then(Forgery::refusal));
    let (verdict, by, why) = match refusal {
        _ if succeeded && has_forgery => {
            let why = "the server acted on a request that nobody with the key has sealed";
            (Verdict::Succeeded, None, why)
        }
        _ if succeeded => {
            (Verdict::Succeeded, None, "the client's other request was read, without the key")
        }
        Some((check, words)) => (Verdict::Refused, Some(visible(check)), words),
        None => (Verdict::Refused, None, "the victims report something else"),
    };
    let (because, closed_by) = if has_forgery {
        (
            "with one nonce the keystream is the same in both records, and so is the mask of the tag. Both \
             cancel out, and what is left is an equation for H, the key of the authentication, which is the \
             same for every record. These two can be read, and any record under this key can be forged",
            "fresh nonces; every normal build draws 96 bits for each record from the operating system, good \
             for 2^32 records. Or a fresh key for each connection, under which nonces may be counted, as \
             in TLS 1.3. Or a construction that bears a nonce used twice, as AES-GCM-SIV (RFC 8452); no \
             stage here does",
        )
    } else {
        (
            "key and nonce make the keystream, so with one nonce it is the same in both records and cancels \
             out: ciphertext xor ciphertext is plaintext xor plaintext",
            "fresh nonces; every normal build draws 128 bits for each record from the operating system. \
             hmac and hmac-seq encrypt in the same way and would give away as much, but no forgery: HMAC \
             takes no nonce",
        )
    };
    Story {
        attack: NONCE_REUSE.to_owned(),
        stage: stage.name.to_owned(),
        verdict,
        by,
        why: visible(why),
        as_known: succeeded,
        tries: "make use of two records with one nonce".to_owned(),
        at_stake: "a nonce of its own for each record".to_owned(),
        because: because.to_owned(),
        closed_by: closed_by.to_owned(),
        client_stage: stage.name.to_owned(),
        server_stage: stage.name.to_owned(),
        acts: acts(lab),
        beliefs: Vec::new(),
        clients: lab.records.iter().map(|record| vec![sent(stage, record)]).collect(),
        server: lab.forgery.iter().flat_map(|forgery| forgery.server.clone()).collect(),
        detail: Some(arithmetic(lab)),
    }
}

fn sent(stage: &'static Stage, record: &Record) -> Event {
    Event { role: Role::Client, stage, kind: EventKind::Sent(record.clone()) }
}

fn acts(lab: &NonceLab) -> Vec<Act> {
    let stage = lab.stage;
    let mut acts = Vec::new();
    let mut add = |who, connection, deed| acts.push(Act { who, connection, deed });
    let [one, other] = lab.records.each_ref().map(|record| stage.record(&record.record));
    let message = |connection| Message {
        from: Who::Client,
        connection,
        index: 0,
        is_hello: false,
        is_alert: false,
    };
    for (connection, (record, bytes)) in lab.records.iter().zip([&one, &other]).enumerate() {
        let (plaintext, bytes) = (record.plaintext.clone(), bytes.as_slice().into());
        let sends = Deed::Sends { index: record.index, plaintext, bytes };
        let takes =
            Deed::Takes { message: message(connection), bytes: whole(stage, record), kept: false };
        add(Who::Client, connection, sends);
        add(Who::Attacker, connection, takes);
    }
    add(Who::Attacker, 1, Deed::Compares { changes: changes(stage, &one, &other) });
    let value = |name: &str, value: String, from: &str| Value {
        name: name.to_owned(),
        value,
        from: from.to_owned(),
    };
    let differences = format!("00 everywhere but in {}", differences(&lab.xor));
    let mut values = vec![
        value("xors", differences, "one ciphertext xor the other is one request xor the other"),
        value("guesses", shortly(GUESS), "the one request: requests are often alike"),
        value("reads", shortly(&lab.recovered), "the other request: the xor, xor the guess"),
    ];
    if let Some(forgery) = &lab.forgery {
        let AuthenticationKey { h, exponent, power, .. } = forgery.key;
        values.extend([
            value(
                &format!("H^{exponent}"),
                power.to_string(),
                "tag xor tag, divided by block xor block",
            ),
            value("H", h.to_string(), "its root: the key of the authentication"),
            value(
                "E",
                forgery.mask.to_string(),
                "tag xor GHASH: the mask of every tag with this nonce",
            ),
        ]);
    }
    add(Who::Attacker, 1, Deed::Computes { values });
    let Some(forgery) = &lab.forgery else { return acts };
    let forged = stage.record(&forgery.payload);
    let deed = Deed::Puts {
        message: message(0),
        to: Who::Server,
        bytes: forged.as_slice().into(),
        again: false,
        changes: changes(stage, &one, &forged),
    };
    add(Who::Attacker, 2, deed);
    for event in &forgery.server {
        match &event.kind {
            EventKind::Received(record) => {
                let deed = Deed::Accepts {
                    index: record.index,
                    seq: record.seq,
                    plaintext: record.plaintext.clone(),
                    instead_of: Some(lab.records[0].plaintext.clone()),
                    bytes: whole(stage, record),
                };
                add(Who::Server, 2, deed);
            }
            EventKind::Rejected { index, error, message, .. } => {
                let (check, message) = (visible(error), visible(message));
                add(Who::Server, 2, Deed::Refuses { index: *index, step: None, check, message });
            }
            EventKind::Sent(record) => {
                let plaintext = record.plaintext.clone();
                let deed =
                    Deed::Sends { index: record.index, plaintext, bytes: whole(stage, record) };
                add(Who::Server, 2, deed);
            }
            _ => {}
        }
    }
    acts
}

fn whole(stage: &Stage, record: &Record) -> Hex {
    stage.record(&record.record).as_slice().into()
}

/// A request's first line, in quotes.
fn shortly(request: &[u8]) -> String {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    format!("{} …", quoted(line))
}

/// Shows where the two differ, and by what.
fn differences(xor: &[u8]) -> String {
    let differences = (0..).zip(xor).filter(|(_, xor)| **xor != 0);
    let differences =
        differences.map(|(at, xor)| format!("byte {at} by {xor:02x}{}", digits(*xor)));
    differences.collect::<Vec<_>>().join(", ")
}

/// The two records and what follows from them, with every byte.
fn arithmetic(lab: &NonceLab) -> String {
    let mut story = Telling(String::new());
    story.say(
        "A client counts its records to make their nonces, as TLS 1.3 does, and connects twice. TLS has \
         a new key for every connection; here there is one key for all, and record 0 of both \
         connections gets nonce 0. Someone on the path keeps the two.",
    );

    story.section("The two records, in brackets where they differ");
    let [one, other] = &lab.records;
    story.compare(lab.stage, ("one", &one.record), ("other", &other.record));

    story.section("The xor of the two requests");
    story.explain(&format!(
        "Key and nonce make the keystream, so it is the same in both and cancels out: ciphertext xor \
         ciphertext is plaintext xor plaintext. Where it is 0 the two requests agree, and they differ in \
         {}.",
        differences(&lab.xor)
    ));
    for (at, row) in (0..).step_by(BLOCK_LEN).zip(lab.xor.chunks(BLOCK_LEN)) {
        story.bytes(at, "xor", "", row, &[0; BLOCK_LEN]);
    }

    story.section("One request guessed, the other read");
    story.value("guessed", &quoted(GUESS));
    story.value("read", &quoted(&lab.recovered));

    if let Some(forgery) = &lab.forgery {
        story.forgery(&one.record, forgery);
    }
    story.0
}

struct Telling(String);

impl Telling {
    fn forgery(&mut self, original: &[u8], forgery: &Forgery) {
        let AuthenticationKey { h, block, exponent, power } = forgery.key;
        let (behind, roots) = (exponent - 1, exponent.ilog2());
        self.section("The key of the authentication");
        self.explain(&format!(
            "A tag is GHASH xor E. Key and nonce make E, so it cancels out as the keystream does. GHASH is \
             a polynomial over GF(2^128). Its coefficients are the blocks that travel, and it is taken at \
             H, which comes from the key alone: it is the same for every record, whatever the nonce. \
             Equal blocks cancel out too. What is left is block {block} of the ciphertext, times one H \
             for itself and one for each of the {behind} blocks behind it, the last of which holds the \
             lengths. In that field one can divide and take roots."
        ));
        let quotient = format!("{power}  tag xor tag, divided by block xor block");
        self.value(&format!("H^{exponent}"), &quotient);
        self.value("H", &format!("{h}  the square root of that, {roots} times"));
        self.value("E", &format!("{}  tag xor GHASH", forgery.mask));

        self.section("The forgery, in brackets where it differs from the first record");
        self.explain(
            "Ciphertext xor guess is the keystream, for a request of the attacker's choice. H and E make \
             its tag. The key itself stays unknown, and is not needed.",
        );
        self.value("chosen", &format!("{}\n", quoted(FORGED)));
        self.compare(&PART2_AEAD, ("one", original), ("forged", &forgery.payload));

        self.section("What the server says, in a new connection");
        self.0.extend(forgery.server.iter().map(text::event));
    }

    /// Shows two payloads field by field, 16 bytes per row: equal rows once, others twice.
    fn compare(&mut self, stage: &Stage, one: (&str, &[u8]), other: (&str, &[u8])) {
        let split = |payload| stage.split_payload(payload).unwrap_or_default();
        for (part, other_part) in split(one.1).iter().zip(split(other.1)) {
            let rows = part.bytes.chunks(BLOCK_LEN).zip(other_part.bytes.chunks(BLOCK_LEN));
            for (at, (row, other_row)) in (part.offset..).step_by(BLOCK_LEN).zip(rows) {
                if row == other_row {
                    self.bytes(at, part.field.name, "both", row, row);
                } else {
                    self.bytes(at, part.field.name, one.0, row, other_row);
                    self.bytes(at, part.field.name, other.0, other_row, row);
                }
            }
        }
    }

    /// A row of bytes, with those that differ from `others` in brackets.
    fn bytes(&mut self, at: usize, name: &str, whose: &str, bytes: &[u8], others: &[u8]) {
        let row = format!("{at:>5} {name:<10} {whose:<6} {}", marked(PLAIN, bytes, others));
        _ = writeln!(self.0, "{}", row.trim_end());
    }

    fn value(&mut self, name: &str, value: &str) {
        _ = writeln!(self.0, "      {name:<10} {value}");
    }

    fn section(&mut self, title: &str) {
        section(&mut self.0, title);
    }

    /// A paragraph above what it explains.
    fn explain(&mut self, words: &str) {
        self.say(words);
        self.0.push('\n');
    }

    fn say(&mut self, words: &str) {
        self.0 += &textwrap::fill(words, wrapped_to(width()));
        self.0.push('\n');
    }
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Which two digits differ by `xor`, if any do.
fn digits(xor: u8) -> String {
    let pairs = (b'0'..=b'9').map(|digit| (digit, digit ^ xor));
    let pairs = pairs.filter(|(one, other)| one < other && other.is_ascii_digit());
    let pairs = pairs.map(|(one, other)| format!("{} and {}", char::from(one), char::from(other)));
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!(" (as digits: {})", pairs.join(", or ")) }
}
