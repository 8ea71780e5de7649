//! The exercises: every starting point fails and says what is missing, every kept solution works, and
//! plausible mistakes are caught.
//!
//! What builds an exercise is ignored: a reader's own tests must not fail for what is being edited.

mod common;

use std::fs;
use std::io;
use std::iter::zip;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use attacker::attacks::truncate;
use attacker::{Attack, Path};
use certificates::{Identity, Roots, ServerName, Verifier};
use common::{packages, programs};
use crypto::tls13::record::{ContentType, Opener, Sealer};
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use regex_lite::Regex;
use serde_json::Value;
use stages::PART2_AEAD;
use transcript::Role;
use xtask::exercises::certificates::{CASES, Case, File};
use xtask::exercises::check::Check;
use xtask::exercises::tls::{self, Sealed};
use xtask::exercises::{EXERCISES, Exercise};
use xtask::lab::play::{Between, play};
use xtask::lab::scenario::{SCENARIOS, Scenario};

/// The files in `exercises/mistakes/`, and how each is caught. `{n}` is any number, `{text}` any text in quotes.
const MISTAKES: [(&str, &str); 86] = [
    (
        "1_knows_the_length",
        "the real client is served, its bytes one at a time: record {n} refused: {any}",
    ),
    (
        "1_overlooks_a_cut_length",
        "one cut inside a length is refused: cut after byte 1, your server receives 0 records \
         and refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 \
         bytes: the record was cut, by a fault or on purpose",
    ),
    (
        "1_takes_a_short_read_for_a_cut",
        "the real client is served, its bytes one at a time: record 0 refused: the stream ended \
         after 1 of 4 bytes: the record was cut, by a fault or on purpose",
    ),
    (
        "2_flips_one_bit",
        "the server receives the other amount: it received {text}; the client sent {text}, in which \
         amount={n} was wanted and no other change",
    ),
    (
        "2_panics",
        "the server receives the other amount: your code panicked at \
         xtask/tests/exercises/mistakes/2_panics.rs:9:5: index out of bounds: the len is {n} but the \
         index is 100",
    ),
    (
        "2_prints_before_it_panics",
        "the server receives the other amount: your code panicked at \
         xtask/tests/exercises/mistakes/2_prints_before_it_panics.rs:9:21: index out of bounds: the \
         len is {n} but the index is {n}",
    ),
    (
        "3_asks_nothing",
        "a short request is read: what you read is {text}; of the 28 bytes that the client sent, {n} \
         are right",
    ),
    (
        "3_asks_without_end",
        "a short request is read: your code has asked 7168 questions, 256 for each byte of the text, \
         and asks another",
    ),
    (
        "4_advances_on_failure",
        "replay is refused by out_of_order: a refused record moved `expected` from 1 to 2: the \
         genuine record 1 is not due any more",
    ),
    (
        "4_compares_too_late",
        "replay is refused by out_of_order: a record was decrypted, and then refused",
    ),
    (
        "4_decrypts_before_seq",
        "the requests of the real client are received: a record was decrypted before its seq \
         was compared, as a replayed one would be",
    ),
    (
        "4_decrypts_first",
        "the requests of the real client are received: a record was decrypted before its tag \
         was verified, as whatever anyone sends would be",
    ),
    (
        "4_decrypts_under_a_wrong_tag",
        "bit-flip is refused by bad_tag: a record with a wrong tag was decrypted anyway",
    ),
    (
        "4_knows_the_plaintext",
        "the requests of the real client are received: what was received is not what was sent",
    ),
    (
        "4_never_advances",
        "the requests of the real client are received: record 0 was accepted, and left \
         `expected` at 0: the next one carries 1",
    ),
    (
        "4_reads_seq_first",
        "the requests of the real client are received: a record's seq was read before its tag \
         was verified: until then it is anyone's number",
    ),
    (
        "4_reports_the_wrong_check",
        "a wrong number under a wrong tag is refused by bad_tag: record 0 refused: it \
         carries seq 7, expected 0: its tag is valid, so it is a genuine record \
         in the wrong place, or others before it are missing",
    ),
    (
        "4_takes_gaps",
        "drop is refused by out_of_order: the second of three transfers was never made, and the server \
         ended well",
    ),
    (
        "5_answers_the_first_alone",
        "it accepts such answers to all its requests: answer 1 is the server's own",
    ),
    (
        "5_prints_among_the_events",
        "the client accepts a first answer that the server did not send: a line on standard output \
         that is no event: expected value at line 1 column 1: a record of {n} bytes (to print \
         something, use eprintln! or dbg!)",
    ),
    (
        "5_reflects_one_record_twice",
        "it accepts such answers to all its requests: record 1 refused: it carries seq 0, expected \
         1: its tag is valid, so it is a genuine record in the wrong place, a replay or a \
         reordering",
    ),
    (
        "6_compares_the_first_alone",
        "the second is, when the first was answered: the client took a record of its own for an \
         answer",
    ),
    (
        "6_compares_the_last_alone",
        "the first of several is refused as its own answer: the client took a record of its own \
         for an answer",
    ),
    (
        "6_compares_the_numbers",
        "the answers of the real server are received: record 0 refused: its tag is valid and \
         its seq is due, but it is a record of our own, sent back to us",
    ),
    (
        "6_understates_its_cost",
        "the answers of the real server are received: after {n} records sent and 1 received, the \
         memory holds {n} bytes: COST says {n}",
    ),
    (
        "7_asks_only_after_a_message",
        "an end before the first request is refused: it received 0 of 3 messages, and took that for all",
    ),
    (
        "7_counts_the_messages",
        "an honest conversation goes through, both ways: {any}the stream ended after {n} records, \
         and is incomplete",
    ),
    (
        "7_ends_with_a_word",
        "an honest conversation goes through, both ways: the message \"END\" is not read as itself: \
         someone who can choose what is sent, the text of a form perhaps, could send it",
    ),
    (
        "7_loses_its_end",
        "an honest conversation goes through, both ways: what `end` seals is not read as the end",
    ),
    (
        "7_never_asks_for_the_end",
        "truncate is refused: one request of three arrives: it received 1 of 3 messages, and took \
         that for all",
    ),
    (
        "7_takes_what_comes_behind",
        "an honest conversation goes through, both ways: `is_whole` accepts a message after the end",
    ),
    (
        "8_expands_without_the_counter",
        "the request of the real client opens: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "8_skips_extract",
        "the request of the real client opens: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "8_swaps_the_directions",
        "the request of the real client opens: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "8_takes_the_secret_for_the_salt",
        "the request of the real client opens: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "8_has_one_key_for_both",
        "the request of the real client opens: both keys are the same: a record that is sent back to its sender would open",
    ),
    (
        "8_mistypes_the_label_of_the_server",
        "the client opens the answer: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "9_agrees_with_the_client_alone",
        "the server receives the other amount: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
    ),
    (
        "9_cuts_the_amount",
        "the server receives an amount that has more digits: it received {text}; the client sent {text}, in which amount={n} was wanted and no other change",
    ),
    (
        "9_keeps_the_answer",
        "the client receives the server's answer: part3-hkdf client: the peer closed the connection where its answer was due; perhaps it refused the request, or it is at another stage",
    ),
    ("9_passes_the_keys_on", "the server receives the other amount: it received nothing"),
    (
        "9_protects_too_early",
        "the server receives the other amount: the client refuses what came: ServerHello refused: {any}",
    ),
    (
        "9_says_900",
        "the server receives the other amount: it received {text}; the client sent {text}, in which amount={n} was wanted and no other change",
    ),
    ("9_swaps_the_keys", "the server receives the other amount: it received nothing"),
    (
        "10_calls_everything_unknown",
        "what is wrong with chain 3 is found: your code says UnknownIssuer, and that is not what is \
         wrong with it",
    ),
    (
        "10_compares_names_alone",
        "what is wrong with chain 4 is found: your code finds nothing wrong with it",
    ),
    (
        "10_counts_on_two",
        "a server's certificate without the authority that signed it is refused: your code panicked \
         at xtask/tests/exercises/mistakes/10_counts_on_two.rs:9:44: index out of bounds: the len is \
         1 but the index is 1",
    ),
    (
        "10_counts_one_authority",
        "a chain with one authority more is believed: your code says NotAnAuthority, and it is good",
    ),
    (
        "10_ends_a_second_too_early",
        "a certificate is believed until its last second is over: your code says Expired, and it is \
         good",
    ),
    (
        "10_forgets_the_beginning",
        "a chain that is not valid yet is refused: your code finds nothing wrong with it",
    ),
    (
        "10_lets_anyone_sign",
        "what is wrong with chain 3 is found: your code finds nothing wrong with it",
    ),
    (
        "10_looks_at_the_first_authority_alone",
        "an authority is refused that was made one by somebody who is none: your code finds nothing \
         wrong with it",
    ),
    (
        "10_looks_at_the_servers_time_alone",
        "what is wrong with chain 1 is found: your code finds nothing wrong with it",
    ),
    (
        "10_takes_a_name_for_another_that_ends_so",
        "a chain for eve.example is refused by a client that wants example: your code finds nothing \
         wrong with it",
    ),
    (
        "10_takes_the_first_name",
        "a server of several names is believed: your code says WrongName, and it is good",
    ),
    (
        "10_takes_the_subject_for_a_name",
        "what is wrong with chain 2 is found: your code finds nothing wrong with it",
    ),
    (
        "10_trusts_the_root_that_was_sent",
        "what is wrong with chain 5 is found: your code finds nothing wrong with it",
    ),
    (
        "10_verifies_the_last_signature_alone",
        "a certificate whose name was changed after it was signed is refused: your code finds nothing \
         wrong with it",
    ),
    (
        "11_binds_the_hellos_alone",
        "unknown-key-share is refused: nobody acts on the request: the client wants eve.example, \
         whose certificate and signature it got, and it is the real server that acts on its request",
    ),
    (
        "11_binds_the_keys_alone",
        "certificate-swap is noticed before the client has sent anything: the client believes a \
         certificate that the server did not send, and has sent its request when the server notices",
    ),
    (
        "11_draws_lots",
        "an honest conversation goes through, both ways: the client refuses the signature: the two \
         sides make different bytes of the same messages",
    ),
    (
        "11_panics",
        "an honest conversation goes through, both ways: your code panicked at \
         xtask/tests/exercises/mistakes/11_panics.rs:17:22: range end index 64 out of range for slice \
         of length 36",
    ),
    (
        "11_puts_them_end_to_end",
        "a field that is moved from ClientHello to ServerHello is noticed: the client believes that a \
         field stood in front of ServerHello, which to the server stood behind ClientHello",
    ),
    (
        "11_signs_all_and_binds_no_key",
        "unknown-key-share is refused: nobody acts on the request: the client wants eve.example, \
         whose certificate and signature it got, and it is the real server that acts on its request",
    ),
    (
        "11_signs_the_certificates_alone",
        "an honest conversation goes through, both ways: what is signed is the same when the client's \
         X25519 key is another: anyone who has seen the signature can use it in a connection of his \
         own",
    ),
    (
        "11_signs_the_clients_key_alone",
        "an honest conversation goes through, both ways: what is signed is the same when the server's \
         X25519 key is another: anyone who has seen the signature can use it in a connection of his \
         own",
    ),
    (
        "11_takes_the_keys_for_the_hellos",
        "a field that is added to ClientHello is noticed: the client believes that the server got its \
         ClientHello, and the server got another",
    ),
    (
        "12_loops_for_ever",
        "a request as long as the known one: your code has not finished within 10 s: it loops, or \
         waits for something that never comes",
    ),
    (
        "12_says_a_constant",
        "a request as long as the known one: what came back is not what the client sealed: {text}",
    ),
    (
        "13_believes_the_outer_type",
        "the first record of the server opens: its part of the handshake: your code says that its type is \
         23, and it is 22",
    ),
    ("13_counts_from_the_front", "the server's record 1 is data: your code refuses it"),
    ("13_ignores_the_number", "the server's record 1 is data: your code refuses it"),
    (
        "13_leaves_the_header_out",
        "the first record of the server opens: its part of the handshake: your code refuses it",
    ),
    (
        "13_panics",
        "a record of zeros has no type, and is refused: your code panicked at \
         xtask/tests/exercises/mistakes/13_panics.rs:{n}:{n}: called `Option::unwrap()` on a `None` value",
    ),
    (
        "13_takes_the_last_byte_for_the_type",
        "a padded record opens: your code says that its type is 0, and it is 23",
    ),
    (
        "13_takes_zeros_off_the_content",
        "the server's record 0 is a message of the handshake: your code says that it carries 204 bytes, and \
         it carries 205",
    ),
    (
        "14_counts_records",
        "the same, where the messages are cut into other records: what you computed is not what was sent",
    ),
    (
        "14_hashes_the_change_of_cipher",
        "the server's in a run of the real programs, with a ChangeCipherSpec: what you computed is not \
         what was sent",
    ),
    (
        "14_leaves_the_last_message_out",
        "the server's Finished in RFC 8448: what you computed is not what was sent",
    ),
    (
        "14_puts_the_client_first",
        "the client's in that run, behind its certificate: what you computed is not what was sent",
    ),
    (
        "14_takes_the_secret_for_the_key",
        "the server's Finished in RFC 8448: what you computed is not what was sent",
    ),
    (
        "15_finds_all_by_the_tag",
        "one bit of the session id is flipped: the client notices, as your code says, and not by RecordTag",
    ),
    (
        "15_hashes_the_records",
        "the message is cut into two records: your code says that the client notices, and the connection \
         works",
    ),
    (
        "15_lets_a_name_pass",
        "the name is another one: your code says that nobody notices, and the connection fails",
    ),
    (
        "15_lets_the_server_notice",
        "one bit of the random is flipped: your code says that the server notices, and the client does",
    ),
    (
        "15_waits_for_finished",
        "one bit of the random is flipped: the client notices, as your code says, and not by Finished",
    ),
];

/// The files in `exercises/mistakes/` that come to no end, what is tried, why each is ended, and how what it
/// printed begins.
const ENDLESS: [(&str, &str, &str); 3] = [
    (
        "2_prints_without_end",
        "a program wrote more than 1 MiB to standard error: all were ended",
        "xxxxxxxx",
    ),
    (
        "2_prints_lines_without_end",
        "a program wrote more than 1 MiB to standard error: all were ended",
        "byte 0 is not it\nbyte 1 is not it\n",
    ),
    (
        "2_sends_without_end",
        "a program wrote more than 4 MiB to standard output: all were ended",
        "",
    ),
];

/// Texts of the answers that the book gives, none of which may stand before the exercise.
const ANSWERS: [(u8, &[&str]); 10] = [
    (1, &["reader.rs:read_record", "A clean end is not a cut"]),
    (2, &["xor 08", "attack bit-flip", "bit_flip.rs"]),
    (4, &["hmac_seq.rs:open", "seq             OK  0 is the one expected"]),
    (5, &["attack reflect", "reflect.rs", "its own request", "perfect first"]),
    (7, &["close_notify", "record that marks the end"]),
    (8, &["hkdf.rs:derive", "hmac.digest(even"]),
    (9, &["attack mitm part3-hkdf", "mitm.rs"]),
    (12, &["attack nonce-reuse", "one xor k"]),
    (13, &["tls13/record.rs:open"]),
    (14, &["tls13/secret.rs:finished"]),
];

/// Tries a program.
fn check(number: u8, program: &std::path::Path) -> Check {
    Exercise::find(&number.to_string()).unwrap().check(programs(), program).unwrap()
}

/// Returns what is tried first, and is right; and what must be so and is not, and why.
fn not_yet(check: &Check) -> (usize, String) {
    let (last, before) = check.tried.split_last().unwrap();
    assert!(before.iter().all(|tried| tried.why_not.is_none()), "{before:?}");
    let why = last.why_not.as_ref().unwrap_or_else(|| panic!("it works: {:?}", check.tried));
    (before.len(), format!("{}: {why}", last.what))
}

fn mistake(name: &str) -> Check {
    let number = number_of(name);
    check(number, &answer(number, &format!("mistake_{name}")))
}

/// Builds a solution of an exercise, or a mistake.
fn answer(number: u8, name: &str) -> PathBuf {
    Exercise::find(&number.to_string()).unwrap().build_answer(name).unwrap()
}

/// The number at the start of a file's name.
fn number_of(name: &str) -> u8 {
    name.split_once('_').unwrap().0.parse().unwrap()
}

/// Asserts that a text is this one, in which `{n}` is any number, `{text}` any text in quotes, and `{any}` anything.
#[track_caller]
fn assert_is(text: &str, expected: &str) {
    let pattern = regex_lite::escape(expected)
        .replace(r"\{n\}", r"\d+")
        .replace(r"\{text\}", "\".*\"")
        .replace(r"\{any\}", ".*");
    let pattern = Regex::new(&format!("^(?s:{pattern})$")).unwrap();
    assert!(pattern.is_match(text), "{text:?}\nis not\n{expected:?}");
}

fn xtask(args: &[&str]) -> Output {
    common::xtask().arg("exercise").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn page(name: &str) -> String {
    fs::read_to_string(format!("../docs/src/{name}")).unwrap()
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn every_starting_point_fails_and_says_what_is_missing() {
    let expected = [
        (
            2,
            "one cut inside a length is refused: cut after byte 1, your server receives 0 records \
             and refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 \
             bytes: the record was cut, by a fault or on purpose",
        ),
        (
            0,
            "the server receives the other amount: it received just what the client sent; amount={n} \
             was wanted",
        ),
        (
            0,
            "a short request is read: what you read is \"\"; of the 28 bytes that the client sent, 0 \
             are right",
        ),
        (
            0,
            "the requests of the real client are received: a record was decrypted before its tag \
             was verified, as whatever anyone sends would be",
        ),
        (
            0,
            "the client accepts a first answer that the server did not send: answer 0 is the server's \
             own",
        ),
        (
            1,
            "a request is refused as its own answer: the client took a record of its own for an \
             answer",
        ),
        (
            1,
            "truncate is refused: one request of three arrives: it received 1 of 3 messages, and \
             took that for all",
        ),
        (
            0,
            "the request of the real client opens: record 0 refused: its tag does not verify: the bytes were changed on the way, or sealed under another key or at another stage; nothing was decrypted",
        ),
        (
            0,
            "the server receives the other amount: it received just what the client sent; amount={n} \
             was wanted",
        ),
        (1, "what is wrong with chain 1 is found: your code finds nothing wrong with it"),
        (
            1,
            "certificate-swap is noticed before the client has sent anything: the client believes a certificate \
             that the server did not send",
        ),
        (0, "a request as long as the known one: what came back is the ciphertext"),
        (
            0,
            "the first record of the server opens: its part of the handshake: your code refuses it",
        ),
        (0, "the server's Finished in RFC 8448: what you computed is not what was sent"),
        (
            1,
            "one bit of the random is flipped: your code says that nobody notices, and the connection fails",
        ),
    ];
    for (exercise, (before, why)) in EXERCISES.iter().zip(expected) {
        let program = exercise.build().unwrap();
        let (so_far, not_yet) = not_yet(&check(exercise.number, &program));
        assert_eq!(so_far, before, "{not_yet}");
        assert_is(&not_yet, why);
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn every_kept_solution_works_whatever_is_sent() {
    let printed = tls::printed().unwrap().records;
    let mut records: Vec<_> = printed.iter().map(|record| record.what.as_str()).collect();
    records.extend([
        "a record in another place is refused",
        "a record with another header is refused",
    ]);
    let expected: [&[&str]; 15] = [
        &[
            "the real client is served, its bytes one at a time",
            "a stream that ends after a record ends cleanly",
            "one cut inside a length is refused",
            "one cut inside a payload is refused",
            "a length that no record has is refused at once",
        ],
        &[
            "the server receives the other amount",
            "it does so when the amount stands in another place",
        ],
        &["a short request is read", "a longer one is read"],
        &[
            "the requests of the real client are received",
            "bit-flip is refused by bad_tag",
            "forge is refused by bad_tag",
            "mix-fields is refused by bad_tag",
            "rewrite-seq is refused by bad_tag",
            "replay is refused by out_of_order",
            "reorder is refused by out_of_order",
            "drop is refused by out_of_order",
            "a wrong number under a wrong tag is refused by bad_tag",
        ],
        &[
            "the client accepts a first answer that the server did not send",
            "it accepts such answers to all its requests",
        ],
        &[
            "the answers of the real server are received",
            "a request is refused as its own answer",
            "the first of several is refused as its own answer",
            "the second is, when the first was answered",
        ],
        &[
            "an honest conversation goes through, both ways",
            "truncate is refused: one request of three arrives",
            "an end before the first request is refused",
            "an end after the last request, and nothing more, is refused",
            "the client refuses an end after the first answer",
        ],
        &[
            "the request of the real client opens",
            "the client opens the answer",
            "so does another client's, whose secret is another one",
            "that client opens its answer",
        ],
        &[
            "the server receives the other amount",
            "the client receives the server's answer",
            "the server receives an amount that has more digits",
            "the client receives the server's answer again",
        ],
        &CASES.map(|case| case.what),
        &[
            "an honest conversation goes through, both ways",
            "certificate-swap is noticed before the client has sent anything",
            "unknown-key-share is refused: nobody acts on the request",
            "a field that is added to ClientHello is noticed",
            "a field that is added to ServerHello is noticed",
            "a field that is added to ServerAuth is noticed",
            "a field that is moved from ClientHello to ServerHello is noticed",
        ],
        &["a request as long as the known one", "a shorter one"],
        &records,
        &[
            "the server's Finished in RFC 8448",
            "the client's Finished in RFC 8448",
            "the server's in a run of the real programs, with a ChangeCipherSpec",
            "the client's in that run, behind its certificate",
            "the same, where the messages are cut into other records",
        ],
        &[
            "TLS 1.3 is not among the versions",
            "one bit of the random is flipped",
            "the name is another one",
            "one bit of the session id is flipped",
            "the best suite is taken out",
            "the public keys are taken out",
            "the key is the attacker's",
            "the server's signature scheme is taken out",
            "the message is cut into two records",
        ],
    ];
    for (exercise, expected) in EXERCISES.iter().zip(expected) {
        let program = answer(exercise.number, &format!("solution_{}", exercise.number));
        for _ in 0..3 {
            let check = check(exercise.number, &program);
            assert!(check.works(), "{:?}", check.tried);
            let tried: Vec<_> = check.tried.iter().map(|tried| tried.what.as_str()).collect();
            assert_eq!(tried, expected);
            assert_eq!(check.wrote, [""; 0]);
        }
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn plausible_mistakes_are_caught() {
    for (name, expected) in MISTAKES {
        assert_is(&not_yet(&mistake(name)).1, expected);
    }
    let kept = fs::read_dir("tests/exercises/mistakes").unwrap();
    assert_eq!(kept.count(), MISTAKES.len() + ENDLESS.len());
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn an_answer_without_end_is_ended_in_time_and_little_of_it_is_kept() {
    for (name, why, printed) in ENDLESS {
        let (_, not_yet) = not_yet(&mistake(name));
        let rest = not_yet.strip_prefix("the server receives the other amount: ");
        let rest =
            rest.and_then(|rest| rest.strip_prefix(why)).unwrap_or_else(|| panic!("{not_yet}"));
        assert!(rest.trim_start().starts_with(printed), "{rest}");
        assert!(rest.len() < 32 * 1024, "{name}: {} bytes", rest.len());
    }
}

/// The checker says what the real client says, at the first and at the last moment that it may try.
#[test]
fn every_verdict_on_a_chain_is_that_of_the_real_client() {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    for Case { what, chain, root, name, time, refused_by } in CASES {
        let read = |file: File| fs::read(file.path(programs()).unwrap()).unwrap();
        let roots = Roots::from_pem(&read(root)).unwrap();
        let verifier = Verifier { roots, name: ServerName::try_from(name).unwrap() };
        let chain = Identity::chain(&read(chain)).unwrap();
        let seconds = |at: usize| Duration::from_secs(at as u64);
        let times = time.map_or([now; 2], |time| [*time.start(), *time.end()].map(seconds));
        for time in times {
            let verdict = verifier.verify(&chain, time);
            let refused = verdict.err().map(|error| error.name());
            assert_eq!(refused, refused_by, "{what}, at {time:?}");
        }
    }
}

/// The checker says what the RFC prints, and what the real opener says.
#[test]
fn every_verdict_on_a_record_is_that_of_the_real_opener() {
    let vectors = fs::read_to_string("../crates/tls/tests/vectors/rfc8448.json").unwrap();
    let mut opened = 0;
    for Sealed { what, number, record, opened: expected, .. } in tls::printed().unwrap().records {
        if vectors.contains(&hex::encode(&*record)) {
            continue;
        }
        let secret = Secret::extract(Suite::Aes128GcmSha256, None, None);
        let (mut sealer, mut opener) = (Sealer::new(&secret), Opener::new(&secret));
        for _ in 0..number {
            let mut before = Vec::new();
            sealer.seal(&[], (ContentType::ApplicationData, b""), 0, &mut before).unwrap();
            opener.open(&[], &mut before).unwrap();
        }
        let (header, payload) = record.split_at(5);
        let mut payload = payload.to_vec();
        let (kind, content) = opener.open(header, &mut payload).unwrap();
        let expected = expected.map(|it| (it.kind, it.content.to_vec()));
        assert_eq!(kind.map(|kind| (kind.number(), content.to_vec())), expected, "{what}");
        opened += 1;
    }
    assert_eq!(opened, 6);
}

#[test]
fn the_chains_of_the_exercise_have_no_private_key_and_are_all_used() {
    let mut kept = 0;
    for folder in ["../exercises/chains", "src/exercises/chains"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let begun = text.lines().filter(|line| line.starts_with("-----BEGIN"));
            assert!(
                begun.into_iter().all(|line| line == "-----BEGIN CERTIFICATE-----"),
                "{path:?}"
            );
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_it =
                |file: File| matches!(file, File::Shown(it) | File::Hidden(it) if it == name);
            assert!(CASES.iter().any(|case| is_it(case.chain) || is_it(case.root)), "{path:?}");
            kept += 1;
        }
    }
    assert_eq!(kept, 13);
}

/// The explanation of the sixth stage says that it does not close splice.
#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn the_end_of_another_connection_ends_a_conversation_at_the_sixth_stage() {
    fn splice_ends(path: &Path) -> io::Result<()> {
        let mut short = path.accept()?;
        let request = short.requests.take()?;
        short.requests.send(&request)?;
        let end = short.requests.take()?;
        short.requests.send(&end)?;
        short.relay();

        let mut long = path.accept()?;
        let first = long.requests.take()?;
        long.requests.send(&first)?;
        long.requests.send(&end)?;
        long.requests.end()?;
        long.relay();
        Ok(())
    }
    const SPLICE_ENDS: Attack = Attack { run: splice_ends, ..truncate::ATTACK };

    let program = answer(7, "solution_7");
    let programs = programs().with(&PART2_AEAD, Role::Server, &program);
    let programs = programs.with(&PART2_AEAD, Role::Client, &program);
    let clients: &[&[&str]] = &[&["one"], &["two", "three"]];
    let scenario = Scenario { attack: &SPLICE_ENDS, clients, ..SCENARIOS[0] };
    let played = play(&programs, &scenario, &PART2_AEAD, Between::Attack(&SPLICE_ENDS)).unwrap();
    assert_eq!(played.server.plaintexts(), [b"one", b"two"]);
    assert_eq!((played.server.refusal(), played.server.code), (None, Some(0)));
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn a_reader_is_told_what_was_tried_and_gets_a_hint() {
    programs();
    // What this machine's reader has tried is not known here.
    _ = fs::remove_file(
        std::path::Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("exercise_1.tries"),
    );
    let output = xtask(&["1"]);
    let expected = "\
Exercise 1: find the planted bug in a record reader
exercises/1_record_reader.rs

OK       the real client is served, its bytes one at a time
OK       a stream that ends after a record ends cleanly
not yet  one cut inside a length is refused: cut after byte 1, your server receives 0 records and
         refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 bytes:
         the record was cut, by a fault or on purpose

Hint     1 of 3: the stream may end in three places: between records, inside a length, inside a
         payload. Follow each of them through the code.
Next:    cargo xtask exercise 1 --hint 2
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(1)));
    assert!(page("exercises.md").contains(expected));
    let output = xtask(&["bit-flip", "--solution"]);
    let expected = "\
Exercise 2: change the amount of a transfer at ctr
xtask/tests/exercises/solutions/2_bit_flip.rs

OK       the server receives the other amount
OK       it does so when the amount stands in another place

It works.

Why      What is xored into the ciphertext is xored into the plaintext, since the keystream drops
         out. Encryption hid the amount and did not protect it. No key was needed.
Good     A good solution takes the place and the change from what it was given, so that it works for
         any request and any amount, and leaves every other byte alone.
Compare  xtask/tests/exercises/solutions/2_bit_flip.rs
Next     exercise 3, read a recorded request through an oracle: exercises/3_oracle.rs, from
         docs/src/part1/open.md
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(0)));
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn what_a_program_prints_is_shown() {
    let check = mistake("2_panics");
    let told = EXERCISES[1].told(&check, 1);
    let [wrote] = &check.wrote[..] else { panic!("{:?}", check.wrote) };
    assert_is(wrote, "a record of {n} bytes");
    assert!(told.contains(&format!("\nyour program writes: {wrote}\n")), "{told}");
}

/// What a program's own words say is not repeated by the checker.
#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn a_middle_that_cannot_open_what_it_takes_says_so_itself() {
    for name in ["9_passes_the_keys_on", "9_swaps_the_keys"] {
        let [wrote] = &mistake(name).wrote[..] else { panic!("{name}") };
        assert_is(
            wrote,
            "the attack broke off: record {n} refused: its tag does not verify: {any}",
        );
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn progress_names_each_and_what_is_next() {
    let output = xtask(&[]);
    let text = stdout(&output);
    for exercise in EXERCISES {
        let line = format!("not yet  {:<27}{}\n", exercise.file(), exercise.title);
        assert!(text.contains(&line), "{line}{text}");
    }
    let next = "
0 of 15 solved

Next     exercise 1, find the planted bug in a record reader: exercises/1_record_reader.rs, from
         docs/src/part1/records.md
Try it   cargo xtask exercise 1
";
    assert!(text.ends_with(next), "{text}");
    assert_eq!(output.status.code(), Some(0), "nothing has gone wrong");
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn an_autograder_reads_which_are_solved() {
    let output = xtask(&["--all", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["solved"], &report["of"]), (&0.into(), &15.into()));
    let exercises = report["exercises"].as_array().unwrap();
    for (exercise, graded) in EXERCISES.iter().zip(exercises) {
        let file = format!("exercises/{}", exercise.file());
        let expected: [(&str, Value); 6] = [
            ("number", exercise.number.into()),
            ("name", exercise.name.into()),
            ("title", exercise.title.into()),
            ("file", file.into()),
            ("compiles", true.into()),
            ("solved", false.into()),
        ];
        for (field, value) in expected {
            assert_eq!(graded[field], value, "{graded}");
        }
        let tried = graded["tried"].as_array().unwrap();
        let (last, before) = tried.split_last().unwrap();
        assert!(before.iter().all(|tried| tried["why_not"].is_null()), "{graded}");
        assert!(last["what"].is_string() && last["why_not"].is_string(), "{graded}");
    }
    assert_eq!(exercises.len(), EXERCISES.len());
    assert_eq!(output.status.code(), Some(1), "not all are solved");
}

#[test]
fn no_exercise_can_name_a_key() {
    let packages = packages();
    let exercises = packages.iter().find(|package| package["name"] == "exercises").unwrap();
    let dependencies = exercises["dependencies"].as_array().unwrap();
    let names: Vec<_> = dependencies.iter().map(|dependency| &dependency["name"]).collect();
    assert_eq!(names, ["attacker", "framing", "harness", "stages"]);
}

#[test]
fn before_part_5_no_exercise_waits_for_what_tls_needs() {
    let needs_tls = |features: &str| {
        let tree = ["tree", "--offline", "--edges=normal", "--package=exercises", features];
        let output = Command::new(env!("CARGO")).args(tree).output().unwrap();
        assert!(output.status.success());
        stdout(&output).contains("ml-kem")
    };
    assert!(!needs_tls("--features=unfinished"));
    assert!(needs_tls("--features=unfinished,tls13"));

    let packages = packages();
    let exercises = packages.iter().find(|package| package["name"] == "exercises").unwrap();
    for exercise in EXERCISES {
        let targets = exercises["targets"].as_array().unwrap();
        let target = targets.iter().find(|target| target["name"] == exercise.program().as_str());
        let features = target.unwrap()["required-features"].as_array().unwrap();
        let is_behind_tls = features.contains(&"tls13".into());
        assert_eq!(is_behind_tls, exercise.stage.has_types(), "{}", exercise.name);
    }
}

#[test]
fn every_file_says_what_is_given_wanted_and_tried() {
    for (exercise, number) in EXERCISES.iter().zip(1..) {
        assert_eq!(exercise.number, number);
        let file = exercise.file();
        for (folder, solved) in [("../exercises", ""), ("tests/exercises/solutions", ", solved")] {
            let text = fs::read_to_string(format!("{folder}/{file}")).unwrap();
            let opening: Vec<_> =
                text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
            let opening = opening.join(" ").replace('`', "");
            let expected = format!("Exercise {number}{solved}: {}.", exercise.title);
            assert!(opening.starts_with(&expected), "{opening}");
            if solved.is_empty() {
                let checker = format!("**The checker**, cargo xtask exercise {number},");
                for part in ["**You have** ", "**You want** ", "**Write** ", &checker] {
                    assert!(opening.contains(part), "{file} has no {part}");
                }
            }
        }
    }
}

/// Someone who searches for the function that an exercise asks for must not come upon the answer.
#[test]
fn no_answer_has_the_names_of_its_exercise() {
    let functions = |text: &str| -> Vec<String> {
        let names = text.lines().filter_map(|line| line.strip_prefix("fn "));
        names.filter_map(|name| name.split_once('(').map(|(name, _)| name.to_owned())).collect()
    };
    for exercise in EXERCISES {
        let text = fs::read_to_string(format!("../exercises/{}", exercise.file())).unwrap();
        let mut asked = functions(&text);
        asked.retain(|name| !["main", "fill"].contains(&name.as_str()));
        assert!(!asked.is_empty());
        for folder in ["solutions", "mistakes"] {
            for entry in fs::read_dir(format!("tests/exercises/{folder}")).unwrap() {
                let path = entry.unwrap().path();
                let is_same =
                    number_of(path.file_name().unwrap().to_str().unwrap()) == exercise.number;
                let answers = functions(&fs::read_to_string(&path).unwrap());
                let both = asked.iter().find(|name| is_same && answers.contains(name));
                assert_eq!(both, None, "{}", path.display());
            }
        }
    }
}

#[test]
fn exercises_follow_the_chapters_and_stand_before_their_answers() {
    let summary = page("SUMMARY.md");
    let pages = summary.split(['(', ')']).filter(|page| page.contains(".md"));
    let pages: Vec<_> = pages.take_while(|page| *page != "exercises.md").collect();
    let book: String = pages.iter().map(|name| page(name)).collect();
    let places = EXERCISES.map(|exercise| {
        let command = format!("\ncargo xtask exercise {}\n", exercise.number);
        assert!(page(exercise.chapter).contains(&command), "{command}in {}", exercise.chapter);
        book.find(&command).unwrap()
    });
    // One chapter stands behind all parts.
    let in_a_part = zip(EXERCISES, places).filter(|(it, _)| it.chapter.starts_with("part"));
    let in_a_part: Vec<_> = in_a_part.map(|(_, place)| place).collect();
    assert!(in_a_part.is_sorted(), "{in_a_part:?}");
    for (number, answers) in ANSWERS {
        let place = places[usize::from(number) - 1];
        for answer in answers {
            let before = book[..place].find(answer).map(|at| &book[at..book.len().min(at + 200)]);
            assert_eq!(before, None, "exercise {number} comes too late");
            assert!(book[place..].contains(answer), "{answer:?} stands nowhere");
        }
    }
}

#[test]
fn the_next_version_gets_the_next_hint_until_there_are_no_more() {
    let exercise = &EXERCISES[0];
    let check = check(1, std::path::Path::new("no-such-program"));
    let hints = |versions| {
        let text = exercise.told(&check, versions);
        ["Hint     1 of 3", "Hint     2 of 3", "Hint     3 of 3", "1 --hint 2", "1 --hint 3"]
            .map(|word| text.matches(word).count())
    };
    assert_eq!(hints(1), [1, 0, 0, 1, 0]);
    assert_eq!(hints(2), [0, 1, 0, 0, 1]);
    assert_eq!(hints(3), [0, 0, 1, 0, 0]);
    assert_eq!(hints(9), hints(3));
}

#[test]
fn hints_come_one_after_the_other_and_check_nothing() {
    let output = xtask(&["nonce-reuse", "--hint", "2"]);
    let expected = "\
Hint     1 of 3: key and nonce make the keystream: what is the same in both records?
Hint     2 of 3: you have a ciphertext and its plaintext. What does the one give away about the
         other's making?
Next:    cargo xtask exercise 12 --hint 3
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(0)));
    assert_eq!(stdout(&xtask(&["12", "--hint"])).lines().count(), 2);
    assert_eq!(stdout(&xtask(&["12", "--hint", "200"])), stdout(&xtask(&["12", "--hint", "3"])));
}

#[test]
fn options_that_mean_nothing_are_a_usage_error() {
    for args in [
        &["16"][..],
        &["0"],
        &["--solution"],
        &["--hint"],
        &["1", "--hint", "--solution"],
        &["--json"],
        &["1", "--all"],
        &["1", "--json"],
    ] {
        assert_eq!(xtask(args).status.code(), Some(2), "{args:?}");
    }
}
