//! Runs what a page tells its reader to run.

use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use xtask::launch::programs::{TARGET_DIR, target_dir};

/// Longer than any command of the book takes, building included.
const PATIENCE: Duration = Duration::from_secs(300);

/// Programs that are not ours and that not everyone has.
const FROM_OUTSIDE: [&str; 5] = ["tshark", "wireshark", "openssl", "curl", "python3"];

/// What tshark says of who runs it, which is nobody's output.
const OF_ROOT: &str = "Running as user \"root\"";

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it printed, on both its streams, without blanks at the ends of lines.
    pub output: String,
    /// Whether it ended with 0.
    pub succeeded: bool,
}

/// Runs a script in `root` as a person would who has the programs built: cargo says nothing of its own.
///
/// # Errors
/// When there is no shell.
pub fn run(root: &Path, script: &str) -> Result<Ran> {
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
    let output = String::from_utf8_lossy(&output.context("cannot read")?).into_owned();
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
