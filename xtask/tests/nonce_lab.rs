//! What a nonce used twice gives away, on the real victim and the real server.

mod common;
#[path = "../book/src/mask.rs"]
mod mask;

use std::sync::LazyLock;

use attacker::attacks::{FORGED, GUESS};
use attacker::gf128::Element;
use attacker::nonce_reuse::AuthenticationKey;
use common::{names, packages, programs};
use crypto::{Open, Seal, aead, ctr};
use mask::masked;
use program::REQUEST;
use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Stage};
use transcript::EventKind;
use xtask::lab::nonce_reuse::{NonceLab, deliver};
use xtask::lab::story::text;

const OTHER_REQUEST: &str = "GET /transfer?to=bob&amount=900 HTTP/1.1\r\nHost: localhost\r\n\r\n";

static CTR: LazyLock<NonceLab> = LazyLock::new(|| NonceLab::run(&PART1_CTR).unwrap());
static AEAD: LazyLock<NonceLab> = LazyLock::new(|| NonceLab::run(&PART2_AEAD).unwrap());

/// AES under aead's key: the keystream of ctr for that nonce.
fn encrypted_block(block: [u8; 16]) -> Element {
    let mut opener = ctr::Opener::new(&ctr::Keys { encryption: demo_keys::aead().aead });
    let mut payload = [block, [0; 16]].concat();
    let keystream: &[u8] = opener.open(&[], &mut payload).unwrap();
    Element::from(<[u8; 16]>::try_from(keystream).unwrap())
}

fn without_colour(lab: &NonceLab, is_detailed: bool) -> String {
    let told = text::told(&[lab.story()], is_detailed);
    anstream::adapter::strip_str(&told).to_string()
}

#[test]
fn nonce_reuse_at_part1_ctr_gives_the_xor_and_one_request_the_other() {
    let mut xor = [0; 61];
    xor[28] = 0x08;
    assert_eq!(CTR.xor, xor);
    assert_eq!(CTR.recovered, OTHER_REQUEST.as_bytes());
    let [one, other] = &CTR.records;
    assert_eq!([&*one.plaintext, &*other.plaintext], [REQUEST, OTHER_REQUEST].map(str::as_bytes));
    assert!(CTR.succeeded() && CTR.forgery.is_none());
}

#[test]
fn nonce_reuse_at_part2_aead_makes_a_forgery_that_the_server_acts_on() {
    assert_eq!(AEAD.recovered, OTHER_REQUEST.as_bytes());
    let forgery = AEAD.forgery.as_ref().unwrap();
    let received = forgery.server.iter().find_map(|event| match &event.kind {
        EventKind::Received(record) => Some(record),
        _ => None,
    });
    let received = received.expect("the server received it");
    let expected = b"GET /transfer?to=eve&amount=999 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(*received.plaintext, *expected);
    assert_eq!(*received.record, *forgery.payload);
    assert_eq!((received.index, received.seq), (0, Some(0)));
    let expected = ["listening", "connected", "received", "sent", "closed"];
    assert_eq!(names(&forgery.server), expected);
    assert!(AEAD.succeeded());
}

/// Told apart from luck: it is H by its definition (NIST SP 800-38D, section 7.1), from the key that the
/// attacker never had.
#[test]
fn what_the_attacker_recovers_is_the_key_of_the_authentication() {
    let forgery = AEAD.forgery.as_ref().unwrap();
    assert_eq!((forgery.key.block, forgery.key.exponent), (1, 4));
    assert_eq!(forgery.key.h, encrypted_block([0; 16]));
    let mut first_counter_block = [0; 16];
    first_counter_block[15] = 1;
    assert_eq!(forgery.mask, encrypted_block(first_counter_block));
}

#[test]
fn with_that_key_a_record_with_a_fresh_nonce_is_forged_too() {
    let keys = demo_keys::aead();
    let (mut sealer, mut opener) = (aead::Sealer::new(&keys), aead::Opener::new(&keys));
    let key = AEAD.forgery.as_ref().unwrap().key;
    for _ in 0..3 {
        let mut payload = Vec::new();
        sealer.seal(&[], GUESS, &mut payload).unwrap();
        let mut forged = key.forge(&payload, GUESS, &FORGED[..40]).unwrap();
        assert_eq!(opener.open(&[], &mut forged).unwrap(), &FORGED[..40]);
    }
}

#[test]
fn fresh_nonces_give_nothing_away() {
    let sealed = || {
        let mut payload = Vec::new();
        aead::Sealer::new(&demo_keys::aead()).seal(&[], GUESS, &mut payload).unwrap();
        payload
    };
    let error = AuthenticationKey::recover(&sealed(), &sealed()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the nonces differ: each plaintext has a keystream of its own, and each tag a mask"
    );
}

/// The verdict is the server's, not the attacker's.
#[test]
fn a_forgery_with_a_wrong_tag_is_refused_and_told_so() {
    let mut lab = NonceLab::run(&PART2_AEAD).unwrap();
    let forgery = lab.forgery.as_mut().unwrap();
    *forgery.payload.last_mut().unwrap() ^= 1;
    forgery.server = deliver(&PART2_AEAD, &forgery.payload).unwrap();
    assert_eq!(names(&forgery.server), ["listening", "connected", "rejected", "closed"]);
    assert!(!lab.succeeded());
    let text = without_colour(&lab, false);
    assert!(text.contains("\n✓ closed by bad_tag: the server refuses it\n"), "{text}");
    assert!(!lab.story().as_known);
}

#[test]
fn a_server_that_received_something_else_is_no_success() {
    let mut lab = NonceLab::run(&PART2_AEAD).unwrap();
    lab.forgery.as_mut().unwrap().server = deliver(&PART2_AEAD, &lab.records[0].record).unwrap();
    assert!(!lab.succeeded());
    let text = without_colour(&lab, false);
    assert!(text.contains("\n✓ closed: the victims report something else\n"), "{text}");
    assert!(!lab.story().as_known);
}

#[test]
fn the_story_is_as_it_should_be() {
    for lab in [&*CTR, &*AEAD] {
        let [text, detail] = [false, true].map(|is_detailed| without_colour(lab, is_detailed));
        for text in [&text, &detail] {
            assert!(
                text.lines().all(|line| line.chars().count() <= 100 && line.trim_end() == line)
            );
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = format!("nonce-reuse-{}", lab.stage.name);
        settings.bind(|| {
            insta::assert_snapshot!(format!("{name}-detail"), masked(&detail));
            insta::assert_snapshot!(name, masked(&text));
        });
    }
}

#[test]
fn other_stages_say_why_there_is_no_such_lab() {
    let error = |stage: &'static Stage| NonceLab::run(stage).unwrap_err().to_string();
    assert_eq!(
        error(&PART1_PLAIN),
        "nonce-reuse is for part1-ctr and part2-aead. part1-plain has no nonce, and nothing to hide"
    );
    for stage in [&PART2_HMAC, &PART2_HMAC_SEQ] {
        let expected = format!(
            "nonce-reuse is for part1-ctr and part2-aead. {} encrypts as part1-ctr does, and would \
             give away the same; its tags give nothing away, since HMAC takes no nonce",
            stage.name
        );
        assert_eq!(error(stage), expected);
    }
}

#[test]
fn no_normal_build_can_use_a_nonce_twice() {
    let not_built = programs().named("nonce_reuse_victim").unwrap_err();
    assert_eq!(not_built.to_string(), "no program nonce_reuse_victim was built");

    let mut named_by = Vec::new();
    let packages = packages();
    for package in &packages {
        for (feature, enables) in package["features"].as_object().unwrap() {
            let name = package["name"].as_str().unwrap();
            if feature == "nonce-reuse" || enables.to_string().contains("nonce-reuse") {
                named_by.push((name, feature.as_str()));
            }
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            assert!(!dependency["features"].to_string().contains("nonce-reuse"), "{dependency}");
        }
    }
    named_by.sort_unstable();
    assert_eq!(named_by, [("crypto", "nonce-reuse"), ("part2", "nonce-reuse")]);
}
