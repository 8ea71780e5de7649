//! Checks the exercises in which the reader attacks: what came of it is told by the victims.

use stages::{PART1_CTR, PART2_AEAD};
use transcript::{Hex, Role};

use super::check::{Check, Checked, last_words, quoted};
use crate::lab::nonce_reuse::seal_with_one_nonce;
use crate::lab::scenario::{BASE, BOB, CAROL, Scenario};

/// Other requests of the client, so that nobody can know it beforehand from our pages.
const OTHERS: [(&str, &str); 2] = [
    (
        "a request as long as the known one",
        "GET /transfer?to=eve&amount=735 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    ("a shorter one", "GET /balance?of=carol HTTP/1.1\r\nHost: localhost\r\n\r\n"),
];

/// Exercise 1: recovers requests from payloads with one nonce.
pub(super) fn nonce_reuse(check: &mut Check) -> Checked {
    for (what, other) in OTHERS {
        let records = seal_with_one_nonce(&PART1_CTR, &[BOB, other])?;
        let [one, two] = records.each_ref().map(|record| &record.record);
        let given = serde_json::json!([one, two, Hex::from(BOB.as_bytes())]).to_string();
        let ran = check.run(what, &[&given], |_| ())?;
        let recovered = ran.received().first().map(|record| record.plaintext.to_vec());
        check.note(what, not_recovered(&recovered.unwrap_or_default(), other, &two[16..]))?;
    }
    Ok(())
}

fn not_recovered(recovered: &[u8], wanted: &str, ciphertext: &[u8]) -> Option<String> {
    let wanted = wanted.as_bytes();
    let xor: Vec<u8> = wanted.iter().zip(BOB.bytes()).map(|(one, other)| one ^ other).collect();
    if recovered == wanted {
        None
    } else if recovered == ciphertext {
        Some("what came back is the ciphertext".to_owned())
    } else if recovered == xor {
        Some("what came back is one plaintext xor the other: you know one of the two".to_owned())
    } else {
        Some(format!("what came back is not what the client sealed: {}", quoted(recovered)))
    }
}

/// Exercise 2: turns 100 into 900.
pub(super) fn bit_flip(check: &mut Check) -> Checked {
    let what = "the server receives a request for 900";
    let played = check.play(what, &BASE, &PART1_CTR, Role::Wire)?;
    let why_not = match played.server.plaintexts()[..] {
        [received] if received == BOB.replace("100", "900").as_bytes() => None,
        [received] if received == BOB.as_bytes() => {
            Some("it received just what the client sent".to_owned())
        }
        [received] => Some(format!("it received {}", quoted(received))),
        _ => Some(last_words("it received nothing", &played.server)),
    };
    check.note(what, why_not)
}

/// A client with two requests.
const TWO_REQUESTS: Scenario = Scenario { clients: &[&[BOB, CAROL]], ..BASE };

/// Exercise 5: answers both requests of a client with themselves.
pub(super) fn reflect(check: &mut Check) -> Checked {
    let whats =
        ["the client takes its request 0 for an answer", "it takes its request 1 for the next one"];
    let played = check.play(whats[0], &TWO_REQUESTS, &PART2_AEAD, Role::Wire)?;
    let client = &played.clients[0];
    let (sent, received) = (client.sent(), client.received());
    for (index, what) in whats.into_iter().enumerate() {
        let why_not = match received.get(index) {
            Some(received) if received.record == sent[index].record => None,
            Some(_) => Some("it received the answer of the server".to_owned()),
            None => Some(last_words("it received nothing", client)),
        };
        check.note(what, why_not)?;
    }
    Ok(())
}
