//! Who takes part in each attack, when it counts as a success, and what is known to come of it.

use attacker::Attack;
use attacker::attacks::{self, FORGED};
use framing::stage::{PART1_CTR, PART2_HMAC, PART2_HMAC_SEQ};
use framing::{LENGTH_LEN, Stage};
use transcript::{Hex, Record};

use crate::lab::play::{Played, Victim};

/// One attack with its victims.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The attack.
    pub attack: &'static Attack,
    /// The requests of each client.
    pub clients: &'static [&'static [&'static str]],
    /// Connections that the attacker makes beside theirs.
    pub own_connections: usize,
    /// At which stages the client and the server are, for a column of the table.
    pub client_stage: fn(&'static Stage) -> (&'static Stage, &'static Stage),
    /// Whether the victims acted as the attacker wished, by their own account.
    pub succeeded: fn(&Played) -> bool,
    /// What a success means, in one line.
    pub means: &'static str,
    /// What is known to come of it, stage by stage.
    pub known: [Known; 5],
}

/// What is known to come of an attack at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It succeeds.
    Succeeds,
    /// It is refused by this check.
    Refused(&'static str),
    /// There is nothing to try, and why.
    NotApplicable(&'static str),
}

use Known::{NotApplicable, Refused, Succeeds};

pub(crate) const BOB: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
pub(crate) const CAROL: &str =
    "GET /transfer?to=carol&amount=20 HTTP/1.1\r\nHost: localhost\r\n\r\n";
pub(crate) const DAVE: &str = "GET /transfer?to=dave&amount=3 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const ERIN: &str = "GET /transfer?to=erin&amount=4 HTTP/1.1\r\nHost: localhost\r\n\r\n";

const ONE_RECORD: Known = NotApplicable("the plain stage has one message a connection");
const NO_RECORDS: Known = NotApplicable("the plain stage has no records");
const NO_SEQ: Known = NotApplicable("there is no sequence number to rewrite");
const ENCRYPTION: Known = Refused("encryption");
const TOO_LONG: Known = Refused("too_long");
const TOO_SHORT: Known = Refused("too_short");
const BAD_TAG: Known = Refused("bad_tag");
const OUT_OF_ORDER: Known = Refused("out_of_order");

const HMAC_SERVER: Known = NotApplicable("it leads a hmac-seq client to a hmac server: part2-hmac");
const CTR_SERVER: Known = NotApplicable("it leads a hmac client to a ctr server: part1-ctr");

/// What most scenarios have in common.
pub(crate) const BASE: Scenario = Scenario {
    attack: &attacks::control::ATTACK,
    clients: &[&[BOB]],
    own_connections: 0,
    client_stage: |stage| (stage, stage),
    succeeded: Played::ended_well,
    means: "",
    known: [Succeeds; 5],
};

/// All scenarios: the control, then the attacks in their order.
pub const SCENARIOS: [Scenario; 19] = [
    Scenario {
        attack: &attacks::control::ATTACK,
        means: "both sides ended well",
        succeeded: |played| played.ended_well() && plaintexts(&played.server) == [BOB.as_bytes()],
        ..BASE
    },
    Scenario {
        attack: &attacks::eavesdrop::ATTACK,
        means: "the attacker read what the client sent",
        succeeded: |played| {
            let learnt = &played.notes.learnt;
            let sent = &played.clients[0].sent()[0].plaintext;
            !learnt.is_empty() && sent.windows(learnt.len()).any(|part| part == learnt)
        },
        known: [Succeeds, ENCRYPTION, ENCRYPTION, ENCRYPTION, ENCRYPTION],
        ..BASE
    },
    Scenario {
        attack: &attacks::bit_flip::ATTACK,
        means: "the transfer of 900 went through",
        succeeded: |played| plaintexts(&played.server) == [BOB.replace("100", "900").as_bytes()],
        known: [Succeeds, Succeeds, BAD_TAG, BAD_TAG, BAD_TAG],
        ..BASE
    },
    Scenario {
        attack: &attacks::forge::ATTACK,
        means: "a transfer of 999 to eve went through",
        succeeded: |played| plaintexts(&played.server) == [FORGED],
        known: [Succeeds, Succeeds, BAD_TAG, BAD_TAG, BAD_TAG],
        ..BASE
    },
    Scenario {
        attack: &attacks::cut_record::ATTACK,
        means: "a transfer of 1 went through",
        succeeded: |played| {
            let received = plaintexts(&played.server);
            let text = received.first().map(|text| text.trim_ascii_end());
            text == Some(b"GET /transfer?to=bob&amount=1")
        },
        // What is left is shorter than the fields of the HMAC stages.
        known: [Succeeds, Succeeds, TOO_SHORT, TOO_SHORT, BAD_TAG],
        ..BASE
    },
    Scenario {
        attack: &attacks::mix_fields::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the server took garbage for requests",
        succeeded: |played| {
            let received = plaintexts(&played.server);
            received.len() == 2 && received[0] != BOB.as_bytes() && received[1] != CAROL.as_bytes()
        },
        known: [NO_RECORDS, Succeeds, BAD_TAG, BAD_TAG, BAD_TAG],
        ..BASE
    },
    Scenario {
        attack: &attacks::rewrite_seq::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the second transfer was made first",
        succeeded: |played| plaintexts(&played.server) == [CAROL.as_bytes(), BOB.as_bytes()],
        known: [NO_RECORDS, NO_SEQ, NO_SEQ, BAD_TAG, BAD_TAG],
        ..BASE
    },
    Scenario {
        attack: &attacks::replay::ATTACK,
        means: "the transfer was made twice",
        succeeded: |played| plaintexts(&played.server) == [BOB.as_bytes(); 2],
        known: [ONE_RECORD, Succeeds, Succeeds, OUT_OF_ORDER, OUT_OF_ORDER],
        ..BASE
    },
    Scenario {
        attack: &attacks::reorder::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the second transfer was made first",
        succeeded: |played| plaintexts(&played.server) == [CAROL.as_bytes(), BOB.as_bytes()],
        known: [ONE_RECORD, Succeeds, Succeeds, OUT_OF_ORDER, OUT_OF_ORDER],
        ..BASE
    },
    Scenario {
        attack: &attacks::drop::ATTACK,
        clients: &[&[BOB, CAROL, DAVE]],
        means: "the second of three transfers was never made, and the server ended well",
        succeeded: |played| {
            plaintexts(&played.server) == [BOB.as_bytes(), DAVE.as_bytes()]
                && played.server.code == Some(0)
        },
        known: [ONE_RECORD, Succeeds, Succeeds, OUT_OF_ORDER, OUT_OF_ORDER],
        ..BASE
    },
    Scenario {
        attack: &attacks::truncate::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the server took half the conversation for all of it",
        succeeded: |played| {
            plaintexts(&played.server) == [BOB.as_bytes()] && played.server.code == Some(0)
        },
        known: [ONE_RECORD, Succeeds, Succeeds, Succeeds, Succeeds],
        ..BASE
    },
    Scenario {
        attack: &attacks::reflect::ATTACK,
        means: "the client took its own request for the answer",
        succeeded: |played| {
            plaintexts(&played.clients[0]) == [BOB.as_bytes()] && played.clients[0].code == Some(0)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::replay_session::ATTACK,
        own_connections: 1,
        means: "the transfer was made again, in a connection that no client opened",
        succeeded: |played| plaintexts(&played.server) == [BOB.as_bytes(); 2],
        ..BASE
    },
    Scenario {
        attack: &attacks::splice::ATTACK,
        clients: &[&[BOB, CAROL], &[DAVE, ERIN]],
        means: "the server took records of two clients for one conversation",
        succeeded: |played| {
            plaintexts(&played.server) == [BOB, CAROL, BOB, ERIN].map(str::as_bytes)
        },
        known: [ONE_RECORD, Succeeds, Succeeds, Succeeds, Succeeds],
        ..BASE
    },
    Scenario {
        attack: &attacks::swap_answers::ATTACK,
        clients: &[&[BOB], &[CAROL]],
        means: "each client took the other's answer for its own",
        succeeded: |played| {
            let answers = payloads(&played.server.sent());
            let [one, other] = [0, 1].map(|client| payloads(&played.clients[client].received()));
            played.ended_well() && [other, one].concat() == answers
        },
        known: [
            NotApplicable("the plain stage has nothing that could tie an answer to a connection"),
            Succeeds,
            Succeeds,
            Succeeds,
            Succeeds,
        ],
        ..BASE
    },
    Scenario {
        attack: &attacks::cross_stage::ATTACK,
        client_stage: |_| (&PART2_HMAC_SEQ, &PART2_HMAC),
        means: "the server acted on 8 bytes of nonsense and a garbled request",
        succeeded: |played| {
            played.server.received().first().is_some_and(|record| record.plaintext.len() == 61 + 8)
        },
        known: [HMAC_SERVER, HMAC_SERVER, Succeeds, HMAC_SERVER, HMAC_SERVER],
        ..BASE
    },
    Scenario {
        attack: &attacks::downgrade::ATTACK,
        client_stage: |_| (&PART2_HMAC, &PART1_CTR),
        means: "the server acted on a request whose protection was taken off",
        succeeded: |played| plaintexts(&played.server) == [BOB.as_bytes()],
        known: [CTR_SERVER, Succeeds, CTR_SERVER, CTR_SERVER, CTR_SERVER],
        ..BASE
    },
    Scenario {
        attack: &attacks::oversize_length::ATTACK,
        means: "the server did not refuse the length, but waited for 4 GiB",
        succeeded: |played| played.server.refusal().is_none_or(|(check, _)| check != "too_long"),
        known: [NO_RECORDS, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG],
        ..BASE
    },
    Scenario {
        attack: &attacks::delay::ATTACK,
        means: "the request was acted on late, and the attacker knows how long it is",
        succeeded: |played| {
            let sent = played.clients[0].sent();
            let record = sent[0];
            let length = if record.record == record.plaintext { 0 } else { LENGTH_LEN };
            let len = length + record.record.len();
            played.ended_well() && played.notes.learnt == len.to_be_bytes()
        },
        ..BASE
    },
];

impl Scenario {
    /// The scenario of the attack of this name.
    pub fn find(name: &str) -> Option<&'static Scenario> {
        SCENARIOS.iter().find(|scenario| scenario.attack.name == name)
    }

    /// Connections that the server is to serve.
    pub fn connections(&self) -> usize {
        self.clients.len() + self.own_connections
    }
}

pub(crate) fn plaintexts(victim: &Victim) -> Vec<&[u8]> {
    victim.received().into_iter().map(|record| &*record.plaintext).collect()
}

fn payloads(records: &[&Record]) -> Vec<Hex> {
    records.iter().map(|record| record.record.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_has_a_scenario_and_the_attackers_guess_is_right() {
        let played: Vec<_> = SCENARIOS[1..].iter().map(|scenario| scenario.attack.name).collect();
        assert_eq!(played, attacks::ATTACKS.map(|attack| attack.name));
        assert_eq!(BOB.as_bytes(), attacks::GUESS);
    }
}
