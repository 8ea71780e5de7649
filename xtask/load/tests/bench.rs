//! What the benchmark makes of its measurements. The measurements themselves are tested in
//! `checks/bench`.

use std::process::{Command, Output};

use load::bench::machine::Machine;
use load::bench::plan::{Plan, Question};
use load::bench::report::Report;
use load::bench::{docs, svg, text};
use serde_json::Value;
use stages::{Role, STAGES, Stage};

/// A small report, with made-up numbers.
fn report() -> Report {
    serde_json::from_str(include_str!("bench/report.json")).unwrap()
}

fn machine(peers: &[&str]) -> Machine {
    let peers = peers.iter().map(|&peer| peer.to_owned()).collect();
    Machine { peers, ..report().machine }
}

/// A table of the plan: what it compares with, and its rows.
fn table(plan: &Plan, title: &str) -> (Vec<&'static str>, Vec<String>) {
    let table = plan.tables.iter().find(|table| table.title == title).unwrap();
    (table.columns.clone(), table.rows.iter().map(|row| row.name.clone()).collect())
}

fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_load")).arg("bench").args(args).output().unwrap()
}

#[test]
fn in_a_terminal_the_ratios_come_first() {
    let text = anstream::adapter::strip_str(&text::text(&report())).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!("bench", text);
}

#[test]
fn in_the_book_they_are_tables() {
    insta::assert_snapshot!("bench-markdown", docs::markdown(&report()));
}

#[test]
fn the_picture_is_bars_with_their_numbers_also_as_text() {
    insta::assert_snapshot!("bench-svg", svg::svg(&report()).unwrap());
}

#[test]
fn json_carries_every_round() {
    let json = serde_json::to_value(report()).unwrap();
    let row = &json["tables"][0]["rows"][1];
    assert_eq!(row["name"], "aead, aws-lc-rs");
    assert_eq!(row["rounds"], serde_json::json!([1.0e9, 1.5e9, 1.2e9]));
    assert_eq!(row["rate"], serde_json::json!({"median": 1.2e9, "low": 1.0e9, "high": 1.5e9}));
}

#[test]
fn only_what_stands_between_the_marks_is_replaced() {
    let page = "# Fast\n<!-- cargo xtask bench --peers --write-docs -->\nold\n<!-- end -->\nWhy.\n";
    let expected = page.replace("old", "new");
    assert_eq!(docs::replaced(page, "new\n"), Some(expected));
    assert_eq!(docs::replaced("# Fast\n", "new\n"), None);
}

#[test]
fn the_book_has_a_place_for_the_tables() {
    let page = include_str!("../../../docs/src/reference/speed.md");
    assert!(docs::replaced(page, "").is_some());
}

#[test]
fn every_stage_is_measured_with_both_engines_beside_plain_tcp_and_rustls() {
    let plan = Plan::new(&Question::ALL, &machine(&["rustls 0.23.0", "stunnel 5", "spiped 1"]));
    let (columns, rows) = table(&plan, "one way, writes of 16 KiB");
    assert_eq!(columns, ["plain TCP", "opening", "rustls"]);
    let names = || keyed_stages().map(|stage| stage.short_name());
    let ours: Vec<_> = ["", ", aws-lc-rs"]
        .into_iter()
        .flat_map(|engine| names().map(move |name| format!("{name}{engine}")))
        .collect();
    let ours = ours.join("/");
    assert!(ours.starts_with("ctr/hmac/hmac-seq/aead"), "{ours}");
    assert_eq!(rows.join("/"), format!("plain TCP/plain TCP, gathered/{ours}/rustls"));
    let (columns, rows) = table(&plan, "a record of 61 B");
    assert_eq!(columns, ["ctr"], "there is no Python");
    assert_eq!(rows.join("/"), ours);
    let (columns, rows) = table(&plan, "requests, 1 connection");
    assert_eq!(columns, ["plain TCP", "rustls"]);
    assert_eq!(rows.join("/"), format!("plain TCP/{ours}/rustls"));
    let (columns, rows) = table(&plan, "tunnel");
    assert_eq!(columns, ["relay", "stunnel", "spiped"]);
    let [name, aws] = carried();
    assert_eq!(rows, ["relay", &name, &aws, "stunnel", "spiped"]);
}

/// The stages with records whose keys are known beforehand: those with a handshake have the record of one of them.
fn keyed_stages() -> impl DoubleEndedIterator<Item = &'static &'static Stage> {
    STAGES.iter().filter(|stage| stage.has_records() && stage.handshake.is_empty())
}

/// The stage that the tunnel is measured with: the last of them whose records carry a tag, with either
/// engine.
fn carried() -> [String; 2] {
    let last = keyed_stages().rfind(|stage| stage.has(Role::Tag)).unwrap().short_name();
    [last.to_owned(), format!("{last}, aws-lc-rs")]
}

#[test]
fn every_handshake_is_measured_beside_python_and_what_it_signs_beside_openssl_too() {
    let plan = Plan::new(&Question::ALL, &machine(&["OpenSSL 3", "cryptography 48"]));
    let (columns, rows) = table(&plan, "handshakes");
    assert_eq!(columns, ["dh", "Python"]);
    let measured = STAGES.iter().filter(|it| !it.handshake.is_empty() && !it.has_types());
    let names: Vec<_> = measured.map(|it| it.short_name()).collect();
    let aws = names.iter().map(|name| format!("{name}, aws-lc-rs"));
    assert_eq!(rows, names.iter().map(ToString::to_string).chain(aws).collect::<Vec<_>>());

    let signatures = |peers: &[&str]| {
        let plan = Plan::new(&[Question::Handshakes], &machine(peers));
        let table =
            plan.tables.into_iter().find(|table| table.title == "RSA of 2,048 bits").unwrap();
        let bases: Vec<_> =
            table.rows.iter().map(|row| row.bases.iter().flatten().count()).collect();
        (table.columns, bases)
    };
    // OpenSSL verifies no chains in its benchmark.
    assert_eq!(
        signatures(&["OpenSSL 3", "cryptography 48"]),
        (vec!["OpenSSL", "Python"], vec![2, 2, 1, 2, 2, 1])
    );
    assert_eq!(signatures(&["OpenSSL 3"]), (vec!["OpenSSL"], vec![1, 1, 0, 1, 1, 0]));
    assert_eq!(signatures(&[]), (vec![], vec![0; 6]));
}

#[test]
fn who_is_not_installed_has_neither_column_nor_row() {
    let plan = Plan::new(&Question::ALL, &machine(&["spiped 1"]));
    let (columns, rows) = table(&plan, "tunnel");
    assert_eq!(columns, ["relay", "spiped"]);
    let [name, aws] = carried();
    assert_eq!(rows, ["relay", &name, &aws, "spiped"]);
    assert_eq!(table(&plan, "one way, writes of 64 KiB").0, ["plain TCP", "opening"]);
    let mentioned = plan.cases.iter().flat_map(|case| &case.args);
    assert!(mentioned.into_iter().all(|arg| arg != "rustls" && arg != "stunnel"));
}

#[test]
fn whatever_is_told_twice_is_measured_once() {
    let plan = Plan::new(&Question::ALL, &machine(&["rustls 0.23.0"]));
    for (number, case) in plan.cases.iter().enumerate() {
        assert_eq!(plan.cases.iter().position(|other| other == case), Some(number), "{case:?}");
    }
    for row in plan.tables.iter().flat_map(|table| &table.rows) {
        assert!(row.case < plan.cases.len());
        assert!(row.bases.iter().flatten().all(|base| *base < plan.cases.len()));
    }
}

#[test]
fn the_book_is_not_written_of_half_a_measurement() {
    assert_eq!(bench(&["--write-docs"]).status.code(), Some(2));
    assert_eq!(bench(&["--write-docs", "--peers", "tunnel"]).status.code(), Some(2));
}

#[test]
#[ignore = "needs a C compiler, stunnel and spiped, which .ci/run installs"]
fn a_round_of_the_tunnels_measures_them_all() {
    let output = bench(&["tunnel", "--peers", "--rounds", "1", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["tables"][0]["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["relay", "aead", "aead, aws-lc-rs", "stunnel", "spiped"]);
    for row in rows {
        assert_eq!(row["rounds"].as_array().unwrap().len(), 1, "{row}");
        assert!(row["rate"]["median"].as_f64().unwrap() > 0.0, "{row}");
    }
}
