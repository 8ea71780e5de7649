//! The acts of a story, assembled from each party's reports.
//!
//! Each party's own reports are in order; messages connect those of different parties. An act is
//! told once everything it follows from has been told. Among those that can be told, the earlier
//! connection comes first, within it the requests before the answers, and in one direction the
//! party nearer to the receiver. So causes come before their effects, and the order is the same
//! each time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use attacker::{AttackLog, Passing, Step};
use framing::Direction;
use stages::{Part, Role, Stage};
use transcript::{Event, EventKind, HandshakeMessage, Hex, Record, Way, visible};

use super::words::of_fingerprint;
use super::{Act, Change, Deed, Message, Value, Who};
use crate::lab::victims::{Played, is_alert};

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
    /// Of those that were sent, and of those that arrived: with data.
    data_sent: usize,
    data_arrived: usize,
    /// The same, with a message of the handshake.
    hellos_sent: usize,
    hellos_arrived: usize,
}

/// Lists the acts of an attack on a client and a server of these stages.
pub fn of(stages: (&'static Stage, &'static Stage), played: &Played) -> Vec<Act> {
    let mut flows = Flows { stages: Some(stages), ..Flows::default() };
    for (connection, client) in played.clients.iter().enumerate() {
        let mut last = Way::Sent;
        for event in &client.events {
            flows.event(connection, Who::Client, event, &mut last);
        }
        if let Some(name) = played.wanted {
            let wants = Deed::Wants { name: name.to_owned() };
            flows.of(connection, REQUESTS).sent.push_front(wants);
        }
    }
    flows.attacker(&played.log, stages, &alerts(played));
    flows.server(&played.server.events);
    flows.compare();
    flows.endings(played);
    flows.in_order()
}

/// Combines acts at a glance: the answers of a connection that all pass unchanged are one act, and so is
/// a handshake.
pub fn in_short(acts: &[Act]) -> Vec<Act> {
    let mut short: Vec<Act> = Vec::new();
    let mut refused = BTreeSet::new();
    for act in acts {
        // At TLS, either side says more before it knows that the other has broken off.
        if refused.contains(&act.connection) && act.deed.goes_on() {
            continue;
        }
        if let Deed::Refuses { step: Some(_), .. } = act.deed {
            refused.insert(act.connection);
        }
        let connection = act.connection;
        if act.deed.is_of_alert() {
            continue;
        }
        if act.deed.is_of_handshake() {
            match agreement(acts, connection) {
                Some(agreement) if !short.contains(&agreement) => short.push(agreement),
                Some(_) => {}
                // That keys are made of a secret goes without saying.
                None if matches!(act.deed, Deed::Derives { fingerprint: None, .. }) => {}
                None => short.push(act.clone()),
            }
            continue;
        }
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

/// The handshake of a connection as one act, if all of it passed as it was.
fn agreement(acts: &[Act], connection: usize) -> Option<Act> {
    let mut steps = Vec::new();
    let mut fingerprints = Vec::new();
    let here = acts.iter().filter(|act| act.connection == connection);
    for act in here.filter(|act| act.deed.is_of_handshake()) {
        match &act.deed {
            Deed::SendsHello { step, .. } if steps.contains(step) => {}
            Deed::SendsHello { step, .. } => steps.push(step.clone()),
            Deed::Derives { fingerprint, .. } => fingerprints.extend(fingerprint),
            Deed::PassesOn { .. } | Deed::AcceptsHello { is_changed: false, .. } => {}
            _ => return None,
        }
    }
    let [one, other] = fingerprints[..] else { return None };
    let deed = Deed::Agree { steps, fingerprint: one.clone() };
    (one == other).then_some(Act { who: Who::Client, connection, deed })
}

impl Act {
    /// Returns whether it is about an answer.
    fn is_of_answer(&self) -> bool {
        match &self.deed {
            Deed::Sends { .. } => self.who == Who::Server,
            Deed::PassesOn { message, .. } | Deed::Takes { message, .. } => {
                message.from == Who::Server && !message.is_alert
            }
            Deed::Puts { to, .. } | Deed::Makes { to, .. } => *to == Who::Client,
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
struct Flows {
    flows: BTreeMap<FlowName, Flow>,
    /// The stages of the client and the server.
    stages: Option<(&'static Stage, &'static Stage)>,
}

/// The end of what a client sends. It is news only if there was more to come.
const ENDS_REQUESTS: Deed = Deed::Ends { to: Who::Server };

const REQUESTS: bool = false;
const ANSWERS: bool = true;

impl Flows {
    fn of(&mut self, connection: usize, are_answers: bool) -> &mut Flow {
        self.flows.entry((connection, are_answers)).or_default()
    }

    /// What a client or a server reports of a connection. The `last` message that it told of was sent or received.
    fn event(&mut self, connection: usize, who: Who, event: &Event, last: &mut Way) {
        let outgoing = who == Who::Server;
        match &event.kind {
            EventKind::Handshake(told) if is_alert(told) => {
                let alert = told.step.split_once(' ').map_or(told.step.as_str(), |(_, name)| name);
                let alert = visible(alert);
                let bytes = on_the_wire(event.stage, told).as_slice().into();
                if told.direction == Way::Sent {
                    let deed = Deed::SendsAlert { alert, bytes };
                    self.of(connection, outgoing).sent.push_back(deed);
                } else {
                    let deed = Deed::AcceptsAlert { alert, bytes };
                    self.of(connection, !outgoing).arrived.push_back(deed);
                }
            }
            EventKind::Handshake(told) => {
                let HandshakeMessage { step, direction, message, checked, record, .. } = told;
                *last = *direction;
                let step = visible(step);
                let bytes = on_the_wire(event.stage, told).as_slice().into();
                let message = record.as_ref().map(|_| message.clone());
                if *direction == Way::Sent {
                    let deed = Deed::SendsHello { step, message, bytes };
                    self.of(connection, outgoing).sent.push_back(deed);
                } else {
                    let checked = checked.iter().map(|check| visible(check)).collect();
                    let deed =
                        Deed::AcceptsHello { step, checked, is_changed: false, message, bytes };
                    self.of(connection, !outgoing).arrived.push_back(deed);
                }
            }
            EventKind::Derived { label, from, direction, fingerprint } => {
                let to = direction.map(|direction| receiver(direction == Direction::ToClient));
                let fingerprint = fingerprint.clone();
                let (label, from) = (visible(label), visible(from));
                let deed = Deed::Derives { label, from, to, fingerprint };
                if *last == Way::Sent {
                    self.of(connection, outgoing).sent.push_back(deed);
                } else {
                    self.of(connection, !outgoing).arrived.push_back(deed);
                }
            }
            EventKind::Sent(Record { index, plaintext, record, .. }) => {
                let bytes = event.stage.record(record).as_slice().into();
                let deed = Deed::Sends { index: *index, plaintext: plaintext.clone(), bytes };
                self.of(connection, outgoing).sent.push_back(deed);
            }
            EventKind::Received(Record { index, seq, plaintext, record, .. }) => {
                let deed = Deed::Accepts {
                    index: *index,
                    seq: *seq,
                    plaintext: plaintext.clone(),
                    instead_of: None,
                    bytes: event.stage.record(record).as_slice().into(),
                };
                self.of(connection, !outgoing).arrived.push_back(deed);
            }
            EventKind::Rejected { index, step, error, message, .. } => {
                let (check, message) = (visible(error), visible(message));
                let due = || self.due(connection, !outgoing, event.stage);
                let step = step.as_deref().map(visible).or_else(due);
                let deed = Deed::Refuses { index: *index, step, check, message };
                self.of(connection, !outgoing).arrived.push_back(deed);
            }
            _ => {}
        }
    }

    /// The message of the handshake that is due in a direction, if there is one.
    fn due(&self, connection: usize, are_answers: bool, stage: &Stage) -> Option<String> {
        let flow = self.flows.get(&(connection, are_answers));
        let arrived = flow.into_iter().flat_map(|flow| &flow.arrived);
        let count = arrived.filter(|deed| matches!(deed, Deed::AcceptsHello { .. })).count();
        let direction = if are_answers { Direction::ToClient } else { Direction::ToServer };
        let due = stage.message(direction, u64::try_from(count).ok()?)?;
        Some(due.name.to_owned())
    }

    fn attacker(&mut self, log: &AttackLog, stages: (&Stage, &Stage), alerts: &[Vec<u8>]) {
        let mut at_work = (0, REQUESTS);
        let sender = |passing: &Passing| match passing.direction {
            Direction::ToServer => stages.0,
            Direction::ToClient => stages.1,
        };
        let name = |passing: &Passing| {
            let message = name(log, passing, sender(passing));
            if alerts.contains(&passing.bytes) {
                return Message { is_hello: false, is_alert: true, ..message };
            }
            message
        };
        // How many were put on the wire, each way.
        let mut put: BTreeMap<FlowName, u64> = BTreeMap::new();
        let mut passed_on = Vec::new();
        for (at, step) in log.steps.iter().enumerate() {
            let deed = match step {
                Step::Took(taken) => {
                    at_work = place(taken);
                    let (message, bytes) = (name(taken), taken.bytes.as_slice().into());
                    let goes_on = passes_on(log, at);
                    passed_on.extend(goes_on);
                    if goes_on.is_some() {
                        *put.entry(at_work).or_default() += 1;
                        Deed::PassesOn { message, bytes }
                    } else {
                        let sent = log
                            .steps
                            .iter()
                            .any(|step| is_sent(step, taken) || is_used(step, taken));
                        Deed::Takes { message, bytes, kept: !sent }
                    }
                }
                Step::Sent { .. } if passed_on.contains(&at) => continue,
                Step::Sent { sent, taken } => {
                    at_work = place(sent);
                    *put.entry(at_work).or_default() += 1;
                    let message = name(taken);
                    let stage = sender(taken);
                    Deed::Puts {
                        message,
                        to: receiver(at_work.1),
                        bytes: sent.bytes.as_slice().into(),
                        again: !is_first(log, at),
                        changes: if message.is_hello {
                            let index = u64::try_from(message.index).unwrap_or_default();
                            let parts = stage.split_at(taken.direction, index, &taken.bytes);
                            changes_of(&parts.unwrap_or_default(), true, &sent.bytes)
                        } else {
                            changes(stage, &taken.bytes, &sent.bytes)
                        },
                    }
                }
                Step::Made { sent, instead_of, text } => {
                    at_work = place(sent);
                    let place = put.entry(at_work).or_default();
                    // It is for a receiver who is at the server's stage, if it is the server.
                    let stage = if at_work.1 == REQUESTS { stages.1 } else { stages.0 };
                    let step = stage.message(sent.direction, *place);
                    *place += 1;
                    Deed::Makes {
                        step: step.map(|step| step.name.to_owned()),
                        replaces: instead_of.as_ref().map(name),
                        to: receiver(at_work.1),
                        plaintext: text.as_deref().map(Into::into),
                        instead_of: None,
                        bytes: sent.bytes.as_slice().into(),
                    }
                }
                Step::Handed(_) => continue,
                Step::Computed { secret, from, fingerprint } => {
                    let fingerprint = of_fingerprint(fingerprint);
                    let value = Value {
                        name: "computes".to_owned(),
                        value: format!("{secret} {fingerprint}"),
                        from: (*from).to_owned(),
                    };
                    Deed::Computes { values: vec![value] }
                }
                Step::GotKeys { identity } => Deed::GetsKeys { identity: *identity },
                Step::Learned(bytes) => {
                    Deed::Learns { text: visible(&String::from_utf8_lossy(bytes)) }
                }
                Step::Held(time) => {
                    Deed::Holds { millis: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
                }
                Step::Ended { session, direction } => {
                    at_work = (*session, *direction == Direction::ToClient);
                    Deed::Ends { to: receiver(at_work.1) }
                }
            };
            let flow = self.of(at_work.0, at_work.1);
            let keeps = |deed: &Deed| matches!(deed, Deed::Takes { kept: true, .. });
            if deed != ENDS_REQUESTS || flow.attacked.iter().any(keeps) {
                flow.attacked.push_back(deed);
            }
        }
    }

    /// Lists what the server reports, each in the connection of the message it is about.
    fn server(&mut self, events: &[Event]) {
        let mut connection = 0;
        let mut last = Way::Received;
        for event in events {
            let arrived = match &event.kind {
                EventKind::Handshake(told) if told.direction == Way::Received => {
                    Some(on_the_wire(event.stage, told))
                }
                EventKind::Received(Record { record, .. }) => Some(event.stage.record(record)),
                EventKind::Rejected { .. } => Some(Vec::new()),
                _ => None,
            };
            if let Some(arrived) = arrived {
                let due = self.flows.iter().find(|((_, are_answers), flow)| {
                    let next = flow.put().nth(flow.arrivals().count());
                    // What comes behind a refusal is not read any more.
                    let is_over = flow.arrived.iter().any(|it| matches!(it, Deed::Refuses { .. }));
                    *are_answers == REQUESTS
                        && !is_over
                        && next.is_some_and(|(_, bytes)| arrived.is_empty() || **bytes == *arrived)
                });
                connection = due.map_or(connection, |((connection, _), _)| *connection);
            }
            self.event(connection, Who::Server, event, &mut last);
        }
    }

    /// Notes for each message that is accepted whether another was sent, and for each text which one.
    fn compare(&mut self) {
        let mut made = Vec::new();
        let mut accepted = Vec::new();
        for (place, flow) in &self.flows {
            for (number, deed) in flow.attacked.iter().enumerate() {
                if let Deed::Makes { replaces: Some(message), plaintext: Some(_), .. } = deed {
                    made.push((*place, number, self.text(message).cloned()));
                }
            }
            let arrivals = flow.arrivals().map(|(number, _)| number);
            for (number, (message, bytes)) in arrivals.zip(flow.put()) {
                let sent = message.and_then(|message| self.sent(message));
                match (flow.arrived.get(number), sent) {
                    (
                        Some(Deed::Accepts { plaintext, .. }),
                        Some(Deed::Sends { plaintext: sent, .. }),
                    ) if sent != plaintext => accepted.push((*place, number, Some(sent.clone()))),
                    (
                        Some(Deed::AcceptsHello { .. }),
                        Some(Deed::SendsHello { bytes: sent, .. }),
                    ) if sent != bytes => accepted.push((*place, number, None)),
                    _ => {}
                }
            }
        }
        for (place, number, sent) in made {
            let deed = self.flows.get_mut(&place).and_then(|flow| flow.attacked.get_mut(number));
            if let Some(Deed::Makes { instead_of, .. }) = deed {
                *instead_of = sent;
            }
        }
        for (place, number, sent) in accepted {
            match self.flows.get_mut(&place).and_then(|flow| flow.arrived.get_mut(number)) {
                Some(Deed::Accepts { instead_of, .. }) => *instead_of = sent,
                Some(Deed::AcceptsHello { is_changed, .. }) => *is_changed = true,
                _ => {}
            }
        }
    }

    /// The deed by which a message was sent.
    fn sent(&self, message: &Message) -> Option<&Deed> {
        let flow = self.flows.get(&(message.connection, message.from == Who::Server))?;
        let mut hellos = flow.sent.iter().filter(|deed| matches!(deed, Deed::SendsHello { .. }));
        let mut texts = flow.sent.iter().filter(|deed| matches!(deed, Deed::Sends { .. }));
        if message.is_hello { hellos.nth(message.index) } else { texts.nth(message.index) }
    }

    fn text(&self, message: &Message) -> Option<&Hex> {
        match self.sent(message)? {
            Deed::Sends { plaintext, .. } => Some(plaintext),
            _ => None,
        }
    }

    /// Notes which client is left without an answer, and who takes an early end for the true one.
    fn endings(&mut self, played: &Played) {
        let ended_well = played
            .server
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Closed { clean: true, .. }));
        let cut = self.flows.iter().filter_map(|((connection, _), flow)| {
            let is_cut = ended_well && flow.attacked.contains(&ENDS_REQUESTS);
            let texts = flow.arrived.iter().filter(|deed| matches!(deed, Deed::Accepts { .. }));
            is_cut.then(|| (*connection, texts.count()))
        });
        for (connection, received) in cut.collect::<Vec<_>>() {
            self.of(connection, ANSWERS).sent.push_back(Deed::EndsWell { received });
        }
        for (connection, client) in played.clients.iter().enumerate() {
            let (sent, answered) = (client.sent().len(), client.received().len());
            if client.refusal().is_some() {
                continue;
            }
            let got = u64::try_from(client.hellos(Way::Received).len()).unwrap_or(u64::MAX);
            let stage = client.events.first().map(|event| event.stage);
            let due = stage.and_then(|stage| stage.message(Direction::ToClient, got));
            if let Some(due) = due {
                let deed = Deed::GetsNoHello { step: due.name.to_owned() };
                self.of(connection, ANSWERS).arrived.push_back(deed);
            } else if answered < sent {
                let deed = Deed::GetsNoAnswer { sent, answered };
                self.of(connection, ANSWERS).arrived.push_back(deed);
            }
        }
    }

    /// Returns whether the sender of the next message of the handshake has all that comes before it, or waits for nothing
    /// more.
    fn was_answered(&self, place: FlowName) -> bool {
        let (connection, are_answers) = place;
        let told = |place| self.flows.get(&place).map(|flow| &flow.told);
        let sent = told(place).map_or(0, |told| told.hellos_sent);
        let arrived = told((connection, !are_answers)).map_or(0, |told| told.hellos_arrived);
        let opposite = self.flows.get(&(connection, !are_answers));
        let is_over =
            || opposite.is_none_or(|flow| !flow.arrived.iter().any(Deed::is_of_handshake));
        arrived >= self.hellos_before(are_answers, sent) || sent > 0 && is_over()
    }

    /// The same for the attacker, who makes the message itself.
    fn has_taken(&self, place: FlowName) -> bool {
        let (connection, are_answers) = place;
        let put = self.flows.get(&place).map_or(0, |flow| flow.told.put);
        let opposite = self.flows.get(&(connection, !are_answers));
        let taken = opposite.map_or(0, |flow| flow.told.taken);
        let is_over = || opposite.is_none_or(|flow| flow.attacked.is_empty());
        taken >= self.hellos_before(are_answers, put) || put > 0 && is_over()
    }

    /// Counts the messages of the handshake that go the other way before this one of a direction.
    fn hellos_before(&self, are_answers: bool, number: usize) -> usize {
        let direction = if are_answers { Direction::ToClient } else { Direction::ToServer };
        let stage = self.stages.map(|(client, server)| if are_answers { server } else { client });
        let messages = stage.map_or(&[][..], |stage| stage.handshake);
        let mut own = messages.iter().enumerate().filter(|(_, it)| it.direction == direction);
        let before = own.nth(number).map_or(0, |(at, _)| at);
        messages.iter().take(before).filter(|it| it.direction != direction).count()
    }

    fn in_order(mut self) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        loop {
            let next =
                self.flows.keys().find_map(|place| Some((*place, self.next(*place, &acts)?)));
            // An act that follows from nothing known is told last.
            let next = next.or_else(|| {
                self.flows.iter().find_map(|(place, flow)| Some((*place, flow.left(place.1)?)))
            });
            let Some(((connection, are_answers), who)) = next else { return acts };
            let deed = self.of(connection, are_answers).tell(who, are_answers);
            acts.extend(deed.map(|deed| Act { who, connection, deed }));
        }
    }

    /// Finds who can go on in a direction of a connection.
    fn next(&self, place: FlowName, acts: &[Act]) -> Option<Who> {
        let flow = self.flows.get(&place)?;
        let (connection, are_answers) = place;
        let (from, to) = ends(are_answers);
        let requests = self.flows.get(&(connection, REQUESTS));
        // Data travels when the handshake is over, which ends with something of the server's.
        let answers = self.flows.get(&(connection, ANSWERS)).filter(|_| !are_answers);
        let is_early = answers.is_some_and(Flow::is_in_handshake);
        let is_due = |deed: &&Deed| !(is_early && deed.is_of_data());
        let is_over = |flow: Option<&Flow>| flow.is_none_or(|flow| flow.left(REQUESTS).is_none());
        let arrived = flow.arrived.front().filter(is_due).is_some_and(|deed| match deed {
            Deed::GetsNoAnswer { .. } | Deed::GetsNoHello { .. } => {
                flow.sent.is_empty() && flow.attacked.is_empty() && is_over(requests)
            }
            Deed::Derives { .. } => true,
            _ => flow.told.put > flow.told.arrived,
        });
        let attacked = flow.attacked.front().filter(is_due).is_some_and(|deed| match deed {
            Deed::PassesOn { .. } | Deed::Takes { .. } => flow.told.sent > flow.told.taken,
            Deed::Puts { message, .. } | Deed::Makes { replaces: Some(message), .. } => {
                acts.iter().any(|act| act.deed.takes(message))
            }
            Deed::Makes { step: Some(_), .. } => self.has_taken(place),
            _ => true,
        });
        let opposite = self.flows.get(&(connection, !are_answers));
        let asked = || requests.is_some_and(|it| it.told.data_arrived > flow.told.data_sent);
        let sent = flow.sent.front().filter(is_due).is_some_and(|deed| match deed {
            Deed::EndsWell { .. } => flow.attacked.is_empty() && is_over(requests),
            Deed::Derives { .. } => true,
            Deed::SendsHello { .. } => self.was_answered(place),
            // It is sent when nothing more is received.
            Deed::SendsAlert { .. } => {
                opposite.is_none_or(|flow| flow.arrived.iter().all(Deed::is_last))
            }
            _ => !are_answers || asked(),
        });
        [(arrived, to), (attacked, Who::Attacker), (sent, from)]
            .into_iter()
            .find_map(|(ready, who)| ready.then_some(who))
    }
}

impl Flow {
    /// The messages that the attacker puts on the wire, and their bytes.
    fn put(&self) -> impl Iterator<Item = (Option<&Message>, &Hex)> {
        self.attacked.iter().filter_map(|deed| match deed {
            Deed::PassesOn { message, bytes } | Deed::Puts { message, bytes, .. } => {
                Some((Some(message), bytes))
            }
            Deed::Makes { replaces, bytes, .. } => Some((replaces.as_ref(), bytes)),
            _ => None,
        })
    }

    /// The messages that arrive, each with its place among what happens there.
    fn arrivals(&self) -> impl Iterator<Item = (usize, &Deed)> {
        self.arrived.iter().enumerate().filter(|(_, deed)| deed.is_message())
    }

    /// Returns whether something of the handshake is left to tell.
    fn is_in_handshake(&self) -> bool {
        let mut deeds = self.sent.iter().chain(&self.attacked).chain(&self.arrived);
        deeds.any(|deed| deed.is_of_handshake() && !matches!(deed, Deed::GetsNoHello { .. }))
    }

    /// Who has something left to tell.
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
                Deed::Puts { .. } | Deed::Makes { .. } => (0, 1),
                _ => (0, 0),
            };
            told.taken += takes;
            told.put += puts;
            Some(deed)
        } else if (who == Who::Server) == are_answers {
            let deed = self.sent.pop_front()?;
            told.sent += usize::from(deed.is_message());
            told.data_sent += usize::from(matches!(deed, Deed::Sends { .. }));
            told.hellos_sent += usize::from(matches!(deed, Deed::SendsHello { .. }));
            Some(deed)
        } else {
            let deed = self.arrived.pop_front()?;
            told.arrived += usize::from(deed.is_message());
            told.data_arrived += usize::from(matches!(deed, Deed::Accepts { .. }));
            told.hellos_arrived += usize::from(matches!(deed, Deed::AcceptsHello { .. }));
            Some(deed)
        }
    }
}

impl Deed {
    /// Returns whether it is about the handshake.
    fn is_of_handshake(&self) -> bool {
        match self {
            Self::SendsHello { .. }
            | Self::AcceptsHello { .. }
            | Self::Derives { .. }
            | Self::GetsNoHello { .. } => true,
            Self::PassesOn { message, .. }
            | Self::Takes { message, .. }
            | Self::Puts { message, .. } => message.is_hello,
            Self::Makes { step, .. } | Self::Refuses { step, .. } => step.is_some(),
            _ => false,
        }
    }

    /// Returns whether it is about a message with data, before or after a handshake has made keys for it.
    fn is_of_data(&self) -> bool {
        let is_of_any = matches!(
            self,
            Self::PassesOn { .. } | Self::Takes { .. } | Self::Puts { .. } | Self::Makes { .. }
        );
        (is_of_any || self.is_message()) && !self.is_of_handshake()
    }

    /// Returns whether it is about an alert that is not kept back.
    fn is_of_alert(&self) -> bool {
        match self {
            Self::SendsAlert { .. } | Self::AcceptsAlert { .. } => true,
            Self::PassesOn { message, .. }
            | Self::Takes { message, kept: false, .. }
            | Self::Makes { replaces: Some(message), .. }
            | Self::Puts { message, .. } => message.is_alert,
            _ => false,
        }
    }

    /// Returns whether a handshake goes on in it.
    fn goes_on(&self) -> bool {
        match self {
            Self::SendsHello { .. } | Self::AcceptsHello { .. } => true,
            Self::PassesOn { message, .. } | Self::Takes { message, .. } => message.is_hello,
            Self::Makes { step, .. } => step.is_some(),
            _ => false,
        }
    }

    /// Returns whether nothing that is received follows.
    fn is_last(&self) -> bool {
        matches!(
            self,
            Self::AcceptsAlert { .. } | Self::GetsNoAnswer { .. } | Self::GetsNoHello { .. }
        )
    }

    /// Returns whether a client or a server sends a message in it, or one reaches them.
    fn is_message(&self) -> bool {
        matches!(
            self,
            Self::Sends { .. }
                | Self::SendsHello { .. }
                | Self::SendsAlert { .. }
                | Self::AcceptsAlert { .. }
                | Self::Accepts { .. }
                | Self::AcceptsHello { .. }
                | Self::Refuses { .. }
        )
    }

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

/// Who receives what goes that way.
fn receiver(are_answers: bool) -> Who {
    ends(are_answers).1
}

fn place(passing: &Passing) -> FlowName {
    (passing.session, passing.direction == Direction::ToClient)
}

fn is_sent(step: &Step, message: &Passing) -> bool {
    matches!(step, Step::Sent { taken, .. } if taken == message)
}

/// Returns whether another goes in its place, or the attacker's own program gets it.
fn is_used(step: &Step, message: &Passing) -> bool {
    matches!(step, Step::Made { instead_of: Some(taken), .. } | Step::Handed(taken) if taken == message)
}

/// The records of all alerts.
fn alerts(played: &Played) -> Vec<Vec<u8>> {
    let victims = played.clients.iter().chain([&played.server]);
    let alerts = victims.flat_map(|victim| &victim.events).filter_map(|event| match &event.kind {
        EventKind::Handshake(told) if is_alert(told) => Some(on_the_wire(event.stage, told)),
        _ => None,
    });
    alerts.collect()
}

/// The record in which a message passes by.
fn on_the_wire(stage: &Stage, told: &HandshakeMessage) -> Vec<u8> {
    match &told.record {
        Some(payload) => stage.record(payload),
        None => stage.record_of_message(&told.message),
    }
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
        Step::Made { sent, .. } => place(sent) == place(taken),
        Step::Learned(_) | Step::Held(_) => true,
        Step::Handed(_) | Step::Computed { .. } | Step::GotKeys { .. } | Step::Ended { .. } => {
            false
        }
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

/// Names a message of someone at this stage: the how many-th that was taken there, of the handshake or behind it.
fn name(log: &AttackLog, message: &Passing, stage: &Stage) -> Message {
    let took = log.steps.iter().filter_map(|step| match step {
        Step::Took(taken) if place(taken) == place(message) => Some(taken),
        _ => None,
    });
    let from = if message.direction == Direction::ToServer { Who::Client } else { Who::Server };
    let index = { took }.position(|taken| taken == message).unwrap_or_default();
    let hellos = usize::try_from(stage.messages(message.direction)).unwrap_or_default();
    let is_hello = index < hellos;
    let index = if is_hello { index } else { index - hellos };
    Message { from, connection: message.session, index, is_hello, is_alert: false }
}

/// The fields of a message of this stage that differ from what becomes of them.
pub(crate) fn changes(stage: &Stage, before: &[u8], after: &[u8]) -> Vec<Change> {
    changes_of(&stage.split(before).unwrap_or_default(), stage.has_records(), after)
}

fn changes_of(parts: &[Part<'_>], are_records: bool, after: &[u8]) -> Vec<Change> {
    let changes = parts.iter().filter_map(|part| {
        let end = match part.field.role {
            Role::Message => after.len(),
            _ => (part.offset + part.bytes.len()).min(after.len()),
        };
        let now = if are_records { after.get(part.offset..end).unwrap_or_default() } else { after };
        (now != part.bytes).then(|| Change {
            field: part.field.name.to_owned(),
            offset: part.offset,
            before: part.bytes.into(),
            after: now.into(),
        })
    });
    changes.collect()
}
