//! What was sent in each connection and what was received, where the two differ.

use std::collections::BTreeSet;

use messages::Message as _;
use messages::cert::ServerAuth;

use super::words::payload_of_hello;
use super::{Act, Belief, Deed, Leaf, Message, Said, Who};

/// Lists what one side has sent in a connection and the other has received, wherever they differ.
pub fn of(acts: &[Act]) -> Vec<Belief> {
    let connections: BTreeSet<_> = acts.iter().map(|act| act.connection).collect();
    let both = connections.iter().copied().flat_map(|connection| {
        [(Who::Client, Who::Server), (Who::Server, Who::Client)]
            .map(|(sender, receiver)| belief(acts, connection, sender, receiver))
    });
    let secrets = connections.iter().filter_map(|connection| secrets(acts, *connection));
    secrets.chain(both.flatten()).collect()
}

/// The secrets that both sides of a connection hold, if they are not the same, or if the sides differ about the
/// server's certificate.
fn secrets(acts: &[Act], connection: usize) -> Option<Belief> {
    let held = |who| {
        let here = acts.iter().filter(move |act| (act.who, act.connection) == (who, connection));
        { here }.find_map(|act| match &act.deed {
            Deed::Derives { fingerprint, .. } => fingerprint.clone(),
            _ => None,
        })
    };
    let secrets = [Who::Client, Who::Server].map(held);
    let [client, server] = &secrets;
    let certificates = certificates(acts, connection);
    (client != server || certificates.is_some()).then(|| Belief {
        sender: Who::Client,
        connection,
        sent: Vec::new(),
        received: Vec::new(),
        secrets: Some(secrets),
        certificates,
    })
}

/// The server's certificate in a connection, as the client has accepted it and as the server has sent it, if both did
/// and they are not the same.
fn certificates(acts: &[Act], connection: usize) -> Option<[Leaf; 2]> {
    let here = || acts.iter().filter(|act| act.connection == connection);
    let leaf = |bytes: &[u8]| {
        let auth = ServerAuth::decode(payload_of_hello(bytes)).ok()?;
        Leaf::of(auth.certificates.first()?)
    };
    let accepted = here().find_map(|act| match &act.deed {
        Deed::AcceptsHello { bytes, .. } if act.who == Who::Client => leaf(bytes),
        _ => None,
    })?;
    let sent = here().find_map(|act| match &act.deed {
        Deed::SendsHello { bytes, .. } if act.who == Who::Server => leaf(bytes),
        _ => None,
    })?;
    (accepted != sent).then_some([accepted, sent])
}

fn belief(acts: &[Act], connection: usize, sender: Who, receiver: Who) -> Option<Belief> {
    let here = |who| acts.iter().filter(move |act| (act.who, act.connection) == (who, connection));
    let message =
        |index| Message { from: sender, connection, index, is_hello: false, is_alert: false };
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
    let belief =
        Belief { sender, connection, sent: said, received, secrets: None, certificates: None };
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
