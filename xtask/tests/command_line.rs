//! The command line as someone meets it who types something wrong, or asks for help.

mod common;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use clap::CommandFactory;
use common::programs;
use stages::{PART2_AEAD, Stage};
use transcript::Role;
use transcript::lines::listed;
use xtask::commands::Options;

fn xtask(args: &[&str]) -> Output {
    common::xtask().args(args).output().unwrap()
}

/// What is said of a wrong command line: nothing is done, and the exit code is 2.
fn complaint(args: &[&str]) -> String {
    let output = xtask(args);
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_wrong_name_is_told_in_a_line_with_the_nearest_one_and_where_all_are() {
    let stages = "To see all: cargo xtask list";
    let attacks = "To see all: cargo xtask attack";
    let tunnelled: Vec<_> = common::tunnelled_stages().map(Stage::short_name).collect();
    for (args, said) in [
        (
            &["run"][..],
            format!("at which stage? For example: cargo xtask run aead. {stages}"),
        ),
        (
            &["diff", "ctr"],
            format!("at which stage? For example: cargo xtask diff ctr aead. {stages}"),
        ),
        (&["run", "aed"], format!(r#"no stage is called "aed": did you mean aead? {stages}"#)),
        (
            &["layout", "part2-hmac-sec"],
            format!(r#"no stage is called "part2-hmac-sec": did you mean part2-hmac-seq? {stages}"#),
        ),
        (&["run", "AEAD"], format!(r#"no stage is called "AEAD": did you mean aead? {stages}"#)),
        (&["run", "al"], format!(r#"no stage is called "al": did you mean all? {stages}"#)),
        (&["run", "xyz"], format!(r#"no stage is called "xyz". {stages}"#)),
        (&["run", "part9-foo"], format!(r#"no stage is called "part9-foo". {stages}"#)),
        (&["tunnel", "ctr", "--to=localhost:1"], format!("not at part1-ctr: only at {}", listed(&tunnelled))),
        (
            &["attack", "bitflip", "ctr"],
            format!(r#"no attack is called "bitflip": did you mean bit-flip? {attacks}"#),
        ),
        (&["attack", "bit-flip", "crt"], format!(r#"no stage is called "crt": did you mean ctr? {stages}"#)),
        (
            &["attack", "bit-flip"],
            format!("bit-flip at which stage? For example: cargo xtask attack bit-flip ctr. {stages}"),
        ),
        (
            &["attack", "ctr", "replay"],
            "the attack comes before the stage: cargo xtask attack replay ctr".to_owned(),
        ),
        (
            &["attack", "ctr", "aead"],
            "the attack comes before the stage: cargo xtask attack bit-flip ctr aead".to_owned(),
        ),
        (&["run", "part3"], "part3 has several stages: dh, x25519 and hkdf".to_owned()),
        (
            &["exercise", "orakel"],
            r#"no exercise is called "orakel": did you mean oracle? To see all: cargo xtask exercise"#
                .to_owned(),
        ),
    ] {
        assert_eq!(complaint(args), format!("xtask: {said}\n"), "{args:?}");
    }
}

#[test]
fn a_count_of_none_is_told_its_range() {
    let client = |args: &[&str]| {
        Command::new(programs().of(&PART2_AEAD, Role::Client).unwrap()).args(args).output().unwrap()
    };
    let server = |args: &[&str]| {
        Command::new(programs().of(&PART2_AEAD, Role::Server).unwrap()).args(args).output().unwrap()
    };
    let requests = "'--requests <N>': expected a whole number, from 1 to 18446744073709551615\n";
    for (output, said) in [
        (xtask(&["run", "aead", "--requests", "0"]), requests),
        (client(&["--requests", "0"]), requests),
        (client(&["--requests", "18446744073709551616"]), requests),
        (
            xtask(&["run", "aead", "--segment", "65536"]),
            "'--segment <N>': expected a whole number, from 1 to 65535\n",
        ),
        (
            server(&["--forever", "--max-connections", "many"]),
            "'--max-connections <N>': expected a whole number, from 1 to 65535\n",
        ),
    ] {
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("error: invalid value '") && text.contains(said), "{text}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn what_was_typed_has_no_power_over_the_terminal() {
    let program = programs().of(&PART2_AEAD, Role::Client).unwrap();
    for word in ["\u{1b}[2Jx", "\u{7}x", "\u{9b}2Jx", "\u{202e}x"] {
        let typed = [
            xtask(&["run", word]),
            xtask(&["attack", word, "ctr"]),
            xtask(&[word]),
            xtask(&["run", "aead", &format!("--{word}")]),
            xtask(&["run", "aead", "--requests", word]),
            Command::new(program).arg(word).output().unwrap(),
            Command::new(program).args(["--addr", word]).output().unwrap(),
        ];
        for output in typed {
            assert_eq!(output.status.code(), Some(2));
            let text = String::from_utf8(output.stderr).unwrap();
            let is_harmless = |char: char| char == '\n' || (' '..='~').contains(&char);
            assert!(text.contains('x') && text.chars().all(is_harmless), "{text:?}");
        }
    }
}

#[test]
fn help_has_every_command_once_in_80_columns_and_its_examples_are_commands() {
    let output = common::xtask().arg("--help").env("COLUMNS", "80").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let command = Options::command();
    let commands: Vec<_> = command.get_subcommands().collect();
    let entries: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let names: BTreeSet<_> = entries.iter().map(|(name, _)| *name).collect();
    assert_eq!((names.len(), commands.len()), (entries.len(), entries.len()), "{text}");
    for one in &commands {
        let about = one.get_about().unwrap().to_string();
        let (_, shown) = entries.iter().find(|(name, _)| *name == one.get_name()).unwrap();
        assert!(about.starts_with(shown.trim()) && !about.is_empty(), "{about}: {text}");
    }
    let examples: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(", such as: cargo xtask ").map(|(_, example)| example))
        .collect();
    assert_eq!(examples.len(), 4, "{text}");
    for example in examples {
        let words = ["xtask"].into_iter().chain(example.split(' '));
        assert!(command.clone().try_get_matches_from(words).is_ok(), "{example}");
    }
}

#[test]
fn a_command_to_record_is_passed_on_behind_its_dashes() {
    let args = ["explain", "--record", "--", "no-such-program", "--release", "--help"];
    // The key log is kept in a folder for such files.
    let output = common::xtask().args(args).env("TMPDIR", env!("CARGO_TARGET_TMPDIR")).output();
    let output = output.unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
    let said = String::from_utf8(output.stderr).unwrap();
    let own = said.lines().last().unwrap();
    assert!(own.starts_with("xtask: cannot start no-such-program: "), "{said}");
}
