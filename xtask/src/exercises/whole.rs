//! Checks the sixth stage: the lab cuts the conversations of a client and a server that the reader designed.

use std::io;

use attacker::attacks::truncate;
use attacker::{Attack, Path};
use stages::PART2_AEAD;

use super::check::{Check, Checked, last_words};
use super::defences::{honest, received_all};
use super::random::one_client;
use crate::lab::scenario::{BASE, Scenario};
use crate::lab::victims::{Played, Victim};

/// Requests of a client whose conversation is cut.
const REQUESTS: usize = 3;

/// The side that must notice.
type Side = fn(&Played) -> &Victim;

const SERVER: Side = |played| &played.server;
const CLIENT: Side = |played| &played.clients[0];

/// Places to cut a conversation.
const CUTS: [(&str, Attack, Side); 4] = [
    ("truncate is refused: one request of three arrives", truncate::ATTACK, SERVER),
    ("an end before the first request is refused", cut(before_all), SERVER),
    ("an end after the last request, and nothing more, is refused", cut(behind_all), SERVER),
    ("the client refuses an end after the first answer", cut(behind_an_answer), CLIENT),
];

const fn cut(run: fn(&Path) -> io::Result<()>) -> Attack {
    Attack { run, ..truncate::ATTACK }
}

fn before_all(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let _kept_back = session.requests.take()?;
    session.requests.end()?;
    session.relay();
    Ok(())
}

fn behind_all(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    for _ in 0..REQUESTS {
        let request = session.requests.take()?;
        session.requests.send(&request)?;
    }
    session.requests.end()?;
    session.relay();
    Ok(())
}

fn behind_an_answer(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    let answer = session.answers.take()?;
    session.answers.send(&answer)?;
    session.answers.end()?;
    session.relay();
    Ok(())
}

/// Exercise 7: a client and a server that know whether they heard all.
pub(super) fn sixth_stage(check: &mut Check) -> Checked {
    let what = "an honest conversation goes through, both ways";
    let played = check.play_both(what, &honest(), &PART2_AEAD, None)?;
    check.note(what, cut_short(&played))?;
    for (what, attack, side) in CUTS {
        let attack = &*Box::leak(Box::new(attack));
        let scenario = Scenario { attack, clients: one_client(REQUESTS), ..BASE };
        let played = check.play_both(what, &scenario, &PART2_AEAD, None)?;
        let (victim, count) = (side(&played), side(&played).received().len());
        let why_not = match (victim.refusal(), victim.code) {
            (Some(("truncated", _)), _) => None,
            // A server that has heard nothing from anybody ends with a failure, whatever `is_whole`
            // says.
            (refusal, code) if code == Some(0) || (count == 0 && refusal.is_none()) => {
                Some(format!("it received {count} of {REQUESTS} messages, and took that for all"))
            }
            _ => Some(last_words("it ended in another way", victim)),
        };
        check.note(what, why_not)?;
    }
    Ok(())
}

/// Returns what an honest conversation lacks.
pub(super) fn cut_short(played: &Played) -> Option<String> {
    let (server, client) = (&played.server, &played.clients[0]);
    let answers = server.sent().iter().map(|record| &record.plaintext).collect::<Vec<_>>();
    let heard = client.received().iter().map(|record| &record.plaintext).collect::<Vec<_>>();
    if received_all(played) && answers == heard {
        return None;
    }
    let failed = [server, client].into_iter().find(|victim| victim.code != Some(0));
    let counts = format!(
        "the server received {} of {} requests, the client {} of {} answers",
        server.received().len(),
        client.sent().len(),
        heard.len(),
        answers.len()
    );
    Some(failed.map_or(counts.clone(), |victim| format!("{counts}: {}", last_words("", victim))))
}
