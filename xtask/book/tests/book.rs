//! What `cargo xtask book` finds, in a little book beside this file that is full of mistakes; and
//! that it finds nothing in ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use book::{Book, Finding};
use clap::{Arg, value_parser};
use xtask::launch::Programs;

/// What `cargo xtask` understands in the little book.
fn cli() -> clap::Command {
    let stage = Arg::new("stage").required(true).value_parser(["part2-aead"]);
    let requests = Arg::new("requests").long("requests").value_parser(value_parser!(u64));
    let run = clap::Command::new("run").arg(stage).arg(requests);
    clap::Command::new("xtask").subcommand_required(true).subcommand(run)
}

fn little_book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/book")
}

fn shown(mut findings: Vec<Finding>) -> Vec<String> {
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_page_names_and_is_not_there_is_found_with_its_line() {
    let root = little_book();
    let only = [];
    let findings = Book::read(&root, &only).unwrap().names(&cli()).unwrap();
    let names = "docs/src/names.md";
    let contents = "docs/src/SUMMARY.md";
    let output = "docs/src/output.md";
    let expected = [
        format!("{contents}:1: unlisted.md is not in the table of contents"),
        format!("{contents}:5: the link `gone.md` leads to docs/src/gone.md, which does not exist"),
        format!(
            "{names}:6: the link `nowhere.md` leads to docs/src/nowhere.md, which does not exist"
        ),
        format!(
            "{names}:6: the link `output.md#input` names a heading that docs/src/output.md does not have: #input"
        ),
        format!(
            "{names}:6: the link `../../code/kettle.rs` leads to code/kettle.rs, which is not part of the book: name it in backticks"
        ),
        format!(
            "{names}:7: the link `nothing.html` leads to docs/src/nothing.html, which does not exist"
        ),
        format!(
            "{names}:7: the link `images/none.svg` leads to docs/src/images/none.svg, which does not exist"
        ),
        format!("{names}:11: it includes the anchor `half`, which code/kettle.rs does not have"),
        format!("{names}:12: it includes the anchor `none`, which code/kettle.rs does not have"),
        format!(
            "{names}:13: it includes lines by number, `../../code/kettle.rs:3:5`: name an anchor"
        ),
        format!("{names}:14: it includes code/teapot.rs, which does not exist"),
        format!(
            "{names}:20: the command `cargo xtask fly` does not exist: unrecognized subcommand 'fly'"
        ),
        format!(
            "{names}:20: the command `cargo xtask run part9-tls` does not exist: invalid value 'part9-tls' for '<stage>'"
        ),
        format!(
            "{names}:20: the command `cargo xtask run part2-aead --quickly` does not exist: unexpected argument '--quickly' found"
        ),
        format!(
            "{names}:21: the command `cargo run -p part2 --bin plain_server` does not exist: there is no bin plain_server in part2"
        ),
        format!(
            "{names}:21: the command `cargo test -p part9` does not exist: there is no package part9"
        ),
        format!(
            "{names}:21: the command `cargo test --test none` does not exist: there is no test none"
        ),
        format!(
            "{names}:22: the command `cargo test --manifest-path checks/none/Cargo.toml` does not exist: there is no checks/none/Cargo.toml"
        ),
        format!(
            "{names}:26: the command `cargo xtask walk` does not exist: unrecognized subcommand 'walk'"
        ),
        format!("{names}:30: there is no `code/teapot.rs`"),
        format!("{names}:30: there is no `teapot.rs`"),
        format!("{names}:30: there is no `code/none`"),
        format!("{names}:33: no item `kettle::Kettle::pour` is in the code"),
        format!("{names}:33: no item `Teapot::pour` is in the code"),
        format!("{names}:33: no item `Teapot::boil` is in the code"),
        format!(
            "{output}:63: the command `cargo xtask measure --write-docs` does not exist: unrecognized subcommand 'measure'"
        ),
    ];
    assert_eq!(shown(findings), expected);
}

#[test]
fn what_a_command_prints_otherwise_is_found_with_its_line() {
    let root = little_book();
    let only = [];
    let findings = Book::read(&root, &only).unwrap().remake(true).unwrap();
    let output = "docs/src/output.md";
    let otherwise = |line, command: &str, page: &str, prints: &str| {
        let both = format!("  the page has   {page}\n  it prints      {prints}");
        format!("{output}:{line}: `{command}` prints something else\n{both}")
    };
    let made = "cargo --version | sed 's/.*/| made |/'";
    let expected = [
        otherwise(8, "echo one; echo two", "three", "two"),
        otherwise(17, r"printf 'one\n\nindented\n'", "  outdented", "  indented"),
        format!("{output}:21: `exit 3` failed; it printed, at its end:"),
        format!(
            "{output}:30: `true` ended with 0, but should have failed; it printed, at its end:"
        ),
        format!("{output}:33: a console begins with a command behind `$ `"),
        format!("{output}:37: `true\nfalse\necho never` failed; it printed, at its end:"),
        otherwise(52, made, "| made by hand |", "| made |"),
        format!("{output}:67: no `<!-- end -->` follows `cargo --version`"),
    ];
    assert_eq!(shown(findings), expected);
}

#[test]
fn what_a_command_prints_is_put_where_it_belongs_and_random_bytes_stay() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("little-book");
    let page = root.join("docs/src/output.md");
    fs::create_dir_all(page.parent().unwrap()).unwrap();
    let before = fs::read_to_string(little_book().join("docs/src/output.md")).unwrap();
    fs::write(&page, &before).unwrap();
    Book::read(&root, &[]).unwrap().remake(false).unwrap();
    let after = fs::read_to_string(&page).unwrap();
    let expected = before
        .replace("three\n", "two\n")
        .replace("  outdented\n", "  indented\n")
        .replace("| made by hand |", "| made |");
    assert_eq!(after, expected);
    let findings = Book::read(&root, &[]).unwrap().remake(true).unwrap();
    let otherwise = |finding: &&Finding| finding.what.contains("prints something else");
    assert_eq!(findings.iter().find(otherwise), None);
}

/// Runs `cargo xtask book --check` with more arguments.
fn check(args: &[PathBuf]) {
    Programs::all().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_book")).arg("--check").args(args).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Everything except the output of programs from outside, which depends on their release.
#[test]
fn the_book_and_readme_are_as_they_would_be_made() {
    check(&["--own".into()]);
}

/// The other pages of the book have been compared without such programs already.
#[test]
#[ignore = "needs openssl, python3 and tshark"]
fn pages_with_output_of_programs_from_outside_are_as_they_would_be_made() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let pages = Book::read(root, &[]).unwrap().pages_with_programs_from_outside();
    assert!(pages.len() > 10, "{pages:?}");
    check(&pages);
}
