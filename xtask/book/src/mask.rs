//! The parts in which two runs of one command differ: random bytes, ports and times.
//!
//! The book's blocks and the tests' snapshots are compared with these parts masked. Everything else
//! has to be the same to the last character: names, offsets, lengths, sequence numbers, messages.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What is masked, and by what.
const MASKS: [(&str, &str); 17] = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (r"at \d+\.\d{6} s", "at [time] s"),
    (r"(wrote \S+: )\d+ bytes", "$1[len] bytes"),
    // A transcript's rows: `nonce 12 B  93 0c ..`, also in colour, and with a long name in the line above.
    (
        // A tag of 2 bytes is that of a field, and no secret makes it.
        r"((?:(?:nonce|ciphertext|public value|X25519 key|serialNumber|subjectPublicKey|\w+KeyIdentifier|signatureValue|CertificateVerify|client's|server's) .*|tag .*\d\d|│ +\d+) B\S*  (?:\x1b\S*m)?)[0-9a-f]{2}\b(?: [0-9a-f]{2})*",
        "$1[random]",
    ),
    // The lines below a row that is shown whole.
    (r"(?m)(│ {20,}(?:\x1b\S*m)?)[0-9a-f]{2}(?: [0-9a-f]{2})+$", "$1[random]"),
    // When a certificate was made, and until when it holds.
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\sUTC", "[moment]"),
    // An attack's and a demo's: `nonce  93  0c [3d]`.
    (
        r"((?:nonce|ciphertext|tag|becomes) +)\[?[0-9a-f]{2}(?:[ \[\]]+[0-9a-f]{2})+\]?",
        "$1[random]",
    ),
    // A summary's: `nonce c2868448…,`.
    (
        r"(nonce|ciphertext|tag|public value|X25519 key|certificate|CertificateVerify) [0-9a-f]{8}…",
        "$1 [random]…",
    ),
    // One certificate in a few is a byte longer or shorter.
    (r"\b\d{4} B( +in the clear: certificate)", "[len] B$1"),
    (r"(fingerprint .*?)\b[0-9a-f]{4} [0-9a-f]{4}\b", "$1[random]"),
    (r#""(record|bytes|message|fingerprint)":"[0-9a-f]+""#, r#""$1":"[random]""#),
    (r#""micros":\d+"#, r#""micros":[time]"#),
    // Wireshark's.
    (r"\b\d+\.\d{9}\b", "[time]"),
    (r"\b\d{5} → ", "[port] → "),
    (r" → \d{5}\b", " → [port]"),
    (r"(Nonce|Ciphertext|Tag|Message|Value): [0-9a-f]{24,}…?", "$1: [random]"),
    (r"\b\d+\.\d+ ?(s|ms|µs)\b", "[time] $1"),
];

/// Masks the parts of a text that another run would print differently.
pub fn masked(text: &str) -> String {
    static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let compile = |(pattern, by)| Regex::new(pattern).ok().map(|pattern| (pattern, by));
        MASKS.into_iter().filter_map(compile).collect()
    });
    COMPILED
        .iter()
        .fold(text.to_owned(), |text, (pattern, by)| pattern.replace_all(&text, *by).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mask_compiles_and_masks_one_thing() {
        for (text, expected) in [
            ("listening on 127.0.0.1:33841", "listening on 127.0.0.1:[port]"),
            ("101 bytes at 0.000376 s", "101 bytes at [time] s"),
            ("valid until 2028-11-26 17:39:46 UTC", "valid until [moment]"),
            ("  nonce         12 B  93 0c 3d", "  nonce         12 B  [random]"),
            ("    12 nonce    12 B  93 0c 3d", "    12 nonce    12 B  [random]"),
            ("  ciphertext     1 B  a4", "  ciphertext     1 B  [random]"),
            ("  ciphertext    61 B  a4 46 fc …", "  ciphertext    61 B  [random] …"),
            ("  36 ciphertext  f7  fc [9c] d5", "  36 ciphertext  [random]"),
            ("     becomes    f7  fc [94]", "     becomes    [random]"),
            ("nonce  f2 8d  ciphertext  9b[d1] 5e", "nonce  [random]  ciphertext  [random]"),
            ("the secret (fingerprint fb5a 021d)", "the secret (fingerprint [random])"),
            ("nonce c2868448…, tag e932d08e…", "nonce [random]…, tag [random]…"),
            (r#""record":"313e","bytes":"00""#, r#""record":"[random]","bytes":"[random]""#),
            ("     8 X25519 key    32 B  93 0c 3d …", "     8 X25519 key    32 B  [random] …"),
            ("  public value 256 B  93 0c 3d …", "  public value 256 B  [random] …"),
            (
                "    21   serialNumber   18 B  02 10 54 …",
                "    21   serialNumber   18 B  [random] …",
            ),
            (
                " 659 subjectKeyIdentifier 31 B  30 1d …",
                " 659 subjectKeyIdentifier 31 B  [random] …",
            ),
            (" 1957 CertificateVerify 256 B  9f a2 …", " 1957 CertificateVerify 256 B  [random] …"),
            (
                "  CertificateVerify\n  │      256 B  9f a2 …",
                "  CertificateVerify\n  │      256 B  [random] …",
            ),
            (
                "  client's 32 B  6f 6a\n │                      67 56",
                "  client's 32 B  [random]\n │                      [random]",
            ),
            (
                "\"Root CA\"; CertificateVerify 9fa29490…",
                "\"Root CA\"; CertificateVerify [random]…",
            ),
            (
                "ServerAuth: certificate 308203db… of localhost",
                "ServerAuth: certificate [random]… of localhost",
            ),
            ("notBefore  15 B  2026-11-27 17:15:45 UTC", "notBefore  15 B  [moment]"),
            ("of the stages, at 2026-11-27 18:03:46\nUTC", "of the stages, at [moment]"),
            ("clear: public value c2868448…", "clear: public value [random]…"),
            ("CertificateVerify c2868448…", "CertificateVerify [random]…"),
            ("2213 B   in the clear: certificate", "[len] B   in the clear: certificate"),
            ("shared secret, fingerprint e48a fedf", "shared secret, fingerprint [random]"),
            ("    fingerprint         e48a fedf", "    fingerprint         [random]"),
            ("fingerprint \x1b[2m  \x1b[0m  e48a fedf", "fingerprint \x1b[2m  \x1b[0m  [random]"),
            (r#""fingerprint":"e48afedf""#, r#""fingerprint":"[random]""#),
            (r#""micros":398}"#, r#""micros":[time]}"#),
            (" 4 0.000650000  127", " 4 [time]  127"),
            ("TCP 44 51873 → 9002 [SYN]", "TCP 44 [port] → 9002 [SYN]"),
            ("TCP 44 9002 → 51873 [SYN, ACK]", "TCP 44 9002 → [port] [SYN, ACK]"),
            ("Nonce: 1374f0a07a8bb8908b95e71f", "Nonce: [random]"),
            ("Message: 00100020b425da398b9a4f5e8a0f", "Message: [random]"),
            ("finished in 0.32s", "finished in [time] s"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn what_every_run_has_in_common_is_left_alone() {
        for text in [
            "  length         4 B  00 00 00 61 = 97",
            "  seq            8 B  00 00 00 00 00 00 00 00 = 0",
            "  tag            2 B  00 10 = X25519 key",
            "  prime p      256 B  ff ff ff ff ff ff ff ff c9 0f da a2 21 68 c2 34 …",
            "in the clear: prime p ffffffff…, generator g 02",
            "  700   signatureAlgorithm         15 B  sha256WithRSAEncryption",
            "  586   basicConstraints           14 B  not a CA (critical)",
            "tag             OK  it verifies over seq, nonce and ciphertext",
            "   20 ciphertext both    f5  5e  33",
            r#""plaintext":"474554","index":0"#,
            "closes after 5 s",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
