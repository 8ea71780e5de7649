//! Programs of others that speak TLS, and how each is called so that it makes sure with whom it talks.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program that connects to a server.
#[derive(Debug)]
pub struct Client {
    /// What it is called.
    pub name: &'static str,
    /// Names of its program, and of those that it needs beside.
    programs: &'static [&'static str],
    needs: &'static [&'static str],
    /// Debian's packages that have them.
    packages: &'static str,
    /// Whether it reads from its standard input what it sends.
    is_told: bool,
    /// Whether whom it trusts has to be in a store of its own.
    store: Option<&'static str>,
    /// Its arguments: for these roots, with this folder of its own, at this port.
    pub args: fn(&Path, &Path, u16) -> Vec<OsString>,
}

/// The page that a browser opens.
const PAGE: &str = "/";
/// What the others ask for, as our client does.
const ASKED: &str = "/transfer?to=bob&amount=100";

/// All that there are.
pub const CLIENTS: [Client; 5] = [
    Client {
        name: "curl",
        programs: &["curl"],
        needs: &[],
        packages: "curl",
        is_told: false,
        store: None,
        args: |roots, _, port| {
            // Its first argument keeps it from reading a file of options.
            let mut args =
                os(["--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert"]);
            args.extend([roots.into(), url(port, ASKED)]);
            args
        },
    },
    Client {
        name: "openssl",
        programs: &["openssl"],
        needs: &[],
        packages: "openssl",
        is_told: true,
        store: None,
        args: |roots, _, port| {
            let addr = format!("localhost:{port}");
            let mut args = os(["s_client", "-quiet", "-verify_return_error", "-connect", &addr]);
            args.extend(os([
                "-servername",
                "localhost",
                "-verify_hostname",
                "localhost",
                "-CAfile",
            ]));
            args.push(roots.into());
            args
        },
    },
    Client {
        name: "gnutls",
        programs: &["gnutls-cli"],
        needs: &[],
        packages: "gnutls-bin",
        is_told: true,
        store: None,
        args: |roots, _, port| {
            let mut args = os(["--port", &port.to_string(), "--x509cafile"]);
            args.extend([roots.into(), "localhost".into()]);
            args
        },
    },
    Client {
        name: "chromium",
        programs: &["chromium", "chromium-browser", "google-chrome"],
        needs: &["certutil"],
        packages: "chromium libnss3-tools",
        is_told: false,
        store: Some(".pki/nssdb"),
        args: |_, folder, port| {
            let mut args = os(["--headless", "--disable-gpu", "--no-first-run", "--dump-dom"]);
            args.extend(os(["--disable-background-networking", "--disable-component-update"]));
            // Its sandbox does not work as root. It is no part of what is checked.
            args.extend(is_root().then(|| "--no-sandbox".into()));
            let mut profile = OsString::from("--user-data-dir=");
            profile.push(folder.join("profile"));
            args.extend([profile, url(port, PAGE)]);
            args
        },
    },
    Client {
        name: "firefox",
        programs: &["firefox-esr", "firefox"],
        needs: &["certutil"],
        packages: "firefox-esr libnss3-tools",
        is_told: false,
        store: Some("profile"),
        args: |_, folder, port| {
            let mut args = os(["--headless", "--no-remote", "--profile"]);
            args.extend([folder.join("profile").into(), "--screenshot".into()]);
            args.extend([folder.join("page.png").into(), url(port, PAGE)]);
            args
        },
    },
];

impl Client {
    /// Finds its program.
    ///
    /// # Errors
    /// When it, or one that it needs, is not installed: how to install it.
    pub fn program(&self) -> Result<PathBuf> {
        if let Some(missing) = self.needs.iter().find(|name| find(name).is_none()) {
            bail!("{} needs {missing}, which is not installed; {}", self.name, self.hint());
        }
        let program = self.programs.iter().copied().find_map(find);
        program.with_context(|| format!("{} is not installed; {}", self.name, self.hint()))
    }

    fn hint(&self) -> String {
        format!("on Debian or Ubuntu: apt install {}", self.packages)
    }

    /// Whether it opens a page. Such a program complains a lot.
    pub fn is_browser(&self) -> bool {
        self.store.is_some()
    }

    /// What it is told on its standard input.
    pub fn input(&self) -> String {
        if self.is_told {
            format!("GET {ASKED} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        } else {
            String::new()
        }
    }

    /// Puts the roots where it looks for them, in its folder, if it takes no file of them.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn trust(&self, roots: &Path, folder: &Path) -> Result<()> {
        let Some(store) = self.store else { return Ok(()) };
        let store = folder.join(store);
        fs::create_dir_all(&store).context("cannot make a place for whom it trusts")?;
        let mut database = OsString::from("sql:");
        database.push(&store);
        let certutil = |args: &[&str], more: &[&Path]| -> Result<()> {
            let mut command = Command::new("certutil");
            command.args(args).args(more).arg("-d").arg(&database).stdin(Stdio::null());
            let output = command.output().context("cannot start certutil")?;
            if !output.status.success() {
                bail!("certutil: {}", String::from_utf8_lossy(&output.stderr).trim());
            }
            Ok(())
        };
        certutil(&["-N", "--empty-password"], &[])?;
        certutil(&["-A", "-n", "root", "-t", "C,,", "-i"], &[roots])
    }
}

/// Finds a program where the shell does.
fn find(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn url(port: u16, path: &str) -> OsString {
    format!("https://localhost:{port}{path}").into()
}

fn os<const N: usize>(args: [&str; N]) -> Vec<OsString> {
    args.map(OsString::from).into()
}

#[cfg(unix)]
fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&match fs::metadata("/proc/self") {
        Ok(metadata) => metadata,
        Err(_) => return false,
    }) == 0
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
