//! `cargo xtask certificates make`: the certificates to try with, as files.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use certificates::{Identity, Roots, ServerName, Verifier};
use xtask::WrongArgument;

use crate::issue::{Party, Statement, key_identifiers, of_authority, of_server, pem};
use crate::options::MakeOptions;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The attacker's name, to which it has an honest certificate.
pub const EVE: &str = "eve.example";

/// The files, and what is in them.
const FILES: [(&str, &str); 6] = [
    ("roots.pem", "the root, which the client trusts"),
    ("server_chain.pem", "the server's certificate, and the intermediate that signed it"),
    ("server_key.pem", "the server's private key"),
    ("renewed_chain.pem", "another certificate for the same name and the same key"),
    ("eve_chain.pem", "an attacker's certificate: honest, for a name of its own"),
    ("eve_key.pem", "the attacker's private key"),
];

/// Makes them, and says what was made.
///
/// # Errors
/// When a name cannot be one, or a file cannot be written.
pub fn command(options: &MakeOptions) -> Result<ExitCode> {
    let folder = options.out.clone().unwrap_or_else(folder);
    for name in &options.names {
        if ServerName::try_from(name.as_str()).is_err() {
            let why = format!("--name {name}: expected the name of a server, such as bank.example");
            anyhow::bail!(WrongArgument(why));
        }
    }
    let cannot = || format!("cannot write to {}", folder.display());
    let beside = folder.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside).with_context(cannot)?;
    // Programs that start at the same time make them once.
    let lock = File::create(folder.with_extension("lock")).with_context(cannot)?;
    lock.lock().with_context(cannot)?;
    if options.if_needed && are_good(&folder) {
        return Ok(ExitCode::SUCCESS);
    }
    make(beside, &folder, &options.names, options.validity()).with_context(cannot)?;
    if options.if_needed {
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("made in {}:\n\n", folder.display());
    for (name, what) in FILES {
        _ = writeln!(text, "  {name:<18}  {what}");
    }
    text += "\nnext: cargo xtask certificates show, cargo xtask run part4-cert\n";
    xtask::print(&text)
}

/// Makes a root, an intermediate, and what they sign, and puts the files in place when all of them are made.
fn make(beside: &Path, folder: &Path, names: &[String], validity: Duration) -> Result<()> {
    let now = SystemTime::now();
    let until = |validity: Duration| (now, now + validity);
    let [root, intermediate] = [Party::new("Root CA")?, Party::new("Intermediate CA")?];
    let [server, eve] =
        [Party::new(names.first().map_or("localhost", String::as_str))?, Party::new(EVE)?];

    let mut extensions = of_authority(1)?;
    extensions.extend(key_identifiers(&root, &root)?.into_iter().take(1));
    let validity_of_root = until(3_650 * DAY);
    let root_certificate =
        root.certify(&root, &Statement { validity: validity_of_root, extensions })?;

    let mut extensions = of_authority(0)?;
    extensions.extend(key_identifiers(&intermediate, &root)?);
    let statement = Statement { validity: until(1_825 * DAY), extensions };
    let intermediate_certificate = root.certify(&intermediate, &statement)?;

    let leaf = |subject: &Party, names: &[String]| -> Result<String> {
        let mut extensions = of_server(names)?;
        extensions.extend(key_identifiers(subject, &intermediate)?);
        let statement = Statement { validity: until(validity), extensions };
        let leaf = intermediate.certify(subject, &statement)?;
        pem([&leaf, &intermediate_certificate])
    };

    let made = tempfile::tempdir_in(beside)?;
    let put = |name: &str, content: &[u8]| write(&made.path().join(name), content);
    put("roots.pem", pem([&root_certificate])?.as_bytes())?;
    put("server_chain.pem", leaf(&server, names)?.as_bytes())?;
    put("server_key.pem", server.key_pem()?.as_ref())?;
    put("renewed_chain.pem", leaf(&server, names)?.as_bytes())?;
    put("eve_chain.pem", leaf(&eve, &[EVE.to_owned()])?.as_bytes())?;
    put("eve_key.pem", eve.key_pem()?.as_ref())?;

    fs::create_dir_all(folder)?;
    for (name, _) in FILES {
        fs::rename(made.path().join(name), folder.join(name))?;
    }
    Ok(())
}

/// Writes a file that only its owner may read.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// Returns whether there are files that fit together and are good for another day.
fn are_good(folder: &Path) -> bool {
    let read = |name: &str| fs::read(folder.join(name)).ok();
    let is_good = |chain: &str, key: &str, name: &'static str| -> Option<bool> {
        let roots = Roots::from_pem(&read("roots.pem")?).ok()?;
        let chain = Identity::chain(&read(chain)?).ok()?;
        let name = ServerName::try_from(name).ok()?;
        let tomorrow = SystemTime::UNIX_EPOCH.elapsed().ok()? + DAY;
        let is_believed = Verifier { roots, name }.verify(&chain, tomorrow).is_ok();
        Some(is_believed && Identity::new(chain, &read(key)?).is_ok())
    };
    let checks = [
        is_good("server_chain.pem", "server_key.pem", "localhost"),
        is_good("renewed_chain.pem", "server_key.pem", "localhost"),
        is_good("eve_chain.pem", "eve_key.pem", EVE),
    ];
    checks.into_iter().all(|check| check == Some(true))
}

/// The folder in which the programs look for them: beside the folder that this program was built into.
pub fn folder() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).unwrap_or(Path::new("target")).join("certificates")
}
