//! The events of a client, a server and the wire between them in one causal order.
//!
//! Each source's events arrive in their own order; events from different sources interleave
//! arbitrarily. A person should read every cause before its effect, and the same order each time.
//! So the client goes first wherever it can, then the wire, then the server, and none of them goes
//! while one before it may still have something to say. What the server derives, and what it sends
//! in one go, comes before the client goes on, next to the message it was made from.

use std::collections::VecDeque;

use crate::{Direction, Event, EventKind, Record, Role, Way};

/// Takes events as they come, and gives them out in order.
#[derive(Debug, Default)]
pub struct Merge {
    client: Source,
    server: Source,
    wire: Source,
    /// Whether anyone watches the wire.
    watched: bool,
    /// Whether there is a client that reports nothing.
    silent_client: bool,
    /// Whether the server may go on: its last event was of its handshake.
    server_goes_on: bool,
    to_server: Flow,
    to_client: Flow,
}

/// A source of events.
#[derive(Debug, Default)]
struct Source {
    waiting: VecDeque<Event>,
    ended: bool,
    /// What has been told so far: that it listens, that it is connected.
    listening: bool,
    connected: bool,
}

/// One direction, as far as it has been told. Byte counts include the headers in front of records.
#[derive(Debug, Default)]
struct Flow {
    messages_sent: u64,
    messages_received: u64,
    records_sent: u64,
    bytes_sent: usize,
    bytes_passed: usize,
    bytes_received: usize,
}

impl Merge {
    /// Merges the events of a client and a server, with or without someone who watches the wire
    /// between them.
    pub fn new(watched: bool) -> Self {
        Self { watched, ..Self::default() }
    }

    /// Merges the events of a server, and of the wire, where the client is a program that reports none.
    pub fn with_silent_client(watched: bool) -> Self {
        let client = Source { ended: true, ..Source::default() };
        Self { client, silent_client: true, ..Self::new(watched) }
    }

    /// One more event.
    pub fn push(&mut self, event: Event) {
        self.source(event.role).waiting.push_back(event);
    }

    /// Notes that no more events will come from there.
    pub fn end(&mut self, role: Role) {
        self.source(role).ended = true;
    }

    /// The next event that can be told, if there is one yet.
    pub fn next_event(&mut self) -> Option<Event> {
        let role = self.next_role()?;
        let event = self.source(role).waiting.pop_front()?;
        if role == Role::Server {
            self.server_goes_on =
                matches!(event.kind, EventKind::Handshake(_) | EventKind::Derived { .. });
        }
        match &event.kind {
            EventKind::Listening { .. } => self.source(role).listening = true,
            EventKind::Connected { .. } => self.source(role).connected = true,
            EventKind::Handshake(message) => {
                let len = message.wire_len(event.stage);
                match message.direction {
                    Way::Sent => {
                        let flow = self.flow_mut(outgoing(role));
                        flow.messages_sent += 1;
                        flow.bytes_sent += len;
                    }
                    Way::Received => {
                        let flow = self.flow_mut(incoming(role));
                        flow.messages_received += 1;
                        flow.bytes_received += len;
                    }
                }
            }
            EventKind::Sent(record) => {
                let flow = self.flow_mut(outgoing(role));
                flow.records_sent += 1;
                flow.bytes_sent += wire_len(&event, record);
            }
            EventKind::Received(record) => {
                self.flow_mut(incoming(role)).bytes_received += wire_len(&event, record);
            }
            EventKind::Chunk { direction, bytes, .. } => {
                self.flow_mut(*direction).bytes_passed += bytes.len();
            }
            EventKind::Derived { .. }
            | EventKind::Rejected { .. }
            | EventKind::Closed { .. }
            | EventKind::Dropped { .. }
            | EventKind::End { .. }
            | EventKind::Captured { .. }
            | EventKind::Fragment { .. }
            | EventKind::Check { .. }
            | EventKind::Folded { .. }
            | EventKind::Missing { .. } => {}
        }
        Some(event)
    }

    /// Finds the source whose next event can be told.
    fn next_role(&self) -> Option<Role> {
        let ready =
            |source: &Source| source.waiting.front().is_some_and(|event| self.allows(event));
        let wire_is_due = self.watched
            && !self.wire.is_over()
            && [&self.to_server, &self.to_client]
                .iter()
                .any(|flow| flow.bytes_passed < flow.bytes_sent);
        if self
            .server
            .waiting
            .front()
            .is_some_and(|e| matches!(e.kind, EventKind::Listening { .. }))
        {
            Some(Role::Server)
        } else if self.server_goes_on && !wire_is_due && self.server.may_go_on() {
            self.server.waiting.front().map(|_| Role::Server)
        } else if ready(&self.client) {
            Some(Role::Client)
        } else if self.client.may_still_speak() {
            None
        } else if ready(&self.wire) {
            Some(Role::Wire)
        } else if wire_is_due && self.wire.may_still_speak() {
            None
        } else if ready(&self.server) {
            Some(Role::Server)
        } else if self.client.ended && self.server.ended && (self.wire.ended || !self.watched) {
            // An effect whose cause nobody reported, such as a record made by someone on the path.
            [(Role::Client, &self.client), (Role::Wire, &self.wire), (Role::Server, &self.server)]
                .into_iter()
                .find_map(|(role, source)| (!source.waiting.is_empty()).then_some(role))
        } else {
            None
        }
    }

    /// Returns whether `event` can be told, after what was told so far.
    fn allows(&self, event: &Event) -> bool {
        let peer = if event.role == Role::Client { &self.server } else { &self.client };
        let wire_is_over = !self.watched || self.wire.is_over();
        if peer.is_over() && wire_is_over {
            return true;
        }
        let flow = self.flow(incoming(event.role));
        // What such a client sends nobody tells: it was sent when it is seen.
        let is_sent = |is_sent| is_sent || self.silent_client;
        match &event.kind {
            EventKind::Listening { .. }
            | EventKind::Dropped { .. }
            | EventKind::Derived { .. }
            | EventKind::Captured { .. }
            | EventKind::Fragment { .. }
            | EventKind::Check { .. }
            | EventKind::Folded { .. }
            | EventKind::Missing { .. } => true,
            EventKind::Connected { .. } => is_sent(peer.listening || peer.connected),
            EventKind::Handshake(message) if message.direction == Way::Received => {
                let wanted = flow.bytes_received + message.wire_len(event.stage);
                is_sent(flow.messages_sent > flow.messages_received)
                    && (flow.bytes_passed >= wanted || wire_is_over)
            }
            EventKind::Handshake(_) | EventKind::Sent(_) => {
                event.role == Role::Server || peer.connected
            }
            EventKind::Received(record) => {
                let passed = flow.bytes_passed >= flow.bytes_received + wire_len(event, record);
                is_sent(flow.records_sent > record.index) && (passed || wire_is_over)
            }
            EventKind::Rejected { index, step, .. } => {
                let passed = flow.bytes_passed > flow.bytes_received;
                let sent = if step.is_some() { flow.messages_sent } else { flow.records_sent };
                is_sent(sent > *index) && (passed || wire_is_over)
            }
            EventKind::Chunk { direction, bytes, .. } => {
                let flow = self.flow(*direction);
                let is_told = flow.bytes_sent >= flow.bytes_passed + bytes.len();
                let is_silent = self.silent_client && *direction == outgoing(Role::Client);
                is_told || (is_silent && self.server.connected)
            }
            EventKind::End { .. } => self.client.is_closing() && self.server.is_closing(),
            EventKind::Closed { .. } => peer.is_closing() && wire_is_over,
        }
    }

    fn source(&mut self, role: Role) -> &mut Source {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
            Role::Wire | Role::KeyLog => &mut self.wire,
        }
    }

    fn flow(&self, direction: Direction) -> &Flow {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    fn flow_mut(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

impl Source {
    /// Returns whether something may come that is not there yet.
    fn may_still_speak(&self) -> bool {
        self.waiting.is_empty() && !self.ended
    }

    /// Returns whether it derives something next or sends a further message, or that is not known yet.
    fn may_go_on(&self) -> bool {
        let goes_on = |event: &Event| match &event.kind {
            EventKind::Derived { .. } => true,
            // At TLS its messages leave together.
            EventKind::Handshake(message) => {
                message.direction == Way::Sent && event.stage.has_types()
            }
            _ => false,
        };
        self.waiting.front().map_or(!self.ended, goes_on)
    }

    /// Returns whether everything was told.
    fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.ended
    }

    /// Returns whether nothing but its end is left to tell.
    fn is_closing(&self) -> bool {
        let next = self.waiting.front();
        next.map_or(self.ended, |event| matches!(event.kind, EventKind::Closed { .. }))
    }
}

/// Which way `role` sends.
fn outgoing(role: Role) -> Direction {
    if role == Role::Client { Direction::ToServer } else { Direction::ToClient }
}

/// Which way bytes come to `role`.
fn incoming(role: Role) -> Direction {
    if role == Role::Client { Direction::ToClient } else { Direction::ToServer }
}

/// Returns the length of a record on the wire.
fn wire_len(event: &Event, record: &Record) -> usize {
    event.stage.header().len() + record.record.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HandshakeMessage, Record};
    use stages::{PART2_HMAC, PART3_HKDF};

    fn event(role: Role, kind: EventKind) -> Event {
        Event { role, stage: &PART2_HMAC, kind }
    }

    fn record(index: u64) -> Record {
        Record::new(&PART2_HMAC, index, b"", &[0; 48])
    }

    fn closed() -> EventKind {
        EventKind::Closed { clean: true, records_sent: 0, records_received: 0 }
    }

    /// Two exchanges, as each side reports them.
    fn exchange() -> (Vec<Event>, Vec<Event>) {
        let addr = "127.0.0.1:9001".parse().unwrap();
        let client = [EventKind::Connected { peer: addr }]
            .into_iter()
            .chain(
                (0..2).flat_map(|i| [EventKind::Sent(record(i)), EventKind::Received(record(i))]),
            )
            .chain([closed()])
            .map(|kind| event(Role::Client, kind));
        let server = [EventKind::Listening { addr }, EventKind::Connected { peer: addr }]
            .into_iter()
            .chain(
                (0..2).flat_map(|i| [EventKind::Received(record(i)), EventKind::Sent(record(i))]),
            )
            .chain([closed()])
            .map(|kind| event(Role::Server, kind));
        (client.collect(), server.collect())
    }

    fn chunk(direction: Direction, len: usize) -> EventKind {
        EventKind::Chunk { direction, micros: 0, bytes: vec![0; len].as_slice().into() }
    }

    fn drain(merge: &mut Merge) -> Vec<Event> {
        std::iter::from_fn(|| merge.next_event()).collect()
    }

    #[test]
    fn the_order_is_the_same_however_the_two_sides_interleave() {
        let (client, server) = exchange();
        let c = |i: usize| client[i].clone();
        let s = |i: usize| server[i].clone();
        let expected =
            [s(0), c(0), s(1), c(1), s(2), s(3), c(2), c(3), s(4), s(5), c(4), c(5), s(6)];
        // Each bit of the schedule says whose event arrives next.
        for schedule in 0_u32..1 << 13 {
            let (mut from_client, mut from_server) = (client.iter(), server.iter());
            let mut merge = Merge::default();
            let mut told = vec![];
            for bit in 0..13 {
                let sides: [&mut dyn Iterator<Item = &Event>; 2] =
                    [&mut from_client, &mut from_server];
                if let Some(event) = sides[schedule as usize >> bit & 1].next() {
                    merge.push(event.clone());
                    told.extend(drain(&mut merge));
                }
            }
            from_client.chain(from_server).for_each(|event| merge.push(event.clone()));
            merge.end(Role::Client);
            told.extend(drain(&mut merge));
            assert_eq!(told, expected, "schedule {schedule:b}");
        }
    }

    fn at_hkdf(role: Role, kind: EventKind) -> Event {
        Event { role, stage: &PART3_HKDF, kind }
    }

    const HELLO: [u8; 36] = [7; 36];

    fn message(step: &str, direction: Way) -> EventKind {
        EventKind::Handshake(HandshakeMessage::new(step, direction, &HELLO, &[]))
    }

    fn derived(label: &str) -> EventKind {
        EventKind::Derived {
            label: label.to_owned(),
            from: String::new(),
            direction: None,
            fingerprint: None,
        }
    }

    /// A handshake, keys and one exchange, as each side reports them: the client makes its secret of the answer,
    /// the server its own before it answers.
    fn handshake() -> (Vec<Event>, Vec<Event>) {
        let addr = "127.0.0.1:10003".parse().unwrap();
        let data = || Record::new(&PART3_HKDF, 0, b"", &[0; 36]);
        let client = [
            EventKind::Connected { peer: addr },
            message("ClientHello", Way::Sent),
            message("ServerHello", Way::Received),
            derived("shared secret"),
            derived("client write key"),
            derived("server write key"),
            EventKind::Sent(data()),
            EventKind::Received(data()),
            closed(),
        ];
        let server = [
            EventKind::Listening { addr },
            EventKind::Connected { peer: addr },
            message("ClientHello", Way::Received),
            derived("shared secret"),
            message("ServerHello", Way::Sent),
            derived("client write key"),
            derived("server write key"),
            EventKind::Received(data()),
            EventKind::Sent(data()),
            closed(),
        ];
        (
            client.map(|kind| at_hkdf(Role::Client, kind)).into(),
            server.map(|kind| at_hkdf(Role::Server, kind)).into(),
        )
    }

    /// What `merge` tells if each bit of `schedule` says whose event arrives next.
    fn told_by_schedule(schedule: u32, client: &[Event], server: &[Event]) -> Vec<Event> {
        let (mut from_client, mut from_server) = (client.iter(), server.iter());
        let mut merge = Merge::default();
        let mut told = vec![];
        for bit in 0..client.len() + server.len() {
            let sides: [&mut dyn Iterator<Item = &Event>; 2] = [&mut from_client, &mut from_server];
            if let Some(event) = sides[schedule as usize >> bit & 1].next() {
                merge.push(event.clone());
                told.extend(drain(&mut merge));
            }
        }
        from_client.chain(from_server).for_each(|event| merge.push(event.clone()));
        for role in [Role::Client, Role::Server] {
            merge.end(role);
        }
        told.extend(drain(&mut merge));
        told
    }

    #[test]
    fn what_a_side_derives_stands_behind_what_it_came_of_however_the_two_interleave() {
        let (client, server) = handshake();
        let expected: Vec<Event> = [
            &server[..1],
            &client[..1],
            &server[1..2],
            &client[1..2],
            // ClientHello, the secret, ServerHello, two keys.
            &server[2..7],
            // ServerHello, the secret, two keys, a request.
            &client[2..7],
            &server[7..9],
            &client[7..],
            &server[9..],
        ]
        .concat();
        for schedule in 0..1 << (client.len() + server.len()) {
            // Every beginning of 12 events, and of all there are one in 127.
            if schedule < 1 << 12 || schedule % 127 == 0 {
                let told = told_by_schedule(schedule, &client, &server);
                assert_eq!(told, expected, "schedule {schedule:b}");
            }
        }
    }

    #[test]
    fn the_wire_shows_a_message_before_its_receiver_does_and_before_its_sender_derives_more() {
        let (client, server) = handshake();
        let (to_server, to_client) = (Direction::ToServer, Direction::ToClient);
        let wire: Vec<_> = [
            chunk(to_server, 7),
            chunk(to_server, 33),
            chunk(to_client, 40),
            chunk(to_server, 40),
            chunk(to_client, 40),
            EventKind::End { direction: to_server, micros: 0 },
            EventKind::End { direction: to_client, micros: 0 },
        ]
        .map(|kind| at_hkdf(Role::Wire, kind))
        .into();
        let expected: Vec<Event> = [
            &server[..1],
            &client[..1],
            &server[1..2],
            &client[1..2],
            &wire[..2],
            &server[2..5],
            &wire[2..3],
            &server[5..7],
            &client[2..7],
            &wire[3..4],
            &server[7..9],
            &wire[4..5],
            &client[7..8],
            &wire[5..],
            &client[8..],
            &server[9..],
        ]
        .concat();
        let (c, s, w) = ((&*client, Role::Client), (&*server, Role::Server), (&*wire, Role::Wire));
        for sources in [[c, s, w], [c, w, s], [s, c, w], [s, w, c], [w, c, s], [w, s, c]] {
            // All of one after all of another, and one event of each in turn.
            let mut merge = Merge::new(true);
            let mut told = vec![];
            for (events, role) in sources {
                for event in events {
                    merge.push(event.clone());
                    told.extend(drain(&mut merge));
                }
                merge.end(role);
            }
            told.extend(drain(&mut merge));
            assert_eq!(told, expected);

            let mut merge = Merge::new(true);
            let mut told = vec![];
            for at in 0..10 {
                for event in sources.iter().filter_map(|(events, _)| events.get(at)) {
                    merge.push(event.clone());
                    told.extend(drain(&mut merge));
                }
            }
            for (_, role) in &sources {
                merge.end(*role);
            }
            told.extend(drain(&mut merge));
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn a_message_that_is_refused_is_told_behind_the_one_who_sent_it() {
        let (client, server) = handshake();
        let refused = EventKind::Rejected {
            index: 0,
            step: Some("ClientHello".to_owned()),
            error: "low_order_key".to_owned(),
            message: String::new(),
            expected_seq: None,
            record: None,
        };
        let refused = at_hkdf(Role::Server, refused);
        let (client_closed, server_closed) =
            (at_hkdf(Role::Client, closed()), at_hkdf(Role::Server, closed()));
        let mut merge = Merge::default();
        let mut told = vec![];
        for event in [&server[0], &server[1], &refused, &server_closed, &client[0]] {
            merge.push(event.clone());
            told.extend(drain(&mut merge));
        }
        assert_eq!(told, [server[0].clone(), client[0].clone()]);
        for event in [&client[1], &client_closed] {
            merge.push(event.clone());
        }
        merge.end(Role::Client);
        merge.end(Role::Server);
        told.extend(drain(&mut merge));
        let expected =
            [server[1].clone(), client[1].clone(), refused, client_closed, server_closed];
        assert_eq!(told[2..], expected);
    }

    #[test]
    fn an_effect_without_a_reported_cause_is_told_when_both_have_ended() {
        let forged = event(Role::Server, EventKind::Received(record(0)));
        let mut merge = Merge::default();
        merge.push(forged.clone());
        merge.end(Role::Client);
        assert_eq!(drain(&mut merge), std::slice::from_ref(&forged));

        let mut merge = Merge::default();
        merge.push(event(Role::Client, EventKind::Received(record(0))));
        merge.push(forged);
        assert_eq!(drain(&mut merge), []);
        merge.end(Role::Client);
        merge.end(Role::Server);
        assert_eq!(drain(&mut merge).len(), 2);
    }

    #[test]
    fn the_one_that_refuses_is_told_before_the_one_left_without_an_answer() {
        let refused = EventKind::Rejected {
            index: 0,
            step: None,
            error: "bad_tag".to_owned(),
            message: String::new(),
            expected_seq: None,
            record: None,
        };
        let (sent, refused) =
            (event(Role::Client, EventKind::Sent(record(0))), event(Role::Server, refused));
        let (client_closed, server_closed) =
            (event(Role::Client, closed()), event(Role::Server, closed()));
        let (client, server) = exchange();
        let mut merge = Merge::default();
        for event in [&server[0], &server[1], &client[0], &sent, &client_closed] {
            merge.push(event.clone());
        }
        let mut told = drain(&mut merge);
        merge.push(refused.clone());
        merge.push(server_closed.clone());
        merge.end(Role::Client);
        told.extend(drain(&mut merge));
        assert_eq!(told[3..], [sent, refused, client_closed, server_closed]);
    }

    #[test]
    fn what_the_wire_saw_stands_between_who_sent_it_and_who_received_it() {
        let (client, server) = exchange();
        let record_len = PART2_HMAC.record_overhead();
        let wire: Vec<_> = [Direction::ToServer, Direction::ToClient]
            .repeat(2)
            .into_iter()
            // Each record in two pieces.
            .flat_map(|direction| [(direction, 7), (direction, record_len - 7)])
            .map(|(direction, len)| EventKind::Chunk {
                direction,
                micros: 0,
                bytes: vec![0; len].as_slice().into(),
            })
            .chain(
                [Direction::ToServer, Direction::ToClient]
                    .map(|direction| EventKind::End { direction, micros: 0 }),
            )
            .map(|kind| event(Role::Wire, kind))
            .collect();
        let order = |sources: [(&[Event], Role); 3]| {
            let mut merge = Merge::new(true);
            let mut told = vec![];
            for (events, role) in sources {
                for event in events {
                    merge.push(event.clone());
                }
                merge.end(role);
                told.extend(drain(&mut merge));
            }
            told
        };
        let (c, s, w) = ((&*client, Role::Client), (&*server, Role::Server), (&*wire, Role::Wire));
        let expected: Vec<Event> = [
            &server[..1],
            &client[..1],
            &server[1..2],
            &client[1..2],
            &wire[..2],
            &server[2..4],
            &wire[2..4],
            &client[2..4],
            &wire[4..6],
            &server[4..6],
            &wire[6..8],
            &client[4..5],
            &wire[8..],
            &client[5..],
            &server[6..],
        ]
        .concat();
        for sources in [[c, s, w], [c, w, s], [s, c, w], [s, w, c], [w, c, s], [w, s, c]] {
            assert_eq!(order(sources), expected);
        }
    }

    #[test]
    fn a_client_that_reports_nothing_has_sent_what_the_wire_and_the_server_saw() {
        let (_, server) = handshake();
        let (to_server, to_client) = (Direction::ToServer, Direction::ToClient);
        let wire: Vec<_> = [
            chunk(to_server, 40),
            chunk(to_client, 40),
            chunk(to_server, 40),
            chunk(to_client, 40),
            EventKind::End { direction: to_server, micros: 0 },
            EventKind::End { direction: to_client, micros: 0 },
        ]
        .map(|kind| at_hkdf(Role::Wire, kind))
        .into();
        let expected: Vec<Event> = [
            &server[..2],
            &wire[..1],
            &server[2..5],
            &wire[1..2],
            &server[5..7],
            &wire[2..3],
            &server[7..9],
            &wire[3..],
            &server[9..],
        ]
        .concat();
        for sources in [[&server, &wire], [&wire, &server]] {
            let mut merge = Merge::with_silent_client(true);
            let mut told = vec![];
            for event in sources.into_iter().flatten() {
                merge.push(event.clone());
                told.extend(drain(&mut merge));
            }
            merge.end(Role::Server);
            merge.end(Role::Wire);
            told.extend(drain(&mut merge));
            assert_eq!(told, expected);
        }
        let mut merge = Merge::with_silent_client(false);
        let mut told = vec![];
        for event in &server {
            merge.push(event.clone());
            told.extend(drain(&mut merge));
        }
        assert_eq!(told, server, "each at once, where nobody watches the wire");
    }
}
