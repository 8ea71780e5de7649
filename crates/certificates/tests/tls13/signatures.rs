//! Keys and signatures: on certificates, and by the leaf over a handshake.

use certificates::{CertificateError, Roots, SCHEMES, ServerName, Terms};
use crypto::tls13::scheme::Scheme;
use pki_types::alg_id;

use crate::issue::{By, Key, NOW, authority, ed25519, leaf, p256, p384, rsa, rsa_of};
use crate::{check, client, server};

/// The ways to sign a certificate that are accepted, by their number (RFC 8446, section 4.2.3).
fn accepted() -> [(u16, Key, By); 9] {
    let rsa = rsa("root");
    [
        (0x0403, p256(9), By::Ecdsa(256)),
        (0x0503, p384(9), By::Ecdsa(384)),
        (0x0807, ed25519(9), By::Ed25519),
        (0x0804, rsa.clone(), By::Pss(256)),
        (0x0805, rsa.clone(), By::Pss(384)),
        (0x0806, rsa.clone(), By::Pss(512)),
        (0x0401, rsa.clone(), By::Pkcs1(256)),
        (0x0501, rsa.clone(), By::Pkcs1(384)),
        (0x0601, rsa, By::Pkcs1(512)),
    ]
}

#[test]
fn every_scheme_that_is_offered_for_certificates_is_accepted_on_one() {
    let numbers: Vec<_> = accepted().iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, SCHEMES);
    for (_, key, by) in accepted() {
        let roots = [authority("Root", &key, "Root").signed_by(&key, by)];
        let mut chain = [leaf(&p256(1), "Root").signed_by(&key, by)];
        assert_eq!(server(&roots, &chain, "bank.example"), Ok(2), "{by:?}");
        assert_eq!(client(&roots, &chain), Ok(2), "{by:?}");
        // Ed25519 has all of the last byte in use, the others the lowest bit.
        *chain[0].last_mut().unwrap() ^= 1;
        let verdict = server(&roots, &chain, "bank.example");
        assert_eq!(verdict, Err(CertificateError::BadCertificateSignature), "{by:?}");
    }
}

#[test]
fn every_kind_of_key_may_be_signed_by_every_other() {
    let keys = [rsa("root"), p256(2), p384(2), ed25519(2)];
    for upper in &keys {
        for lower in &keys {
            let roots = [authority("Root", upper, "Root").signed(upper)];
            let middle = authority("Middle", lower, "Root").signed(upper);
            for key in &keys {
                let chain = [leaf(key, "Middle").signed(lower), middle.clone()];
                assert_eq!(server(&roots, &chain, "bank.example"), Ok(3));
            }
        }
    }
}

/// SHA-1 and MD5, of which two documents with one hash have been made; curves that are not offered; and a curve with
/// the hash of another, which no scheme of TLS 1.3 has.
#[test]
fn any_other_signature_on_a_certificate_is_refused() {
    const SHA1: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5, 5, 0];
    const MD5: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 4, 5, 0];
    const ECDSA_SHA1: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    // Without parameters: SHA-1 is the default (RFC 4055, section 3.1).
    const PSS_SHA1: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 10, 0x30, 0];
    let p521 = || Key::Public(alg_id::ECDSA_P521.to_vec(), [&[4][..], &[1; 132]].concat());
    let ed448 = || Key::Public(alg_id::ED448.to_vec(), vec![1; 57]);
    let pss_key = || Key::Public(alg_id::RSA_PSS_SHA256.to_vec(), vec![1; 270]);
    for (key, algorithm) in [
        (rsa("root"), SHA1),
        (rsa("root"), MD5),
        (rsa("root"), PSS_SHA1),
        (p256(9), ECDSA_SHA1),
        (p521(), alg_id::ECDSA_SHA512.as_ref()),
        (ed448(), alg_id::ED448.as_ref()),
        (p256(9), alg_id::ECDSA_SHA384.as_ref()),
        (p384(9), alg_id::ECDSA_SHA256.as_ref()),
        (pss_key(), alg_id::RSA_PSS_SHA256.as_ref()),
        (ed25519(9), alg_id::ECDSA_SHA256.as_ref()),
        (rsa("root"), alg_id::ED25519.as_ref()),
    ] {
        let sign = |_: &[u8]| vec![1; 256];
        let roots = [authority("Root", &key, "Root").signed_as(algorithm, sign)];
        let chain = [leaf(&p256(1), "Root").signed_as(algorithm, sign)];
        let verdict = server(&roots, &chain, "bank.example");
        assert_eq!(verdict, Err(CertificateError::UnacceptableSignature), "{algorithm:x?}");
    }
}

#[test]
fn a_key_that_is_not_accepted_is_named() {
    let point = |len| [&[4][..], &vec![1; len]].concat();
    let ec = |alg: &[u8], len| Key::Public(alg.to_vec(), point(len));
    let roots = [authority("Root", &p256(9), "Root").signed(&p256(9))];
    for (key, named) in [
        (ec(alg_id::ECDSA_P521.as_ref(), 132), "P-521"),
        (ec(alg_id::ECDSA_P256K1.as_ref(), 64), "1.3.132.0.10"),
        (Key::Public(alg_id::ED448.to_vec(), vec![1; 57]), "Ed448"),
        (Key::Public(alg_id::RSA_PSS_SHA256.to_vec(), vec![1; 270]), "rsassaPss"),
        (rsa("server1024"), "RSA of 1024 bits"),
        (rsa_of(2_040), "RSA of 2040 bits"),
        (rsa_of(4_104), "RSA of 4104 bits"),
        (rsa_of(8_192), "RSA of 8192 bits"),
    ] {
        let chain = [leaf(&key, "Root").signed(&p256(9))];
        let error = CertificateError::UnacceptableKey {
            subject: "bank.example".to_owned(),
            key: named.to_owned(),
        };
        assert_eq!(server(&roots, &chain, "bank.example"), Err(error.clone()));
        assert_eq!(client(&roots, &chain), Err(error));
    }
    for key in [rsa("server"), rsa("server4096"), p256(1), p384(1), ed25519(1)] {
        let chain = [leaf(&key, "Root").signed(&p256(9))];
        assert_eq!(server(&roots, &chain, "bank.example"), Ok(2));
    }

    // One that signs others is named too, and one that only has the wrong key is not.
    for (key, named) in [(rsa("ca1024"), "RSA of 1024 bits"), (rsa_of(8_192), "RSA of 8192 bits")] {
        let by = By::Pkcs1(256).algorithm();
        let roots = [authority("Root", &key, "Root").signed_as(&by, |_| vec![1; 1_024])];
        let chain = [leaf(&p256(1), "Root").signed_as(&by, |_| vec![1; 1_024])];
        let error =
            CertificateError::UnacceptableKey { subject: "Root".to_owned(), key: named.to_owned() };
        assert_eq!(server(&roots, &chain, "bank.example"), Err(error));
    }
    for (right, wrong) in [(p256(9), p256(8)), (p384(9), p384(8)), (ed25519(9), ed25519(8))] {
        let roots = [authority("Root", &right, "Root").signed(&right)];
        let chain = [leaf(&p256(1), "Root").signed(&wrong)];
        let verdict = server(&roots, &chain, "bank.example");
        assert_eq!(verdict, Err(CertificateError::BadCertificateSignature));
    }
}

/// The scheme of `CertificateVerify` and the key in the certificate have to fit, and the signature has to be by both.
#[test]
fn a_leaf_signs_by_the_schemes_of_its_key_and_by_no_other() {
    let roots = [authority("Root", &p256(9), "Root").signed(&p256(9))];
    let roots = Roots::from_der(roots.to_vec()).unwrap();
    let name = ServerName::try_from("bank.example").unwrap();
    let by = [
        (By::Ecdsa(256), Some(Scheme::EcdsaP256Sha256)),
        (By::Ecdsa(384), Some(Scheme::EcdsaP384Sha384)),
        (By::Ed25519, Some(Scheme::Ed25519)),
        (By::Pss(256), Some(Scheme::RsaPssSha256)),
        (By::Pss(384), Some(Scheme::RsaPssSha384)),
        (By::Pss(512), Some(Scheme::RsaPssSha512)),
        // At TLS 1.3 these are for certificates only, and the salt has one length.
        (By::Pkcs1(256), None),
        (By::Pkcs1(384), None),
        (By::PssSalt(0), None),
        (By::PssSalt(222), None),
    ];
    let keys = [
        (rsa("server"), &by[3..]),
        (p256(1), &by[..2]),
        (p384(1), &by[..2]),
        (ed25519(1), &by[2..3]),
    ];
    let message = b"a handshake";
    let mut verified = Vec::new();
    for (key, ways) in &keys {
        let chain = [leaf(key, "Root").signed(&p256(9))];
        let believed = roots.verify(&Terms::TLS13_SERVER, Some(&name), &chain, NOW).unwrap();
        for (by, own) in *ways {
            let mut signature = key.sign(*by, message);
            for scheme in Scheme::ALL {
                let verifies = believed.has_signed_by(scheme, message, &signature);
                if verifies {
                    assert_eq!(Some(scheme), *own);
                    verified.push(scheme);
                }
                assert!(!believed.has_signed_by(scheme, b"another handshake", &signature));
                assert!(!believed.has_signed_by(scheme, message, b""));
            }
            *signature.last_mut().unwrap() ^= 1;
            assert!(Scheme::ALL.iter().all(|it| !believed.has_signed_by(*it, message, &signature)));
        }
    }
    // Neither P-256 with SHA-384 nor P-384 with SHA-256 is among them.
    assert_eq!(
        verified,
        [
            Scheme::RsaPssSha256,
            Scheme::RsaPssSha384,
            Scheme::RsaPssSha512,
            Scheme::EcdsaP256Sha256,
            Scheme::EcdsaP384Sha384,
            Scheme::Ed25519,
        ]
    );
}

/// A chain that part 4 refuses for its key is believed at TLS 1.3, and one is as good as the other with RSA.
#[test]
fn part_4_takes_rsa_alone() {
    let key = rsa("root");
    let roots = Roots::from_der(vec![authority("Root", &key, "Root").signed(&key)]).unwrap();
    let name = ServerName::try_from("bank.example").unwrap();
    for leaf_key in [p256(1), p384(1), ed25519(1)] {
        let mut draft = leaf(&leaf_key, "Root");
        draft.extensions.push(crate::issue::extension(35, false, &[0x30, 0]));
        let chain = [draft.signed(&key)];
        assert_eq!(
            check(roots.verify(&Terms::PART4, Some(&name), &chain, NOW)).err(),
            Some("unacceptable_key")
        );
        assert!(roots.verify(&Terms::TLS13_SERVER, Some(&name), &chain, NOW).is_ok());
    }
}
