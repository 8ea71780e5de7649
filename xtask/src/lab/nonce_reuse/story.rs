//! The nonce lab as a story, in 100 columns, styled with escape codes.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use attacker::attacks::{FORGED, GUESS};
use attacker::gf128::BLOCK_LEN;
use attacker::nonce_reuse::AuthenticationKey;
use stages::{PART2_AEAD, Stage};
use transcript::lines::{WIDTH, wrapped_to};
use transcript::{text, visible};

use super::{Forgery, NonceLab};
use crate::lab::story::{compared, section};

const CHANGED: Style = AnsiColor::Red.on_default().bold();
const CLOSED: Style = AnsiColor::Green.on_default().bold();

/// The two records, what follows from them, and the verdict.
pub fn told(lab: &NonceLab) -> String {
    let mut story = Story(String::new());
    story.section(&format!("nonce-reuse at {}: two records, one nonce", lab.stage.name));
    story.say(
        "A client counts its records to make their nonces, as TLS 1.3 does, and connects twice. TLS has \
         a new key for every connection; here there is one key for all, and record 0 of both \
         connections gets nonce 0. Someone on the path keeps the two.",
    );

    story.section("The two records, in brackets where they differ");
    let [one, other] = &lab.records;
    story.compare(lab.stage, ("one", &one.record), ("other", &other.record));

    story.section("The xor of the two requests");
    let differences = (0..).zip(&lab.xor).filter(|(_, xor)| **xor != 0);
    let differences =
        differences.map(|(at, xor)| format!("byte {at} by {xor:02x}{}", digits(*xor)));
    story.explain(&format!(
        "Key and nonce make the keystream, so it is the same in both and cancels out: ciphertext xor \
         ciphertext is plaintext xor plaintext. Where it is 0 the two requests agree, and they differ in \
         {}.",
        differences.collect::<Vec<_>>().join(", ")
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
    story.verdict(lab);
    story.0
}

struct Story(String);

impl Story {
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

    fn verdict(&mut self, lab: &NonceLab) {
        self.section("Verdict");
        let (success, at_stake, closed_by) = match lab.forgery {
            None => (
                "the client's other request is read, without the key",
                "confidentiality, which is all that this stage has",
                "fresh nonces; every normal build draws 128 bits for each record from the operating \
                 system. hmac and hmac-seq encrypt in the same way and would give away as much, but no \
                 forgery: HMAC takes no nonce",
            ),
            Some(_) => (
                "the server acted on a request that nobody with the key has sealed",
                "integrity of every record under this key, confidentiality of these two",
                "fresh nonces; every normal build draws 96 bits for each record from the operating \
                 system, good for 2^32 records. Or a fresh key for each connection, under which nonces \
                 may be counted, as in TLS 1.3. Or a construction that bears a nonce used twice, as \
                 AES-GCM-SIV (RFC 8452); no stage here does",
            ),
        };
        let refusal = lab.forgery.as_ref().and_then(Forgery::refusal);
        let (style, verdict) = match refusal {
            _ if lab.succeeded() => (CHANGED, format!("it succeeds: {success}")),
            Some((check, words)) => (CLOSED, format!("it is refused by {check}: {words}")),
            None => (CLOSED, "it fails: the victims tell of something else".to_owned()),
        };
        for line in textwrap::wrap(&visible(&verdict), wrapped_to(WIDTH)) {
            _ = writeln!(self.0, "{style}{line}{style:#}");
        }
        self.say(&format!("at stake: {at_stake}"));
        self.say(&format!("closed by: {closed_by}"));
    }

    /// Two payloads field by field, 16 bytes a row: equal rows once, others twice.
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

    /// A row of bytes, in brackets those that differ from `others`.
    fn bytes(&mut self, at: usize, name: &str, whose: &str, bytes: &[u8], others: &[u8]) {
        let row = format!("{at:>5} {name:<10} {whose:<6} {}", compared(bytes, others));
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
        self.0 += &textwrap::fill(words, wrapped_to(WIDTH));
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
