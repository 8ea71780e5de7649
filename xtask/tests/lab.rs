//! The lab's commands, and who may import whom.

mod common;

use std::collections::BTreeSet;
use std::process::Output;
use std::thread;

use common::packages;
use serde_json::Value;
use stages::STAGES;
use xtask::lab::scenario::SCENARIOS;

fn xtask(args: &[&str]) -> Output {
    common::xtask().args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = xtask(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn twenty_matrices_four_at_a_time_are_all_the_same() {
    let first = stdout(&["matrix"]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(stdout(&["matrix"]), first)));
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

#[test]
fn an_attack_tells_the_change_each_sides_view_and_the_verdict() {
    let text = stdout(&["attack", "bit-flip", "part1-ctr"]);
    // Byte 28 of the plaintext, behind 4 bytes of length and 16 of nonce: in the row from 36 on.
    let mut changed = text.lines().filter(|line| line.contains('['));
    let old = changed.next().unwrap().strip_prefix("attacker │    36 ciphertext").unwrap();
    let new = changed.next().unwrap().strip_prefix("attacker │          becomes").unwrap();
    assert_eq!((old.find('['), changed.count()), (new.find('['), 0));
    for said in [
        "What the client says",
        "amount=100",
        "What the server says",
        "amount=900",
        "it succeeds: the transfer of 900 went through",
        "at stake: integrity",
        "closed by: part2-hmac",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = stdout(&["attack", "bit-flip", "part2-hmac"]);
    assert!(
        text.contains("it is refused by bad_tag: record 0 refused: its tag does not verify"),
        "{text}"
    );
    let text = stdout(&["attack", "replay", "part1-plain"]);
    assert!(text.contains("there is nothing to try: "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn attack_without_a_name_lists_them_and_an_unknown_one_suggests_the_nearest() {
    let list = stdout(&["attack"]);
    for attack in attacker::ATTACKS {
        assert!(list.contains(attack.name) && list.contains(attack.tries), "{list}");
    }
    for (args, said) in [
        (&["attack", "bit-flop", "part1-ctr"][..], "a similar value exists: 'bit-flip'"),
        (&["attack", "bit-flip", "part1-crt"], "a similar value exists: 'part1-ctr'"),
        (&["attack", "bit-flip"], "required arguments were not provided"),
        (&["matrix", "--json", "--markdown"], "cannot be used with"),
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
    let programs = [&["tunnel", "crypto"][..], &parts].concat();
    let packages = packages();
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    for (package, never) in [
        ("attacker", &[&["demo_keys", "channel", "program"][..], &parts].concat()[..]),
        ("framing", &["crypto"]),
        ("stages", &["crypto"]),
        ("crypto", &["framing", "stages"]),
        ("xtask", &programs),
        ("render", &programs),
        ("load", &programs),
        ("book", &programs),
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
        let may = ["book", "load", "render", "site"].contains(&package);
        assert!(may || !dependencies(package).contains("xtask"), "{package} reaches xtask");
    }
}
