//! The command that is recorded, and what it is told of the tap and of the key log.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xtask::WrongArgument;

/// Variables that name a proxy, for one program or another.
const PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Variables that say for which servers no proxy is to be used.
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Time between two checks of whether it has ended.
const TICK: Duration = Duration::from_millis(10);

/// Time that it has to end by itself after Ctrl-C, which it has been told of too.
const LEAVING: Duration = Duration::from_secs(2);

/// A command that runs, and is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    interrupted: Receiver<()>,
}

impl Running {
    /// Starts a command. Its input and its output are ours; but standard output is left to JSON, if that is wanted.
    ///
    /// # Errors
    /// When it cannot be started: a wrong argument, if there is no such program.
    pub fn start(
        words: &[OsString],
        tap: SocketAddr,
        keylog: &Path,
        is_json: bool,
    ) -> Result<Self> {
        // Before the command: Ctrl-C must not end this process alone.
        let (interrupt, interrupted) = mpsc::channel();
        ctrlc::set_handler(move || _ = interrupt.send(())).context("cannot listen for signals")?;
        let mut command = told(words, tap, keylog);
        if is_json {
            command.stdout(io::stderr());
        }
        let child = command.spawn().or_else(|error| {
            let name = command.get_program().display();
            let why = format!("cannot start {name}: {error}");
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => bail!(WrongArgument(why)),
                _ => bail!(why),
            }
        })?;
        Ok(Self { child, interrupted })
    }

    /// Waits for its end, which Ctrl-C brings about.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn wait(mut self) -> Result<ExitStatus> {
        let mut deadline = None;
        loop {
            if let Some(status) = self.child.try_wait().context("cannot wait for the command")? {
                return Ok(status);
            }
            if self.interrupted.recv_timeout(TICK).is_ok() {
                deadline.get_or_insert_with(|| Instant::now() + LEAVING);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                self.child.kill().context("cannot end the command")?;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Returns the command, in its surroundings.
fn told(words: &[OsString], tap: SocketAddr, keylog: &Path) -> Command {
    let (name, args) =
        words.split_first().map_or((OsStr::new(""), &[][..]), |(name, args)| (name, args));
    let mut command = Command::new(name);
    command.args(args.iter().map(|arg| filled_in(arg, tap, keylog)));
    command.envs(PROXY.map(|name| (name, format!("http://{tap}"))));
    for name in NO_PROXY {
        command.env_remove(name);
    }
    command.env("SSLKEYLOGFILE", keylog);
    // Node.js knows the option since 12.16, and does not start if it knows it not; the variable since 22.21 and 24, and
    // passes it over if it knows it not.
    command.env("NODE_OPTIONS", node_options(env::var_os("NODE_OPTIONS"), keylog));
    command.env("NODE_USE_ENV_PROXY", "1").stdin(Stdio::inherit());
    command
}

/// Returns an argument with what `{tap}` and `{keylog}` stand for. One that is no Unicode is left as it is.
fn filled_in(arg: &OsStr, tap: SocketAddr, keylog: &Path) -> OsString {
    let Some(text) = arg.to_str() else { return arg.to_owned() };
    let mut parts = text.split("{keylog}").map(|part| part.replace("{tap}", &tap.to_string()));
    let mut filled = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        filled.push(keylog);
        filled.push(part);
    }
    filled
}

/// Returns options of Node.js, behind those that are there. Its words end at a space, except in quotation marks.
fn node_options(there: Option<OsString>, keylog: &Path) -> OsString {
    let mut options = there.unwrap_or_default();
    if let Some(path) = keylog.to_str() {
        let path = path.replace('\\', r"\\").replace('"', r#"\""#);
        options.push(format!(" --tls-keylog=\"{path}\""));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_the_tap_and_the_key_log_is_filled_in() {
        let tap = SocketAddr::from(([127, 0, 0, 1], 4711));
        for (arg, expected) in [
            ("{tap}", "127.0.0.1:4711"),
            ("--proxy-server={tap}", "--proxy-server=127.0.0.1:4711"),
            ("{keylog}", "/a/keys"),
            ("a{keylog}b{tap}c{keylog}", "a/a/keysb127.0.0.1:4711c/a/keys"),
            ("{tap", "{tap"),
            ("", ""),
        ] {
            assert_eq!(filled_in(OsStr::new(arg), tap, Path::new("/a/keys")), expected);
        }
    }

    #[test]
    fn options_of_node_are_added_to_those_that_are_there() {
        for (there, path, expected) in [
            (None, "/a/keys", r#" --tls-keylog="/a/keys""#),
            (Some("--no-warnings"), "/a b/keys", r#"--no-warnings --tls-keylog="/a b/keys""#),
            (None, r#"C:\a"b"#, r#" --tls-keylog="C:\\a\"b""#),
        ] {
            assert_eq!(node_options(there.map(Into::into), Path::new(path)), expected);
        }
    }
}
