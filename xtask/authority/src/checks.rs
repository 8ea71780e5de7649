//! The checks of the client, each in a sentence.

/// A check: what has to hold of a chain.
#[derive(Debug)]
pub struct Check {
    /// Its name, as the event `rejected` has it.
    pub name: &'static str,
    /// What has to hold.
    pub wants: &'static str,
    /// Where a standard says so, or `-`. RFC 5280 is meant if no other is named.
    pub section: &'static str,
}

/// The checks, from the message to the signature in it.
pub const CHECKS: [Check; 16] = [
    Check {
        name: "malformed",
        wants: "The message has one to eight certificates, and a signature behind them.",
        section: "-",
    },
    Check {
        name: "malformed_certificate",
        wants: "Each certificate, needed or not, is DER from its first byte to its last.",
        section: "4.1",
    },
    Check {
        name: "unknown_critical_extension",
        wants: "A critical extension is one that the client understands.",
        section: "4.2",
    },
    Check {
        name: "bad_extension",
        wants: "The version is 3, the server's certificate has an authorityKeyIdentifier, and its subjectAltName is \
                critical only without a subject.",
        section: "4.1.2.1, 4.2.1.1, 4.2.1.6",
    },
    Check {
        name: "expired",
        wants: "It is not later than notAfter: of any certificate of the path, and of the root.",
        section: "4.1.2.5",
    },
    Check { name: "not_yet_valid", wants: "It is not earlier than notBefore.", section: "4.1.2.5" },
    Check {
        name: "wrong_use",
        wants: "The certificate is for a server that signs: it is not a CA; its keyUsage, if any, has digitalSignature \
                and not keyCertSign; its extKeyUsage, if any, has serverAuth. So has that of an intermediate.",
        section: "4.2.1.3, 4.2.1.12",
    },
    Check {
        name: "unknown_issuer",
        wants: "Names lead to a root: the issuer of each certificate is the subject of another one, or of a root.",
        section: "6.1.3 (a)(4)",
    },
    Check {
        name: "not_an_authority",
        wants: "Whoever signs a certificate may: a critical basicConstraints says CA, and keyUsage has keyCertSign. \
                So for the root.",
        section: "4.2.1.3, 4.2.1.9",
    },
    Check {
        name: "path_too_long",
        wants: "No more authorities stand below one than its pathLenConstraint allows.",
        section: "4.2.1.9",
    },
    Check {
        name: "unacceptable_signature",
        wants: "Certificates are signed by RSA with SHA-256, SHA-384 or SHA-512.",
        section: "-",
    },
    Check { name: "unacceptable_key", wants: "Keys are RSA of 2,048 to 4,096 bits.", section: "-" },
    Check {
        name: "bad_certificate_signature",
        wants: "Each signature verifies with the key of the certificate above, that of the last one with the root's.",
        section: "6.1.3 (a)(1)",
    },
    Check {
        name: "name_not_permitted",
        wants: "The names are among those that each authority above may sign for.",
        section: "4.2.1.10",
    },
    Check {
        name: "wrong_name",
        wants: "The name that was asked for is in subjectAltName. A star stands for one label, with two behind it. \
                The common name does not count.",
        section: "4.2.1.6; RFC 9525, 6",
    },
    Check {
        name: "bad_signature",
        wants: "The key of the server's certificate has signed both X25519 keys of the connection.",
        section: "as RFC 8446, 4.4.3",
    },
];
