//! The table of stages says what the articles do, and its cuts tile every payload.

use framing::stage::{PART1_CTR, Part, STAGES};
use framing::{Direction, Limits, Stage};

#[test]
fn names_ports_and_overheads_are_those_of_the_articles() {
    let table = STAGES.map(|stage| (stage.name, stage.port, stage.has_records, stage.overhead()));
    assert_eq!(
        table,
        [
            ("part1-plain", 8081, false, 0),
            ("part1-ctr", 8081, true, 16),
            ("part2-hmac", 9001, true, 48),
            ("part2-hmac-seq", 9003, true, 56),
            ("part2-aead", 9002, true, 36),
        ]
    );
}

#[test]
fn fields_are_those_of_the_articles_in_their_order() {
    let cut = |stage: &Stage| {
        let payload = vec![0; stage.overhead() + 61];
        let parts = stage.split(&payload).unwrap();
        parts.iter().map(|part| (part.name, part.offset, part.bytes.len())).collect::<Vec<_>>()
    };
    let expected: [&[_]; 5] = [
        &[("plaintext", 0, 61)],
        &[("nonce", 0, 16), ("ciphertext", 16, 61)],
        &[("nonce", 0, 16), ("ciphertext", 16, 61), ("tag", 77, 32)],
        &[("seq", 0, 8), ("nonce", 8, 16), ("ciphertext", 24, 61), ("tag", 85, 32)],
        &[("seq", 0, 8), ("nonce", 8, 12), ("ciphertext", 20, 61), ("tag", 81, 16)],
    ];
    assert_eq!(STAGES.map(cut), expected);
}

#[test]
fn a_cut_tiles_every_payload_from_0_to_2000_bytes_and_fails_exactly_below_the_overhead() {
    let payload: Vec<u8> = (0..=250).cycle().take(2_000).collect();
    for stage in STAGES {
        for len in 0..=payload.len() {
            let parts = stage.split(&payload[..len]);
            assert_eq!(parts.is_some(), len >= stage.overhead(), "{} of {len}", stage.name);
            let mut tiled = Vec::new();
            for Part { offset, bytes, .. } in parts.into_iter().flatten() {
                assert_eq!(offset, tiled.len());
                tiled.extend_from_slice(bytes);
            }
            assert!(tiled.is_empty() || tiled == payload[..len], "{} of {len}", stage.name);
        }
    }
}

#[test]
fn a_stage_is_found_by_its_whole_name_only() {
    for stage in STAGES {
        assert_eq!(Stage::find(stage.name), Some(stage));
    }
    for name in ["", "part2", "hmac", "part2-hmac-", "PART2-HMAC", "part3-handshake"] {
        assert_eq!(Stage::find(name), None, "{name}");
    }
}

#[test]
fn a_stage_and_a_direction_show_as_their_names() {
    for stage in STAGES {
        assert_eq!(format!("{stage:?}"), stage.name);
    }
    let directions = [Direction::ToServer, Direction::ToClient].map(|way| way.to_string());
    assert_eq!(directions, ["client to server", "server to client"]);
    assert_eq!(format!("{:>17}", Direction::ToServer), " client to server");
}

#[test]
fn short_names_and_programs_are_made_of_the_name() {
    assert_eq!(
        STAGES.map(|stage| (stage.short_name(), stage.program("server"))),
        [
            ("plain", "plain_server".to_owned()),
            ("ctr", "ctr_server".to_owned()),
            ("hmac", "hmac_server".to_owned()),
            ("hmac-seq", "hmac_seq_server".to_owned()),
            ("aead", "aead_server".to_owned()),
        ]
    );
}

#[test]
fn limits_run_from_no_plaintext_to_16384_bytes_of_it() {
    assert_eq!(PART1_CTR.limits(), Limits { min: 16, max: 16_400 });
    for stage in STAGES {
        let overhead = stage.overhead();
        assert_eq!(stage.limits(), Limits { min: overhead, max: overhead + 16_384 });
    }
}

/// One field takes what the others leave, or a cut would be ambiguous.
#[test]
fn every_stage_has_exactly_one_field_of_no_fixed_length() {
    for stage in STAGES {
        let flexible = stage.fields.iter().filter(|field| field.len.is_none());
        assert_eq!(flexible.count(), 1, "{}", stage.name);
    }
}
