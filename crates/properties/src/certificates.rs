use std::sync::LazyLock;
use std::time::Duration;

use certificates::{CertificateError, Roots, ServerName, Verifier};
use messages::decoder::MAX_SPANS;
use messages::x509::Certificate;

use crate::Choices;
use crate::messages::assert_tiles;

/// 2027-06-01 00:00:00 UTC: most of the known certificates are valid then.
pub(crate) const NOW: Duration = Duration::from_secs(1_811_808_000);

/// The longest text of an error in bytes.
const MAX_ERROR_LEN: usize = 1_000;

/// The certificates and keys of the articles' programs, good and bad.
pub(crate) static VECTORS: LazyLock<serde_json::Value> = LazyLock::new(|| {
    let vectors = include_str!("../../handshake/tests/vectors/handshakes.json");
    serde_json::from_str(vectors).expect("it is JSON")
});

/// The certificates, in DER: first the leaf, the intermediate and the root that make a good chain.
pub(crate) static KNOWN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = VECTORS["certificates"].as_object().expect("there are some");
    let first = ["server", "intermediate", "root"];
    let others = all.keys().map(String::as_str).filter(|name| !first.contains(name));
    let der = |name| hex::decode(all[name]["der"].as_str().unwrap_or_default());
    first.into_iter().chain(others).map(|name| der(name).expect("it is hex")).collect()
});

/// A client that trusts the root and wants the leaf of the good chain.
pub(crate) static WANTED: LazyLock<Verifier> =
    LazyLock::new(|| verifier(&KNOWN[2]).expect("a root"));

fn verifier(root: &[u8]) -> Option<Verifier> {
    let roots = Roots::from_der(vec![root.to_vec()]).ok()?;
    Some(Verifier { roots, name: ServerName::try_from("localhost").ok()? })
}

/// Any bytes are a certificate or not, and are explained to the last; and no chain of any certificates is believed but
/// one that leads, signature by signature, from a root to the name that is wanted. What was changed since it was
/// signed is in none.
///
/// # Panics
/// Where that does not hold.
pub fn certificates(input: &[u8]) {
    let mut choices = Choices::new(input);
    let root = if choices.below(4) == 3 { certificate(&mut choices) } else { KNOWN[2].clone() };
    let chain: Vec<_> = (0..choices.below(10)).map(|_| certificate(&mut choices)).collect();
    let now = if choices.below(4) == 3 {
        Duration::from_secs((choices.number() as u64) << 16)
    } else {
        NOW
    };
    for der in chain.iter().chain([&root]) {
        is_explained(der);
    }
    let Some(verifier) = verifier(&root) else { return };
    let malformed = chain.iter().position(|der| Certificate::decode(der).is_err());
    match verifier.verify(&chain, now) {
        Ok(believed) => {
            assert_eq!(malformed, None);
            let path = &believed.path;
            let (first, last) = (path.first(), path.last());
            assert_eq!((first, last), (chain.first(), Some(&root)));
            let signed = &path[..path.len() - 1];
            assert!(signed.iter().all(|der| chain.contains(der) && KNOWN.contains(der)));
            assert!(!believed.has_signed(input, input));
        }
        Err(error) => {
            let number = match error {
                CertificateError::Malformed { number, .. } => Some(number - 1),
                _ => None,
            };
            assert_eq!(number, malformed);
            let told = error.to_string();
            assert!(!told.is_empty() && told.len() < MAX_ERROR_LEN, "{told}");
        }
    }
}

/// One of those that are known, as it is or changed; or any bytes.
pub(crate) fn certificate(choices: &mut Choices<'_>) -> Vec<u8> {
    let Some(known) = KNOWN.get(usize::from(choices.byte())) else {
        let len = choices.number();
        return choices.bytes(len).to_vec();
    };
    let mut der = known.clone();
    for _ in 0..choices.below(4).saturating_sub(1) {
        let (at, change) = (choices.number(), choices.byte());
        if let Some(byte) = der.get_mut(at) {
            *byte ^= change;
        }
    }
    match choices.below(16) {
        1 => der.truncate(choices.number()),
        2 => der.extend(choices.bytes(2)),
        _ => {}
    }
    der
}

fn is_explained(der: &[u8]) {
    let explained = Certificate::explain(der);
    assert_tiles(&explained.spans, 0, der.len());
    assert!(explained.leaves().count() <= MAX_SPANS + 2);
    let is_whole = matches!(&explained.spans[..], [span] if span.name == "Certificate");
    assert_eq!(Certificate::decode(der).is_ok(), is_whole);
}
