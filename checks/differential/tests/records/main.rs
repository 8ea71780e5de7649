//! Ten thousand random records per stage, each sealed here and opened there, and sealed there and
//! opened here, under a hundred random keys; and each with a bit flipped, which both sides must
//! judge alike.

mod second;

use crypto::keys::{AesKey, MacKey};
use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};
use fastrand::Rng;
use second::{Aead, Ctr, Hmac, HmacSeq, Second};

const KEYS: usize = 100;
const RECORDS_A_KEY: u64 = 100;

fn bytes<const LEN: usize>(rng: &mut Rng) -> [u8; LEN] {
    std::array::from_fn(|_| rng.u8(..))
}

/// Makes a short one mostly, and every now and then one of up to the longest.
fn plaintext(rng: &mut Rng) -> Vec<u8> {
    let longest = if rng.u8(..) < 4 { 16_384 } else { 200 };
    let len = rng.usize(..=longest);
    std::iter::repeat_with(|| rng.u8(..)).take(len).collect()
}

/// Makes a nonce; half of them end in many set bits, so that the counter carries.
fn nonce(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut nonce: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(len).collect();
    if rng.bool() {
        let set = rng.usize(..len);
        nonce[len - set..].fill(0xff);
    }
    nonce
}

fn flipped(rng: &mut Rng, payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    let at = rng.usize(..payload.len());
    payload[at] ^= 1 << rng.u8(..8);
    payload
}

fn opened(opener: &mut impl Open, payload: &[u8]) -> Option<Vec<u8>> {
    opener.open(&[], &mut payload.to_vec()).ok().map(|plaintext| plaintext.to_vec())
}

/// `stages` makes our sealer and opener, and the other's stage, under one random key.
fn both_agree<S: Seal, O: Open, T: Second>(stages: impl Fn(&mut Rng) -> (S, O, T)) {
    let mut rng = Rng::with_seed(8446);
    let (mut compared, mut refused) = (0, 0);
    for _key in 0..KEYS {
        let (mut sealer, mut opener, there) = stages(&mut rng);
        for seq in 0..RECORDS_A_KEY {
            let plaintext = plaintext(&mut rng);
            let mut ours = Vec::new();
            sealer.seal(&[], &plaintext, &mut ours).unwrap();
            assert!(there.open(seq, &ours).as_ref() == Some(&plaintext), "sealed here: {ours:?}");

            let nonce = nonce(&mut rng, T::NONCE_LEN);
            let theirs = there.seal(seq, &nonce, &plaintext);
            let changed = flipped(&mut rng, &theirs);
            let of_changed = there.open(seq, &changed);
            refused += u32::from(of_changed.is_none());
            if of_changed.is_none() {
                assert!(opened(&mut opener, &changed).is_none(), "changed: {changed:?}");
            } else {
                // Where anything is accepted, there is no number due that this would use up.
                assert!(opened(&mut opener, &changed) == of_changed, "changed: {changed:?}");
            }
            let here = opened(&mut opener, &theirs);
            assert!(here.as_ref() == Some(&plaintext), "sealed there: {theirs:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10_000);
    assert_eq!(refused, if T::HAS_TAG { compared } else { 0 });
}

#[test]
fn ctr_with_ten_thousand_records() {
    both_agree(|rng| {
        let key = bytes(rng);
        let keys = ctr::Keys { encryption: AesKey::from(key) };
        (ctr::Sealer::new(&keys), ctr::Opener::new(&keys), Ctr { key })
    });
}

/// Our keys and the other's; the MAC key is of any length, including longer than a block.
fn hmac_keys(rng: &mut Rng) -> (hmac::Keys, Hmac) {
    let key = bytes(rng);
    let len = rng.usize(..100);
    let mac: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(len).collect();
    let keys = hmac::Keys { encryption: AesKey::from(key), mac: MacKey::from(mac.clone()) };
    (keys, Hmac { encryption: Ctr { key }, mac })
}

#[test]
fn hmac_with_ten_thousand_records() {
    both_agree(|rng| {
        let (keys, there) = hmac_keys(rng);
        (hmac::Sealer::new(&keys), hmac::Opener::new(&keys), there)
    });
}

#[test]
fn hmac_seq_with_ten_thousand_records() {
    both_agree(|rng| {
        let (keys, there) = hmac_keys(rng);
        (hmac_seq::Sealer::new(&keys), hmac_seq::Opener::new(&keys), HmacSeq(there))
    });
}

#[test]
fn aead_with_ten_thousand_records() {
    both_agree(|rng| {
        let key = bytes(rng);
        let keys = aead::Keys::new(AesKey::from(key));
        (aead::Sealer::new(&keys), aead::Opener::new(&keys), Aead { key })
    });
}
