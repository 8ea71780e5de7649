//! Runs a program of others, and leaves nothing behind: no process that it started, and no file of its folder.
//!
//! Such a program does not end when the one that started it is killed. So it runs below a process of its own, this one: a
//! second `xtask`, which notices that, as its standard input ends then.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::clients::Client;

/// The first argument of a guard.
const MARK: &str = "--guard";

/// The exit code of a guard whose program failed: it could not be done.
const FAILED: u8 = 3;

/// A client to run below a guard.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// The client.
    pub client: &'static Client,
    /// Its program.
    pub program: PathBuf,
    /// Whom it has to trust, in PEM.
    pub roots: PathBuf,
    /// Where there is room for a folder of its own.
    pub folders: PathBuf,
}

impl Guarded {
    /// Returns the command that runs it against the server at `addr`, with an empty folder of its own.
    ///
    /// # Errors
    /// When that cannot be made.
    pub fn at(&self, addr: SocketAddr) -> Result<Command> {
        let folder = self.folders.join(format!("{}-{}", self.client.name, process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        if let Err(error) = self.client.trust(&self.roots, &folder) {
            _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
        let mut command = Command::new(env::current_exe().context("cannot find xtask")?);
        let noise = if self.client.is_browser() { "null" } else { "" };
        command.arg(MARK).arg(&folder).arg(self.client.input()).arg(noise).arg(&self.program);
        command.args((self.client.args)(&self.roots, &folder, addr.port()));
        // Ctrl-C is for the one that started it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(command)
    }
}

/// Guards a program, if that is what this process was started for: the arguments are a folder, what to write to the
/// program, whether its complaints are noise, and its command line.
pub fn main() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next()? != MARK {
        return None;
    }
    let (folder, input) = (args.next()?, args.next()?);
    let (noise, program) = (args.next()?, args.next()?);
    let folder = PathBuf::from(folder);
    let code = guard(&folder, &input, !noise.is_empty(), &program, args).unwrap_or_else(|error| {
        _ = writeln!(io::stderr(), "{error:#}");
        FAILED
    });
    _ = fs::remove_dir_all(&folder);
    Some(code.into())
}

fn guard(
    folder: &Path,
    input: &OsString,
    is_noisy: bool,
    program: &OsString,
    args: impl Iterator<Item = OsString>,
) -> Result<u8> {
    let name = Path::new(program).file_name().unwrap_or(program).display();
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env("HOME", folder).env("TMPDIR", folder);
    for variable in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    if is_noisy {
        command.stderr(Stdio::null());
    }
    let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    // Until it ends, it may still be told something.
    let mut told = child.stdin.take();
    if let Some(told) = &mut told {
        _ = told.write_all(input.as_encoded_bytes());
    }
    let id = child.id();
    let gone = folder.to_owned();
    thread::spawn(move || {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        end_all(id);
        _ = fs::remove_dir_all(gone);
        process::exit(FAILED.into());
    });
    let status = wait(&mut child, id).with_context(|| format!("cannot wait for {name}"))?;
    if status.success() {
        return Ok(0);
    }
    _ = writeln!(io::stderr(), "{name} ended with {status}");
    Ok(FAILED)
}

/// Waits for the end of a program, and ends what it leaves behind.
fn wait(child: &mut Child, id: u32) -> io::Result<process::ExitStatus> {
    let status = child.wait();
    end_all(id);
    status
}

/// Ends a program, and every process that it has started.
fn end_all(id: u32) {
    let mut kill = if cfg!(unix) { Command::new("kill") } else { Command::new("taskkill") };
    if cfg!(unix) {
        kill.args(["-KILL", "--", &format!("-{id}")]);
    } else {
        kill.args(["/F", "/T", "/PID", &id.to_string()]);
    }
    _ = kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}
