//! The page beside the recordings: what each holds, and which programs played them.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::session::Link;
use super::table::SESSIONS;
use super::{capture, recordings};

/// Where the part of the page begins that differs from machine to machine.
pub const SEEN: &str = "\n## Programs\n";

/// How the version of each program is asked for.
const VERSIONS: [&[&str]; 14] = [
    &["openssl", "version"],
    &["gnutls-cli", "--version"],
    &["dpkg-query", "-W", "-f", "NSS ${Version}", "libnss3-tools"],
    &["curl", "--version"],
    &["wget", "--version"],
    &[
        "python3",
        "-c",
        "import ssl, sys; print('Python', sys.version.split()[0], 'with', ssl.OPENSSL_VERSION)",
    ],
    &["node", "-p", "'Node.js ' + process.version + ' with OpenSSL ' + process.versions.openssl"],
    &["nginx", "-v"],
    &["stunnel", "-version"],
    &["chromium", "--version"],
    &["firefox-esr", "--version"],
    &["tcpdump", "--version"],
    &["editcap", "--version"],
    &["tshark", "--version"],
];

/// What it says of the recordings.
pub fn said() -> String {
    let mut page = "# Recorded sessions\n\n\
        Real sessions between programs of others, on loopback. The key log is in each capture, or beside it (`.keys`); keys from \
        before, where a program tells them, are in `.psks`; the roots of all chains are in `roots.pem`. These keys have \
        protected nothing but what is here.\n\n\
        | capture | what it holds | agreed on | link |\n|---|---|---|---|\n"
        .to_owned();
    for session in SESSIONS {
        let path = capture(recordings(), session);
        let name = path.file_name().unwrap().to_str().unwrap();
        let agreed = session.connections.iter().map(|it| match it.suite {
            "" => "no TLS 1.3".to_owned(),
            suite => format!("{suite}, {}", it.group),
        });
        let link = match session.link {
            Link::Ethernet if session.is_v6 => "Ethernet, IPv6",
            Link::Ethernet => "Ethernet",
            Link::Cooked => "SLL",
            Link::Cooked2 => "SLL2",
        };
        let agreed = agreed.collect::<Vec<_>>().join("; ");
        _ = writeln!(page, "| `{name}` | {} | {agreed} | {link} |", session.holds);
    }
    page + "\n`WRITE_SESSIONS=1 cargo test -p explain --test programs -- --ignored` records them anew, and writes this page: \
        the table is in `../recorded/table.rs`.\n"
}

/// The programs' versions here.
pub fn seen() -> String {
    let mut text = format!("{SEEN}\nThe recordings were last made with these.\n\n");
    for command in VERSIONS {
        let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
        // Complaints come first where there are any.
        let version = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let is_version = |line: &&str| line.contains(|it: char| it.is_ascii_digit());
        let line = version.lines().find(is_version).unwrap_or_default().trim();
        // Behind that, curl lists all that it is made of, and others who they are.
        let line = line.split(" zlib/").next().unwrap_or_default();
        _ = writeln!(text, "- {}", line.split(" (Git").next().unwrap_or_default());
    }
    text
}

/// The page as it is.
pub fn written() -> String {
    fs::read_to_string(recordings().join("README.md")).unwrap_or_default()
}
