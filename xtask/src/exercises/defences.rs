//! Checks the exercises in which the reader defends: the lab attacks.

use std::io;

use anyhow::Context;
use attacker::attacks::{reflect, rewrite_seq};
use attacker::{Attack, Outcome, Path};
use stages::{PART2_AEAD, PART2_HMAC_SEQ, PART3_HKDF, Stage, field};
use transcript::Role;

use super::check::{Check, Checked, last_words};
use super::random::{number, one_client};
use crate::lab::scenario::{BASE, Scenario};
use crate::lab::victims::Played;

/// The attacks that the check of hmac-seq stops.
const STOPPED: [&str; 7] =
    ["bit-flip", "forge", "mix-fields", "rewrite-seq", "replay", "reorder", "drop"];

/// Nobody attacks a client with several requests, which it sends before it reads the first answer.
/// There are never as many of them as in an attack.
pub(super) fn honest() -> Scenario {
    let clients = one_client(number(4..=6));
    Scenario { clients, succeeded: received_all, means: "all went through", ..BASE }
}

/// Returns whether all ended well, and the server received the texts that the one client sent.
pub(super) fn received_all(played: &Played) -> bool {
    let sent = played.clients[0].sent();
    let texts: Vec<_> = sent.iter().map(|record| &*record.plaintext).collect();
    played.ended_well() && played.server.plaintexts() == texts
}

/// Somebody writes another number into a record, without the key for the tag over it.
const RENUMBER: Scenario = Scenario {
    attack: &Attack { run: renumber, ..rewrite_seq::ATTACK },
    means: "the server acted on a record with a wrong number and a wrong tag",
    ..BASE
};

fn renumber(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;
    if let Some(last) = request.field(field::Role::Seq)?.last_mut() {
        *last = 7;
    }
    session.requests.send(&request)?;
    session.relay();
    Ok(())
}

/// Somebody reflects a client's only request.
const REFLECT_ONE: Scenario = Scenario {
    attack: &reflect::ATTACK,
    succeeded: |played| {
        let client = &played.clients[0];
        let (sent, received) = (client.sent(), client.received());
        received.iter().any(|received| sent.iter().any(|sent| sent.record == received.record))
    },
    means: "the client took a record of its own for an answer",
    ..BASE
};

/// Somebody reflects the second of several, when the first was answered.
const REFLECT_SECOND: Scenario =
    Scenario { attack: &Attack { run: reflect_second, ..reflect::ATTACK }, ..REFLECT_ONE };

fn reflect_second(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    for is_first in [true, false] {
        let request = session.requests.take()?;
        session.requests.send(&request)?;
        let answer = session.answers.take()?;
        session.answers.send(if is_first { &answer } else { &request })?;
    }
    session.relay();
    Ok(())
}

/// Exercise 4: a server of hmac-seq, attacked in every way that it is known to stop.
pub(super) fn receiver_check(check: &mut Check) -> Checked {
    let mut try_it = |what: &str, scenario: &Scenario, by| {
        try_it(check, what, scenario, (&PART2_HMAC_SEQ, Role::Server), by)
    };
    try_it("the requests of the real client are received", &honest(), None)?;
    for name in STOPPED {
        let scenario = Scenario::find(name).context("no such attack")?;
        let Outcome::Refused(by) = scenario.attack.outcome_at(&PART2_HMAC_SEQ) else { continue };
        try_it(&format!("{name} is refused by {by}"), scenario, Some(by))?;
    }
    try_it("a wrong number under a wrong tag is refused by bad_tag", &RENUMBER, Some("bad_tag"))?;
    Ok(())
}

/// Exercise 6: a client of aead that must recognise its own records.
pub(super) fn refuse_false_answer(check: &mut Check) -> Checked {
    let by = Some("reflected");
    let several = one_client(number(3..=6));
    for (what, scenario, by) in [
        ("the answers of the real server are received", honest(), None),
        (
            "a request is refused as its own answer",
            Scenario { clients: one_client(1), ..REFLECT_ONE },
            by,
        ),
        (
            "the first of several is refused as its own answer",
            Scenario { clients: several, ..REFLECT_ONE },
            by,
        ),
        (
            "the second is, when the first was answered",
            Scenario { clients: several, ..REFLECT_SECOND },
            by,
        ),
    ] {
        try_it(check, what, &scenario, (&PART2_AEAD, Role::Client), by)?;
    }
    Ok(())
}

/// Plays a scenario with the reader's program in one of its roles. It must refuse it `by` this
/// check, or succeed if there is none.
pub(super) fn try_it(
    check: &mut Check,
    what: &str,
    scenario: &Scenario,
    (stage, part): (&'static Stage, Role),
    by: Option<&str>,
) -> Checked<Played> {
    let played = check.play(what, scenario, stage, part, &[])?;
    let victim = if part == Role::Server { &played.server } else { &played.clients[0] };
    let why_not = if (scenario.succeeded)(&played) {
        by.map(|_| scenario.means.to_owned())
    } else {
        match victim.refusal() {
            Some((check, _)) if Some(check) == by => None,
            Some((_, words)) => Some(words.to_owned()),
            None => Some(last_words("what was received is not what was sent", victim)),
        }
    };
    check.note(what, why_not)?;
    Ok(played)
}

/// Exercise 8: a server of hkdf, whose keys a real client has too.
pub(super) fn derive_keys(check: &mut Check) -> Checked {
    for (opens, seals) in [
        ("the request of the real client opens", "the client opens the answer"),
        ("so does another client's, whose secret is another one", "that client opens its answer"),
    ] {
        let scenario = Scenario { clients: one_client(1), ..BASE };
        let played = check.play(opens, &scenario, &PART3_HKDF, Role::Server, &[])?;
        let (server, client) = (&played.server, &played.clients[0]);
        let sent = client.sent().iter().map(|record| &*record.plaintext).collect::<Vec<_>>();
        let is_open = server.plaintexts() == sent;
        check.note(opens, (!is_open).then(|| last_words("it was not received", server)))?;
        check.note(
            seals,
            (!received_all(&played)).then(|| last_words("it was not received", client)),
        )?;
    }
    Ok(())
}
