//! The stages without GCM against the `openssl` command: sealed here and opened there, and the
//! reverse. `openssl enc` cannot do GCM. And part 4's signatures: signed here and verified there, and the reverse. The
//! same for those of TLS 1.3, and agreements on X25519 and P-256, with the feature `tls13`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crypto::keys::{AesKey, MacKey};
use crypto::signature::{self, IdentityKey, Scheme};
use crypto::{Open, SEQ_LEN, Seal, ctr, hmac, hmac_seq};

const RECORDS: u8 = 100;
const ENC_KEY: &[u8; 32] = b"0123456789ABCDEF0123456789ABCDEF";
const MAC_KEY: &[u8; 31] = b"HMAC_KEY_FOR_PART2_DEMO_1234567";

/// What `openssl` makes of `input`.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the openssl command is there");
    // No record is longer than a pipe holds, so neither side waits for the other.
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Encrypts and decrypts.
fn aes_256_ctr(nonce: &[u8], data: &[u8]) -> Vec<u8> {
    let (key, nonce) = (hex::encode(ENC_KEY), hex::encode(nonce));
    openssl(&["enc", "-aes-256-ctr", "-K", &key, "-iv", &nonce], data)
}

fn hmac_sha256(data: &[u8]) -> Vec<u8> {
    let key = format!("hexkey:{}", hex::encode(MAC_KEY));
    openssl(&["dgst", "-sha256", "-mac", "HMAC", "-macopt", &key, "-binary"], data)
}

/// Records of all lengths around one and two blocks, and longer.
fn plaintext(number: u8) -> Vec<u8> {
    let len = usize::from(number) * if number < 50 { 1 } else { 163 };
    (number..=u8::MAX).cycle().take(len).collect()
}

/// The last `number % 16` bytes are 0xff, so that the counter carries.
fn nonce(number: u8) -> [u8; ctr::NONCE_LEN] {
    let mut nonce = [number.wrapping_mul(31); ctr::NONCE_LEN];
    nonce[ctr::NONCE_LEN - usize::from(number % 16)..].fill(0xff);
    nonce
}

/// `before` is what stands in front of the nonce, and whether there is a tag over all of it.
fn both_agree(
    (mut sealer, mut opener): (impl Seal, impl Open),
    has_tag: bool,
    before: impl Fn(u8) -> Vec<u8>,
) {
    for number in 0..RECORDS {
        let (plaintext, before) = (plaintext(number), before(number));

        let mut ours = Vec::new();
        sealer.seal(&[], &plaintext, &mut ours).unwrap();
        if has_tag {
            let tag = ours.split_off(ours.len() - hmac::TAG_LEN);
            assert_eq!(hmac_sha256(&ours), tag, "record {number}");
        }
        let nonce_and_ciphertext = ours.strip_prefix(&*before).unwrap();
        let (sent_nonce, ciphertext) = nonce_and_ciphertext.split_at(ctr::NONCE_LEN);
        assert_eq!(aes_256_ctr(sent_nonce, ciphertext), plaintext, "record {number}");

        let nonce = nonce(number);
        let mut theirs = [&before[..], &nonce, &aes_256_ctr(&nonce, &plaintext)].concat();
        if has_tag {
            theirs.extend(hmac_sha256(&theirs));
        }
        assert_eq!(opener.open(&[], &mut theirs).unwrap(), plaintext, "record {number}");
    }
}

fn hmac_keys() -> hmac::Keys {
    hmac::Keys { encryption: AesKey::from(*ENC_KEY), mac: MacKey::from(MAC_KEY.to_vec()) }
}

#[test]
#[ignore = "needs the openssl command"]
fn ctr() {
    let keys = ctr::Keys { encryption: AesKey::from(*ENC_KEY) };
    both_agree((ctr::Sealer::new(&keys), ctr::Opener::new(&keys)), false, |_| vec![]);
}

#[test]
#[ignore = "needs the openssl command"]
fn hmac() {
    let keys = hmac_keys();
    both_agree((hmac::Sealer::new(&keys), hmac::Opener::new(&keys)), true, |_| vec![]);
}

#[test]
#[ignore = "needs the openssl command"]
fn hmac_seq() {
    let keys = hmac_keys();
    let seq = |number| {
        let mut seq = vec![0; SEQ_LEN];
        seq[SEQ_LEN - 1] = number;
        seq
    };
    both_agree((hmac_seq::Sealer::new(&keys), hmac_seq::Opener::new(&keys)), true, seq);
}

/// An identity key of the vectors in a file, and its public half.
struct Signer {
    key: IdentityKey,
    private: String,
    public: String,
    /// `RSAPublicKey` in DER.
    public_key: Vec<u8>,
}

impl Signer {
    fn new(name: &str) -> Self {
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../handshake/tests/vectors/handshakes.json");
        let vectors: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let der = hex::decode(vectors["keys"][name].as_str().unwrap()).unwrap();
        let path = |ending: &str| {
            let file =
                Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("openssl-{name}.{ending}"));
            file.to_str().unwrap().to_owned()
        };
        let (private, public) = (path("private"), path("public"));
        fs::write(&private, openssl(&["pkey", "-inform", "DER"], &der)).unwrap();
        fs::write(&public, openssl(&["pkey", "-inform", "DER", "-pubout"], &der)).unwrap();
        let public_key =
            openssl(&["rsa", "-in", &private, "-RSAPublicKey_out", "-outform", "DER"], &[]);
        Self { key: IdentityKey::from_pkcs8(&der).unwrap(), private, public, public_key }
    }

    /// A signature that `openssl` makes, by RSASSA-PSS with a salt of this many bytes.
    fn sign(&self, salt_len: &str, message: &[u8]) -> Vec<u8> {
        let salt = format!("rsa_pss_saltlen:{salt_len}");
        let args = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt, "-sign", &self.private];
        openssl(&[&["dgst", "-sha256"], &args[..]].concat(), message)
    }

    /// Returns whether `openssl` says that a signature with such a salt is good.
    fn verify(&self, salt_len: &str, message: &[u8], signature: &[u8]) -> bool {
        let file = format!("{}.signature", self.public);
        fs::write(&file, signature).unwrap();
        let salt = format!("rsa_pss_saltlen:{salt_len}");
        let args = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt, "-verify", &self.public];
        let mut child = Command::new("openssl")
            .args(["dgst", "-sha256", "-signature", &file])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the openssl command is there");
        child.stdin.take().unwrap().write_all(message).unwrap();
        child.wait().unwrap().success()
    }
}

/// The longest salt has all the room but the hash and two bytes.
#[test]
#[ignore = "needs the openssl command"]
fn certificate_verify() {
    for (name, salt_len) in [("server", "222"), ("server3072", "350"), ("server4096", "478")] {
        let signer = Signer::new(name);
        for number in 0..5 {
            let message: Vec<u8> = (number..64 + number).collect();
            let ours = signer.key.sign(&message).unwrap();
            assert!(signer.verify(salt_len, &message, &ours), "{name}");
            assert!(!signer.verify("32", &message, &ours), "{name}");
            assert!(!signer.verify(salt_len, &message[1..], &ours), "{name}");

            let verify = |scheme, signature: &[u8]| {
                signature::verify(scheme, &signer.public_key, &message, signature)
            };
            let theirs = signer.sign(salt_len, &message);
            assert!(verify(Scheme::PssLongestSalt, &theirs), "{name}");
            assert!(!verify(Scheme::Pss, &theirs), "{name}");
            let with_a_short_salt = signer.sign("32", &message);
            assert!(verify(Scheme::Pss, &with_a_short_salt), "{name}");
            assert!(!verify(Scheme::PssLongestSalt, &with_a_short_salt), "{name}");
        }
    }
}

#[cfg(feature = "tls13")]
mod tls13 {
    use crypto::secret::SharedSecret;
    use crypto::tls13::group::{Group, KeyShare};
    use crypto::tls13::scheme::{Scheme, SigningKey};

    use super::*;

    /// A file of these bytes.
    fn file(name: &str, bytes: &[u8]) -> String {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("openssl-tls13-{name}"));
        fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Returns whether `openssl` is content.
    fn succeeds(arguments: &[&str]) -> bool {
        let output = Command::new("openssl").args(arguments).output();
        output.expect("the openssl command is there").status.success()
    }

    const PSS: [&str; 4] =
        ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"];

    #[test]
    #[ignore = "needs the openssl command"]
    fn certificate_verify() {
        for (name, generate, scheme, digest, key_len) in [
            ("rsa", &["RSA"][..], Scheme::RsaPssSha256, Some("sha256"), 270),
            ("rsa384", &["RSA"], Scheme::RsaPssSha384, Some("sha384"), 270),
            ("rsa512", &["RSA"], Scheme::RsaPssSha512, Some("sha512"), 270),
            (
                "p256",
                &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                Scheme::EcdsaP256Sha256,
                Some("sha256"),
                65,
            ),
            (
                "p384",
                &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                Scheme::EcdsaP384Sha384,
                Some("sha384"),
                97,
            ),
            ("ed25519", &["ED25519"], Scheme::Ed25519, None, 32),
        ] {
            let generate =
                [&["genpkey", "-quiet", "-outform", "DER", "-algorithm"], generate].concat();
            let private = openssl(&generate, b"");
            let pkcs8 = openssl(
                &["pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER"],
                &private,
            );
            let info = openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], &private);
            let public = &info[info.len() - key_len..];
            let (private, info_file) = (
                file(&format!("{name}.private"), &private),
                file(&format!("{name}.public"), &info),
            );
            let mut how = vec!["-rawin"];
            if let Some(digest) = digest {
                how.extend(["-digest", digest]);
            }
            if name.starts_with("rsa") {
                how.extend(PSS);
            }
            for number in 0..3 {
                let message: Vec<u8> = (number..130 + number).collect();
                let message_file = file(&format!("{name}.message"), &message);
                let sign = [
                    "pkeyutl",
                    "-sign",
                    "-keyform",
                    "DER",
                    "-inkey",
                    &private,
                    "-in",
                    &message_file,
                ];
                let theirs = openssl(&[&sign[..], &how].concat(), b"");
                for verifying in Scheme::ALL {
                    let verifies = verifying.verify(public, &message, &theirs);
                    assert_eq!(verifies, verifying == scheme, "{name}: {verifying:?}");
                }
                assert!(!scheme.verify(public, &message[1..], &theirs), "{name}");

                // Ours sign by three of them.
                let Some(ours) =
                    SigningKey::from_pkcs8(&pkcs8).ok().filter(|it| it.scheme() == scheme)
                else {
                    assert!(["rsa384", "rsa512", "p384"].contains(&name));
                    continue;
                };
                assert_eq!(ours.public_key_info(), info, "{name}");
                let mut signature = ours.sign(&message).unwrap();
                let verify = |signature: &[u8]| {
                    let signature = file(&format!("{name}.signature"), signature);
                    let verify =
                        ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", &info_file];
                    let with = ["-in", &message_file, "-sigfile", &signature];
                    succeeds(&[&verify[..], &with, &how].concat())
                };
                assert!(verify(&signature), "{name}");
                *signature.last_mut().unwrap() ^= 1;
                assert!(!verify(&signature), "{name}");
            }
        }
    }

    #[test]
    #[ignore = "needs the openssl command"]
    fn key_share() {
        for (name, generate, group, key_len) in [
            ("x25519", &["X25519"][..], Group::X25519, 32),
            ("p256dh", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], Group::Secp256r1, 65),
        ] {
            let generate =
                [&["genpkey", "-quiet", "-outform", "DER", "-algorithm"], generate].concat();
            let private = openssl(&generate, b"");
            let info = openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], &private);
            let (prefix, theirs) = info.split_at(info.len() - key_len);
            let private = file(&format!("{name}.private"), &private);
            let agreed_there = |ours: &[u8]| {
                let ours = file(&format!("{name}.peer"), &[prefix, ours].concat());
                let derive = ["pkeyutl", "-derive", "-keyform", "DER", "-inkey", &private];
                openssl(&[&derive[..], &["-peerform", "DER", "-peerkey", &ours]].concat(), b"")
            };
            let client = KeyShare::random(group).unwrap();
            let there = SharedSecret::guessed(&agreed_there(&client.public));
            let here = client.agree(theirs).unwrap();
            assert_eq!(here.fingerprint(), there.fingerprint(), "{name}");
            let (public, secret) = group.respond(theirs).unwrap().unwrap();
            let there = SharedSecret::guessed(&agreed_there(&public));
            assert_eq!(secret.fingerprint(), there.fingerprint(), "{name}");
        }
    }
}
