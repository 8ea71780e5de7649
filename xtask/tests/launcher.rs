//! `cargo xtask` itself: its transcript, its options, and that it leaves nothing behind.

mod common;
#[path = "../book/src/mask.rs"]
mod mask;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{Folder, programs};
use mask::masked;
use stages::{Message, PART1_PLAIN, PART3_DH, STAGES, Stage};
use transcript::{Event, Role};
use xtask::launch::{Pair, Wire};

fn xtask(args: &[&str]) -> Output {
    common::xtask().args(args).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Compares text with a snapshot, random bytes and ports masked.
fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, masked(text)));
}

/// Masks what is different with other certificates: any number of bytes, any bytes but the first, any moment.
fn with_any_certificates(text: &str) -> String {
    let masks = [
        (r"(?:[0-9a-f]{2} )+= \d+\b", "[number]"),
        (r"(?:[0-9a-f]{2} ){3,}(?:[0-9a-f]{2}|…)", "[bytes]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[moment]"),
        (r" +\d+ B\b", " [len] B"),
        (r"\d+ bytes", "[len] bytes"),
        // What is left at the beginning of a row is an offset.
        (r"│ +\d+ ( *\S)", "│ [at] $1"),
        // What is encrypted is too short to tell from a number, or its length is.
        (
            r"(?m)(inner type|ciphertext|length) (\[len\] B)  (?:[0-9a-f]{2} ?){1,2}$",
            "$1 $2  [bytes]",
        ),
    ];
    masks.into_iter().fold(text.to_owned(), |text, (pattern, by)| {
        regex_lite::Regex::new(pattern).unwrap().replace_all(&text, by).into_owned()
    })
}

/// Masks the lengths of what is encrypted with the certificates, and of the signature, which has no fixed one.
fn with_any_lengths(text: &str) -> String {
    let masks = [
        (r"wire   │ \d+ B +encrypted, in 4", "wire   │ [len] B   encrypted, in 4"),
        (r"records: (\d+), \d+, \d+ and (\d+) bytes", "records: $1, [len], [len] and $2 bytes"),
    ];
    masks.into_iter().fold(text.to_owned(), |text, (pattern, by)| {
        regex_lite::Regex::new(pattern).unwrap().replace_all(&text, by).into_owned()
    })
}

/// A transcript of `stage` whose messages are as long as they can be: of 256 public values one is shorter.
fn run(stage: &Stage, args: &[&str]) -> String {
    let messages = || stage.handshake.iter().filter(|message| !message.varies());
    let lens = || messages().map(Message::max_record_len);
    let is_typical = |text: &String| {
        lens().all(|len| {
            text.contains(&format!("│ {len} B ")) || text.contains(&format!(": {len} bytes "))
        })
    };
    let texts = (0..10).map(|_| stdout(&xtask(&[&["run", stage.name], args].concat())));
    texts.into_iter().find(is_typical).unwrap()
}

#[test]
fn the_transcript_of_every_stage_is_as_it_should_be() {
    for stage in STAGES {
        let detail = run(stage, &["--detail"]);
        let varies = stage.handshake.iter().any(Message::varies);
        let detail = if varies { with_any_certificates(&masked(&detail)) } else { detail };
        assert_snapshot(stage.name, &detail);
        let summary = run(stage, &[]);
        let shown = if stage.has_types() { with_any_lengths(&summary) } else { summary.clone() };
        assert_snapshot(&format!("{}-summary", stage.name), &shown);
        let rows = match (stage.handshake.len(), stage.has_data()) {
            (0, _) => 20,
            (2, false) => 16,
            (2, true) => 23,
            (3, _) => 31,
            _ => 52,
        };
        assert!(summary.lines().count() <= rows, "it fits a screen:\n{summary}");
    }
}

/// As text, and as hexadecimal digits with spaces and without.
#[test]
fn no_key_is_in_anything_that_is_said() {
    let keys = [
        "0123456789ABCDEF0123456789ABCDEF",
        "HMAC_KEY_FOR_PART2_DEMO_1234567",
        "AEAD_KEY_PART2_DEMO_FOR_AES_GCM!",
    ];
    let source = fs::read_to_string("../crates/demo_keys/src/lib.rs").unwrap();
    assert!(keys.iter().all(|key| source.contains(key)), "these are the keys");
    let with_data = STAGES.iter().filter(|stage| stage.has_data());
    let attacks: Vec<_> = with_data.map(|stage| ["attack", "bit-flip", stage.name]).collect();
    let commands = [&["run", "all"][..], &["run", "all", "--json"], &["run", "all", "--wire=full"]];
    for args in commands.into_iter().chain(attacks.iter().map(|attack| &attack[..])) {
        let output = xtask(args);
        let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        let said = [said.clone(), said.replace([' ', '\n'], "")];
        for key in keys {
            let digits = hex::encode(key);
            let is_said = |said: &String| said.contains(key) || said.contains(&digits);
            assert!(!said.iter().any(is_said), "{args:?} says a key");
        }
    }
}

#[test]
fn the_wire_can_be_shown_to_the_last_byte() {
    let full = stdout(&xtask(&["run", "part1-plain", "--wire", "full"]));
    assert_snapshot("part1-plain-wire-full", &full);
    // A message is dumped with the names of its spans, at their offsets in the record.
    let full = run(&PART3_DH, &["--wire", "full"]);
    for row in [
        "    0 length              00 00 02 0d                                      ....",
        "    4 tag                 00 01                                            ..",
        "    6 length              01 00                                            ..",
        "    8 prime p             ff ff ff ff ff ff ff ff c9 0f da a2 21 68 c2 34  ............!h.4",
        "  268 generator g         02                                               .",
    ] {
        assert!(full.contains(&format!("       │ {row}\n")), "{row}:\n{full}");
    }
    assert!(full.contains("\n       │   273 public value"), "{full}");
}

#[test]
fn no_color_and_a_pipe_give_plain_text() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "xterm-256color")] {
        let args = ["run", "part2-aead"];
        let output = common::xtask().args(args).env(name, value).output().unwrap();
        assert!(!stdout(&output).contains('\x1b'));
    }
}

#[test]
fn the_transcript_is_coloured_where_colour_is_wanted() {
    for (name, args) in [
        ("part2-aead-in-colour", &["part2-aead", "--detail"][..]),
        ("summary-in-colour", &["part2-aead"]),
        ("part3-hkdf-in-colour", &["part3-hkdf", "--detail"]),
        ("part3-hkdf-summary-in-colour", &["part3-hkdf"]),
    ] {
        let args = [&["run", "--requests", "1"], args].concat();
        let output = common::xtask().args(args).env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_snapshot(name, &stdout(&output));
    }
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide_or_100_columns() {
    for (columns, width) in [("", 100), ("60", 60), ("200", 200)] {
        let told = |args: &[&str]| {
            stdout(&common::xtask().args(args).env("COLUMNS", columns).output().unwrap())
        };
        let full = told(&["run", "all", "--wire=full"]);
        let detail = told(&["run", "all", "--detail"]);
        let text = [told(&["run", "all"]), detail.clone(), full].concat();
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width, "{longest} of {width}:\n{text}");
        // The room that there is gets used.
        assert!(width == 60 || longest > width * 3 / 4, "{longest} of {width}:\n{text}");
        // Nothing is broken inside a byte, and a row has as many as fit.
        let tags = detail.lines().filter_map(|line| line.split_once(" tag           16 B  "));
        let in_a_row: Vec<_> = tags.map(|(_, bytes)| bytes.split(' ').count()).collect();
        assert!(!in_a_row.is_empty(), "{detail}");
        let fit = if width == 60 { 8 } else { 16 };
        assert!(in_a_row.iter().all(|bytes| *bytes == fit), "{in_a_row:?}: {detail}");
    }
}

#[test]
fn a_run_of_one_stage_names_an_attack_that_works_there() {
    for (stage, attack) in [
        ("plain", "eavesdrop"),
        ("ctr", "bit-flip"),
        ("hmac", "replay"),
        ("hmac-seq", "truncate"),
        ("aead", "truncate"),
    ] {
        let text = stdout(&xtask(&["run", stage]));
        let next = format!("FILE.html\nnext: cargo xtask attack {attack} {stage}\n");
        assert!(text.ends_with(&next), "{text}");
    }
    for args in [&["run", "all"][..], &["run", "ctr", "--detail"], &["run", "ctr", "--json"]] {
        assert!(!stdout(&xtask(args)).contains("next: "));
    }
}

#[test]
fn a_transcript_says_that_a_tap_is_between_if_one_is() {
    let tap = "\nwire   │ both connections go through a tap that watches\n";
    let detail = stdout(&xtask(&["run", "aead", "--detail"]));
    let connected = detail.find("server │ part2-aead: connected from").unwrap();
    let sends = detail.find("client │ sends").unwrap();
    assert_eq!(detail[connected..sends].matches(tap).count(), 1, "{detail}");
    let all = stdout(&xtask(&["run", "all", "--detail"]));
    assert_eq!(all.matches(tap).count(), STAGES.len());
    let unwatched = stdout(&xtask(&["run", "aead", "--detail", "--wire", "off"]));
    assert!(!unwatched.contains("a tap"), "{unwatched}");
}

#[test]
fn a_step_needs_a_terminal() {
    let output = xtask(&["run", "part2-aead", "--step"]);
    assert_eq!(output.status.code(), Some(2));
    let why = "xtask: --step asks a person: it needs a terminal for input and output\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), why);
}

#[test]
fn a_file_that_was_asked_for_is_said_to_be_written() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("run.jsonl");
    let output = xtask(&["run", "plain", "--save", path.to_str().unwrap()]);
    let wrote = format!("wrote {}: {} bytes\n", path.display(), fs::metadata(&path).unwrap().len());
    assert!(String::from_utf8(output.stderr).unwrap().ends_with(&wrote), "{wrote}");
}

#[test]
fn run_all_runs_every_stage_in_the_articles_order() {
    let text = stdout(&xtask(&["run", "all"]));
    let headings: Vec<_> = STAGES
        .iter()
        .map(|stage| text.find(&format!("{}: {}\n", stage.name, stage.title)).unwrap())
        .collect();
    assert!(headings.is_sorted(), "{headings:?}");
}

#[test]
fn json_is_one_event_a_line_and_nothing_else() {
    let args = ["run", "all", "--json", "--requests", "5", "--wire", "off"];
    let text = stdout(&xtask(&args));
    let events: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_plain = events.iter().filter(|event| event.stage == &PART1_PLAIN).count();
    let of = |name: &str| common::names(&events).iter().filter(|it| **it == name).count();
    let with_data = STAGES.iter().filter(|stage| stage.has_records() && stage.has_data()).count();
    // At TLS both sides say that they end it, and the client, which does so first, waits for no answer.
    let told = |stage: &Stage| 2 * stage.handshake.len() + if stage.has_types() { 3 } else { 0 };
    let messages: usize = STAGES.iter().map(|stage| told(stage)).sum();
    assert_eq!((of_plain, of("listening"), of("closed")), (9, STAGES.len(), 2 * STAGES.len()));
    assert_eq!((of("sent"), of("received")), (5 * 2 * with_data + 2, 5 * 2 * with_data + 2));
    // A secret for either side where there is a handshake, and two keys where data follows; at TLS two before, and one
    // for other uses.
    let with_handshake = STAGES.iter().filter(|stage| !stage.handshake.is_empty());
    let derived = with_handshake.map(|stage| match (stage.has_types(), stage.has_data()) {
        (true, _) => 2 * 6,
        (false, true) => 2 * 3,
        (false, false) => 2,
    });
    assert_eq!((of("handshake"), of("derived")), (messages, derived.sum()));
    for (event, line) in events.iter().zip(text.lines()) {
        assert_eq!(serde_json::to_string(event).unwrap(), line);
    }
}

/// The lines of a transcript that are not of the wire's lane, ports masked.
fn without_the_wire(transcript: &str) -> Vec<String> {
    let mut speaker = "";
    let lines = transcript.lines().filter(|line| {
        let name = line.split(' ').next().unwrap_or_default();
        speaker = if name.is_empty() { speaker } else { name };
        speaker != "wire"
    });
    lines.map(|line| line.split("127.0.0.1:").next().unwrap().to_owned()).collect()
}

#[test]
fn a_transcript_with_the_wire_differs_from_one_without_it_in_nothing_else() {
    for stage in STAGES {
        let folder = Folder::new();
        let saved = folder.join("run.jsonl");
        let path = saved.to_str().unwrap();
        let with = stdout(&xtask(&["run", stage.name, "--detail", "--save", path]));
        let without = stdout(&xtask(&["show", path, "--detail", "--wire", "off"]));
        assert!(with.contains("wire   │") && !without.contains("wire   │"));
        assert_eq!(without_the_wire(&with), without_the_wire(&without));
        let unwatched = stdout(&xtask(&["run", stage.name, "--detail", "--wire", "off"]));
        // Its end cannot say what can be read on a wire that nobody watched.
        let told = |text: &str| text.rsplit_once("\n\n").unwrap().0.lines().count();
        assert_eq!(told(&unwatched), told(&without));
    }
}

#[test]
fn a_saved_run_is_shown_as_it_was() {
    let folder = Folder::new();
    let saved = folder.join("run.jsonl");
    let path = saved.to_str().unwrap();
    let first = stdout(&xtask(&["run", "all", "--detail", "--save", path, "--segment", "7"]));
    assert_eq!(stdout(&xtask(&["show", path, "--detail"])), first);
    let full = stdout(&xtask(&["show", path, "--wire", "full"]));
    assert!(full.lines().all(|line| line.chars().count() <= 100));
    assert!(full.lines().count() > first.lines().count());
}

#[test]
fn a_malformed_run_is_refused_with_its_line() {
    let folder = Folder::new();
    let saved = folder.join("run.jsonl");
    let path = saved.to_str().unwrap();
    let good = stdout(&xtask(&["run", "part1-plain", "--json"]));
    for (bad, why) in [
        ("{}", "missing field `role`"),
        (r#"{"role":"client","stage":"part9-tls","event":"end"}"#, r#"no stage "part9-tls""#),
        (&good.lines().nth(3).unwrap().replace(r#""record":"4"#, r#""record":"#), "expected `,`"),
        (
            &good.lines().nth(3).unwrap().replace(r#""record":"4"#, r#""record":""#),
            "Odd number of digits",
        ),
    ] {
        let lines: Vec<_> = good.lines().take(3).chain([bad]).collect();
        fs::write(&saved, lines.join("\n") + "\n").unwrap();
        let output = xtask(&["show", path]);
        assert_eq!(output.status.code(), Some(2));
        let complaint = String::from_utf8(output.stderr).unwrap();
        let expected = format!("xtask: {path}, line 4 is not an event: ");
        assert!(complaint.starts_with(&expected) && complaint.contains(why), "{complaint}");
        assert_eq!(complaint.lines().count(), 1);
    }
    let breaks_off =
        format!(", line {} breaks off: the run was not saved whole", good.lines().count());
    for (cut, why) in [(&good[..0], " holds no events"), (&good[..good.len() - 9], &breaks_off)] {
        fs::write(&saved, cut).unwrap();
        let output = xtask(&["show", path]);
        assert_eq!(output.status.code(), Some(2));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(complaint, format!("xtask: {path}{why}\n"));
    }
    let output = xtask(&["show", "no-such-file"]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint.starts_with("xtask: cannot read no-such-file: No such file"), "{complaint}");
}

#[test]
fn list_names_every_stage_with_what_it_adds_and_leaves_open() {
    assert_snapshot("list", &stdout(&xtask(&["list"])));
}

#[test]
fn the_plain_stage_has_one_request() {
    let output = xtask(&["run", "part1-plain", "--requests", "2"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("a connection carries one request"));
}

/// The command, and the client itself.
#[test]
fn a_stage_that_ends_with_its_handshake_has_no_requests() {
    for stage in STAGES.iter().filter(|stage| !stage.has_data()) {
        for option in [["--requests", "3"], ["--requests", "1"], ["--request", "hello"]] {
            let client = programs().of(stage, Role::Client).unwrap();
            for output in [
                xtask(&[&["run", stage.name], &option[..]].concat()),
                Command::new(client).args(option).output().unwrap(),
            ] {
                assert_eq!(output.status.code(), Some(2), "{stage:?}");
                let complaint = String::from_utf8(output.stderr).unwrap();
                let why = "ends with its handshake: no request is sent, and none answered";
                assert!(complaint.contains(why), "{complaint}");
            }
        }
        let client = programs().of(stage, Role::Client).unwrap();
        let help = stdout(&Command::new(client).arg("--help").output().unwrap());
        assert!(!help.contains("--request") && help.contains("--timeout"), "{help}");
    }
}

/// What both sides make of the messages is compared for the reader, at every stage.
#[test]
fn a_summary_of_a_handshake_shows_what_crossed_and_what_both_sides_hold() {
    let text = run(&PART3_DH, &[]);
    let value = |line: &str| line.split("public value ").nth(1).unwrap()[..8].to_owned();
    let wire: Vec<_> = text.lines().filter(|line| line.starts_with("wire   │ ")).collect();
    let [to_server, to_client] = &wire[..] else { panic!("{text}") };
    assert!(to_server.contains("in the clear: prime p ffffffff…, generator g 02, public value "));
    assert_ne!(value(to_server), value(to_client));
    let derived: Vec<_> = text.lines().filter_map(|line| line.split_once("│ derives  ")).collect();
    assert_eq!(derived.len(), 2, "{text}");
    assert_eq!(derived[0].1, derived[1].1, "{text}");
    for stage in STAGES.iter().filter(|stage| !stage.handshake.is_empty()) {
        let text = run(stage, &[]);
        // Below it are what more there is to see, and what to try next.
        let (text, _) = text.split_once("\nmore: ").unwrap();
        let end = text.replace('\n', " ");
        let (_, with_whom) = end
            .split_once(" both fingerprints are equal: the sides hold the same secret. ")
            .unwrap_or_else(|| panic!("{text}"));
        let handshake = "Each accepts the other's Finished: both saw the same handshake. ";
        let with_whom = if stage.has_types() {
            with_whom.strip_prefix(handshake).unwrap_or_else(|| panic!("{text}"))
        } else {
            with_whom
        };
        if stage.has_certificates() {
            let expected = r#"The client knows with whom: "localhost", a name that a root of its own vouches for. The server does not know"#;
            assert_eq!(with_whom, expected);
            assert!(end.contains(r#"anyone on the path reads the server's name, "localhost": "#));
        } else {
            assert_eq!(with_whom, "That tells neither side with whom");
        }
    }
}

#[test]
fn what_cannot_be_run_is_said_at_once_with_2() {
    let too_long = "a".repeat(16_385);
    let output = xtask(&["run", "part2-aead", "--request", &too_long]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("--request has 16385 bytes, and a record holds 16384"),
        "{complaint}"
    );

    let output = xtask(&["attack", "nonce-reuse", "part2-hmac"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.starts_with("xtask: nonce-reuse is for part1-ctr and"), "{complaint}");
}

/// Runs a pair one of which ends at once, because of options that it does not know.
fn dies_early(server_args: &[&str], client_args: &[&str]) -> (Vec<Event>, String) {
    let mut events = vec![];
    let pair = Pair {
        stage: &PART1_PLAIN,
        server_args,
        client_args,
        wire: Wire::Tapped { segment: None },
    };
    let error = pair.run(programs(), |event| events.push(event.clone())).unwrap_err();
    (events, anstream::adapter::strip_str(&format!("{error:#}")).to_string())
}

#[test]
fn a_server_that_dies_early_is_reported_with_its_own_words() {
    let (events, message) = dies_early(&["--surprise"], &[]);
    assert_eq!(events, []);
    assert!(message.starts_with("the server ended before it was listening\n"), "{message}");
    assert!(message.contains("unexpected argument '--surprise'"), "{message}");
}

#[test]
fn a_client_that_dies_early_ends_the_pair() {
    let (events, message) = dies_early(&[], &["--surprise"]);
    assert_eq!(common::names(&events), ["listening"]);
    assert!(message.contains("unexpected argument '--surprise'"), "{message}");
}

/// Runs `cargo xtask run` from a copy at `program`, in `from`, with a cargo that says which target
/// folder it was given, and builds nothing.
fn target_folder_given(program: &Path, from: &Path, asked: &[(&str, &str)]) -> String {
    let cargo = from.join("cargo");
    // Written by another process: a file cannot be started while this one, or anything it starts,
    // may write to it.
    let script =
        r#"printf '#!/bin/sh\necho "$CARGO_TARGET_DIR" >&2\nexit 1\n' > "$0"; chmod 700 "$0""#;
    assert!(Command::new("sh").args(["-c", script]).arg(&cargo).status().unwrap().success());
    let output = Command::new(program)
        .args(["run", "part1-plain"])
        .current_dir(from)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .envs(asked.iter().copied())
        .env("CARGO", &cargo)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    said.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_relative_target_folder_is_the_one_that_cargo_took_it_for() {
    let folder = Folder::new();
    let user = folder.join("user");
    let target = user.join("rel-out");
    let program = target.join("debug").join("xtask");
    fs::create_dir_all(target.join("debug")).unwrap();
    fs::hard_link(env!("CARGO_BIN_EXE_xtask"), &program).unwrap();
    let given =
        |from: &Path, variable, value| target_folder_given(&program, from, &[(variable, value)]);
    let target = target.to_str().unwrap();
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        assert_eq!(given(&user, variable, "rel-out"), target);
        assert_eq!(given(&user, variable, "./rel-out/"), target);
        // Tests are started in the folder of their package.
        assert_eq!(given(&folder, variable, "rel-out"), target);
        assert_eq!(given(&folder, variable, "../rel-out"), target);
        assert_eq!(given(&folder, variable, "/elsewhere"), "/elsewhere");
        // Some other cargo built this one.
        let here = folder.join("other");
        assert_eq!(given(&folder, variable, "other"), here.to_str().unwrap());
    }
    assert_eq!(target_folder_given(&program, &folder, &[]), "");
}

/// The processes whose parent is `id`.
#[cfg(target_os = "linux")]
fn children(id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// Waits until a process is gone, or a minute has passed.
#[cfg(target_os = "linux")]
fn wait_until_gone(id: u32) {
    let gone = |_: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let gone = stat.is_empty() || stat.contains(") Z ");
        if !gone {
            std::thread::yield_now();
        }
        gone
    };
    assert!((0..u32::MAX).find(gone).is_some());
}

#[test]
#[cfg(target_os = "linux")]
fn a_launcher_that_is_killed_or_interrupted_leaves_no_child_behind() {
    use std::io::{BufRead, BufReader};

    programs();
    for signal in ["-KILL", "-INT", "-TERM"] {
        // If these tests run in the background, SIGINT may be ignored, here and in everything they
        // start.
        let mut launcher = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_xtask")])
            .args(["run", "part2-aead", "--requests", "1000000", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(launcher.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("received")));
        let programs = children(launcher.id());
        assert_eq!(programs.len(), 2);
        let killed = Command::new("kill").args([signal, &launcher.id().to_string()]).status();
        assert!(killed.unwrap().success());
        drop(lines);
        assert!(!launcher.wait().unwrap().success());
        programs.into_iter().for_each(wait_until_gone);
    }
}
