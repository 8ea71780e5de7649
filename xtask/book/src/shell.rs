//! Runs what a page tells its reader to run.

use std::env;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use regex_lite::Regex;
use xtask::launch::programs::{TARGET_DIR, target_dir};

/// Longer than any command of the book takes, including the build.
const PATIENCE: Duration = Duration::from_secs(300);

/// Programs that are not ours and that not everyone has installed.
const FROM_OUTSIDE: [&str; 5] = ["tshark", "wireshark", "openssl", "curl", "python3"];

/// What tshark says about the user who runs it, which is not part of its output.
const OF_ROOT: &str = "Running as user \"root\"";

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it printed, on both its streams, without trailing blanks.
    pub output: String,
    /// Whether it ended with 0.
    pub succeeded: bool,
}

/// A file that a script makes or reads in the folder it runs in: after a blank, a quote or a `=`.
static FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(^|[\s'"=])(\w+\.(?:pcapng|jsonl|html|der|pem|bin))\b"#).ok());

/// Runs a script in `root` like a person who has already built the programs: cargo itself prints
/// nothing. The files that it makes there are made in a folder of this name in the target folder instead, where no
/// reader keeps a run.
///
/// # Errors
/// When there is no shell.
pub fn run(root: &Path, name: &Path, script: &str) -> Result<Ran> {
    let folder = target_dir().unwrap_or_else(|| root.join("target")).join("book-files").join(name);
    fs::create_dir_all(&folder).context("cannot make a folder for the files of a page")?;
    let folder = format!("{}/", folder.display());
    let files = FILE.as_ref().context("the pattern of files does not compile")?;
    let by = format!("${{1}}'{}'${{2}}", folder.replace('\'', r"'\''").replace('$', "$$"));
    let script = files.replace_all(script, by);
    let mut shell = Command::new("sh")
        .args(["-e", "-c"])
        .arg(format!("exec 2>&1\n{script}"))
        .current_dir(root)
        .envs([("CARGO_TERM_QUIET", "true"), ("CARGO_TERM_COLOR", "never"), ("NO_COLOR", "1")])
        .envs(target_dir().map(|folder| (TARGET_DIR, folder)))
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run sh")?;
    let mut stdout = shell.stdout.take().context("no standard output")?;
    let (done, output) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        _ = done.send(stdout.read_to_end(&mut output).map(|_| output));
    });
    let Ok(output) = output.recv_timeout(PATIENCE) else {
        _ = shell.kill();
        _ = shell.wait();
        let output = format!("it did not end within {} s\n", PATIENCE.as_secs());
        return Ok(Ran { output, succeeded: false });
    };
    let output = String::from_utf8_lossy(&output.context("cannot read")?).replace(&folder, "");
    let lines = output.trim_end().lines().filter(|line| !line.starts_with(OF_ROOT));
    let lines = lines.map(|line| line.trim_end().to_owned() + "\n");
    let succeeded = shell.wait().context("cannot wait for sh")?.success();
    Ok(Ran { output: lines.collect(), succeeded })
}

/// Names the programs from outside that a script needs.
pub fn from_outside(script: &str) -> impl Iterator<Item = &'static str> {
    FROM_OUTSIDE.into_iter().filter(|it| script.split_whitespace().any(|word| word == *it))
}

/// Whether this machine has such a program.
pub fn is_here(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_has_its_reader_write_is_no_file_of_the_readers() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let script = "echo kept > of_a_test.html\ncat of_a_test.html\nls 'of_a_test.html'\n\
                      touch of_a_test.jsonl of_a_test.pem; ls ./Cargo.toml of_a_test.jsonl of_a_test.pem";
        let ran = run(root, Path::new("of_a_test"), script).unwrap();
        let listed = "./Cargo.toml\nof_a_test.jsonl\nof_a_test.pem\n";
        assert_eq!(ran.output, format!("kept\nof_a_test.html\n{listed}"));
        assert!(ran.succeeded);
        for ending in ["html", "jsonl", "pem"] {
            assert!(!root.join(format!("of_a_test.{ending}")).exists(), "{ending}");
        }
    }
}
