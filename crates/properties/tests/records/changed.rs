//! Records changed on the way: bits flipped, bytes cut off or added, fields swapped.

use std::collections::BTreeSet;

use crypto::OpenError;
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Role, Stage};

use crate::common::{REQUEST, every_stage, opener, sealer, stages_with, stages_without};
use crate::{open, range, request, seal};

/// `payload` with each of its bits flipped in turn.
fn flips(payload: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..payload.len() * 8).map(|bit| {
        let mut flipped = payload.to_vec();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        (bit, flipped)
    })
}

#[test]
fn every_flipped_bit_of_the_request_is_refused_by_the_tag() {
    for stage in stages_with(Role::Tag) {
        let payload = request(stage);
        let mut opener = opener(stage);
        for (bit, flipped) in flips(&payload) {
            assert_eq!(open(&mut opener, &flipped), Err(OpenError::BadTag), "bit {bit}");
        }
        assert_eq!(open(&mut opener, &payload).unwrap(), REQUEST, "the count is of real refusals");
        assert_eq!(flips(&payload).count(), 8 * (stage.overhead() + 61));
    }
}

#[test]
fn the_requests_of_part_2_have_872_936_and_776_bits() {
    let stages = [&PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];
    assert_eq!(stages.map(|stage| flips(&request(stage)).count()), [872, 936, 776]);
}

#[test]
fn every_flipped_bit_of_the_request_is_accepted_at_ctr_and_flips_that_bit_or_garbles() {
    let payload = request(&PART1_CTR);
    let nonce_bits = range(&PART1_CTR, Role::Nonce, &payload).len() * 8;
    for (bit, flipped) in flips(&payload) {
        let plaintext = open(&mut opener(&PART1_CTR), &flipped).unwrap();
        if bit < nonce_bits {
            // Each byte of another keystream differs with probability 255/256.
            let differing = plaintext.iter().zip(REQUEST).filter(|(got, sent)| got != sent);
            assert!(differing.count() > 30, "nonce bit {bit}");
        } else {
            let (_, expected) = flips(REQUEST).nth(bit - nonce_bits).unwrap();
            assert_eq!(plaintext, expected, "bit {bit}");
        }
    }
    assert_eq!(flips(&payload).count(), 616);
}

#[test]
fn an_amount_of_100_becomes_900_at_ctr_without_the_key() {
    let mut payload = request(&PART1_CTR);
    let ciphertext = range(&PART1_CTR, Role::Ciphertext, &payload);
    payload[ciphertext.start + 28] ^= b'1' ^ b'9';
    let plaintext = open(&mut opener(&PART1_CTR), &payload).unwrap();
    assert!(plaintext.starts_with(b"GET /transfer?to=bob&amount=900 HTTP/1.1\r\n"));
}

/// Nothing covers it, but the bytes it misleads a receiver into reading are refused or cut, as the
/// tests of `channel` show.
#[test]
fn another_header_in_front_of_a_record_is_noticed_at_no_stage() {
    for stage in every_stage() {
        let mut payload = Vec::new();
        sealer(stage).seal(b"a header", REQUEST, &mut payload).unwrap();
        assert_eq!(opener(stage).open(b"another", &mut payload).unwrap(), REQUEST);
    }
}

#[test]
fn every_truncation_of_the_request_is_refused_by_the_tag() {
    for stage in stages_with(Role::Tag) {
        let payload = request(stage);
        for len in 0..payload.len() {
            let refused = match len {
                len if len < stage.overhead() => OpenError::TooShort { len, min: stage.overhead() },
                _ => OpenError::BadTag,
            };
            assert_eq!(open(&mut opener(stage), &payload[..len]), Err(refused), "{len} bytes");
        }
    }
}

#[test]
fn every_truncation_of_the_request_is_a_shorter_request_without_a_tag() {
    for stage in stages_without(Role::Tag) {
        let payload = request(stage);
        for len in 0..payload.len() {
            let expected = match len.checked_sub(stage.overhead()) {
                Some(left) => Ok(REQUEST[..left].to_vec()),
                None => Err(OpenError::TooShort { len, min: stage.overhead() }),
            };
            assert_eq!(open(&mut opener(stage), &payload[..len]), expected, "{len} bytes");
        }
    }
}

#[test]
fn one_to_64_more_bytes_are_refused_by_the_tag() {
    for stage in stages_with(Role::Tag) {
        let mut payload = request(stage);
        for more in 1..=64 {
            payload.push(more);
            assert_eq!(open(&mut opener(stage), &payload), Err(OpenError::BadTag), "{more} more");
        }
    }
}

#[test]
fn one_to_64_more_bytes_are_so_much_more_plaintext_without_a_tag() {
    for stage in stages_without(Role::Tag) {
        let mut payload = request(stage);
        for more in 1..=64 {
            payload.push(0);
            let plaintext = open(&mut opener(stage), &payload).unwrap();
            assert_eq!(plaintext.len(), REQUEST.len() + more);
            assert!(plaintext.starts_with(REQUEST));
        }
    }
}

/// All mixtures of two records' fields except the two records themselves. Both records are number 0
/// of a connection, so that nothing but the mixture is wrong.
fn mixtures(stage: &Stage) -> BTreeSet<Vec<u8>> {
    let records = [request(stage), seal(&mut sealer(stage), &[b'x'; REQUEST.len()])];
    let parts = records.each_ref().map(|record| stage.split_payload(record).unwrap());
    let fields = 0..parts[0].len();
    let mixture = |mask: usize| -> Vec<u8> {
        fields.clone().flat_map(|field| parts[mask >> field & 1][field].bytes).copied().collect()
    };
    (0..1 << fields.len()).map(mixture).filter(|mixed| !records.contains(mixed)).collect()
}

#[test]
fn any_mixture_of_the_nonce_ciphertext_and_tag_of_two_records_is_refused() {
    for stage in stages_with(Role::Tag) {
        let mixtures = mixtures(stage);
        assert_eq!(mixtures.len(), 6);
        for mixed in mixtures {
            assert_eq!(open(&mut opener(stage), &mixed), Err(OpenError::BadTag));
        }
    }
}

#[test]
fn one_records_nonce_with_anothers_ciphertext_is_garbled_and_accepted_without_a_tag() {
    for stage in stages_without(Role::Tag) {
        let mixtures = mixtures(stage);
        assert_eq!(mixtures.len(), 2);
        for mixed in mixtures {
            let plaintext = open(&mut opener(stage), &mixed).unwrap();
            assert_eq!(plaintext.len(), REQUEST.len());
            assert!(plaintext != REQUEST && plaintext != [b'x'; REQUEST.len()]);
        }
    }
}
