//! Checks the exercises in which the reader attacks: the victims report the result.

use std::iter::zip;
use std::time::Duration;

use anyhow::Result;
use stages::{PART1_CTR, PART2_AEAD, PART3_HKDF};
use transcript::{EventKind, Hex, Role};

use super::check::{Check, Checked, SILENCE, last_words, quoted};
use super::random::{number, one_client, request, word};
use crate::lab::nonce_reuse::seal_with_one_nonce;
use crate::lab::scenario::{BASE, Scenario};
use crate::lab::victims::Victim;
use crate::launch::driver::Bounds;
use crate::launch::{Driver, Programs, Report};

/// Exercise 2: changes the amount of two transfers, whose digits stand in different places.
pub(super) fn bit_flip(check: &mut Check) -> Checked {
    for (what, name_len) in [
        ("the server receives the other amount", number(3..=6)),
        ("it does so when the amount stands in another place", number(7..=10)),
    ] {
        let request = &*request(name_len, number(4..=12)).leak();
        let amount = number(500..=999).to_string();
        let scenario = Scenario { clients: vec![&*vec![request].leak()].leak(), ..BASE };
        let given = [request, &amount];
        let played = check.play(what, &scenario, &PART1_CTR, Role::Wire, &given)?;
        check.note(what, other_than_wanted(&played.server, request, &amount))?;
    }
    Ok(())
}

/// Says why a server did not receive a request with this amount in place of its own, if it did not.
fn other_than_wanted(server: &Victim, request: &str, amount: &str) -> Option<String> {
    match server.plaintexts()[..] {
        [received] if received == with_amount(request, amount).as_bytes() => None,
        [received] if received == request.as_bytes() => {
            Some(format!("it received just what the client sent; amount={amount} was wanted"))
        }
        [received] => Some(format!(
            "it received {}; the client sent {}, in which amount={amount} was wanted and no other change",
            quoted(received),
            quoted(request.as_bytes())
        )),
        _ => Some(last_words("it received nothing", server)),
    }
}

/// Returns a request with another amount.
fn with_amount(request: &str, amount: &str) -> String {
    let (before, rest) = request.split_once("amount=").unwrap_or((request, ""));
    let behind = rest.trim_start_matches(|it: char| it.is_ascii_digit());
    format!("{before}amount={amount}{behind}")
}

/// Exercise 3: reads what a real client sent to a server that answers only text.
pub(super) fn oracle(check: &mut Check) -> Checked {
    for (what, len) in [("a short request is read", 4), ("a longer one is read", 9)] {
        let request = format!("GET /pin?of={}&is={}\r\n\r\n", word(len), number(1000..=9999));
        let asked = ask_oracle(check, &request);
        let reader = check.ended(what, asked)?;
        check.listen(what, &reader)?;
        let read = reader.received().first().map(|record| record.plaintext.to_vec());
        let why_not = match read {
            None => Some(last_words("your program ended without a text", &reader)),
            Some(text) if text == request.as_bytes() => None,
            Some(text) => {
                let right = zip(&text, request.as_bytes()).filter(|(one, other)| one == other);
                Some(format!(
                    "what you read is {}; of the {} bytes that the client sent, {} are right",
                    quoted(&text),
                    request.len(),
                    right.count()
                ))
            }
        };
        check.note(what, why_not)?;
    }
    Ok(())
}

/// Has a real client send a request to the server that answers only text, and gives what it sent to
/// the reader's program. Returns what that program did.
fn ask_oracle(check: &Check, request: &str) -> Result<Victim> {
    /// Thousands of connections are made, and each is reported.
    const BOUNDS: Bounds = {
        let mut bounds = Bounds::SHORT;
        bounds.time = Duration::from_secs(90);
        bounds.room.events = Some(64);
        bounds
    };
    let harness = Programs::built(["--quiet", "--package=harness", "--bin=utf8_server"])?;
    let mut driver = Driver::new(SILENCE).within(BOUNDS);
    let args = ["--addr", "127.0.0.1:0", "--forever"];
    driver.start(Role::Server, harness.named("utf8_server")?, args)?;
    let mut server = String::new();
    let mut reader = Victim::default();
    while let Some((who, report)) = driver.next_report()? {
        match (who, report) {
            (Role::Server, Report::Event(event)) => {
                if let EventKind::Listening { addr } = event.kind {
                    server = addr.to_string();
                    let client = check.programs.of(&PART1_CTR, Role::Client)?;
                    driver.start(
                        Role::Client,
                        client,
                        ["--addr", &server, "--request", request],
                    )?;
                }
            }
            (Role::Client, Report::Event(event)) => {
                if let EventKind::Sent(record) = event.kind {
                    let payload = serde_json::to_string(&record.record)?;
                    driver.start(Role::Wire, &check.program, [&server, &payload])?;
                }
            }
            (Role::Wire, Report::Event(event)) => reader.events.push(event),
            (Role::Wire, Report::Complaint(line)) => reader.complain(line),
            (Role::Wire, Report::Ended(status)) => {
                // The server would go on for ever; the driver ends it too.
                reader.code = status.and_then(|status| status.code());
                return Ok(reader);
            }
            _ => {}
        }
    }
    Ok(reader)
}

/// Exercise 5: answers every request of a client with something that the server did not send.
pub(super) fn false_answer(check: &mut Check) -> Checked {
    let whats = [
        "the client accepts a first answer that the server did not send",
        "it accepts such answers to all its requests",
    ];
    let scenario = Scenario { clients: one_client(number(3..=5)), ..BASE };
    let played = check.play(whats[0], &scenario, &PART2_AEAD, Role::Wire, &[])?;
    let client = &played.clients[0];
    let (sent, received, answers) = (client.sent(), client.received(), played.server.sent());
    let why_not = |index: usize| match received.get(index) {
        Some(received) if answers.iter().any(|answer| answer.record == received.record) => {
            Some(format!("answer {index} is the server's own"))
        }
        Some(_) => None,
        None => Some(last_words(&format!("it received no answer {index}"), client)),
    };
    check.note(whats[0], why_not(0))?;
    check.note(whats[1], (1..sent.len()).find_map(why_not))
}

/// Exercise 9: agrees with a client and with a server that mean to talk to each other.
pub(super) fn man_in_the_middle(check: &mut Check) -> Checked {
    let longer = number(1000..=99_999);
    for (received, answered, amount) in [
        (
            "the server receives the other amount",
            "the client receives the server's answer",
            number(500..=899),
        ),
        (
            "the server receives an amount that has more digits",
            "the client receives the server's answer again",
            longer,
        ),
    ] {
        let request = &*request(number(3..=10), number(4..=12)).leak();
        let amount = amount.to_string();
        let scenario = Scenario { clients: vec![&*vec![request].leak()].leak(), ..BASE };
        let played = check.play(received, &scenario, &PART3_HKDF, Role::Wire, &[&amount])?;
        let not_received = match other_than_wanted(&played.server, request, &amount) {
            // Where nothing reaches the server, the client may know why.
            Some(_) if played.server.received().is_empty() => {
                let client = &played.clients[0];
                let words = last_words("it received nothing", &played.server);
                let refused = client.refusal().filter(|_| played.server.refusal().is_none());
                Some(
                    refused
                        .map_or(words, |(_, why)| format!("the client refuses what came: {why}")),
                )
            }
            not_received => not_received,
        };
        check.note(received, not_received)?;
        let client = &played.clients[0];
        let sent = played.server.sent().iter().map(|record| &*record.plaintext).collect::<Vec<_>>();
        let is_answered = client.plaintexts() == sent && client.code == Some(0);
        check.note(
            answered,
            (!is_answered).then(|| last_words("it received something else", client)),
        )?;
    }
    Ok(())
}

/// Exercise 12: recovers requests from payloads with the same nonce.
pub(super) fn nonce_reuse(check: &mut Check) -> Checked {
    let host_len = number(4..=12);
    let known = request(6, host_len);
    let as_long = request(6, host_len);
    let shorter = format!("GET /balance?of={} HTTP/1.1\r\n\r\n", word(number(3..=9)));
    for (what, other) in
        [("a request as long as the known one", as_long), ("a shorter one", shorter)]
    {
        let records = seal_with_one_nonce(&PART1_CTR, &[&known, &other])?;
        let [one, two] = records.each_ref().map(|record| &record.record);
        let given = serde_json::json!([one, two, Hex::from(known.as_bytes())]).to_string();
        let ran = check.run(what, &[&given], |_| ())?;
        let recovered = ran.received().first().map(|record| record.plaintext.to_vec());
        let recovered = recovered.unwrap_or_default();
        check.note(what, not_recovered(&recovered, &known, &other, &two[16..]))?;
    }
    Ok(())
}

fn not_recovered(recovered: &[u8], known: &str, wanted: &str, ciphertext: &[u8]) -> Option<String> {
    let xor: Vec<u8> = zip(known.bytes(), wanted.bytes()).map(|(one, other)| one ^ other).collect();
    if recovered == wanted.as_bytes() {
        None
    } else if recovered == ciphertext {
        Some("what came back is the ciphertext".to_owned())
    } else if recovered == xor {
        Some("what came back is one plaintext xor the other: you know one of the two".to_owned())
    } else {
        Some(format!("what came back is not what the client sealed: {}", quoted(recovered)))
    }
}
