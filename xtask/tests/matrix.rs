//! Every cell of the table, tried on real programs, under a name of its own.

mod common;

use common::programs;
use framing::Stage;
use xtask::lab::scenario::{Known, Scenario};

fn cell(attack: &str, stage: &str, expected: Known) {
    let scenario = Scenario::find(attack).unwrap();
    let stage = Stage::find(stage).unwrap();
    assert_eq!(scenario.known_at(stage), expected, "what the table says of it");
    let (cell, _) = scenario.try_at(programs(), stage).unwrap();
    assert!(cell.is_as_known(expected), "{cell:#?}");
}

macro_rules! cells {
    ($($attack:literal: $($name:ident, $stage:literal, $expected:expr;)*)*) => { $($(
        #[test]
        fn $name() {
            #[allow(unused_imports, reason = "one of them")]
            use Known::{Refused, Succeeds};
            cell($attack, $stage, $expected);
        }
    )*)* };
}

cells! {
    "control":
        control_succeeds_against_part1_plain, "part1-plain", Succeeds;
        control_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        control_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        control_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        control_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "eavesdrop":
        eavesdrop_succeeds_against_part1_plain, "part1-plain", Succeeds;
        eavesdrop_is_refused_by_part1_ctr, "part1-ctr", Refused("encryption");
        eavesdrop_is_refused_by_part2_hmac, "part2-hmac", Refused("encryption");
        eavesdrop_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("encryption");
        eavesdrop_is_refused_by_part2_aead, "part2-aead", Refused("encryption");
    "bit-flip":
        bit_flip_succeeds_against_part1_plain, "part1-plain", Succeeds;
        bit_flip_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        bit_flip_is_refused_by_part2_hmac, "part2-hmac", Refused("bad_tag");
        bit_flip_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("bad_tag");
        bit_flip_is_refused_by_part2_aead, "part2-aead", Refused("bad_tag");
    "forge":
        forge_succeeds_against_part1_plain, "part1-plain", Succeeds;
        forge_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        forge_is_refused_by_part2_hmac, "part2-hmac", Refused("bad_tag");
        forge_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("bad_tag");
        forge_is_refused_by_part2_aead, "part2-aead", Refused("bad_tag");
    "cut-record":
        cut_record_succeeds_against_part1_plain, "part1-plain", Succeeds;
        cut_record_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        cut_record_is_refused_by_part2_hmac, "part2-hmac", Refused("too_short");
        cut_record_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("too_short");
        cut_record_is_refused_by_part2_aead, "part2-aead", Refused("bad_tag");
    "mix-fields":
        mix_fields_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        mix_fields_is_refused_by_part2_hmac, "part2-hmac", Refused("bad_tag");
        mix_fields_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("bad_tag");
        mix_fields_is_refused_by_part2_aead, "part2-aead", Refused("bad_tag");
    "rewrite-seq":
        rewrite_seq_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("bad_tag");
        rewrite_seq_is_refused_by_part2_aead, "part2-aead", Refused("bad_tag");
    "replay":
        replay_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        replay_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        replay_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("out_of_order");
        replay_is_refused_by_part2_aead, "part2-aead", Refused("out_of_order");
    "reorder":
        reorder_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        reorder_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        reorder_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("out_of_order");
        reorder_is_refused_by_part2_aead, "part2-aead", Refused("out_of_order");
    "drop":
        drop_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        drop_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        drop_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("out_of_order");
        drop_is_refused_by_part2_aead, "part2-aead", Refused("out_of_order");
    "truncate":
        truncate_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        truncate_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        truncate_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        truncate_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "reflect":
        reflect_succeeds_against_part1_plain, "part1-plain", Succeeds;
        reflect_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        reflect_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        reflect_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        reflect_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "replay-session":
        replay_session_succeeds_against_part1_plain, "part1-plain", Succeeds;
        replay_session_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        replay_session_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        replay_session_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        replay_session_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "splice":
        splice_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        splice_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        splice_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        splice_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "swap-answers":
        swap_answers_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        swap_answers_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        swap_answers_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        swap_answers_succeeds_against_part2_aead, "part2-aead", Succeeds;
    "cross-stage":
        cross_stage_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
    "downgrade":
        downgrade_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
    "oversize-length":
        oversize_length_is_refused_by_part1_ctr, "part1-ctr", Refused("too_long");
        oversize_length_is_refused_by_part2_hmac, "part2-hmac", Refused("too_long");
        oversize_length_is_refused_by_part2_hmac_seq, "part2-hmac-seq", Refused("too_long");
        oversize_length_is_refused_by_part2_aead, "part2-aead", Refused("too_long");
    "delay":
        delay_succeeds_against_part1_plain, "part1-plain", Succeeds;
        delay_succeeds_against_part1_ctr, "part1-ctr", Succeeds;
        delay_succeeds_against_part2_hmac, "part2-hmac", Succeeds;
        delay_succeeds_against_part2_hmac_seq, "part2-hmac-seq", Succeeds;
        delay_succeeds_against_part2_aead, "part2-aead", Succeeds;
}
