//! The stages, for tests that hold at several of them. The tests of `channel` use this too.

use crypto::{Open, Seal};
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Role, STAGES, Stage};

/// The request of the articles: 61 bytes.
pub const REQUEST: &[u8; 61] =
    b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Every stage whose records the demo keys seal and open.
pub fn every_stage() -> impl Iterator<Item = &'static Stage> {
    those(|_| true)
}

/// The stages among them whose records have a field of this role.
pub fn stages_with(role: Role) -> impl Iterator<Item = &'static Stage> {
    those(move |stage| stage.has(role))
}

/// The stages among them whose records have no field of this role.
pub fn stages_without(role: Role) -> impl Iterator<Item = &'static Stage> {
    those(move |stage| !stage.has(role))
}

/// Each is printed as its turn comes, so that a failing test shows where.
fn those(wanted: impl Fn(&Stage) -> bool) -> impl Iterator<Item = &'static Stage> {
    STAGES
        .iter()
        .copied()
        .filter(move |stage| demo_keys::sealer_and_opener(stage).is_some() && wanted(stage))
        .inspect(|stage| println!("at {stage:?}"))
}

/// A fresh sealer, as at the start of a connection.
pub fn sealer(stage: &Stage) -> Box<dyn Seal + Send> {
    demo_keys::sealer_and_opener(stage).unwrap().0
}

/// A fresh opener, as at the start of a connection.
pub fn opener(stage: &Stage) -> Box<dyn Open + Send> {
    demo_keys::sealer_and_opener(stage).unwrap().1
}

#[test]
fn the_stages_of_parts_1_and_2_are_all_among_them() {
    let all = [&PART1_CTR, &PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];
    let (without_tag, with_tag) = all.split_at(1);
    let (without_seq, with_seq) = all.split_at(2);
    let has_all = |stages: Vec<&Stage>, wanted: &[&Stage]| {
        assert!(wanted.iter().all(|stage| stages.contains(stage)), "{stages:?}");
    };
    has_all(every_stage().collect(), &all);
    has_all(stages_without(Role::Tag).collect(), without_tag);
    has_all(stages_with(Role::Tag).collect(), with_tag);
    has_all(stages_without(Role::Seq).collect(), without_seq);
    has_all(stages_with(Role::Seq).collect(), with_seq);
}
