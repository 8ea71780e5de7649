//! The acts of a story, assembled from each party's reports.
//!
//! Each party's own reports are in order; messages connect those of different parties. An act is
//! told once everything it follows from has been told. Among those that can be told, the earlier
//! connection comes first, within it the requests before the answers, and in one direction the
//! party nearer to the receiver. So causes come before their effects, and the order is the same
//! each time.
//! their effects, and the order is the same each time.

use std::collections::{BTreeMap, VecDeque};

use attacker::{AttackLog, Passing, Step};
use framing::Direction;
use stages::Stage;
use transcript::{Event, EventKind, Hex, Record, visible};

use super::{Act, Change, Deed, Message, Who};
use crate::lab::victims::Played;

/// One direction of a connection: requests, or answers.
type FlowName = (usize, bool);

/// The acts along one direction of a connection, by who does them.
#[derive(Debug, Default)]
struct Flow {
    sent: VecDeque<Deed>,
    attacked: VecDeque<Deed>,
    arrived: VecDeque<Deed>,
    /// The number of acts told for each.
    told: Told,
}

#[derive(Debug, Default)]
struct Told {
    sent: usize,
    taken: usize,
    put: usize,
    arrived: usize,
}

/// Lists the acts of an attack on a client and a server of these stages.
pub fn of(stages: (&'static Stage, &'static Stage), played: &Played) -> Vec<Act> {
    let mut flows = Flows::default();
    for (connection, client) in played.clients.iter().enumerate() {
        for event in &client.events {
            flows.event(connection, Who::Client, event);
        }
    }
    flows.attacker(&played.log, stages.0, played.clients.len());
    flows.server(&played.server.events);
    flows.compare_texts();
    flows.endings(played);
    flows.in_order()
}

/// Combines acts at a glance: the answers of a connection that all pass unchanged are one act.
pub fn in_short(acts: &[Act]) -> Vec<Act> {
    let mut short: Vec<Act> = Vec::new();
    for act in acts {
        let connection = act.connection;
        let answers =
            || acts.iter().filter(move |it| it.connection == connection && it.is_of_answer());
        let passes = |act: &Act| matches!(act.deed, Deed::PassesOn { .. });
        if !act.is_of_answer() || !answers().all(Act::is_routine) || !answers().any(passes) {
            short.push(act.clone());
            continue;
        }
        let count = |who| answers().filter(|act| act.who == who).count();
        let deed = Deed::Answers { answers: count(Who::Server), accepted: count(Who::Client) };
        let answer = Act { who: Who::Server, connection, deed };
        if !short.contains(&answer) {
            short.push(answer);
        }
    }
    short
}

impl Act {
    /// Returns whether it is about an answer.
    fn is_of_answer(&self) -> bool {
        match &self.deed {
            Deed::Sends { .. } => self.who == Who::Server,
            Deed::PassesOn { message, .. } | Deed::Takes { message, .. } => {
                message.from == Who::Server
            }
            Deed::Puts { to, .. } => *to == Who::Client,
            Deed::Accepts { .. } | Deed::Refuses { .. } => self.who == Who::Client,
            _ => false,
        }
    }

    /// Returns whether nothing happens to an answer in it.
    fn is_routine(&self) -> bool {
        match &self.deed {
            Deed::Sends { .. } | Deed::PassesOn { .. } => true,
            Deed::Accepts { instead_of, .. } => instead_of.is_none(),
            _ => false,
        }
    }
}

/// All directions of all connections.
#[derive(Debug, Default)]
struct Flows(BTreeMap<FlowName, Flow>);

const REQUESTS: bool = false;
const ANSWERS: bool = true;

impl Flows {
    fn of(&mut self, connection: usize, are_answers: bool) -> &mut Flow {
        self.0.entry((connection, are_answers)).or_default()
    }

    /// What a client or a server reports of a connection.
    fn event(&mut self, connection: usize, who: Who, event: &Event) {
        let outgoing = who == Who::Server;
        match &event.kind {
            EventKind::Sent(Record { index, plaintext, record, .. }) => {
                let bytes = event.stage.record(record).as_slice().into();
                let deed = Deed::Sends { index: *index, plaintext: plaintext.clone(), bytes };
                self.of(connection, outgoing).sent.push_back(deed);
            }
            EventKind::Received(Record { index, seq, plaintext, record }) => {
                let deed = Deed::Accepts {
                    index: *index,
                    seq: *seq,
                    plaintext: plaintext.clone(),
                    instead_of: None,
                    bytes: event.stage.record(record).as_slice().into(),
                };
                self.of(connection, !outgoing).arrived.push_back(deed);
            }
            EventKind::Rejected { index, error, message, .. } => {
                let (check, message) = (visible(error), visible(message));
                let deed = Deed::Refuses { index: *index, check, message };
                self.of(connection, !outgoing).arrived.push_back(deed);
            }
            _ => {}
        }
    }

    fn attacker(&mut self, log: &AttackLog, stage: &Stage, clients: usize) {
        let mut at_work = (0, REQUESTS);
        let mut passed_on = Vec::new();
        for (at, step) in log.steps.iter().enumerate() {
            let deed = match step {
                Step::Took(taken) => {
                    at_work = place(taken);
                    let (message, bytes) = (name(log, taken), taken.bytes.as_slice().into());
                    // In its own connections there is nobody to pass an answer on to.
                    let is_its_own = taken.session >= clients;
                    let goes_on = passes_on(log, at);
                    passed_on.extend(goes_on);
                    if goes_on.is_some() && !is_its_own {
                        Deed::PassesOn { message, bytes }
                    } else {
                        let sent = log.steps.iter().any(|step| is_sent(step, taken));
                        Deed::Takes { message, bytes, kept: is_its_own || !sent }
                    }
                }
                Step::Sent { .. } if passed_on.contains(&at) => continue,
                Step::Sent { sent, taken } => {
                    at_work = place(sent);
                    Deed::Puts {
                        message: name(log, taken),
                        to: if at_work.1 == REQUESTS { Who::Server } else { Who::Client },
                        bytes: sent.bytes.as_slice().into(),
                        again: !is_first(log, at),
                        changes: changes(stage, &taken.bytes, &sent.bytes),
                    }
                }
                Step::Learned(bytes) => {
                    Deed::Learns { text: visible(&String::from_utf8_lossy(bytes)) }
                }
                Step::Held(time) => {
                    Deed::Holds { millis: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
                }
                Step::Ended { session, direction } => {
                    at_work = (*session, *direction == Direction::ToClient);
                    Deed::Ends
                }
            };
            let flow = self.of(at_work.0, at_work.1);
            let keeps = |deed: &Deed| matches!(deed, Deed::Takes { kept: true, .. });
            if deed != Deed::Ends || flow.attacked.iter().any(keeps) {
                flow.attacked.push_back(deed);
            }
        }
    }

    /// Lists what the server reports, each in the connection of the message it is about.
    fn server(&mut self, events: &[Event]) {
        let mut connection = 0;
        for event in events {
            let arrived = match &event.kind {
                EventKind::Received(Record { record, .. }) => Some(event.stage.record(record)),
                EventKind::Rejected { .. } => Some(Vec::new()),
                _ => None,
            };
            if let Some(arrived) = arrived {
                let due = self.0.iter().find(|((_, are_answers), flow)| {
                    let next = flow.put().nth(flow.arrived.len());
                    *are_answers == REQUESTS
                        && next.is_some_and(|(_, bytes)| arrived.is_empty() || **bytes == *arrived)
                });
                connection = due.map_or(connection, |((connection, _), _)| *connection);
            }
            self.event(connection, Who::Server, event);
        }
    }

    /// Notes for each accepted text which one was sent, if it differs.
    fn compare_texts(&mut self) {
        let mut found = Vec::new();
        for (place, flow) in &self.0 {
            for (number, ((message, _), deed)) in flow.put().zip(&flow.arrived).enumerate() {
                if let (Some(sent), Deed::Accepts { plaintext, .. }) = (self.text(message), deed)
                    && sent != plaintext
                {
                    found.push((*place, number, sent.clone()));
                }
            }
        }
        for (place, number, sent) in found {
            let deed = self.0.get_mut(&place).and_then(|flow| flow.arrived.get_mut(number));
            if let Some(Deed::Accepts { instead_of, .. }) = deed {
                *instead_of = Some(sent);
            }
        }
    }

    fn text(&self, message: &Message) -> Option<&Hex> {
        let flow = self.0.get(&(message.connection, message.from == Who::Server))?;
        flow.sent.iter().find_map(|deed| match deed {
            Deed::Sends { index, plaintext, .. }
                if usize::try_from(*index) == Ok(message.index) =>
            {
                Some(plaintext)
            }
            _ => None,
        })
    }

    /// Notes which client is left without an answer, and who takes an early end for the true one.
    fn endings(&mut self, played: &Played) {
        let ended_well = played
            .server
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Closed { clean: true, .. }));
        let cut = self.0.iter().filter_map(|((connection, _), flow)| {
            let is_cut = ended_well && flow.attacked.contains(&Deed::Ends);
            is_cut.then_some((*connection, flow.arrived.len()))
        });
        for (connection, received) in cut.collect::<Vec<_>>() {
            self.of(connection, ANSWERS).sent.push_back(Deed::EndsWell { received });
        }
        for (connection, client) in played.clients.iter().enumerate() {
            let (sent, answered) = (client.sent().len(), client.received().len());
            if client.refusal().is_none() && answered < sent {
                let deed = Deed::GetsNoAnswer { sent, answered };
                self.of(connection, ANSWERS).arrived.push_back(deed);
            }
        }
    }

    fn in_order(mut self) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        loop {
            let next = self.0.keys().find_map(|place| Some((*place, self.next(*place, &acts)?)));
            // An act that follows from nothing known is told last.
            let next = next.or_else(|| {
                self.0.iter().find_map(|(place, flow)| Some((*place, flow.left(place.1)?)))
            });
            let Some(((connection, are_answers), who)) = next else { return acts };
            let deed = self.of(connection, are_answers).tell(who, are_answers);
            acts.extend(deed.map(|deed| Act { who, connection, deed }));
        }
    }

    /// Finds who can go on in a direction of a connection.
    fn next(&self, place: FlowName, acts: &[Act]) -> Option<Who> {
        let flow = self.0.get(&place)?;
        let (connection, are_answers) = place;
        let (from, to) = ends(are_answers);
        let requests = self.0.get(&(connection, REQUESTS));
        let is_over = |flow: Option<&Flow>| flow.is_none_or(|flow| flow.left(REQUESTS).is_none());
        let arrived = flow.arrived.front().is_some_and(|deed| match deed {
            Deed::GetsNoAnswer { .. } => {
                flow.sent.is_empty() && flow.attacked.is_empty() && is_over(requests)
            }
            _ => flow.told.put > flow.told.arrived,
        });
        let attacked = flow.attacked.front().is_some_and(|deed| match deed {
            Deed::PassesOn { .. } | Deed::Takes { .. } => flow.told.sent > flow.told.taken,
            Deed::Puts { message, .. } => acts.iter().any(|act| act.deed.takes(message)),
            _ => true,
        });
        let heard = || requests.is_some_and(|it| it.told.arrived > flow.told.sent);
        let sent = flow.sent.front().is_some_and(|deed| match deed {
            Deed::EndsWell { .. } => flow.attacked.is_empty() && is_over(requests),
            _ => !are_answers || heard(),
        });
        [(arrived, to), (attacked, Who::Attacker), (sent, from)]
            .into_iter()
            .find_map(|(ready, who)| ready.then_some(who))
    }
}

impl Flow {
    /// The messages that the attacker puts on the wire, and their bytes.
    fn put(&self) -> impl Iterator<Item = (&Message, &Hex)> {
        self.attacked.iter().filter_map(|deed| match deed {
            Deed::PassesOn { message, bytes } | Deed::Puts { message, bytes, .. } => {
                Some((message, bytes))
            }
            _ => None,
        })
    }

    /// Finds who has something left to tell.
    fn left(&self, are_answers: bool) -> Option<Who> {
        let (from, to) = ends(are_answers);
        [(&self.sent, from), (&self.attacked, Who::Attacker), (&self.arrived, to)]
            .into_iter()
            .find_map(|(deeds, who)| (!deeds.is_empty()).then_some(who))
    }

    fn tell(&mut self, who: Who, are_answers: bool) -> Option<Deed> {
        let told = &mut self.told;
        if who == Who::Attacker {
            let deed = self.attacked.pop_front()?;
            let (takes, puts) = match deed {
                Deed::PassesOn { .. } => (1, 1),
                Deed::Takes { .. } => (1, 0),
                Deed::Puts { .. } => (0, 1),
                _ => (0, 0),
            };
            told.taken += takes;
            told.put += puts;
            Some(deed)
        } else if (who == Who::Server) == are_answers {
            told.sent += 1;
            self.sent.pop_front()
        } else {
            told.arrived += 1;
            self.arrived.pop_front()
        }
    }
}

impl Deed {
    /// Returns whether the attacker gets hold of this message.
    fn takes(&self, message: &Message) -> bool {
        match self {
            Self::PassesOn { message: taken, .. } | Self::Takes { message: taken, .. } => {
                taken == message
            }
            _ => false,
        }
    }
}

/// Returns who sends that way, and who receives.
fn ends(are_answers: bool) -> (Who, Who) {
    if are_answers { (Who::Server, Who::Client) } else { (Who::Client, Who::Server) }
}

fn place(passing: &Passing) -> FlowName {
    (passing.session, passing.direction == Direction::ToClient)
}

fn is_sent(step: &Step, message: &Passing) -> bool {
    matches!(step, Step::Sent { taken, .. } if taken == message)
}

/// Returns whether nothing like it was sent before.
fn is_first(log: &AttackLog, at: usize) -> bool {
    !log.steps.iter().take(at).any(|step| Some(step) == log.steps.get(at))
}

/// Returns the step in which a message that was taken goes on, if that happens at once and
/// unchanged, and no earlier message is held back.
fn passes_on(log: &AttackLog, took: usize) -> Option<usize> {
    let Some(Step::Took(taken)) = log.steps.get(took) else { return None };
    let here = |(_, step): &(usize, &Step)| match step {
        Step::Took(passing) | Step::Sent { sent: passing, .. } => place(passing) == place(taken),
        Step::Learned(_) | Step::Held(_) => true,
        Step::Ended { .. } => false,
    };
    let steps = || log.steps.iter().enumerate();
    let (at, next) = steps().skip(took + 1).find(here)?;
    let is_held_back = |(_, step): (usize, &Step)| match step {
        Step::Took(earlier) => {
            let sent = log.steps.iter().position(|step| is_sent(step, earlier));
            sent.is_some_and(|sent| sent > took)
        }
        _ => false,
    };
    let goes_on =
        matches!(next, Step::Sent { sent, taken: same } if sent == taken && same == taken);
    (goes_on && !steps().take(took).filter(here).any(is_held_back)).then_some(at)
}

/// Names a message: its index among those taken there.
fn name(log: &AttackLog, message: &Passing) -> Message {
    let took = log.steps.iter().filter_map(|step| match step {
        Step::Took(taken) if place(taken) == place(message) => Some(taken),
        _ => None,
    });
    let from = if message.direction == Direction::ToServer { Who::Client } else { Who::Server };
    let index = { took }.position(|taken| taken == message).unwrap_or_default();
    Message { from, connection: message.session, index }
}

/// The fields of a message of this stage that differ from what becomes of them.
pub(crate) fn changes(stage: &Stage, before: &[u8], after: &[u8]) -> Vec<Change> {
    let parts = stage.split(before).unwrap_or_default();
    let changes = parts.iter().filter_map(|part| {
        let end = (part.offset + part.bytes.len()).min(after.len());
        let now = if stage.has_records() {
            after.get(part.offset..end).unwrap_or_default()
        } else {
            after
        };
        (now != part.bytes).then(|| Change {
            field: part.field.name.to_owned(),
            offset: part.offset,
            before: part.bytes.into(),
            after: now.into(),
        })
    });
    changes.collect()
}
