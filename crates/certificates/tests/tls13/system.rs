//! Files of roots as a system has them.

use std::fs;

use certificates::Roots;
use messages::x509::Certificate;
use pki_types::alg_id;
use x509_cert::der::pem::{LineEnding, encode_string};

use crate::issue::{Draft, Key, authority, leaf, p256, rsa};
use crate::{check, server};

/// Keys that nothing here verifies with do no harm in a file, and neither does a root whose time is over.
#[test]
fn roots_that_are_of_no_use_here_leave_the_others_of_use() {
    let key = p256(9);
    let public = |algorithm: &[u8], len| Key::Public(algorithm.to_vec(), vec![4; len]);
    let sign = |_: &[u8]| vec![1; 100];
    let gost = [6, 8, 0x2a, 0x85, 3, 7, 1, 1, 1, 1];
    let roots = [
        authority("P-521", &public(alg_id::ECDSA_P521.as_ref(), 133), "P-521")
            .signed_as(&alg_id::ECDSA_SHA512, sign),
        authority("Ed448", &public(alg_id::ED448.as_ref(), 57), "Ed448")
            .signed_as(&alg_id::ED448, sign),
        authority("GOST", &public(&gost, 64), "GOST").signed_as(&gost, sign),
        authority("ML-DSA", &public(alg_id::ML_DSA_65.as_ref(), 1_952), "ML-DSA")
            .signed_as(&alg_id::ML_DSA_65, sign),
        authority("RSA-1024", &rsa("ca1024"), "RSA-1024").signed(&rsa("ca1024")),
        Draft { version: 1, ..authority("V1", &rsa("root"), "V1") }.signed(&rsa("root")),
        Draft { validity: ["000101000000Z", "010101000000Z"], ..authority("Root", &key, "Root") }
            .signed(&key),
        authority("Root", &key, "Root").signed(&key),
    ];
    let pem = |der: &Vec<u8>| encode_string("CERTIFICATE", LineEnding::LF, der).unwrap();
    let file: String = roots.iter().map(pem).collect();
    let read = Roots::from_pem(file.as_bytes()).unwrap();
    assert_eq!(read.der().collect::<Vec<_>>(), roots);
    let chain = |issuer| [leaf(&p256(1), issuer).signed(&key)];
    assert_eq!(server(&roots, &chain("Root"), "bank.example"), Ok(2));
    let found = check(server(&roots, &chain("P-521"), "bank.example"));
    assert_eq!(found, Err("unacceptable_signature"));
    assert_eq!(check(server(&roots, &chain("Nobody"), "bank.example")), Err("unknown_issuer"));
}

#[test]
#[ignore = "needs the roots of the system, as Debian has them"]
fn the_roots_of_the_system_are_read() {
    let file = fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let count = file.windows(17).filter(|it| *it == b"BEGIN CERTIFICATE").count();
    let roots = Roots::from_pem(&file).unwrap();
    assert_eq!(roots.der().count(), count);
    assert!(count > 100, "{count}");
    for root in roots.der() {
        let root = Certificate::decode(root).unwrap();
        let key = root.key();
        assert!(key.starts_with("RSA of ") || ["P-256", "P-384"].contains(&&*key), "{key}");
    }
}
