//! What each field is at each stage, who can read it, and what protects it there.

use framing::Stage;

/// What a page says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What it is.
    pub what: &'static str,
    /// Who can read it.
    pub readers: &'static str,
    /// What protects it at this stage, and against what.
    pub protection: &'static str,
}

const EVERYONE: &str = "Everyone on the path.";
const WITH_KEY: &str = "Who has the key: client and server. Everyone else sees how long it is.";
const TAGGED: &str = "The tag covers it: any change is refused.";

/// The meaning of a field at a stage: of one in its layout, or of the `length` in front of a payload.
/// `None` if this table lacks it.
pub fn of(stage: &Stage, field: &str) -> Option<Meaning> {
    let (what, readers, protection) = match (field, stage.name) {
        ("plaintext", "part1-plain") => (
            "The message itself, as it was written. No record is around it: the text has to say where it ends.",
            EVERYONE,
            "Nothing. Any byte can be read, changed, added or left out, and nobody is told.",
        ),
        ("length", "part1-ctr") => (
            LENGTH,
            EVERYONE,
            "Nothing. A smaller length, the rest left out, cuts the message short, and nobody is told.",
        ),
        ("length", "part2-hmac" | "part2-hmac-seq" | "part2-aead") => (
            LENGTH,
            EVERYONE,
            "Nothing: it is neither secret nor authenticated. But a changed length hands other bytes to the \
             check of the tag, which then fails.",
        ),
        ("seq", "part2-hmac-seq") => (
            SEQ,
            EVERYONE,
            "The tag covers it: any change is refused. The receiver compares it with the number it expects, \
             so a replay, a reordering or a gap within the connection shows.",
        ),
        ("seq", "part2-aead") => (
            SEQ,
            EVERYONE,
            "It is associated data: not encrypted, but the tag covers it, so any change is refused. The \
             receiver compares it with the number it expects, so a replay, a reordering or a gap within the \
             connection shows.",
        ),
        ("nonce", "part1-ctr") => (
            CTR_NONCE,
            NOT_SECRET,
            "Nothing. A changed nonce turns the whole plaintext into nonsense, and the receiver takes it \
             without an error.",
        ),
        ("nonce", "part2-hmac" | "part2-hmac-seq") => (CTR_NONCE, NOT_SECRET, TAGGED),
        ("nonce", "part2-aead") => (
            "A number used once: random bytes, fresh for every record. AES-GCM encrypts and authenticates \
             with it; used twice under one key, it gives away the key of the authentication.",
            NOT_SECRET,
            "It is not among the associated data, but the tag is computed with it: any change makes the tag \
             fail.",
        ),
        ("ciphertext", "part1-ctr") => (
            CTR_CIPHERTEXT,
            WITH_KEY,
            "Encryption keeps it from being read. Nothing keeps it from being changed: a flipped bit flips \
             the same bit of the plaintext, and nobody is told.",
        ),
        ("ciphertext", "part2-hmac") => (
            CTR_CIPHERTEXT,
            WITH_KEY,
            "Encryption keeps it from being read. The tag covers it: any change is refused. A copy of the \
             whole record is still genuine, and taken again.",
        ),
        ("ciphertext", "part2-hmac-seq") => (
            CTR_CIPHERTEXT,
            WITH_KEY,
            "Encryption keeps it from being read. The tag covers it: any change is refused.",
        ),
        ("ciphertext", "part2-aead") => (
            "The plaintext, encrypted with AES-256-GCM: as long as the plaintext.",
            WITH_KEY,
            "One primitive and one key do both: encryption keeps it from being read, and the tag covers it, \
             so any change is refused.",
        ),
        ("tag", "part2-hmac") => (
            "HMAC-SHA256 over nonce and ciphertext, under a second key. The receiver computes it again and \
             compares in constant time, before anything is decrypted.",
            SECOND_KEY,
            "Itself: a changed tag does not verify. It says nothing of order: the same record verifies as \
             often as it comes.",
        ),
        ("tag", "part2-hmac-seq") => (
            "HMAC-SHA256 over seq, nonce and ciphertext, under a second key. The receiver computes it again \
             and compares in constant time, before anything is decrypted.",
            SECOND_KEY,
            "Itself: a changed tag does not verify. A copied record's tag verifies; its number gives it away.",
        ),
        ("tag", "part2-aead") => (
            "The tag of AES-256-GCM over seq and ciphertext, computed with the nonce, under the same key as \
             the encryption. The receiver checks it before any plaintext comes out.",
            "Everyone on the path. Only who has the key can make it, or check it.",
            "Itself: a changed tag does not verify. A copied record's tag verifies; its number gives it away.",
        ),
        _ => return None,
    };
    Some(Meaning { what, readers, protection })
}

const LENGTH: &str = "How many bytes of payload follow, as a big-endian number. TCP carries a stream \
                      without message boundaries; this puts them back.";
const SEQ: &str = "Which record of its direction and connection this is, counted from 0, as a big-endian \
                   number. Each side remembers which comes next.";
const CTR_NONCE: &str = "A number used once: random bytes, fresh for every record. It is the first counter \
                         block of AES-256-CTR, so that no two records share a keystream.";
const NOT_SECRET: &str =
    "Everyone on the path. It need not be secret; it must never repeat under one key.";
const CTR_CIPHERTEXT: &str =
    "The plaintext xor the keystream of AES-256-CTR, byte for byte: as long as the plaintext.";
const SECOND_KEY: &str =
    "Everyone on the path. Only who has the second key can make it, or check it.";

#[cfg(test)]
mod tests {
    use super::*;
    use framing::stage::STAGES;

    #[test]
    fn every_field_of_every_stage_has_a_meaning() {
        for stage in STAGES {
            let names = stage.fields.iter().map(|field| field.name);
            for name in names.chain(stage.has_records.then_some("length")) {
                assert!(of(stage, name).is_some(), "{name} at {}", stage.name);
            }
        }
    }
}
