//! Binders: the proofs in a ClientHello that its sender has the keys from before (RFC 8446, section 4.2.11.2).

use crypto::secret::SharedSecret;
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::ClientHello;
use messages::tls13::psk::Offered;
use transcript::{EventKind, Role};
use zeroize::Zeroizing;

use super::check::{fails, holds, not_made};

/// The most binders that are checked: no client that means it has more.
const MAX_BINDERS: usize = 16;

/// The labels of a `binder_key`, and the kind of key from before that each is for.
const KINDS: [(&str, &str); 2] =
    [("res binder", "a ticket's"), ("ext binder", "that both were given")];

/// Checks the binders of a ClientHello. `before` has all that was said before it, if that is something.
pub fn check(
    hello: &ClientHello,
    message: &[u8],
    before: Option<&Transcript>,
    psks: &[Zeroizing<Vec<u8>>],
) -> Vec<EventKind> {
    let (what, of) = ("binder", Role::Client);
    let Some(Offered { binders, uncovered }) = Offered::find(hello) else { return Vec::new() };
    if psks.is_empty() {
        let message = "the key that it proves is in no key log: --psk gives it";
        return vec![not_made(of, what, message)];
    }
    let covered = message.get(..message.len().saturating_sub(uncovered)).unwrap_or_default();
    let (mut events, mut is_any_made) = (Vec::new(), false);
    for (index, binder) in binders.iter().take(MAX_BINDERS).enumerate() {
        let made = psks.iter().find_map(|psk| made_by(psk, binder, covered, before));
        if let Some(kind) = made {
            let message = format!(
                "made again, that of identity {index} is the same: HMAC with the finished_key of a binder_key, made of the \
                 Early Secret of the key given ({kind})"
            );
            is_any_made = true;
            events.push(holds(of, what, message));
        } else {
            let message = format!("none of the keys given makes that of identity {index}");
            events.push(not_made(of, what, message));
        }
    }
    if !is_any_made {
        let message = format!(
            "none of the {} keys given makes it: they are not those of this session, or the ClientHello was changed",
            psks.len()
        );
        return vec![fails(of, what, message)];
    }
    events
}

/// Returns which kind of key this is, if it makes the binder.
fn made_by(
    psk: &[u8],
    binder: &[u8],
    covered: &[u8],
    before: Option<&Transcript>,
) -> Option<&'static str> {
    // The hash of the key is as long as its binder.
    let suite = Suite::ALL.into_iter().find(|suite| suite.hash_len() == binder.len())?;
    let mut transcript = before.cloned().unwrap_or_else(|| Transcript::new(suite));
    transcript.add(covered);
    let hash = transcript.hash();
    if hash.len() != binder.len() {
        return None;
    }
    let early = Secret::extract(suite, None, Some(&SharedSecret::guessed(psk)));
    let nothing = Transcript::new(suite).hash();
    let made = KINDS
        .iter()
        .find(|(label, _)| early.derive(label, &nothing).verify_finished(&hash, binder));
    made.map(|(_, kind)| *kind)
}
