//! The attacks, one file each: what it needs to know, what it does, and the property whose absence it
//! uses.

pub mod bit_flip;
pub mod control;
pub mod cross_stage;
pub mod cut_record;
pub mod delay;
pub mod downgrade;
pub mod drop;
pub mod eavesdrop;
pub mod forge;
pub mod mix_fields;
pub mod oversize_length;
pub mod reflect;
pub mod reorder;
pub mod replay;
pub mod replay_session;
pub mod rewrite_seq;
pub mod splice;
pub mod swap_answers;
pub mod truncate;

use std::io;

use crate::Path;

/// What an attacker guesses that the first request says: requests are often alike.
pub const GUESS: &[u8; 61] = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What an attacker would rather have it say.
pub const FORGED: &[u8; 61] =
    b"GET /transfer?to=eve&amount=999 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Where the amount stands in it.
const AMOUNT: usize = "GET /transfer?to=bob&amount=".len();

/// Something that someone on the path can try.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it tries, in one line.
    pub tries: &'static str,
    /// The property whose absence it uses.
    pub property: &'static str,
    /// What closes it: one of the stages, or what none of them has.
    pub closed_by: &'static str,
    /// Does it, to the clients that come along a path.
    pub run: fn(&Path) -> io::Result<()>,
}

/// All attacks. The [`control`] is not one of them.
pub const ATTACKS: [&Attack; 18] = [
    &eavesdrop::ATTACK,
    &bit_flip::ATTACK,
    &forge::ATTACK,
    &cut_record::ATTACK,
    &mix_fields::ATTACK,
    &rewrite_seq::ATTACK,
    &replay::ATTACK,
    &reorder::ATTACK,
    &drop::ATTACK,
    &truncate::ATTACK,
    &reflect::ATTACK,
    &replay_session::ATTACK,
    &splice::ATTACK,
    &swap_answers::ATTACK,
    &cross_stage::ATTACK,
    &downgrade::ATTACK,
    &oversize_length::ATTACK,
    &delay::ATTACK,
];

impl Attack {
    /// The attack of this name, the control among them.
    pub fn find(name: &str) -> Option<&'static Attack> {
        [&control::ATTACK].into_iter().chain(ATTACKS).find(|attack| attack.name == name)
    }
}
