//! The attacks, one file each: what it needs to know, what it does, and the property whose absence it
//! uses.

pub mod altered_handshake;
pub mod bit_flip;
pub mod certificate_swap;
pub mod control;
pub mod cross_stage;
pub mod cut_record;
pub mod delay;
pub mod downgrade;
pub mod downgrade_choice;
pub mod drop;
pub mod eavesdrop;
pub mod flipped_handshake;
pub mod forge;
pub mod leak_later;
pub mod mitm;
pub mod mix_fields;
pub mod oversize_length;
pub mod own_chain;
pub mod read_name;
pub mod reflect;
pub mod reorder;
pub mod replay;
pub mod replay_handshake;
pub mod replay_server;
pub mod replay_session;
pub mod rewrite_seq;
pub mod splice;
pub mod stolen_chain;
pub mod stolen_key;
pub mod swap_answers;
pub mod traffic_lengths;
pub mod truncate;
pub mod unknown_key_share;
pub mod weak_group;
pub mod weak_keys;

use std::io;

use stages::Stage;

use crate::Path;

/// The attacker's guess at the first request: requests are often alike.
pub const GUESS: &[u8; 61] = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The request that the attacker puts in its place.
pub const FORGED: &[u8; 61] =
    b"GET /transfer?to=eve&amount=999 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Offset of the amount in it.
const AMOUNT: usize = "GET /transfer?to=bob&amount=".len();

/// Something that someone on the path can try.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its aim, in one line.
    pub tries: &'static str,
    /// The property whose absence it uses.
    pub property: &'static str,
    /// The stage that closes it, or the missing property that would.
    pub closed_by: &'static str,
    /// The stages at which its outcome changes, in their order; a later stage inherits it. An attack that names no
    /// stage without data takes data, and has nothing to try at such a stage.
    pub outcomes: &'static [(&'static Stage, Outcome)],
    /// Runs it against the clients that come along a path.
    pub run: fn(&Path) -> io::Result<()>,
}

/// The outcome of an attack at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeds.
    Succeeds,
    /// It is refused by this check.
    Refused(&'static str),
    /// There is nothing to try, and why.
    NotApplicable(&'static str),
}

const ONE_MESSAGE: Outcome =
    Outcome::NotApplicable("the plain stage has one message per connection");
const NO_RECORDS: Outcome = Outcome::NotApplicable("the plain stage has no records");
const NO_HANDSHAKE: Outcome =
    Outcome::NotApplicable("there is no handshake: both sides have their keys beforehand");
const NO_CERTIFICATES: Outcome =
    Outcome::NotApplicable("nobody says who it is: no certificate travels at this stage");
const NO_DATA: Outcome = Outcome::NotApplicable("no data travels at this stage");
const NO_SEQ: Outcome = Outcome::NotApplicable("there is no sequence number to rewrite");

/// All attacks. The [`control`] is not one of them.
pub const ATTACKS: &[&Attack] = &[
    &eavesdrop::ATTACK,
    &bit_flip::ATTACK,
    &forge::ATTACK,
    &cut_record::ATTACK,
    &mix_fields::ATTACK,
    &rewrite_seq::ATTACK,
    &replay::ATTACK,
    &reorder::ATTACK,
    &drop::ATTACK,
    &mitm::ATTACK,
    &stolen_chain::ATTACK,
    &own_chain::ATTACK,
    &unknown_key_share::ATTACK,
    &certificate_swap::ATTACK,
    &stolen_key::ATTACK,
    &truncate::ATTACK,
    &reflect::ATTACK,
    &replay_session::ATTACK,
    &splice::ATTACK,
    &swap_answers::ATTACK,
    &cross_stage::ATTACK,
    &downgrade::ATTACK,
    &downgrade_choice::ATTACK,
    &oversize_length::ATTACK,
    &delay::ATTACK,
    &traffic_lengths::ATTACK,
    &read_name::ATTACK,
    &leak_later::ATTACK,
    &weak_keys::ATTACK,
    &weak_group::ATTACK,
    &altered_handshake::ATTACK,
    &flipped_handshake::ATTACK,
    &replay_handshake::ATTACK,
    &replay_server::ATTACK,
];

impl Attack {
    /// Finds the attack of this name, the control included.
    pub fn find(name: &str) -> Option<&'static Attack> {
        [&control::ATTACK].iter().chain(ATTACKS).copied().find(|attack| attack.name == name)
    }

    /// Returns its known outcome at `stage`: the one listed for that stage, or else for the nearest
    /// one before.
    pub fn outcome_at(&self, stage: &Stage) -> Outcome {
        let takes_data = self.outcomes.iter().all(|(changed, _)| changed.has_data());
        if takes_data && !stage.has_data() {
            return NO_DATA;
        }
        let reached = |(changed, _): &&(&Stage, Outcome)| changed.position() <= stage.position();
        self.outcomes.iter().rfind(reached).map_or(Outcome::Succeeds, |(_, outcome)| *outcome)
    }
}
