//! The machine that was measured on, and the releases of the software on it.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Crates whose release matters.
const CRATES: [&str; 6] = ["aes-gcm", "ctr", "hmac", "sha2", "rsa", "aws-lc-rs"];

/// This machine and the software on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Its processor, by the name it gives itself.
    pub processor: String,
    /// Threads that run at the same time.
    pub cores: usize,
    /// System, its release, and the kind of processor.
    pub system: String,
    /// The compiler and its release.
    pub compiler: String,
    /// The crates that encrypt, with their releases.
    pub crates: Vec<String>,
    /// The peers that are compared, with their releases: `rustls`, `stunnel`, `spiped`, `OpenSSL` and Python's
    /// `cryptography`, as far as they are installed.
    pub peers: Vec<String>,
    /// The peers that would have been compared, had they been installed.
    pub not_installed: Vec<String>,
}

impl Machine {
    /// Looks around. Unless `peers` are asked for, there are none.
    ///
    /// # Errors
    /// When the compiler cannot be asked, or `checks/bench/Cargo.lock` cannot be read.
    pub fn this(peers: bool) -> Result<Self> {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../checks/bench/Cargo.lock");
        let lock = fs::read_to_string(lock).context("cannot read checks/bench/Cargo.lock")?;
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name"));
        let processor = processor.map(|line| line.trim_start_matches(['\t', ' ', ':']));
        let mut machine = Self {
            processor: processor.unwrap_or("unknown processor").to_owned(),
            cores: thread::available_parallelism()?.get(),
            system: first_line("uname", &["-srm"]).unwrap_or_else(|| "unknown system".to_owned()),
            compiler: first_line("rustc", &["--version"]).context("cannot ask rustc")?,
            crates: CRATES.iter().filter_map(|name| locked(&lock, name)).collect(),
            peers: Vec::new(),
            not_installed: Vec::new(),
        };
        if peers {
            machine.peers.extend(locked(&lock, "rustls"));
            for (name, ask) in [("stunnel", "-version"), ("spiped", "-v"), ("openssl", "version")] {
                match first_line(name, &[ask]) {
                    // "stunnel 5.68 on x86_64-pc-linux-gnu platform", "OpenSSL 3.0.22 25 Aug 2026"
                    Some(line) => machine.peers.push(first_words(&line)),
                    None => machine.not_installed.push(name.to_owned()),
                }
            }
            let ask = "import cryptography; print('cryptography', cryptography.__version__)";
            match first_line("python3", &["-c", ask]).filter(|line| line.starts_with("crypto")) {
                Some(line) => machine.peers.push(line),
                None => machine.not_installed.push("Python's cryptography".to_owned()),
            }
        }
        Ok(machine)
    }

    /// Returns whether there is such a peer.
    pub fn has(&self, peer: &str) -> bool {
        self.peers.iter().any(|known| known.split(' ').next() == Some(peer))
    }

    /// Returns all of it in a sentence.
    pub fn text(&self) -> String {
        let Self { processor, cores, system, compiler, crates, peers, not_installed } = self;
        let mut text = format!("{processor}, {cores} cores; {system}; {}", first_words(compiler));
        for release in crates.iter().chain(peers) {
            text += ", ";
            text += release;
        }
        for missing in not_installed {
            _ = write!(text, "; {missing} is not installed");
        }
        text
    }
}

/// A crate and its release, out of a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, entry) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    let (version, _) = entry.split_once('"')?;
    Some(format!("{name} {version}"))
}

/// Returns a name and a release, from what a program says about itself.
fn first_words(line: &str) -> String {
    line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The first line that begins with the program's own name, or the first at all, on either output.
fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let named = said.lines().find(|line| line.starts_with(program));
    named.or_else(|| said.lines().next()).map(str::to_owned)
}
