//! What was sent in each connection and what was received, where the two differ.

use std::collections::BTreeSet;

use super::{Act, Belief, Deed, Message, Said, Who};

/// Lists what one side has sent in a connection and the other has received, wherever they differ.
pub fn of(acts: &[Act]) -> Vec<Belief> {
    let connections: BTreeSet<_> = acts.iter().map(|act| act.connection).collect();
    let both = connections.into_iter().flat_map(|connection| {
        [(Who::Client, Who::Server), (Who::Server, Who::Client)]
            .map(|(sender, receiver)| belief(acts, connection, sender, receiver))
    });
    both.flatten().collect()
}

fn belief(acts: &[Act], connection: usize, sender: Who, receiver: Who) -> Option<Belief> {
    let here = |who| acts.iter().filter(move |act| (act.who, act.connection) == (who, connection));
    let message = |index| Message { from: sender, connection, index };
    let sent = here(sender).filter_map(|act| match &act.deed {
        Deed::Sends { plaintext, .. } => Some(plaintext),
        _ => None,
    });
    let said = sent.enumerate().map(|(index, plaintext)| Said {
        plaintext: plaintext.clone(),
        message: Some(message(index)),
    });
    let said: Vec<_> = said.collect();
    let received = here(receiver).filter_map(|act| match &act.deed {
        Deed::Accepts { plaintext, instead_of, bytes, .. } => {
            Some((plaintext, taken_as(acts, bytes).filter(|_| instead_of.is_none())))
        }
        _ => None,
    });
    let received = received.enumerate().map(|(index, (plaintext, taken))| {
        // A record may be changed without its text.
        let is_as_sent = said.get(index).is_some_and(|sent: &Said| sent.plaintext == *plaintext);
        let message = taken.or(is_as_sent.then(|| message(index)));
        Said { plaintext: plaintext.clone(), message }
    });
    let received = received.collect();
    let belief = Belief { sender, connection, sent: said, received };
    let Belief { sent, received, .. } = &belief;
    let as_sent = || received.iter().zip(sent).all(|(one, other)| one.message == other.message);
    // A client reads no more answers than it waits for.
    let all = sender == Who::Server || sent.len() == received.len();
    let is_no_news = received.is_empty() || all && as_sent();
    (!is_no_news).then_some(belief)
}

/// Finds the message that had these bytes when the attacker took it.
fn taken_as(acts: &[Act], wanted: &[u8]) -> Option<Message> {
    acts.iter().find_map(|act| match &act.deed {
        Deed::PassesOn { message, bytes } | Deed::Takes { message, bytes, .. }
            if **bytes == *wanted =>
        {
            Some(*message)
        }
        _ => None,
    })
}
