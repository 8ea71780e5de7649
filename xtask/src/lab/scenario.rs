//! The cast of each attack, and its condition of success.

use attacker::Attack;
use attacker::attacks::{self, FORGED, downgrade_choice, flipped_handshake, weak_keys};
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, PART3_HKDF, PART4_CERT, Stage};
use transcript::{Hex, Record, Way};

use super::victims::{Played, Victim};

/// One attack with its victims.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The attack.
    pub attack: &'static Attack,
    /// The requests of each client.
    pub clients: &'static [&'static [&'static str]],
    /// The name that they want, if it is not the server's.
    pub wanted: Option<&'static str>,
    /// How many of the clients, the last ones, the attacker leads to no server.
    pub unserved: usize,
    /// Connections that the attacker makes in addition.
    pub own_connections: usize,
    /// Whether the attacker has the server's identity key.
    pub is_key_stolen: bool,
    /// The program by which the attacker speaks TLS, where it has to.
    pub speaks: Option<Speaks>,
    /// The stages of the client and the server, for a column of the table.
    pub stages: fn(&'static Stage) -> (&'static Stage, &'static Stage),
    /// Whether the victims acted as the attacker wished, according to their own reports.
    pub succeeded: fn(&Played) -> bool,
    /// The meaning of a success, in one line.
    pub means: &'static str,
    /// The reason for a success.
    pub because: &'static str,
    /// Whether it did no harm, although nobody refused anything.
    pub is_unharmed: fn(&Played) -> bool,
    /// What keeps it from succeeding where it did no harm, and the finding.
    pub unharmed: (&'static str, &'static str),
}

/// How an attacker speaks TLS: by a program, as anyone can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// To the server, as any client.
    AsClient,
    /// To both: as a server with these certificates, which signs with the key of those.
    AsBoth {
        /// Whose certificates it shows.
        shown: &'static str,
        /// Whose key it has.
        own: &'static str,
    },
}

pub(crate) const BOB: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
pub(crate) const CAROL: &str =
    "GET /transfer?to=carol&amount=20 HTTP/1.1\r\nHost: localhost\r\n\r\n";
pub(crate) const DAVE: &str = "GET /transfer?to=dave&amount=3 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const ERIN: &str = "GET /transfer?to=erin&amount=4 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Defaults of most scenarios.
pub(crate) const BASE: Scenario = Scenario {
    attack: &attacks::control::ATTACK,
    clients: &[&[BOB]],
    wanted: None,
    unserved: 0,
    own_connections: 0,
    is_key_stolen: false,
    speaks: None,
    stages: |stage| (stage, stage),
    succeeded: Played::ended_well,
    means: "",
    because: "",
    is_unharmed: Played::went_through_unchanged,
    unharmed: ("encryption", "the exchange went through, and no such text passed by on the wire"),
};

/// All scenarios: the control, then the attacks in their order.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        attack: &attacks::control::ATTACK,
        means: "both sides ended well",
        because: "nothing was changed, and nothing went wrong: the lab itself does no harm, so \
                  its verdicts on the attacks can be believed",
        succeeded: |played| {
            let asked = played.server.plaintexts() == [BOB.as_bytes()];
            let agreed = played.clients[0].fingerprints() == played.server.fingerprints();
            played.ended_well() && agreed && asked == played.server.has_data()
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::eavesdrop::ATTACK,
        means: "the attacker read what the client sent",
        because: "the text travels as it is, and anyone who carries it can read it",
        succeeded: |played| {
            let learned = played.log.learned();
            let sent = &played.clients[0].sent()[0].plaintext;
            !learned.is_empty() && sent.windows(learned.len()).any(|part| part == learned)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::bit_flip::ATTACK,
        means: "the transfer of 900 went through",
        because: "no check tells changed bytes from genuine ones. Encryption with a keystream is \
                  no help: a bit flipped in the ciphertext is the same bit flipped in the \
                  plaintext",
        succeeded: |played| played.server.plaintexts() == [BOB.replace("100", "900").as_bytes()],
        ..BASE
    },
    Scenario {
        attack: &attacks::forge::ATTACK,
        means: "a transfer of 999 to eve went through",
        because: "no check tells who made a message. Encryption with a keystream is no help: \
                  ciphertext xor the guessed text is the keystream, and that encrypts any text \
                  of that length",
        succeeded: |played| played.server.plaintexts() == [FORGED],
        ..BASE
    },
    Scenario {
        attack: &attacks::cut_record::ATTACK,
        means: "a transfer of 1 went through",
        because: "no check tells a whole message from a part of one, and the length in front can \
                  be made to fit",
        succeeded: |played| {
            let received = played.server.plaintexts();
            let text = received.first().map(|text| text.trim_ascii_end());
            text == Some(b"GET /transfer?to=bob&amount=1")
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::mix_fields::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the server took garbage for requests",
        because: "no check ties the fields of a record to each other. The wrong nonce makes the \
                  wrong keystream, and whatever that decrypts to is accepted",
        succeeded: |played| {
            let received = played.server.plaintexts();
            received.len() == 2 && received[0] != BOB.as_bytes() && received[1] != CAROL.as_bytes()
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::rewrite_seq::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the second transfer was made first",
        because: "the record that comes first is genuine, and nothing in it says that it was \
                  sent second",
        succeeded: |played| played.server.plaintexts() == [CAROL.as_bytes(), BOB.as_bytes()],
        ..BASE
    },
    Scenario {
        attack: &attacks::replay::ATTACK,
        means: "the transfer was made twice",
        because: "the copy is as genuine as the record was, and nothing in it says that it came \
                  before",
        succeeded: |played| played.server.plaintexts() == [BOB.as_bytes(); 2],
        ..BASE
    },
    Scenario {
        attack: &attacks::reorder::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the second transfer was made first",
        because: "the record that comes first is genuine, and nothing in it says that it was \
                  sent second",
        succeeded: |played| played.server.plaintexts() == [CAROL.as_bytes(), BOB.as_bytes()],
        ..BASE
    },
    Scenario {
        attack: &attacks::drop::ATTACK,
        clients: &[&[BOB, CAROL, DAVE]],
        means: "the second of three transfers was never made, and the server ended well",
        because: "the records that come are genuine, and nothing in the third says that there \
                  was a second",
        succeeded: |played| {
            played.server.plaintexts() == [BOB.as_bytes(), DAVE.as_bytes()]
                && played.server.code == Some(0)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::mitm::ATTACK,
        means: "client and server each agreed on a secret with the attacker, and take it for each \
                other's",
        because: "the mathematics is right, the person is wrong: nothing in a handshake tells whose \
                  public value it is. The two fingerprints differ, but nobody compares them. Where data \
                  follows, its tags are valid, for the attacker has the keys to make them",
        succeeded: is_between,
        ..BASE
    },
    Scenario {
        attack: &attacks::stolen_chain::ATTACK,
        speaks: Some(Speaks::AsBoth { shown: "server", own: "eve" }),
        succeeded: is_between,
        ..BASE
    },
    Scenario {
        attack: &attacks::own_chain::ATTACK,
        speaks: Some(Speaks::AsBoth { shown: "eve", own: "eve" }),
        succeeded: is_between,
        ..BASE
    },
    Scenario {
        attack: &attacks::unknown_key_share::ATTACK,
        wanted: Some("eve.example"),
        means: "the server made a transfer that the client asked eve.example for: they share a secret, and do not \
                agree on who they are",
        because: "every check is right. The client wants eve.example, whose certificate is good, and whose key has signed \
                  both X25519 keys. One of them is the server's, but anyone may sign it, without its private half. So \
                  the client shares a secret with localhost and takes it for eve.example, and localhost makes a \
                  transfer for a client that never asked it for one. The attacker has no part in the secret and read \
                  nothing. The certificate is not under the signature; and if it were, eve.example would sign its own. \
                  What is missing is a confirmation, under the new keys, that both saw the same: in TLS 1.3 the keys \
                  and Finished depend on all that was said, the certificate included, and the client would refuse \
                  the server's Finished",
        succeeded: |played| {
            let [client, server] = [&played.clients[0], &played.server];
            let held = client.fingerprints();
            played.ended_well()
                && held == server.fingerprints()
                && played.log.fingerprints().is_empty()
                && server.plaintexts() == [BOB.as_bytes()]
                && client.proofs(Way::Received) != server.proofs(Way::Sent)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::certificate_swap::ATTACK,
        means: "the client relied on a certificate that the server has not sent",
        because: "the signature is by the key that both certificates name, and covers two X25519 keys and nothing \
                  else: it fits with either. What else a certificate says, such as how long it is good and for which \
                  names, is thus not what the server said of itself",
        succeeded: |played| {
            let [client, server] = [&played.clients[0], &played.server];
            played.ended_well()
                && client.fingerprints() == server.fingerprints()
                && server.plaintexts() == [BOB.as_bytes()]
                && client.proofs(Way::Received) != server.proofs(Way::Sent)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::stolen_key::ATTACK,
        is_key_stolen: true,
        speaks: Some(Speaks::AsBoth { shown: "server", own: "server" }),
        means: "the client took the attacker for the server, and the attacker read and changed all that was said",
        because: "a signature says who has the key, and the attacker has it: nothing tells it from the server. It is \
                  so until the certificate ends. What was recorded before stays closed, as leak-later shows",
        succeeded: is_between,
        ..BASE
    },
    Scenario {
        attack: &attacks::truncate::ATTACK,
        clients: &[&[BOB, CAROL]],
        means: "the server took half the conversation for all of it",
        because: "each record is protected, but their end is not: anyone on the path can close a \
                  TCP connection, and no record says that it was the last",
        succeeded: |played| {
            played.server.plaintexts() == [BOB.as_bytes()] && played.server.code == Some(0)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::reflect::ATTACK,
        means: "the client took its own request for the answer",
        because: "both directions use the same keys and count from the same number, so a record \
                  that the client made fits where an answer is due",
        succeeded: |played| {
            played.clients[0].plaintexts() == [BOB.as_bytes()] && played.clients[0].code == Some(0)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::replay_session::ATTACK,
        own_connections: 1,
        speaks: Some(Speaks::AsClient),
        means: "the transfer was made again, in a connection that no client opened",
        because: "every connection uses the same keys and counts from the same number, so a \
                  record of one fits into any other",
        succeeded: |played| played.server.plaintexts() == [BOB.as_bytes(); 2],
        ..BASE
    },
    Scenario {
        attack: &attacks::splice::ATTACK,
        clients: &[&[BOB, CAROL], &[DAVE, ERIN]],
        means: "the server took records of two clients for one conversation",
        because: "every connection uses the same keys and counts from the same number, so a \
                  record of one fits into the same place of another",
        succeeded: |played| {
            played.server.plaintexts() == [BOB, CAROL, BOB, ERIN].map(str::as_bytes)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::swap_answers::ATTACK,
        clients: &[&[BOB], &[CAROL]],
        means: "each client took the other's answer for its own",
        because: "both connections use the same keys and count from the same number, and nothing \
                  ties an answer to its request",
        succeeded: |played| {
            let answers = payloads(&played.server.sent());
            let [one, other] = [0, 1].map(|client| payloads(&played.clients[client].received()));
            played.ended_well() && [other, one].concat() == answers
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::cross_stage::ATTACK,
        stages: |stage| {
            if stage.handshake.is_empty() {
                (&PART2_HMAC_SEQ, &PART2_HMAC)
            } else if stage.has_types() {
                (&PART4_CERT, stage)
            } else if stage.has_certificates() {
                (&PART3_HKDF, stage)
            } else {
                (&PART2_AEAD, stage)
            }
        },
        means: "the server acted on 8 bytes of nonsense and a garbled request",
        because: "both stages use the same keys and authenticate the same bytes, and no byte \
                  under the tag says which stage made it. The server takes the number and half \
                  the nonce for the nonce, so it decrypts with the wrong keystream",
        succeeded: |played| {
            played.server.received().first().is_some_and(|record| record.plaintext.len() == 61 + 8)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::downgrade::ATTACK,
        stages: |stage| {
            if stage.has_types() {
                (stage, stage)
            } else if stage.has_certificates() {
                (stage, &PART3_HKDF)
            } else {
                (&PART2_HMAC, &PART1_CTR)
            }
        },
        means: "the server acted on a request whose protection was taken off",
        because: "both stages encrypt alike and with the same key, so what is left without the \
                  tag is a record of the weaker stage",
        succeeded: |played| played.server.plaintexts() == [BOB.as_bytes()],
        is_unharmed: |played| {
            let client = &played.clients[0];
            client.code != Some(0) && client.fingerprints().is_empty() && client.sent().is_empty()
        },
        unharmed: (
            "no_server_auth",
            "the client waited for the server to say who it is, agreed on nothing and sent no byte of data",
        ),
        ..BASE
    },
    Scenario {
        attack: &attacks::downgrade_choice::ATTACK,
        clients: &[&[BOB] as &[_]; downgrade_choice::TRIED],
        means: "the two sides agreed on less than both can do",
        because: "nothing that comes later depends on what was offered",
        succeeded: |played| played.clients.iter().any(|client| !client.received().is_empty()),
        ..BASE
    },
    Scenario {
        attack: &attacks::oversize_length::ATTACK,
        means: "the server did not refuse the length, but waited for 4 GiB",
        because: "the length was believed before anything could be authenticated",
        succeeded: |played| played.server.refusal().is_none(),
        ..BASE
    },
    Scenario {
        attack: &attacks::delay::ATTACK,
        means: "the request was acted on late, and the attacker knows how long it is",
        because: "a record hides what is said, but neither how much nor when. Nobody can tell an \
                  attacker from a slow network",
        succeeded: |played| {
            let sent = played.clients[0].sent();
            let record = sent[0];
            let header = played.clients[0].events[0].stage.header();
            let len = header.len() + record.record.len();
            played.ended_well() && played.log.learned() == format!("{len} bytes").as_bytes()
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::traffic_lengths::ATTACK,
        clients: &[&[CAROL]],
        means: "the attacker knows which of two requests was sent, and has read no byte of it",
        because: "a record is as long as its text and some bytes more, the same number each time. TLS 1.3 can pad \
                  records, and its library here does so if it is told how far; its programs are told nothing",
        succeeded: |played| {
            let learned = played.log.learned();
            played.ended_well() && !learned.is_empty() && CAROL.as_bytes().starts_with(&learned)
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::read_name::ATTACK,
        means: "the attacker knows which server the client wants",
        because: "the name is said before there is a key to encrypt it: at part 4 by the server's certificate, at TLS \
                  by the client, so that a server of several names knows which certificate to show",
        succeeded: |played| played.ended_well() && played.log.learned() == b"localhost",
        ..BASE
    },
    Scenario {
        attack: &attacks::leak_later::ATTACK,
        means: "a recording was opened when everyone was gone",
        because: "the key is the same for ever, so whoever gets it at last opens all that was ever recorded",
        succeeded: |played| played.ended_well() && played.log.learned() == BOB.as_bytes(),
        unharmed: (
            "fresh_keys",
            "the exchange went through, and no key that leaked opens any of it: its keys were made for the \
             connection, and forgotten",
        ),
        ..BASE
    },
    Scenario {
        attack: &attacks::weak_keys::ATTACK,
        clients: &[&[BOB] as &[_]; weak_keys::TRIED],
        means: "a side holds a secret that anyone can compute",
        because: "the public value was taken as it came, and the secret is the same whatever the own key is",
        succeeded: |played| {
            let weak = played.log.fingerprints();
            let all = [&played.server].into_iter().chain(&played.clients);
            all.flat_map(Victim::fingerprints).any(|held| weak.contains(&held))
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::weak_group::ATTACK,
        means: "the server holds a secret that is found by counting",
        because: "the server calculated in the group that it was sent",
        succeeded: |played| {
            let known = played.log.fingerprints();
            played.server.fingerprints().iter().any(|held| known.contains(held))
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::altered_handshake::ATTACK,
        means: "every message of the handshake was changed, and nobody noticed",
        because: "a receiver skips fields that it does not know, and nothing that comes later covers what was said \
                  here: neither the secret nor a key nor a tag depends on it",
        succeeded: |played| {
            let [client, server] = [&played.clients[0], &played.server];
            let all_changed = |from: &Victim, to: &Victim| {
                let (sent, got) = (from.hellos(Way::Sent), to.hellos(Way::Received));
                !sent.is_empty()
                    && got.len() == sent.len()
                    && sent.iter().zip(&got).all(|(sent, got)| sent != got)
            };
            let asked = played.server.plaintexts() == [BOB.as_bytes()];
            played.ended_well()
                && all_changed(client, server)
                && all_changed(server, client)
                && client.fingerprints() == server.fingerprints()
                && asked == played.server.has_data()
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::flipped_handshake::ATTACK,
        clients: &[&[BOB] as &[_]; flipped_handshake::TRIED],
        means: "a message of the handshake was changed, and nobody noticed",
        because: "nothing covers the message that was changed",
        succeeded: |played| played.clients.iter().any(|client| !client.received().is_empty()),
        ..BASE
    },
    Scenario {
        attack: &attacks::replay_handshake::ATTACK,
        own_connections: 1,
        means: "the server agreed on a secret with a recording",
        because: "the server asks for no proof that its peer has the private key: the public one is enough",
        succeeded: |played| {
            let asked = played.server.plaintexts() == [BOB.as_bytes(); 2];
            played.ended_well()
                && played.server.fingerprints().len() == 2
                && asked == played.server.has_data()
        },
        ..BASE
    },
    Scenario {
        attack: &attacks::replay_server::ATTACK,
        clients: &[&[BOB], &[BOB]],
        unserved: 1,
        means: "the client agreed on a secret with a recording",
        because: "the client asks for no proof that its peer has the private key: the public one is enough",
        succeeded: |played| {
            let [first, second] = &played.clients[..] else { return false };
            let held = second.fingerprints();
            let got_answers = second.plaintexts() == first.plaintexts();
            played.ended_well()
                && held.len() == 1
                && held != played.server.fingerprints()
                && got_answers
        },
        ..BASE
    },
];

/// Whether the attacker holds both sides' secrets, and each side has what the attacker made of the other's words.
fn is_between(played: &Played) -> bool {
    let client = played.clients[0].fingerprints();
    let server = played.server.fingerprints();
    let knows_both = played.log.fingerprints() == [client.clone(), server.clone()].concat();
    let [asked, answered] = [played.server.plaintexts(), played.clients[0].plaintexts()];
    let changed = asked == [BOB.replace("100", "900").as_bytes()]
        && answered.iter().any(|text| text.ends_with(b"hello, victim"));
    played.ended_well() && client != server && knows_both && changed == played.server.has_data()
}

impl Scenario {
    /// The scenario of the attack of this name.
    pub fn find(name: &str) -> Option<&'static Scenario> {
        SCENARIOS.iter().find(|scenario| scenario.attack.name == name)
    }

    /// Connections that the server is to serve.
    pub fn connections(&self) -> usize {
        self.clients.len() - self.unserved + self.own_connections
    }
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
        let attacks: Vec<_> = attacks::ATTACKS.iter().map(|attack| attack.name).collect();
        assert_eq!(played, attacks);
        assert_eq!(BOB.as_bytes(), attacks::GUESS);
        assert_eq!(CAROL.as_bytes(), attacks::traffic_lengths::OTHER);
    }
}
