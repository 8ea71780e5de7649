//! The lab's commands, and who may import whom.

mod common;
#[path = "../book/src/mask.rs"]
mod mask;

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;
use std::slice;
use std::thread;

use attacker::attacks::weak_keys::{Weak, weak_values};
use attacker::{Attack, Outcome};
use common::packages;
use framing::Direction;
use mask::masked;
use messages::Message as _;
use messages::cert::ServerAuth;
use messages::x509::Certificate;
use regex_lite::Regex;
use serde_json::Value;
use stages::{STAGES, Stage};
use transcript::lines;
use transcript::{Event, EventKind, Way};
use xtask::lab::scenario::SCENARIOS;
use xtask::lab::story::{Act, Deed, Story, Who, text};
use xtask::lab::verdict::Verdict;
use xtask::views::Step;

fn xtask(args: &[&str]) -> Output {
    common::xtask().args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = xtask(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn twelve_matrices_four_at_a_time_are_all_the_same() {
    let first = stdout(&["matrix"]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..3).for_each(|_| assert_eq!(stdout(&["matrix"]), first)));
        }
    });
}

#[test]
fn the_table_reads_in_100_columns_and_without_colour() {
    let text = stdout(&["matrix"]);
    assert!(!text.contains('\x1b'));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn the_matrix_as_json_is_an_array_of_cells() {
    let cells: Vec<Value> = serde_json::from_str(&stdout(&["matrix", "--json"])).unwrap();
    assert_eq!(cells.len(), SCENARIOS.len() * STAGES.len());
    let cell = |attack: &str, stage: &str| {
        cells
            .iter()
            .find(|cell| cell["attack"] == attack && cell["stage"] == stage)
            .unwrap()
            .clone()
    };
    assert_eq!(cell("control", "part2-aead")["verdict"], "succeeded");
    assert_eq!(
        cell("bit-flip", "part1-ctr"),
        serde_json::json!({
            "attack": "bit-flip", "stage": "part1-ctr", "verdict": "succeeded", "by": null,
            "why": "the transfer of 900 went through",
        })
    );
    let replay = cell("replay", "part2-aead");
    assert_eq!((&replay["verdict"], &replay["by"]), (&"refused".into(), &"out_of_order".into()));
    assert!(
        replay["why"]
            .as_str()
            .unwrap()
            .starts_with("record 1 refused: it carries seq 0, expected 1")
    );
    assert_eq!(cell("rewrite-seq", "part1-ctr")["verdict"], "not_applicable");
}

fn stories(args: &[&str]) -> Vec<Story> {
    serde_json::from_str(&stdout(&[&["attack"], args, &["--json"]].concat())).unwrap()
}

#[test]
fn stories_are_as_they_should_be() {
    for args in [
        &["bit-flip", "part1-ctr"][..],
        &["bit-flip", "part2-aead"],
        &["forge", "part1-plain"],
        &["cut-record", "part2-hmac"],
        &["reorder", "part2-hmac-seq"],
        &["drop", "part1-ctr"],
        &["reflect", "part2-aead"],
        &["replay-session", "part2-hmac"],
        &["splice", "part2-aead"],
        &["delay", "part2-aead"],
        &["rewrite-seq", "part1-ctr", "part2-aead"],
        &["reflect", "part3-hkdf"],
        &["replay-session", "part3-hkdf"],
        &["cross-stage", "part3-hkdf"],
        &["oversize-length", "part3-dh"],
        &["leak-later", "part2-aead", "part3-hkdf", "part4-cert"],
        &["mitm", "part3-dh"],
        &["mitm", "part3-hkdf"],
        &["mitm", "part4-cert"],
        &["stolen-chain", "part4-cert"],
        &["own-chain", "part4-cert"],
        &["unknown-key-share", "part4-cert"],
        &["certificate-swap", "part4-cert"],
        &["cross-stage", "part4-cert"],
        &["downgrade", "part1-ctr", "part4-cert"],
        &["replay-server", "part3-x25519", "part3-hkdf", "part4-cert"],
        &["weak-keys", "part3-dh"],
        &["weak-keys", "part3-x25519"],
        &["weak-group", "part3-dh"],
        &["altered-handshake", "part3-hkdf"],
        &["replay-handshake", "part3-x25519", "part3-hkdf"],
        &["truncate", "part5-tls13"],
        &["stolen-chain", "part5-tls13"],
        &["unknown-key-share", "part5-tls13"],
        &["replay-session", "part5-tls13"],
        &["cross-stage", "part5-tls13"],
        &["downgrade", "part5-tls13"],
        &["read-name", "part4-cert", "part5-tls13"],
        &["traffic-lengths", "part2-aead", "part5-tls13"],
    ] {
        let text = stdout(&[&["attack"], args].concat());
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
            .bind(|| insta::assert_snapshot!(format!("attack-{}", args.join("-")), settled(&text)));
    }
}

/// Masks in a story what another run would tell otherwise: of a handshake, the public values and their lengths, as one
/// in 256 is shorter, and the fingerprints; the numbers of certificates, their signatures and the length of a message
/// with them.
fn settled(text: &str) -> String {
    let masks = [
        (r"(X25519 key|public value|certificate|CertificateVerify) [0-9a-f]{8}…", "$1 [random]…"),
        (r"\b2[12]\d\d B", "[len] B"),
        (r"\(fingerprint [0-9a-f ]+\)", "(fingerprint [random])"),
        (r"(and Finished \(fingerprint\s+│ +)[0-9a-f]{4} [0-9a-f]{4}", "$1[random]"),
        (r"\b52[5-9] B", "[len] B"),
        (r"\b19[78]\d B", "[len] B"),
        (
            r"(random|legacy_session_id|legacy_session_id_echo)(\s+(│ +)?)[0-9a-f]{8}…",
            "$1$2[random]…",
        ),
        (r"ciphertext [0-9a-f]{4},", "ciphertext [random],"),
        (r"inner type [0-9a-f]{2}", "inner type [random]"),
        (r"\b26[0-4] B", "[len] B"),
        (r"\[00 00 02 [0-9a-f]{2}\] = 52\d", "[00 00 02 [len]] = [len]"),
    ];
    masks.into_iter().fold(masked(text), |text, (mask, by)| {
        Regex::new(mask).unwrap().replace_all(&text, by).into_owned()
    })
}

#[test]
fn a_bit_flip_is_told_in_25_lines_and_a_splice_in_50() {
    for (attack, most) in [("bit-flip", 25), ("splice", 50)] {
        for stage in ["part1-ctr", "part2-aead"] {
            let text = stdout(&["attack", attack, stage]);
            assert!(text.lines().count() <= most, "{text}");
            let verdict = text.lines().nth(2).unwrap();
            assert!(verdict.starts_with("✗ open: ") || verdict.starts_with("✓ closed "), "{text}");
        }
    }
}

#[test]
fn a_story_in_steps_asks_before_each_verdict_and_has_its_own_at_the_end() {
    let will = |who: &str| format!("         ╭ will the {who} accept it? y or n: ");
    let [right, wrong] = ["as you said", "not as you said"].map(|is| format!("         ╰ {is}\n"));
    for (attack, stage, answers, asked) in [
        ("bit-flip", "hmac", "n\n", &[(will("server"), &right)][..]),
        ("bit-flip", "ctr", "n\n", &[(will("server"), &wrong)]),
        ("reflect", "aead", "y\nn\n", &[(will("server"), &right), (will("client"), &wrong)]),
    ] {
        let [story] = &stories(&[attack, stage])[..] else { panic!("one stage") };
        let mut out = Vec::new();
        let mut step = Step::new(answers.as_bytes(), &mut out, 9);
        text::step_through(story, false, &mut step).unwrap();
        let out = String::from_utf8(out).unwrap();
        let mut stepped = anstream::adapter::strip_str(&out).to_string();
        for (question, answer) in asked {
            let (before, rest) = stepped.split_once(question).unwrap();
            let (verdict, rest) = rest.split_once(*answer).unwrap();
            assert!(verdict.contains("│ accepts") || verdict.contains("│ refuses"), "{out}");
            stepped = [before, verdict, rest].concat();
        }
        // But for that, it is told as it always is.
        let whole = text::told(slice::from_ref(story), false);
        let whole = anstream::adapter::strip_str(&whole).to_string();
        let (heading, rest) = whole.split_once("\n\n").unwrap();
        let (verdict, rest) = rest.split_once("\n\n").unwrap();
        let (rest, _) = rest.split_once("more: ").unwrap();
        assert_eq!(stepped, format!("{heading}\n\n{rest}\n{verdict}\n"));
    }
    let output = xtask(&["attack", "bit-flip", "ctr", "--step"]);
    assert_eq!(output.status.code(), Some(2));
    let why = b"xtask: --step asks a person: it needs a terminal for input and output\n";
    assert!(output.stderr.ends_with(why));
}

#[test]
fn a_story_of_one_stage_names_the_attack_to_go_on_with() {
    for (attack, stage, next) in [
        ("bit-flip", "ctr", Some("bit-flip hmac")), // Open, and closed there.
        ("bit-flip", "hmac", Some("replay hmac")),  // Closed, and open there.
        ("rewrite-seq", "ctr", Some("bit-flip ctr")),
        ("eavesdrop", "plain", Some("eavesdrop ctr")),
        ("truncate", "aead", Some("truncate tls13")),
        ("cross-stage", "hmac", Some("cross-stage hkdf")),
        ("mitm", "hkdf", Some("mitm cert")),
        ("mitm", "cert", Some("unknown-key-share cert")),
        ("unknown-key-share", "cert", Some("unknown-key-share tls13")),
        ("bit-flip", "tls13", Some("stolen-key tls13")),
        ("stolen-key", "tls13", None),
    ] {
        let text = stdout(&["attack", attack, stage]);
        let line = text.lines().last().filter(|line| line.starts_with("next: "));
        let expected = next.map(|next| format!("next: cargo xtask attack {next}"));
        assert_eq!(line.map(str::to_owned), expected, "{text}");
    }
    for args in [&["attack", "bit-flip", "all"][..], &["attack", "bit-flip", "ctr", "--detail"]] {
        assert!(!stdout(args).contains("next: "));
    }
}

#[test]
fn a_story_fits_any_width_and_no_byte_of_it_is_broken() {
    for (columns, bytes_in_a_row) in [("60", 8), ("100", 16), ("200", 16)] {
        for args in [&["attack", "forge", "ctr"][..], &["attack", "forge", "ctr", "--detail"]] {
            let output = common::xtask().args(args).env("COLUMNS", columns).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let width: usize = columns.parse().unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(!text.contains('\x1b'));
            let rows: Vec<_> =
                text.lines().filter(|line| line.contains("│           becomes ")).collect();
            assert!(!rows.is_empty(), "{text}");
            for row in rows {
                let (_, row) = row.split_once("becomes ").unwrap();
                let bytes: Vec<_> =
                    row.split([' ', '[', ']']).filter(|it| !it.is_empty()).collect();
                assert_eq!(bytes.len(), bytes_in_a_row, "{text}");
                assert!(bytes.iter().all(|byte| byte.len() == 2), "{text}");
            }
        }
    }
}

#[test]
fn detail_tells_every_field_of_every_side() {
    let text = stdout(&["attack", "bit-flip", "part1-ctr", "--detail"]);
    for said in [
        "client   │ part1-ctr: connected to 127.0.0.1:",
        "attacker │ stands    between them: each connection goes through it\n",
        "client   │ sends record 0: 81 bytes on the wire\n",
        "         │       nonce         16 B  ",
        "         │ byte 68   ciphertext   ",
        "server   │ receives record 0: 81 bytes on the wire\n",
        "client   │ closed: records sent 1, received 1\n",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_story_as_json_has_the_verdict_the_change_and_both_sides() {
    let [open, closed] = &stories(&["bit-flip", "ctr", "hmac"])[..] else { panic!("two stages") };
    assert_eq!((open.verdict, open.as_known), (Verdict::Succeeded, true));
    assert_eq!((closed.verdict, closed.by.as_deref()), (Verdict::Refused, Some("bad_tag")));
    for story in [open, closed] {
        let changes = story.acts.iter().find_map(|act| match &act.deed {
            Deed::Puts { changes, .. } => Some(changes),
            _ => None,
        });
        let [change] = &changes.unwrap()[..] else { panic!("one field") };
        assert_eq!((change.field.as_str(), change.offset), ("ciphertext", 20));
        let differ: Vec<_> = change.before.iter().zip(&*change.after).map(|(a, b)| a ^ b).collect();
        assert_eq!(differ.iter().position(|xor| *xor != 0), Some(28));
        assert_eq!(differ.iter().map(|xor| xor.count_ones()).sum::<u32>(), 1);
    }
    let [belief] = &open.beliefs[..] else { panic!("one belief") };
    assert!(belief.sent[0].plaintext.windows(10).any(|text| text == b"amount=100"));
    assert!(belief.received[0].plaintext.windows(10).any(|text| text == b"amount=900"));
    assert_eq!(belief.received[0].message, None);
    assert!(closed.beliefs.is_empty());
    assert!(matches!(
        closed.acts.last().unwrap().deed,
        Deed::GetsNoAnswer { sent: 1, answered: 0 }
    ));
}

/// Every attack at every stage.
#[test]
fn what_arrives_was_put_on_the_wire_before_and_what_is_taken_was_sent() {
    thread::scope(|scope| {
        for scenarios in SCENARIOS.chunks(SCENARIOS.len().div_ceil(4)) {
            scope.spawn(move || {
                for scenario in scenarios {
                    stories(&[scenario.attack.name, "all"]).iter().for_each(causes_come_first);
                }
            });
        }
    });
}

fn causes_come_first(story: &Story) {
    let (name, stage) = (&story.attack, &story.stage);
    assert!(story.as_known, "{name} at {stage}");
    let applies = story.verdict != Verdict::NotApplicable;
    assert_eq!(applies, !story.acts.is_empty(), "{name} at {stage}");
    for (at, act) in story.acts.iter().enumerate() {
        let before = || story.acts[..at].iter().filter(|it| it.connection == act.connection);
        let is_there =
            match &act.deed {
                Deed::Accepts { bytes, .. }
                | Deed::AcceptsHello { bytes, .. }
                | Deed::AcceptsAlert { bytes, .. } => before().any(|earlier| match &earlier.deed {
                    Deed::PassesOn { bytes: put, .. }
                    | Deed::Puts { bytes: put, .. }
                    | Deed::Makes { bytes: put, .. } => put == bytes,
                    _ => false,
                }),
                Deed::Takes { message, bytes, .. } | Deed::PassesOn { message, bytes } => before()
                    .any(|earlier| match &earlier.deed {
                        Deed::Sends { bytes: sent, .. }
                        | Deed::SendsHello { bytes: sent, .. }
                        | Deed::SendsAlert { bytes: sent, .. } => {
                            earlier.who == message.from && sent == bytes
                        }
                        _ => false,
                    }),
                Deed::Puts { message, .. } | Deed::Makes { replaces: Some(message), .. } => {
                    story.acts[..at].iter().any(|earlier| match &earlier.deed {
                        Deed::Takes { message: taken, .. }
                        | Deed::PassesOn { message: taken, .. } => taken == message,
                        _ => false,
                    })
                }
                _ => true,
            };
        assert!(is_there, "{name} at {stage}: {act:?}");
    }
    let received = story.server.iter().filter(|event| matches!(event.kind, EventKind::Received(_)));
    let accepted = story
        .acts
        .iter()
        .filter(|act| act.who == Who::Server && matches!(act.deed, Deed::Accepts { .. }));
    assert_eq!(received.count(), accepted.count(), "{name} at {stage}");
}

/// The events of a party that say what it refused, by check.
fn refusals(events: &[Event]) -> Vec<&str> {
    let refusals = events.iter().filter_map(|event| match &event.kind {
        EventKind::Rejected { error, .. } => Some(error.as_str()),
        _ => None,
    });
    refusals.collect()
}

fn fingerprints(events: &[Event]) -> Vec<&[u8]> {
    let made = events.iter().filter_map(|event| match &event.kind {
        EventKind::Derived { fingerprint, .. } => fingerprint.as_deref(),
        _ => None,
    });
    made.collect()
}

/// The stages at which an attack is known to succeed.
fn open_at(attack: &str) -> Vec<&'static str> {
    let attack = Attack::find(attack).unwrap();
    let open = STAGES.iter().filter(|stage| attack.outcome_at(stage) == Outcome::Succeeds);
    open.map(|stage| stage.name).collect()
}

/// The attacks in which someone stands in the middle and succeeds, each at its stages.
fn with_someone_in_the_middle() -> Vec<Story> {
    let attacks = ["mitm", "stolen-key"];
    attacks
        .iter()
        .flat_map(|attack| stories(&[&[*attack], &open_at(attack)[..]].concat()))
        .collect()
}

/// The stages at which a server says who it is, for all to see.
fn certified_stages() -> Vec<&'static str> {
    let stages = STAGES.iter().filter(|stage| stage.has_certificates() && !stage.has_types());
    stages.map(|stage| stage.name).collect()
}

/// The messages in which a server says who it is, of those that a party sent or of those that it accepted.
fn proofs(events: &[Event], way: Way) -> Vec<ServerAuth> {
    let proofs = events.iter().filter_map(|event| match &event.kind {
        EventKind::Handshake(it) if it.direction == way => ServerAuth::decode(&it.message).ok(),
        _ => None,
    });
    proofs.collect()
}

/// The stage of TLS.
fn tls_stage() -> &'static str {
    STAGES.iter().find(|stage| stage.has_types()).unwrap().name
}

/// The stages whose records are of part 2, under keys made for the connection.
fn fresh_key_stages() -> Vec<&'static str> {
    let stages = STAGES.iter().filter(|stage| stage.has_data() && !stage.handshake.is_empty());
    stages.map(|stage| stage.name).collect()
}

fn handshake_stages() -> Vec<&'static str> {
    let stages = STAGES.iter().filter(|stage| !stage.handshake.is_empty());
    stages.map(|stage| stage.name).collect()
}

#[test]
fn the_one_in_the_middle_holds_both_secrets_and_the_two_fingerprints_differ() {
    for story in with_someone_in_the_middle() {
        let [client] = fingerprints(&story.clients[0])[..] else { panic!("one secret") };
        let [server] = fingerprints(&story.server)[..] else { panic!("one secret") };
        assert_ne!(client, server, "{}", story.stage);
        let held = story.beliefs.iter().find_map(|belief| belief.secrets.as_ref()).unwrap();
        assert_eq!([client, server].map(Some), held.each_ref().map(|it| it.as_deref()));
        let computed: Vec<_> = story
            .acts
            .iter()
            .filter_map(|act| match &act.deed {
                Deed::Computes { values } => Some(values[0].value.as_str()),
                _ => None,
            })
            .collect();
        let of = |whom: &str, fingerprint: &[u8]| {
            format!(
                "a secret to share with the {whom} (fingerprint {})",
                lines::fingerprint(fingerprint)
            )
        };
        assert_eq!(computed, [of("client", client), of("server", server)], "{}", story.stage);
    }
}

#[test]
fn the_one_in_the_middle_turns_100_into_900_and_the_answer_into_another_under_valid_tags() {
    let all = with_someone_in_the_middle().into_iter();
    let stages = fresh_key_stages();
    let told: Vec<_> = all.filter(|story| stages.contains(&story.stage.as_str())).collect();
    assert_eq!(told.len(), stages.len());
    for story in told {
        let [_, asked, answered] = &story.beliefs[..] else { panic!("secrets, two directions") };
        let ends = |text: &[u8], end: &[u8]| text.ends_with(end);
        let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|it| it == part);
        assert!(has(&asked.sent[0].plaintext, b"amount=100"));
        assert!(has(&asked.received[0].plaintext, b"amount=900"));
        assert!(ends(&answered.sent[0].plaintext, b"hello, client"));
        assert!(ends(&answered.received[0].plaintext, b"hello, victim"));
        assert!(refusals(&story.server).is_empty() && refusals(&story.clients[0]).is_empty());
    }
}

#[test]
fn every_weak_value_is_refused_by_the_side_that_it_is_put_before() {
    for story in stories(&[&["weak-keys"], &handshake_stages()[..]].concat()) {
        let check = story.by.as_deref().unwrap();
        let (last, others) = story.clients.split_last().unwrap();
        assert_eq!(refusals(&story.server), vec![check; others.len()], "{}", story.stage);
        assert!(others.iter().all(|client| fingerprints(client).is_empty()), "{}", story.stage);
        assert_eq!(refusals(last), [check], "{}", story.stage);
        assert_eq!(fingerprints(&story.server).len(), 1, "with the honest value");
        // Whoever signs does not sign for a weak value.
        let spent = usize::from(certified_stages().contains(&story.stage.as_str()));
        assert_eq!(proofs(&story.server, Way::Sent).len(), spent, "{}", story.stage);
        let put = story.acts.iter().filter_map(|act| match &act.deed {
            Deed::Puts { bytes, .. } => Some(&**bytes),
            _ => None,
        });
        let values = weak_values(Stage::find(&story.stage).unwrap());
        let put: Vec<_> = put.collect();
        assert_eq!(put.len(), values.len(), "{}", story.stage);
        for (put, Weak { value, .. }) in put.iter().zip(values) {
            let len = u16::try_from(value.len()).unwrap().to_be_bytes();
            let field = [&len[..], &value].concat();
            let ends = put.ends_with(&field) || story.stage == tls_stage() && put.ends_with(&value);
            assert!(ends, "{}: {put:x?}", story.stage);
        }
    }
}

#[test]
fn a_client_that_does_not_get_the_proof_it_wants_makes_no_key_and_sends_no_data() {
    for (attack, check) in [
        ("mitm", Some("bad_signature")),
        ("stolen-chain", Some("bad_signature")),
        ("own-chain", Some("wrong_name")),
        ("replay-server", Some("bad_signature")),
        ("downgrade", None),
    ] {
        for story in stories(&[&[attack], &certified_stages()[..]].concat()) {
            let client = story.clients.last().unwrap();
            assert_eq!(refusals(client), check.as_slice(), "{attack}");
            assert_eq!(proofs(client, Way::Received), [], "{attack}");
            assert!(fingerprints(client).is_empty(), "{attack}");
            assert!(!common::names(client).contains(&"sent"), "{attack}");
        }
    }
}

#[test]
fn a_client_of_the_attackers_own_shares_its_secret_with_the_server_and_takes_it_for_the_attacker() {
    for story in stories(&[&["unknown-key-share"], &certified_stages()[..]].concat()) {
        let [client] = &story.clients[..] else { panic!("one client") };
        let [secret] = fingerprints(client)[..] else { panic!("one secret") };
        assert_eq!(fingerprints(&story.server), [secret]);
        let [belief] = &story.beliefs[..] else { panic!("one belief") };
        let [accepted, sent] = belief.certificates.as_ref().unwrap();
        assert_eq!([&*accepted.subject, &*sent.subject], ["eve.example", "localhost"]);
        let knows = |act: &Act| matches!(act.deed, Deed::Computes { .. } | Deed::Learns { .. });
        assert!(!story.acts.iter().any(knows), "the attacker knows nothing");
        let made = |act: &&Act| matches!(act.deed, Deed::Makes { .. } | Deed::Puts { .. });
        assert_eq!(story.acts.iter().filter(made).count(), 1, "one message, and no record");
        let asked = story.server.iter().filter(|it| matches!(it.kind, EventKind::Received(_)));
        assert_eq!(asked.count(), 1);
    }
}

#[test]
fn the_same_signature_fits_a_certificate_that_the_server_has_not_sent() {
    for story in stories(&[&["certificate-swap"], &certified_stages()[..]].concat()) {
        let [sent] = &proofs(&story.server, Way::Sent)[..] else { panic!("one proof") };
        let [got] = &proofs(&story.clients[0], Way::Received)[..] else { panic!("one proof") };
        assert_eq!(sent.signature, got.signature);
        let [sent, got] =
            [sent, got].map(|auth| Certificate::decode(&auth.certificates[0]).unwrap());
        assert_eq!((&sent.subject, sent.public_key_info), (&got.subject, got.public_key_info));
        assert_ne!(sent.serial, got.serial);
        let belief = story.beliefs[0].certificates.as_ref().unwrap();
        assert_eq!(belief.each_ref().map(|leaf| &*leaf.serial), [got.serial, sent.serial]);
    }
}

#[test]
fn every_message_of_the_handshake_is_another_and_what_is_known_in_it_is_the_same() {
    for story in stories(&[&["altered-handshake"], &open_at("altered-handshake")[..]].concat()) {
        let stage = Stage::find(&story.stage).unwrap();
        let is_other =
            |act: &&Act| matches!(&act.deed, Deed::Puts { changes, .. } if !changes.is_empty());
        let others = story.acts.iter().filter(is_other).count();
        assert_eq!(others, stage.handshake.len(), "{}", story.stage);
        let sent = proofs(&story.server, Way::Sent);
        assert_eq!(sent.len(), usize::from(stage.has_certificates()));
        assert_eq!(sent, proofs(&story.clients[0], Way::Received));
    }
}

#[test]
fn the_identity_key_leaks_too_where_there_is_one_and_opens_nothing() {
    for story in stories(&["leak-later", "all"]) {
        let leaked = story.acts.iter().find_map(|act| match act.deed {
            Deed::GetsKeys { identity } => Some(identity),
            _ => None,
        });
        let is_certified = Stage::find(&story.stage).unwrap().has_certificates();
        let expected = (story.verdict != Verdict::NotApplicable).then_some(is_certified);
        assert_eq!(leaked, expected, "{}", story.stage);
        let learns = story.acts.iter().any(|act| matches!(act.deed, Deed::Learns { .. }));
        assert_eq!(learns, story.verdict == Verdict::Succeeded, "{}", story.stage);
    }
}

#[test]
fn records_under_fresh_keys_open_in_their_connection_and_direction_alone() {
    for (attack, refused_by_clients) in [
        ("reflect", 1),
        ("replay-session", 0),
        ("splice", 0),
        ("swap-answers", 2),
        ("cross-stage", 0),
        ("replay-handshake", 0),
    ] {
        let stages = fresh_key_stages().into_iter().filter(|stage| *stage != tls_stage());
        for story in stories(&[vec![attack], stages.collect()].concat()) {
            let by_clients: Vec<_> = story.clients.iter().flat_map(|it| refusals(it)).collect();
            assert_eq!(by_clients, vec!["bad_tag"; refused_by_clients], "{attack}");
            let by_server = usize::from(refused_by_clients == 0);
            assert_eq!(refusals(&story.server), vec!["bad_tag"; by_server], "{attack}");
        }
    }
}

/// Whoever refuses first, the other side is told, or cut off.
#[test]
fn at_tls_each_side_refuses_what_it_should_and_no_request_goes_to_the_wrong_one() {
    const NONE: &[&str] = &[];
    let tag = ["bad_tag"];
    for (attack, by_server, by_clients) in [
        ("reflect", NONE, vec![&tag[..]]),
        ("replay-session", &tag, vec![NONE]),
        ("splice", &tag, vec![NONE, NONE]),
        ("swap-answers", &["truncated"; 2], vec![&tag, &tag]),
        ("replay", &tag, vec![NONE]),
        ("replay-handshake", &tag, vec![NONE]),
        ("replay-server", NONE, vec![NONE, &tag]),
        ("truncate", &["truncated"], vec![&["truncated"]]),
        ("stolen-chain", NONE, vec![&["bad_signature"]]),
        ("own-chain", NONE, vec![&["wrong_name"]]),
        ("downgrade", &["protocol_version"], vec![NONE]),
        ("oversize-length", &["record_overflow"], vec![NONE]),
    ] {
        for story in stories(&[attack, tls_stage()]) {
            assert_eq!(refusals(&story.server), by_server, "{attack}");
            let clients: Vec<_> = story.clients.iter().map(|client| refusals(client)).collect();
            assert_eq!(clients, by_clients, "{attack}");
        }
    }
}

#[test]
fn at_tls_a_client_that_does_not_get_the_proof_it_wants_sends_no_data() {
    for (attack, check) in [
        ("mitm", "bad_tag"),
        ("stolen-chain", "bad_signature"),
        ("own-chain", "wrong_name"),
        ("unknown-key-share", "wrong_name"),
        ("certificate-swap", "bad_tag"),
        ("altered-handshake", "bad_tag"),
        ("replay-server", "bad_tag"),
    ] {
        for story in stories(&[attack, tls_stage()]) {
            let client = story.clients.last().unwrap();
            assert_eq!(refusals(client), [check], "{attack}");
            assert!(!common::names(client).contains(&"sent"), "{attack}");
        }
    }
}

#[test]
fn each_message_of_a_handshake_of_tls_is_refused_with_one_bit_flipped_by_whom_it_reaches() {
    for story in stories(&["flipped-handshake", tls_stage()]) {
        let messages = Stage::find(&story.stage).unwrap().handshake;
        assert_eq!(story.clients.len(), messages.len());
        for (client, message) in story.clients.iter().zip(messages) {
            let expected: &[_] = match (message.direction, message.is_sealed, message.name) {
                (Direction::ToClient, false, "ChangeCipherSpec") => &["unexpected_message"],
                // A hello that was changed on its way to the server shows in what the server says behind it.
                (Direction::ToClient, ..) | (_, _, "ClientHello") => &["bad_tag"],
                _ => &[],
            };
            assert_eq!(refusals(client), expected, "{message:?}");
            assert!(client.iter().all(|event| !matches!(event.kind, EventKind::Received(_))));
        }
        let by_server = refusals(&story.server);
        assert!(by_server.contains(&"unexpected_message"), "of the client's ChangeCipherSpec");
        assert!(!story.server.iter().any(|event| matches!(event.kind, EventKind::Received(_))));
    }
}

#[test]
fn whatever_is_taken_out_of_an_offer_of_tls_nothing_less_is_agreed_on() {
    for story in stories(&["downgrade-choice", tls_stage()]) {
        let clients: Vec<_> = story.clients.iter().map(|client| refusals(client)).collect();
        assert_eq!(clients, [["bad_tag"], ["bad_tag"], ["illegal_parameter"]]);
        assert!(!story.server.iter().any(|event| matches!(event.kind, EventKind::Received(_))));
    }
}

#[test]
fn a_handshake_that_passes_as_it_is_takes_a_line() {
    let text = stdout(&["attack", "reflect", fresh_key_stages()[0]]);
    let agrees = "client   │ agrees    on a secret, by ClientHello and ServerHello (fingerprint ";
    assert_eq!(text.matches(agrees).count(), 1, "{text}");
    assert!(!text.contains("makes"), "{text}");
}

#[test]
fn detail_tells_the_handshake_span_by_span() {
    let text = stdout(&["attack", "mitm", "part3-dh", "--detail"]);
    for said in [
        "client   │ sends ClientHello: 52",
        "         │ byte 0    length       00 00 02 0",
        "         │ byte 4    tag          00 01\n",
        "         │ byte 8    prime p      ff ff ff ff ff ff ff ff",
        "         │       check           OK  p and g are those of group 14\n",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_page_shows_the_verdicts_and_the_changed_bytes_side_by_side_and_loads_nothing() {
    let folder = common::Folder::new();
    let path = folder.join("bit-flip.html");
    let output = xtask(&["attack", "bit-flip", "ctr", "hmac", "--page", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bit-flip.html: "), "{said}");
    let page = fs::read_to_string(&path).unwrap();
    for part in [
        r#"<header class="outcome open">"#,
        "</span> open:</b> the transfer of 900 went through. Missing: integrity",
        r#"<header class="outcome closed">"#,
        "</span> closed</b> by bad_tag: the server refuses it",
        "amount=<mark>1</mark>00",
        "amount=<mark>9</mark>00",
        "its tag does not verify",
        "waits</b> <span>in vain for an answer",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let changed: Vec<_> = text.lines().filter(|line| line.contains("becomes")).collect();
    assert_eq!(changed.len(), 2);
    for row in changed {
        let byte = row.split(['[', ']']).nth(1).unwrap();
        assert!(page.contains(&format!("<mark>{byte}</mark>")), "{byte}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
    assert_eq!(page.matches("<article").count(), 2);
}

#[test]
fn a_page_that_cannot_be_written_is_said_before_anything_is_tried() {
    let folder = common::Folder::new();
    let path = folder.join("no/such/folder.html");
    let output = xtask(&["attack", "bit-flip", "ctr", "--page", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write "));
}

#[test]
fn attack_without_a_name_lists_them_and_an_unknown_one_suggests_the_nearest() {
    let list = stdout(&["attack"]);
    for attack in attacker::ATTACKS {
        assert!(list.contains(attack.name) && list.contains(attack.tries), "{list}");
    }
    for (args, said) in [
        (&["attack", "bit-flop", "part1-ctr"][..], "did you mean bit-flip?"),
        (&["attack", "bit-flip", "part1-crt"], "did you mean part1-ctr?"),
        (&["attack", "bit-flip"], "bit-flip at which stage?"),
        (&["matrix", "--json", "--markdown"], "cannot be used with"),
        (&["attack", "--json"], "required arguments were not provided"),
        (&["attack", "bit-flip", "ctr", "--json", "--detail"], "cannot be used with"),
        (&["attack", "nonce-reuse", "hmac"], "nonce-reuse is for part1-ctr and part2-aead"),
    ] {
        let output = xtask(args);
        assert_eq!(output.status.code(), Some(2));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains(said), "{complaint}");
    }
}

/// Everything that `package` depends on, near or far, in some normal build: what the packages of the
/// workspace declare, whatever this machine has downloaded.
fn dependencies(package: &str) -> BTreeSet<String> {
    let packages = packages();
    let mut found = BTreeSet::new();
    let mut open = vec![package.to_owned()];
    while let Some(name) = open.pop() {
        let declared = packages.iter().find(|package| package["name"] == *name);
        for dependency in declared.iter().flat_map(|it| it["dependencies"].as_array().unwrap()) {
            let name = dependency["name"].as_str().unwrap();
            if dependency["kind"] != "dev" && found.insert(name.to_owned()) {
                open.push(name.to_owned());
            }
        }
    }
    found
}

/// Who may import whom is the threat model.
#[test]
fn the_attacker_has_no_way_to_a_key_and_the_launcher_none_to_a_stage() {
    let parts: BTreeSet<_> = STAGES.iter().map(|stage| stage.package()).collect();
    let parts: Vec<_> = parts.into_iter().collect();
    let programs = [&["tunnel", "handshake", "channel"][..], &parts].concat();
    let packages = packages();
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    for (package, never) in [
        (
            "attacker",
            &[&["demo_keys", "channel", "handshake", "tls", "program"][..], &parts].concat()[..],
        ),
        ("messages", &["crypto"]),
        ("framing", &["crypto"]),
        ("stages", &["crypto"]),
        ("crypto", &["framing", "stages"]),
        ("xtask", &programs),
        ("render", &programs),
        ("load", &programs),
        ("explain", &programs),
        // It names the options of the certificates' maker, which plays a server with a bad chain.
        ("book", &[&["tunnel"][..], &parts].concat()),
        ("site", &programs),
    ] {
        assert!(names.contains(&package), "there is no {package}");
        let reached = dependencies(package);
        for other in never {
            assert!(names.contains(other), "there is no {other}");
            assert!(!reached.contains(*other), "{package} reaches {other}");
        }
    }
    assert!(dependencies("attacker").contains("framing"), "what is reached is found");
    for package in names {
        let may = ["authority", "book", "explain", "load", "render", "site"].contains(&package);
        assert!(may || !dependencies(package).contains("xtask"), "{package} reaches xtask");
    }
}
