//! "Recompute it yourself": what the chapters tell a reader to type gives the bytes of the kept runs.

use std::fs;
use std::path::Path;

use book::page::{Block, Kind, Page};
use book::shell;
use framing::{Direction, Header};
use serde_json::Value;
use stages::{Role, STAGES, Stage};
use transcript::Hex;

/// The client's first record of data in the kept run of a stage, in hexadecimal. Where there is no data, that of its
/// first message.
fn kept(root: &Path, stage: &Stage) -> String {
    let run = format!("docs/recompute/{}.jsonl", stage.name);
    let run = fs::read_to_string(root.join(run)).unwrap();
    let events = run.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let passed = events.filter(|event| event["event"] == "chunk");
    let sent = passed.filter(|event| event["direction"] == "to_server");
    let mut rest: String = sent.map(|event| event["bytes"].as_str().unwrap().to_owned()).collect();
    let messages = if stage.has_data() { stage.messages(Direction::ToServer) } else { 0 };
    let header = stage.header();
    for _ in 0..messages {
        rest = rest.split_off(len_of_first(header, &rest));
    }
    rest.truncate(len_of_first(header, &rest));
    rest
}

/// How many digits the first of these records has.
fn len_of_first(header: Header, records: &str) -> usize {
    let digits = &records[2 * header.prefix_len..2 * header.len()];
    2 * (header.len() + usize::from_str_radix(digits, 16).unwrap())
}

/// A part of a kept record: its name, its bytes in hexadecimal, and whether a reader can compute them.
type Part = (&'static str, String, bool);

/// The fields of a record of data. A reader knows neither a nonce beforehand, nor a key that a handshake made.
fn fields(stage: &Stage, mut rest: String) -> Vec<Part> {
    let text = rest.len() / 2 - stage.record_overhead();
    let part = |field: &stages::Field| {
        let after = rest.split_off(2 * field.len.unwrap_or(text));
        let bytes = std::mem::replace(&mut rest, after);
        let is_sealed = matches!(field.role, Role::Ciphertext | Role::InnerType | Role::Tag);
        let is_made = is_sealed && !stage.handshake.is_empty();
        let is_known = field.role != Role::Nonce && !is_made;
        (field.name, bytes, is_known)
    };
    stage.fields.iter().map(part).collect()
}

/// The header of a message, and its parts. The last of them is what the sender has drawn.
fn parts(stage: &Stage, record: &str) -> Vec<Part> {
    let (header, message) = record.split_at(2 * stage.header().len());
    let explained = messages::explain(&serde_json::from_value::<Hex>(message.into()).unwrap());
    let part = |span: &messages::Span| {
        let digits = &message[2 * span.offset..2 * (span.offset + span.len)];
        (span.name, digits.to_owned(), true)
    };
    let mut parts = vec![("length", header.to_owned(), true)];
    parts.extend(explained.leaves().map(part));
    parts.last_mut().unwrap().2 = false;
    parts
}

/// The page that recomputes the record of a stage, and the consoles under that heading.
fn section(root: &Path, stage: &Stage) -> (Page, Vec<Block>) {
    let module = match stage.name {
        "part2-hmac-seq" => "sequence".into(),
        "part5-tls13" => "record".into(),
        _ => stage.module(),
    };
    let path = Path::new("docs/src").join(stage.package()).join(module + ".md");
    let mut page = Page::new(&path, fs::read_to_string(root.join(&path)).unwrap());
    let start = page.text.find("\n## Recompute it yourself\n").unwrap() + 1;
    let end = start + page.text[start..].find("\n## Read it\n").unwrap();
    let mut blocks = std::mem::take(&mut page.blocks);
    blocks.retain(|block| block.kind == Kind::Console { fails: false });
    blocks.retain(|block| (start..end).contains(&block.body.start));
    (page, blocks)
}

/// The commands of a console, each with what the page has below it.
fn commands(page: &Page, block: &Block) -> Vec<(String, String)> {
    let commands: Vec<_> = block.commands().collect();
    let starts = commands.iter().map(|command| page.start_of(command.line));
    let ends = starts.skip(1).chain([block.body.end]);
    let pairs = commands.iter().zip(ends).map(|(command, end)| {
        let below = page.start_of(command.line + command.text.lines().count());
        (command.text.clone(), page.text[below..end].to_owned())
    });
    pairs.collect()
}

fn digits(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
#[ignore = "needs openssl and python3"]
fn the_lines_of_the_chapters_give_the_bytes_of_each_field_of_the_kept_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    for stage in STAGES.iter().filter(|stage| stage.has_records()) {
        let (page, blocks) = section(root, stage);
        let mut all: Vec<_> = blocks.iter().flat_map(|block| commands(&page, block)).collect();
        for (command, output) in &all {
            let ran = shell::run(root, Path::new("recompute"), command).unwrap();
            assert!(ran.succeeded, "{}: `{command}`: {}", stage.name, ran.output);
            assert_eq!(&ran.output, output, "{}: `{command}`", stage.name);
        }
        let (show, shown) = all.remove(0);
        assert!(show.contains(&format!("show docs/recompute/{}.jsonl ", stage.name)), "{show}");

        let record = kept(root, stage);
        let has_data = stage.has_data();
        let parts = if has_data { fields(stage, record) } else { parts(stage, &record) };
        let mut missing = Vec::new();
        for (name, bytes, is_known) in parts {
            let gives = |text: &str| digits(text) == bytes;
            let is_computed =
                all.iter().any(|(_, output)| gives(output) || output.lines().any(gives));
            if is_known && !is_computed {
                missing.push(name);
            }
            let in_rows = |digits: &[u8]| {
                let pairs = digits.chunks(2).map(String::from_utf8_lossy);
                shown.contains(&pairs.collect::<Vec<_>>().join(" "))
            };
            // Of a message the page shows a row of each part.
            let rows = if has_data { usize::MAX } else { 1 };
            assert!(bytes.as_bytes().chunks(32).take(rows).all(in_rows), "{}: {bytes}", stage.name);
        }
        assert_eq!(missing, [""; 0], "no line of {} gives these fields", page.path.display());
    }
}

#[test]
fn a_command_goes_on_behind_a_backslash_and_its_output_stands_below() {
    let text = "```console\n$ echo one \\\n    two\none two\n$ true\n```\n".to_owned();
    let page = Page::new(Path::new("page.md"), text);
    let expected = [("echo one \\\n    two", "one two\n"), ("true", "")];
    let expected = expected.map(|(command, output)| (command.to_owned(), output.to_owned()));
    assert_eq!(commands(&page, &page.blocks[0]), expected);
}
