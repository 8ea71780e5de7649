//! Files in PEM: roots, chains and private keys, and what is wrong with those that are of no use.

use certificates::{Identity, PemError, Roots, ServerName, Verifier};
use crypto::signature::KeyError;
use messages::DecodeError;

use crate::vectors::{NOW, chain_pem, der, key, pem};

/// A private key as a file has it.
fn key_pem(name: &str) -> String {
    pem("PRIVATE KEY", &key(name))
}

#[test]
fn every_certificate_of_a_file_is_a_root() {
    let file = chain_pem(&["evil root", "root", "other intermediate"]);
    let roots = Roots::from_pem(file.as_bytes()).unwrap();
    let ders: Vec<_> = roots.der().map(<[u8]>::to_vec).collect();
    assert_eq!(ders, [der("evil root"), der("root"), der("other intermediate")]);
    let name = ServerName::try_from("localhost").unwrap();
    let verifier = Verifier { roots, name };
    for (chain, root) in
        [(["server", "intermediate"], "root"), (["evil server", "evil intermediate"], "evil root")]
    {
        let believed = verifier.verify(&chain.map(der), NOW).unwrap().path;
        assert_eq!(believed, [der(chain[0]), der(chain[1]), der(root)]);
    }
}

#[test]
fn a_file_may_have_other_text_and_other_ends_of_lines() {
    let good = chain_pem(&["server", "intermediate"]);
    let chain = [der("server"), der("intermediate")];
    let texts = [
        good.clone(),
        good.replace('\n', "\r\n"),
        good.trim_end().to_owned(),
        format!("subject=CN = localhost\n\n{good}\nthe end\n"),
        good.replace("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n# next\n\n"),
        format!("{}{good}", key_pem("server")),
        format!("{good}{}", pem("X509 CRL", b"a list")),
    ];
    for text in &texts {
        assert_eq!(Identity::chain(text.as_bytes()).unwrap(), chain, "{text}");
    }
    let key = key_pem("server");
    for text in [&key, &key.replace('\n', "\r\n"), &format!("a key\n{key}"), &(good + &key)] {
        let identity = Identity::new(chain.to_vec(), text.as_bytes()).unwrap();
        assert_eq!(identity.certificates, chain);
        assert_eq!(identity.key.sign(b"a message").unwrap().len(), 256);
    }
}

#[test]
fn a_file_without_a_certificate_or_with_a_bad_one_is_refused() {
    let good = chain_pem(&["server"]);
    let broken_lines = [
        good.replace("-----END CERTIFICATE-----", ""),
        good.replace("-----END CERTIFICATE-----", "-----END PRIVATE KEY-----"),
        good.replacen("MII", "M!I", 1),
        "-----BEGIN CERTIFICATE\n".to_owned(),
    ];
    let refusals = |file: &str| {
        let file = file.as_bytes();
        [Roots::from_pem(file).err().unwrap(), Identity::chain(file).err().unwrap()]
    };
    for none in ["", "no PEM\n", &key_pem("server"), "BEGIN CERTIFICATE\n"] {
        assert_eq!(refusals(none), [(); 2].map(|()| PemError::NoCertificate), "{none}");
    }
    for broken in broken_lines {
        let [roots, chain] = refusals(&broken);
        assert!(matches!(roots, PemError::NotPem(_)), "{roots:?}: {broken}");
        assert_eq!(roots, chain);
    }
    let malformed = good.clone() + &pem("CERTIFICATE", b"no certificate");
    let error = DecodeError::NoSuch { what: "Certificate" };
    assert_eq!(
        refusals(&malformed),
        [(); 2].map(|()| PemError::BadCertificate { number: 2, error })
    );
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    assert_eq!(refusals(empty), [(); 2].map(|()| PemError::BadCertificate { number: 1, error }));
    assert!(refusals(&malformed)[0].to_string().starts_with("certificate 2 in it cannot be read"));
}

/// It can be read, and says of itself that it is signed in another way than it is.
#[test]
fn a_root_that_contradicts_itself_is_refused_beforehand() {
    let mut root = der("root");
    let at = root.len() - 256 - 5 - 3;
    assert_eq!(root[at..at + 3], [11, 5, 0]);
    root[at] = 12;
    let error = DecodeError::NoSuch { what: "root" };
    assert_eq!(
        Roots::from_der(vec![der("root"), root]).err(),
        Some(PemError::BadCertificate { number: 2, error })
    );
}

#[test]
fn a_chain_of_more_certificates_than_a_message_has_is_refused() {
    let chain = |count| Identity::chain(chain_pem(&vec!["server"; count]).as_bytes());
    assert_eq!(chain(8).unwrap().len(), 8);
    assert_eq!(chain(9), Err(PemError::TooMany(9)));
}

#[test]
fn a_chain_that_is_longer_than_a_message_is_refused() {
    // An element that nobody looks into makes a certificate as long as one likes.
    let long = |len: usize| {
        let mut certificate = der("server");
        let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11, 5, 0];
        let at = certificate.len() - 256 - 5 - algorithm.len();
        assert_eq!(certificate[at..at + algorithm.len()], algorithm);
        let value = [&[4, 0x82][..], &u16::try_from(len).unwrap().to_be_bytes(), &vec![0; len]];
        let content = [&algorithm[2..13], &value.concat()].concat();
        let content_len = u16::try_from(content.len()).unwrap().to_be_bytes();
        let longer = [&[0x30, 0x82][..], &content_len, &content].concat();
        certificate.splice(at..at + algorithm.len(), longer);
        let total = u16::try_from(certificate.len() - 4).unwrap().to_be_bytes();
        certificate[2..4].copy_from_slice(&total);
        Identity::chain(pem("CERTIFICATE", &certificate).as_bytes())
    };
    // A message of one certificate has two headers of 4 bytes, and a signature of up to 512.
    let most = 16_384 - 4 - 4 - 512;
    let other = long(1_000).unwrap()[0].len() - 1_000;
    assert_eq!(long(most - other).unwrap()[0].len(), most);
    assert_eq!(long(most - other + 1), Err(PemError::TooLong { len: 16_385, most: 16_384 }));
}

#[test]
fn a_private_key_that_is_none_or_belongs_to_another_certificate_is_refused() {
    let refusal = |file: &str| {
        let chain = vec![der("server"), der("intermediate")];
        Identity::new(chain, file.as_bytes()).err().expect("a refusal")
    };
    assert_eq!(refusal(&key_pem("intermediate")), PemError::OtherKey);
    assert_eq!(refusal(&key_pem("server3072")), PemError::OtherKey);
    assert_eq!(refusal(""), PemError::NoKey);
    assert_eq!(refusal(&chain_pem(&["server"])), PemError::NoKey);
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"who knows");
    assert_eq!(refusal(&encrypted), PemError::Encrypted);
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY"] {
        assert_eq!(refusal(&pem(label, &key("server")[26..])), PemError::NotPkcs8);
    }
    for (file, error) in [
        (key_pem("ec"), KeyError::NotRsa),
        (key_pem("ed25519"), KeyError::NotRsa),
        (key_pem("server1024"), KeyError::WrongSize { bits: 1_024 }),
        (pem("PRIVATE KEY", b"garbage"), KeyError::NotRsa),
        (pem("PRIVATE KEY", &key("server")[26..]), KeyError::NotRsa),
    ] {
        assert_eq!(refusal(&file), PemError::Key(error));
    }
    let broken = key_pem("server").replace("-----END PRIVATE KEY-----", "");
    assert!(matches!(refusal(&broken), PemError::NotPem(_)));

    // No certificate to compare it with.
    let good = key_pem("server");
    for chain in [vec![], vec![b"no certificate".to_vec()]] {
        assert_eq!(Identity::new(chain, good.as_bytes()).err(), Some(PemError::NoCertificate));
    }
}

/// The file is at fault, and what is wrong with it is told without a word of what is in it.
#[test]
fn no_error_tells_anything_of_a_private_key() {
    let good = key_pem("server");
    let inside: Vec<_> = good.lines().filter(|line| !line.starts_with('-')).collect();
    for broken in [
        good.replacen("MII", "M!I", 1),
        good.replace("-----END PRIVATE KEY-----", ""),
        good.replace(inside[3], &inside[3][1..]),
        good.replace("BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY").replace("END PR", "END RSA PR"),
        format!("{}\n", inside.join("\n")),
    ] {
        let error = Identity::new(vec![der("server")], broken.as_bytes()).err().unwrap();
        let told = format!("{error} {error:?}");
        let lines = inside.iter().filter(|line| line.len() > 8);
        for part in lines.flat_map(|line| line.as_bytes().windows(8)) {
            assert!(!told.contains(str::from_utf8(part).unwrap()), "{told}");
        }
    }
}
