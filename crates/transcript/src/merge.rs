//! The events of a client and a server in one causal order.
//!
//! Each side's events arrive in their own order, the two sides' in any. What a person reads should have
//! every cause before its effect, and be the same each time. So the client goes first wherever it can:
//! the server's next event waits until the client's is known to wait for it.

use std::collections::VecDeque;

use crate::{Event, Role, What};

/// Takes events of both sides as they come, and gives them out in order.
#[derive(Debug, Default)]
pub struct Merge {
    client: Side,
    server: Side,
}

#[derive(Debug, Default)]
struct Side {
    waiting: VecDeque<Event>,
    ended: bool,
    listening: bool,
    connected: bool,
    sent: u64,
}

impl Merge {
    /// One more event of either side.
    pub fn push(&mut self, event: Event) {
        self.side(event.role).waiting.push_back(event);
    }

    /// No more events will come from this side.
    pub fn end(&mut self, role: Role) {
        self.side(role).ended = true;
    }

    /// The next event that can be told, if there is one yet.
    pub fn next_event(&mut self) -> Option<Event> {
        let (client, server) = (&self.client, &self.server);
        let client_next = client.waiting.front();
        let server_next = server.waiting.front();
        let role = if server_next.is_some_and(|e| matches!(e.what, What::Listening { .. })) {
            Role::Server
        } else if client_next.is_some_and(|event| server.allows(event)) {
            Role::Client
        } else if client_next.is_none() && !client.ended {
            return None;
        } else if server_next.is_some_and(|event| client.allows(event)) {
            Role::Server
        } else if client.ended && server.ended {
            // An effect whose cause nobody reported, such as a record made by someone on the path.
            if client_next.is_some() { Role::Client } else { Role::Server }
        } else {
            return None;
        };
        let side = self.side(role);
        let event = side.waiting.pop_front()?;
        match event.what {
            What::Listening { .. } => side.listening = true,
            What::Connected { .. } => side.connected = true,
            What::Sent(_) => side.sent += 1,
            _ => {}
        }
        Some(event)
    }

    fn side(&mut self, role: Role) -> &mut Side {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }
}

impl Side {
    /// Whether the other side's `event` can be told, after what this side has told so far.
    fn allows(&self, event: &Event) -> bool {
        let over = self.ended && self.waiting.is_empty();
        let closing =
            self.waiting.front().is_some_and(|next| matches!(next.what, What::Closed { .. }));
        over || match &event.what {
            What::Listening { .. } => true,
            What::Connected { .. } => self.listening || self.connected,
            What::Sent(_) => event.role == Role::Server || self.connected,
            What::Received(record) => self.sent > record.index,
            What::Rejected { index, .. } => self.sent > *index,
            What::Closed { .. } => closing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use framing::stage::PART2_HMAC;

    fn event(role: Role, what: What) -> Event {
        Event { role, stage: &PART2_HMAC, what }
    }

    fn record(index: u64) -> Record {
        Record::new(&PART2_HMAC, index, b"", &[0; 48])
    }

    fn closed() -> What {
        What::Closed { clean: true, records_sent: 0, records_received: 0 }
    }

    /// Two exchanges, as each side reports them.
    fn exchange() -> (Vec<Event>, Vec<Event>) {
        let addr = "127.0.0.1:9001".parse().unwrap();
        let client = [What::Connected { peer: addr }]
            .into_iter()
            .chain((0..2).flat_map(|i| [What::Sent(record(i)), What::Received(record(i))]))
            .chain([closed()])
            .map(|what| event(Role::Client, what));
        let server = [What::Listening { addr }, What::Connected { peer: addr }]
            .into_iter()
            .chain((0..2).flat_map(|i| [What::Received(record(i)), What::Sent(record(i))]))
            .chain([closed()])
            .map(|what| event(Role::Server, what));
        (client.collect(), server.collect())
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

    #[test]
    fn an_effect_without_a_reported_cause_is_told_when_both_have_ended() {
        let forged = event(Role::Server, What::Received(record(0)));
        let mut merge = Merge::default();
        merge.push(forged.clone());
        merge.end(Role::Client);
        assert_eq!(drain(&mut merge), std::slice::from_ref(&forged));

        let mut merge = Merge::default();
        merge.push(event(Role::Client, What::Received(record(0))));
        merge.push(forged);
        assert_eq!(drain(&mut merge), []);
        merge.end(Role::Client);
        merge.end(Role::Server);
        assert_eq!(drain(&mut merge).len(), 2);
    }

    #[test]
    fn the_one_that_refuses_is_told_before_the_one_left_without_an_answer() {
        let refused = What::Rejected {
            index: 0,
            error: "bad_tag".to_owned(),
            message: String::new(),
            expected_seq: None,
            record: None,
        };
        let (sent, refused) =
            (event(Role::Client, What::Sent(record(0))), event(Role::Server, refused));
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
}
