//! The articles' keys: constants printed in the text, which everyone has.
//!
//! They let our programs talk to the articles' own, and protect nothing from anyone. The attacker's
//! crate does not depend on this one, and so has nobody's key.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};

use crypto::keys::{AesKey, MacKey};
use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Stage};

/// `SHARED_KEY` of part 1, and under the name `ENC_KEY` the encryption key of part 2's HMAC stages.
const ENCRYPTION: &[u8; AesKey::LEN] = b"0123456789ABCDEF0123456789ABCDEF";
/// `MAC_KEY` of part 2: 31 bytes, though the article's comment says 32.
const MAC: &[u8; 31] = b"HMAC_KEY_FOR_PART2_DEMO_1234567";
/// `AEAD_KEY` of part 2.
const AEAD: &[u8; AesKey::LEN] = b"AEAD_KEY_PART2_DEMO_FOR_AES_GCM!";

/// Both halves of one side of a connection.
pub type SealerAndOpener = (Box<dyn Seal + Send>, Box<dyn Open + Send>);

/// Returns the key of stage `part1-ctr`.
pub fn ctr() -> ctr::Keys {
    ctr::Keys { encryption: AesKey::from(*ENCRYPTION) }
}

/// Returns the keys of stage `part2-hmac`.
pub fn hmac() -> hmac::Keys {
    hmac::Keys { encryption: AesKey::from(*ENCRYPTION), mac: MacKey::from(MAC.to_vec()) }
}

/// Returns the keys of stage `part2-hmac-seq`, which are those of `part2-hmac`.
pub fn hmac_seq() -> hmac_seq::Keys {
    hmac()
}

/// Returns the key of stage `part2-aead`. All calls share one count of the records sealed under it.
pub fn aead() -> aead::Keys {
    static SEALED: LazyLock<Arc<AtomicU64>> = LazyLock::new(Arc::default);
    aead::Keys { aead: AesKey::from(*AEAD), sealed: SEALED.clone() }
}

/// Makes a sealer and an opener of a stage, as at the start of a connection: for programs that take
/// the stage as an option, and tests that cover all of them. `None` at a stage without demo keys.
pub fn sealer_and_opener(stage: &Stage) -> Option<SealerAndOpener> {
    Some(match *stage {
        PART1_CTR => boxed(ctr::Sealer::new(&ctr()), ctr::Opener::new(&ctr())),
        PART2_HMAC => boxed(hmac::Sealer::new(&hmac()), hmac::Opener::new(&hmac())),
        PART2_HMAC_SEQ => {
            boxed(hmac_seq::Sealer::new(&hmac_seq()), hmac_seq::Opener::new(&hmac_seq()))
        }
        PART2_AEAD => boxed(aead::Sealer::new(&aead()), aead::Opener::new(&aead())),
        _ => return None,
    })
}

fn boxed(
    sealer: impl Seal + Send + 'static,
    opener: impl Open + Send + 'static,
) -> SealerAndOpener {
    (Box::new(sealer), Box::new(opener))
}
