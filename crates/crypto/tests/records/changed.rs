//! Records changed on the way: bits flipped, bytes cut off or added, fields swapped.

use crypto::{OpenError, ctr};

use crate::stages::{REQUEST, Stage};
use crate::{open, request, seal};

/// `payload` with each of its bits flipped in turn.
fn flips(payload: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..payload.len() * 8).map(|bit| {
        let mut flipped = payload.to_vec();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        (bit, flipped)
    })
}

fn every_flipped_bit_of_the_request_is_refused_at<S: Stage>(count: usize) {
    let payload = request::<S>();
    let mut opener = S::opener();
    for (bit, flipped) in flips(&payload) {
        assert_eq!(open(&mut opener, &flipped), Err(OpenError::BadTag), "bit {bit}");
    }
    assert_eq!(flips(&payload).count(), count);
    assert_eq!(open(&mut opener, &payload).unwrap(), REQUEST, "the count is of real refusals");
}
at! { every_flipped_bit_of_the_request_is_refused_at: hmac(872), hmac_seq(936), aead(776) }

#[test]
fn every_flipped_bit_of_the_request_is_accepted_at_ctr_and_flips_that_bit_or_garbles() {
    let payload = request::<ctr::Opener>();
    let nonce_bits = ctr::NONCE_LEN * 8;
    for (bit, flipped) in flips(&payload) {
        let plaintext = open(&mut ctr::Opener::opener(), &flipped).unwrap();
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
    let mut payload = request::<ctr::Opener>();
    payload[ctr::NONCE_LEN + 28] ^= b'1' ^ b'9';
    let plaintext = open(&mut ctr::Opener::opener(), &payload).unwrap();
    assert!(plaintext.starts_with(b"GET /transfer?to=bob&amount=900 HTTP/1.1\r\n"));
}

fn every_truncation_of_the_request_is_refused_at<S: Stage>() {
    let payload = request::<S>();
    for len in 0..payload.len() {
        let refused = match len {
            len if len < S::OVERHEAD => OpenError::TooShort { len, min: S::OVERHEAD },
            _ => OpenError::BadTag,
        };
        assert_eq!(open(&mut S::opener(), &payload[..len]), Err(refused), "{len} bytes");
    }
}
at! { every_truncation_of_the_request_is_refused_at: hmac(), hmac_seq(), aead() }

#[test]
fn every_truncation_of_the_request_at_ctr_is_a_shorter_request() {
    let payload = request::<ctr::Opener>();
    for len in 0..payload.len() {
        let expected = match len.checked_sub(ctr::OVERHEAD) {
            Some(left) => Ok(REQUEST[..left].to_vec()),
            None => Err(OpenError::TooShort { len, min: ctr::OVERHEAD }),
        };
        assert_eq!(open(&mut ctr::Opener::opener(), &payload[..len]), expected, "{len} bytes");
    }
}

fn one_to_64_more_bytes_are_refused_at<S: Stage>() {
    let mut payload = request::<S>();
    for more in 1..=64 {
        payload.push(more);
        assert_eq!(open(&mut S::opener(), &payload), Err(OpenError::BadTag), "{more} more");
    }
}
at! { one_to_64_more_bytes_are_refused_at: hmac(), hmac_seq(), aead() }

#[test]
fn one_to_64_more_bytes_are_so_much_more_plaintext_at_ctr() {
    let mut payload = request::<ctr::Opener>();
    for more in 1..=64 {
        payload.push(0);
        let plaintext = open(&mut ctr::Opener::opener(), &payload).unwrap();
        assert_eq!(plaintext.len(), REQUEST.len() + more);
        assert!(plaintext.starts_with(REQUEST));
    }
}

/// All mixtures of two records' fields but the two records themselves. Both records are number 0 of a
/// connection, so that nothing but the mixture is wrong.
fn mixtures<S: Stage>(tag_len: usize) -> Vec<Vec<u8>> {
    let records = [request::<S>(), seal(&mut S::sealer(), &[b'x'; REQUEST.len()])];
    let ends = [S::OVERHEAD - tag_len, records[0].len() - tag_len, records[0].len()];
    let mixture = |mask: usize| {
        let mut mixed = Vec::new();
        for (field, end) in ends.into_iter().enumerate() {
            mixed.extend_from_slice(&records[mask >> field & 1][mixed.len()..end]);
        }
        mixed
    };
    (0..8).map(mixture).filter(|mixed| !records.contains(mixed)).collect()
}

fn any_mixture_of_the_nonce_ciphertext_and_tag_of_two_records_is_refused_at<S: Stage>(
    tag_len: usize,
) {
    let mixtures = mixtures::<S>(tag_len);
    assert_eq!(mixtures.len(), 6);
    for mixed in mixtures {
        assert_eq!(open(&mut S::opener(), &mixed), Err(OpenError::BadTag));
    }
}
at! {
    any_mixture_of_the_nonce_ciphertext_and_tag_of_two_records_is_refused_at:
    hmac(crypto::hmac::TAG_LEN), hmac_seq(crypto::hmac_seq::TAG_LEN), aead(crypto::aead::TAG_LEN)
}

#[test]
fn one_records_nonce_with_anothers_ciphertext_is_garbled_and_accepted_at_ctr() {
    // Without a tag, there are but two mixtures, each made twice.
    let mixtures = mixtures::<ctr::Opener>(0);
    assert_eq!(mixtures.len(), 4);
    for mixed in mixtures {
        let plaintext = open(&mut ctr::Opener::opener(), &mixed).unwrap();
        assert_eq!(plaintext.len(), REQUEST.len());
        assert!(plaintext != REQUEST && plaintext != [b'x'; REQUEST.len()]);
    }
}
