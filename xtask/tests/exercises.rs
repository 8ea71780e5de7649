//! The exercises: every starting point fails and says what is missing, every kept solution works, and
//! plausible mistakes are caught.
//!
//! What builds an exercise is ignored: a reader's own tests must not fail for what is being edited.

mod common;

use std::fs;
use std::process::Output;

use common::{packages, programs};
use xtask::exercises::check::Check;
use xtask::exercises::{EXERCISES, Exercise};
use xtask::launch::Programs;

/// The files in `exercises/mistakes/`, and how each is caught.
const MISTAKES: [(&str, &str); 20] = [
    (
        "1_loops_for_ever",
        "a request as long as the known one: your code has not come to an end within 10 s: it \
         loops, or waits for what never comes",
    ),
    (
        "2_panics",
        "the server receives a request for 900: your code panicked at \
         exercises/mistakes/2_panics.rs:9:5: index out of bounds: the len is 81 but the index is \
         100",
    ),
    (
        "2_prints_before_it_panics",
        "the server receives a request for 900: your code panicked at \
         exercises/mistakes/2_prints_before_it_panics.rs:9:21: index out of bounds: the len is 81 but \
         the index is 81",
    ),
    (
        "3_decrypts_first",
        "three requests of the real client are received: a record was decrypted before its tag \
         was verified, as whatever anyone sends would be",
    ),
    (
        "3_reads_seq_first",
        "three requests of the real client are received: a record's seq was read before its tag \
         was verified: until then it is anyone's number",
    ),
    (
        "3_decrypts_before_seq",
        "three requests of the real client are received: a record was decrypted before its seq \
         was compared, as a replayed one would be",
    ),
    (
        "3_advances_on_failure",
        "replay is refused by out_of_order: a refused record moved `expected` from 1 to 2: the \
         genuine record 1 is not due any more",
    ),
    (
        "3_decrypts_under_a_wrong_tag",
        "bit-flip is refused by bad_tag: a record with a wrong tag was decrypted all the same",
    ),
    (
        "3_reports_the_wrong_check",
        "a wrong number under a wrong tag is refused by bad_tag: record 0 refused: it \
         carries seq 7, expected 0: its tag is valid, so it is a genuine record \
         in the wrong place, or others before it are missing",
    ),
    (
        "3_compares_too_late",
        "replay is refused by out_of_order: a record was decrypted, and then refused",
    ),
    (
        "3_never_advances",
        "three requests of the real client are received: record 0 was accepted, and left \
         `expected` at 0: the next one carries 1",
    ),
    (
        "3_takes_gaps",
        "drop is refused by out_of_order: the second of three transfers was never made, and the server ended well",
    ),
    (
        "4_overlooks_a_cut_length",
        "one cut inside a length is refused: cut after byte 1, your server receives 0 records \
         and refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 \
         bytes: the record was cut, by a fault or on purpose",
    ),
    (
        "4_takes_a_short_read_for_a_cut",
        "the real client is served, its bytes one at a time: record 0 refused: the stream ended \
         after 1 of 4 bytes: the record was cut, by a fault or on purpose",
    ),
    (
        "5_prints_among_the_events",
        "the client takes its request 0 for an answer: a line on standard output that is no \
         event: expected value at line 1 column 1: a record of 101 bytes (to print something, use \
         eprintln! or dbg!)",
    ),
    (
        "5_reflects_one_record_twice",
        "it takes its request 1 for the next one: record 1 refused: it carries seq 0, expected \
         1: its tag is valid, so it is a genuine record in the wrong place, a replay or a \
         reordering",
    ),
    (
        "6_understates_its_cost",
        "three answers of the real server are received: after 3 records sent and 1 received, the \
         memory holds 48 bytes: COST says 32",
    ),
    (
        "6_compares_the_numbers",
        "three answers of the real server are received: record 0 refused: its tag is valid and \
         its seq is due, but it is a record of our own, sent back to us",
    ),
    (
        "6_compares_the_last_alone",
        "the first of three is refused as its own answer: the client took a record of its own \
         for an answer",
    ),
    (
        "6_compares_the_first_alone",
        "the second is, when the first was answered: the client took a record of its own for an \
         answer",
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

/// Tries a program of the package `exercises`.
fn check(number: u8, program: &str) -> Check {
    let program = Programs::build_exercise(program).unwrap();
    Exercise::find(number).unwrap().check(programs(), &program).unwrap()
}

/// What is tried first, and is right; and what must be so and is not, and why.
fn not_yet(number: u8, program: &str) -> (usize, String) {
    let check = check(number, program);
    let (last, before) = check.tried.split_last().unwrap();
    assert!(before.iter().all(|tried| tried.why_not.is_none()), "{before:?}");
    let why = last.why_not.as_ref().unwrap_or_else(|| panic!("{program} works"));
    (before.len(), format!("{}: {why}", last.what))
}

fn xtask(args: &[&str]) -> Output {
    common::xtask().arg("exercise").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn every_starting_point_fails_and_says_what_is_missing() {
    let expected = [
        (0, "a request as long as the known one: what came back is the ciphertext"),
        (0, "the server receives a request for 900: it received just what the client sent"),
        (
            0,
            "three requests of the real client are received: a record was decrypted before its tag \
             was verified, as whatever anyone sends would be",
        ),
        (
            2,
            "one cut inside a length is refused: cut after byte 1, your server receives 0 records \
             and refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 \
             bytes: the record was cut, by a fault or on purpose",
        ),
        (0, "the client takes its request 0 for an answer: it received the answer of the server"),
        (
            1,
            "a request is refused as its own answer: the client took a record of its own for an \
             answer",
        ),
    ];
    for (exercise, (before, why)) in EXERCISES.iter().zip(expected) {
        let program = format!("exercise_{}", exercise.number);
        assert_eq!(not_yet(exercise.number, &program), (before, why.to_owned()));
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn every_kept_solution_works() {
    let expected: [&[&str]; 6] = [
        &["a request as long as the known one", "a shorter one"],
        &["the server receives a request for 900"],
        &[
            "three requests of the real client are received",
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
            "the real client is served, its bytes one at a time",
            "a stream that ends behind a record ends cleanly",
            "one cut inside a length is refused",
            "one cut inside a payload is refused",
            "a length that no record has is refused at once",
        ],
        &[
            "the client takes its request 0 for an answer",
            "it takes its request 1 for the next one",
        ],
        &[
            "three answers of the real server are received",
            "a request is refused as its own answer",
            "the first of three is refused as its own answer",
            "the second is, when the first was answered",
        ],
    ];
    for (exercise, expected) in EXERCISES.iter().zip(expected) {
        let check = check(exercise.number, &format!("solution_{}", exercise.number));
        assert!(check.works(), "{:?}", check.tried);
        let tried: Vec<_> = check.tried.iter().map(|tried| tried.what.as_str()).collect();
        assert_eq!(tried, expected);
        assert_eq!(check.wrote, [""; 0]);
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn plausible_mistakes_are_caught() {
    for (name, expected) in MISTAKES {
        let number = name[..1].parse().unwrap();
        assert_eq!(not_yet(number, &format!("mistake_{name}")).1, expected);
    }
    let kept = fs::read_dir("../exercises/mistakes").unwrap();
    assert_eq!(kept.count(), MISTAKES.len() + ENDLESS.len());
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn an_answer_without_end_is_ended_in_time_and_little_of_it_is_kept() {
    for (name, why, printed) in ENDLESS {
        let (_, not_yet) = not_yet(2, &format!("mistake_{name}"));
        let rest = not_yet.strip_prefix("the server receives a request for 900: ");
        let rest =
            rest.and_then(|rest| rest.strip_prefix(why)).unwrap_or_else(|| panic!("{not_yet}"));
        assert!(rest.trim_start().starts_with(printed), "{rest}");
        assert!(rest.len() < 32 * 1024, "{name}: {} bytes", rest.len());
    }
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn a_reader_is_told_what_was_tried_and_gets_a_hint() {
    programs();
    let output = xtask(&["4"]);
    let expected = "\
Exercise 4: find the planted bug in a record reader
exercises/4_record_reader.rs

OK       the real client is served, its bytes one at a time
OK       a stream that ends behind a record ends cleanly
not yet  one cut inside a length is refused: cut after byte 1, your server receives 0 records and
         refuses nothing; the real one says: record 0 refused: the stream ended after 1 of 4 bytes:
         the record was cut, by a fault or on purpose

Hint     1 of 3: the stream may end in three places: between records, inside a length, inside a
         payload. Follow each of them through the code.
Next:    cargo xtask exercise 4 --hint 2
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(1)));
    assert!(fs::read_to_string("../docs/src/exercises.md").unwrap().contains(expected));
    let output = xtask(&["2", "--solution"]);
    let expected = "\
Exercise 2: turn 100 into 900 at ctr
exercises/solutions/2_bit_flip.rs

OK       the server receives a request for 900

It works. The kept solution: exercises/solutions/2_bit_flip.rs
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(0)));
}

#[test]
#[ignore = "builds the exercises, which a reader edits"]
fn what_a_program_prints_is_shown() {
    let check = check(2, "mistake_2_panics");
    assert_eq!(check.wrote, ["a record of 81 bytes"]);
    let told = EXERCISES[1].told(&check);
    assert!(told.contains("\nyour program writes: a record of 81 bytes\n"), "{told}");
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
fn the_list_names_files_that_are_there() {
    let list = stdout(&xtask(&[]));
    for Exercise { number, title, file, .. } in EXERCISES {
        assert!(list.contains(&format!("{number}  {file}")), "{list}");
        for folder in ["", "solutions/"] {
            let text = fs::read_to_string(format!("../exercises/{folder}{file}")).unwrap();
            let opening: Vec<_> =
                text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
            let solved = if folder.is_empty() { "" } else { ", solved" };
            let expected = format!("Exercise {number}{solved}: {title}.");
            assert!(opening.join(" ").starts_with(&expected), "{opening:?}");
        }
    }
    assert!(list.lines().all(|line| line.chars().count() <= 100), "{list}");
}

#[test]
fn hints_come_one_after_the_other_and_check_nothing() {
    let output = xtask(&["1", "--hint", "2"]);
    let expected = "\
Hint     1 of 3: key and nonce make the keystream: what is the same in both records?
Hint     2 of 3: ciphertext xor plaintext is keystream, and you have both of the first record.
Next:    cargo xtask exercise 1 --hint 3
";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (expected, Some(0)));
    assert_eq!(stdout(&xtask(&["1", "--hint"])).lines().count(), 2);
    assert_eq!(stdout(&xtask(&["1", "--hint", "200"])).lines().count(), 3);
}

#[test]
fn options_that_mean_nothing_are_a_usage_error() {
    for args in [&["7"][..], &["0"], &["--solution"], &["--hint"], &["1", "--hint", "--solution"]] {
        assert_eq!(xtask(args).status.code(), Some(2), "{args:?}");
    }
}
